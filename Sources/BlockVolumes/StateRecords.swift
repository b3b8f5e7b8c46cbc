import StorageConf
import StorageHost
import StorageModel
import StorageOS

/// Records of volumes whose pool has no place for them, in the state folder: a partition table and a SCSI unit hold
/// no notes.
///
/// Names of such volumes are used again for other devices. So each record says which device it is about, and is
/// none of another one.
package struct StateRecords: Sendable {
  private let folder: Path

  package init(host: HostFolders, pool: PoolName) {
    folder = host.data.appending(".cistern/pools").appending(pool.text)
  }

  /// The file of a volume's record.
  package func file(_ name: VolumeName) -> Path { folder.appending("\(name).conf") }

  /// What is remembered of a volume; nil where nothing is, or where it is about another device.
  /// - Parameter identity: what tells the device from others; nil where nothing does.
  package func record(of name: VolumeName, identity: String?) throws(StorageError) -> VolumeRecord?
  {
    guard let record = try self.record(of: name), record.identity == identity else { return nil }
    return record
  }

  /// What is remembered under a name, whichever device it is about.
  package func record(of name: VolumeName) throws(StorageError) -> VolumeRecord? {
    let file: Descriptor
    do throws(StorageError) { file = try Descriptor(reading: self.file(name)) } catch {
      if error.isAbsence { return nil }
      throw error
    }
    let bytes = try file.readAll(limit: 65536)
    do throws(ConfProblem) { return try VolumeRecord.read(bytes, file: file.path.text) } catch {
      throw StorageError(.badInput, "", error.text)
    }
  }

  /// Remembers what is said of a volume, durably; nil forgets it.
  package func set(_ record: VolumeRecord?, of name: VolumeName, identity: String?)
    throws(StorageError)
  {
    let file = file(name)
    guard var record else {
      guard let folder = try Folder.ifPresent(folder) else { return }
      if try folder.remove(file.lastComponent) { try folder.sync() }
      return
    }
    record.identity = identity
    let folder = try HostFolders.make(folder)
    let present = try folder.openIfPresent(file.lastComponent)?.readAll(limit: 65536)
    let content: [UInt8]
    do throws(ConfProblem) {
      content = try record.bytes(file: file.text, replacing: present)
    } catch {
      throw StorageError(.badInput, "", error.text)
    }
    try folder.write(content, to: file.lastComponent)
  }

  /// The names that something is remembered under, in no order.
  package func names() throws(StorageError) -> [VolumeName] {
    do throws(StorageError) {
      return try Folder(opening: folder).entries().compactMap { entry in
        guard entry.name.hasSuffix(".conf") else { return nil }
        return entry.name.without(suffix: ".conf").flatMap { VolumeName(found: String($0)) }
      }
    } catch {
      if error.isAbsence { return [] }
      throw error
    }
  }
}
