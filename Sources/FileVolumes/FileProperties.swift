import StorageBackend
import StorageConf
import StorageModel
import StorageOS

/// What is recorded of volumes.
extension FileBackend {
  package func setProperties(_ settings: LifecycleSettings, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  {
    let files = files(volume.name)
    var record = try self.record(of: files, in: folder()) ?? VolumeRecord()
    // One that keeps nothing is what it starts from, whatever is on record.
    let isOwn = volume.properties.kind.savesState
    record.format = (isOwn ? record.format : nil) ?? volume.definition.target.format
    record.lifecycle = settings
    let kind = settings.resolved(with: pool.lifecycle).kind
    if kind == .volatile { record.size = try volume.knownCapacity() }
    try write(record, for: files, steps)
  }

  package func setSectorSize(_ size: ByteCount?, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  {
    let files = files(volume.name)
    var record = try self.record(of: files, in: folder()) ?? VolumeRecord()
    record.sectorSize = size
    try write(record, for: files, steps)
  }

  package func checkFormat(_ format: VolumeFormat, of volume: Volume) throws(StorageError) {
    if driver.usesQubesLayout { try refuseFormat(format, of: volume) }
  }

  package func setFormat(_ format: VolumeFormat, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  {
    let files = files(volume.name)
    guard files.isPlain else { return }
    var record = try self.record(of: files, in: folder()) ?? VolumeRecord()
    guard record.format != format else { return }
    record.format = format
    try write(record, for: files, steps)
  }

  /// Records the format of a volume before a guest can write into it.
  /// - Parameter copied: the format of what is copied into it; without it the volume's own, where none is on record.
  func pinFormat(of volume: Volume, as copied: VolumeFormat? = nil, _ steps: Steps)
    throws(StorageError)
  {
    let files = files(volume.name)
    // Everything in Qubes' layout is raw.
    guard files.isPlain else { return }
    var record = try self.record(of: files, in: folder()) ?? VolumeRecord()
    guard record.format == nil || copied != nil && record.format != copied else { return }
    record.format = copied ?? volume.definition.target.format ?? .raw
    try write(record, for: files, steps)
  }
}
