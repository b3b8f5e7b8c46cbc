import StorageBackend
import StorageConf
import StorageModel
import StorageOS

extension BlockBackend {
  /// A volume as its device shows it; nil where there is no device of that path.
  ///
  /// Capacity, allocation and physical size are the device's; of a volume that is recorded as encrypted the capacity
  /// is what its header leaves. Nothing else is ever read from the device, so that nothing a guest writes can
  /// change what the volume is taken for. What cannot be read is in the volume's `problem` and `failure`.
  /// - Parameter known: the volume's path, where that was looked up already.
  package func describe(_ name: VolumeName, at known: Path? = nil) -> Volume? {
    var record: VolumeRecord?
    var trouble = Trouble()
    var isUnreadable = false
    do throws(StorageError) { record = try self.record(of: name) } catch {
      trouble.note(error)
      isUnreadable = true
    }
    let path = known ?? path(of: name)
    var definition = VolumeDefinition(name: name, lifecycle: record?.lifecycle ?? .init())
    definition.kind = .block
    definition.key = path.text
    definition.target.path = path
    var sector: ByteCount?
    do throws(StorageError) {
      sector = try measure(path, record, &definition, &trouble)
    } catch {
      if error.isAbsence { return nil }
      trouble.note(error)
    }
    var volume = Volume(
      definition: definition,
      properties: definition.lifecycle.resolved(with: pool.lifecycle), hasCommitted: true,
      hasWorkingCopy: false, problem: trouble.problem)
    volume.isOwnDevice = volume.properties.kind == .inPlace
    volume.take(record?.unfinished, in: pool.name)
    volume.hasUnreadableRecord = isUnreadable
    volume.failure = trouble.failure
    // What is on a device is never guessed.
    volume.hasRecordedFormat = true
    volume.sectorSize = sector
    return volume
  }

  /// A volume whose device does not answer, so that it must not be opened: that could take minutes.
  package func describeSilent(
    _ name: VolumeName, at path: Path, size: ByteCount?, problem: String
  ) -> Volume {
    var definition = VolumeDefinition(name: name, capacity: size)
    definition.kind = .block
    definition.key = path.text
    definition.allocation = size
    definition.target.path = path
    var volume = Volume(
      definition: definition, properties: definition.lifecycle.resolved(with: pool.lifecycle),
      hasCommitted: true, hasWorkingCopy: false, problem: problem)
    volume.isOwnDevice = true
    volume.hasRecordedFormat = true
    return volume
  }

  /// Fills in what a device says of its volume.
  /// - Returns: the size of its logical sectors.
  private func measure(
    _ path: Path, _ record: VolumeRecord?, _ definition: inout VolumeDefinition,
    _ trouble: inout Trouble
  ) throws(StorageError) -> ByteCount {
    let device = try Descriptor(readingDevice: path)
    let status = try device.status()
    let geometry = try device.geometry()
    definition.capacity = geometry.size
    definition.allocation = geometry.size
    definition.physical = geometry.size
    definition.target.permissions = Permissions(
      mode: status.mode & 0o777, owner: status.owner, group: status.group, label: try device.label()
    )
    definition.target.timestamps = status.timestamps
    if let encryption = record?.encryption {
      try measure(encryption, on: device, size: geometry.size, &definition, &trouble)
    }
    return geometry.logicalSector
  }

  /// Fills in what the header on the device of an encrypted volume says.
  ///
  /// That is its format, and how much it leaves for the content. A header that is not there is a problem.
  /// - Parameters:
  ///   - encryption: as it is recorded.
  ///   - size: of the device.
  package func measure(
    _ encryption: Encryption, on device: Descriptor, size: ByteCount,
    _ definition: inout VolumeDefinition, _ trouble: inout Trouble
  ) throws(StorageError) {
    definition.target.encryption = encryption
    let facts = try ImageProbe.probe(device, size: size)
    if facts.encryption == nil {
      trouble.note("is not encrypted, as recorded")
    } else {
      definition.target.encryption?.format = facts.encryption ?? encryption.format
      definition.capacity = facts.capacity ?? size
    }
  }
}
