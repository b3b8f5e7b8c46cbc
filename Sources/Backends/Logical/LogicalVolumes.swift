import BlockVolumes
import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS
import VolumeGroups

/// Listing.
extension LogicalBackend {
  package func volumes() throws(StorageError) -> VolumeListing {
    let group = try report.group()
    var listing = VolumeListing()
    // A volume is large: copied at each growth, a thousand of them show.
    listing.volumes.reserveCapacity(group.volumes.count)
    for volume in group.volumes.values where isListed(volume) {
      guard let name = VolumeName(found: volume.name) else { continue }
      listing.volumes.append(describe(volume, name, in: group))
    }
    return listing
  }

  package func volumeNames() throws(StorageError) -> [VolumeName] {
    try report.group().volumes.values.filter(isListed).compactMap { VolumeName(found: $0.name) }
  }

  package func volume(_ name: VolumeName) throws(StorageError) -> Volume? {
    let group = try report.group(showing: name)
    guard let volume = group.volumes[name.text], isListed(volume) else { return nil }
    return describe(volume, name, in: group)
  }

  package func holders(of volume: Volume, committed: FileUsers) throws(StorageError) -> [String] {
    guard let found = try report.group(showing: volume.name).volumes[volume.name.text] else {
      return []
    }
    return try holders(of: found, countingReaders: committed == .anyone)
  }

  /// Everything that can be used as a disk: not what LVM made for itself, and no thin pools.
  func isListed(_ volume: LogicalVolume) -> Bool {
    !volume.isInternal && !volume.isThinPool && !["cache-pool", "vdo-pool"].contains(volume.type)
  }

  private func describe(_ volume: LogicalVolume, _ name: VolumeName, in group: VolumeGroup)
    -> Volume
  {
    var record: VolumeRecord?
    var trouble = Trouble()
    var isUnreadable = false
    do throws(StorageError) { record = try RecordTag.record(in: volume.tags) } catch {
      trouble.note(error)
      isUnreadable = true
    }
    var definition = VolumeDefinition(name: name, lifecycle: record?.lifecycle ?? .init())
    if volume.isReadOnly { definition.lifecycle.isWritable = false }
    definition.kind = .block
    definition.key = volume.uuid
    definition.target.path = node(volume.name)
    definition.extents = group.extents(of: volume)
    let origin = volume.origin.flatMap { group.volumes[$0] }
    // The size of an old snapshot is what it can hold of its origin's changes.
    let capacity = volume.isOldSnapshot ? origin?.size ?? volume.size : volume.size
    (definition.capacity, definition.physical) = (capacity, capacity)
    definition.allocation = volume.isOldSnapshot ? volume.size : volume.used
    if let origin, !origin.isInternal {
      definition.backingStore = BackingStore(path: node(origin.name).text, format: .raw)
    }
    var sector: ByteCount?
    do throws(StorageError) {
      if volume.isActive { sector = try fill(&definition, from: node(volume.name)) }
      if let encryption = record?.encryption {
        try fill(&definition, with: encryption, of: volume, &trouble)
      }
    } catch {
      trouble.note(error)
    }
    if volume.isBroken { trouble.note("a device that it lies on is missing") }
    if volume.isOverflown {
      trouble.note("the snapshot could not hold all changes of its origin, and is lost")
    }
    var described = Volume(
      definition: definition, properties: definition.lifecycle.resolved(with: pool.lifecycle),
      hasCommitted: true, hasWorkingCopy: false, problem: trouble.problem)
    described.take(record?.unfinished, in: pool.name)
    described.isOwnDevice = true
    described.hasRecordedFormat = true
    described.failure = trouble.failure
    described.hasUnreadableRecord = isUnreadable
    described.sectorSize = sector
    return described
  }

  /// How an encrypted volume is encrypted, and what its header leaves of it; of one that is not active as it was made.
  private func fill(
    _ definition: inout VolumeDefinition, with encryption: Encryption, of volume: LogicalVolume,
    _ trouble: inout Trouble
  ) throws(StorageError) {
    let size = definition.physical ?? volume.size
    definition.target.encryption = encryption
    definition.capacity = size - min(size, headerSize(of: encryption))
    guard volume.isActive else { return }
    let device = try Descriptor(readingDevice: node(volume.name))
    try measure(encryption, on: device, size: size, &definition, &trouble)
  }
}

extension GroupBackend {
  /// Permissions and times of an active volume's node.
  /// - Returns: the size of its sectors; nil where the kernel does not tell.
  func fill(_ definition: inout VolumeDefinition, from node: Path) throws(StorageError)
    -> ByteCount?
  {
    let status = try FileStatus(following: node)
    definition.target.permissions = Permissions(
      mode: status.mode & 0o777, owner: status.owner, group: status.group)
    definition.target.timestamps = status.timestamps
    return try DeviceUse.sectorSize(of: status.device, sys: host.sys)
  }
}

extension VolumeGroup {
  /// As libvirt counts them: in bytes of the physical volume's extents, without what is before the first.
  func extents(of volume: LogicalVolume) -> [VolumeDefinition.Extent] {
    ranges(of: volume).map { range in
      VolumeDefinition.Extent(
        device: Path(range.device), start: ByteCount(range.first * extent.bytes),
        end: ByteCount((range.last + 1) * extent.bytes))
    }
  }
}
