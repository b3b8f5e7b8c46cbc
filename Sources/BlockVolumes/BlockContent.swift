import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS

/// Putting content on devices, in place.
extension BlockBackend {
  /// Overwrites the device from its start; what is behind the content reads as zeroes.
  ///
  /// A device has no second place to write to first. So sizes are compared before anything changes, and the record
  /// says that the content is half done until it is whole and on disk: whatever interrupts the change, the volume
  /// is known to be incomplete and is neither started nor exported until it was imported again.
  package func replaceCommitted(
    of volume: Volume, size: ByteCount, _ steps: Steps,
    fill: (Descriptor) throws(StorageError) -> Void
  ) throws(StorageError) {
    try checkContent(of: volume, to: "overwrite")
    let path = path(of: volume.name)
    let room = volume.definition.physical ?? volume.capacity
    guard size <= room else { throw noRoom(size, on: path, room) }
    try steps.run("overwrite '\(path)' in place with \(size.bytes) bytes") {
      () throws(StorageError) in
      try overwrite(volume.name, as: .import, with: size, fill: fill)
    }
  }

  /// Writes a part of the content; the record says that it is half done until it is on disk.
  ///
  /// `O_EXCL` refuses a device that is mounted or otherwise held.
  package func changeCommitted(
    of volume: Volume, in part: Range<Int64>, _ steps: Steps,
    _ change: (Descriptor) throws(StorageError) -> ByteCount
  ) throws(StorageError) {
    try steps.run("write into '\(devicePath(of: volume))'") { () throws(StorageError) in
      try changeContent(of: volume.name, as: .upload(part)) { device, _ throws(StorageError) in
        try change(device)
      }
    }
  }

  /// Has the content written that a new volume is to have; the device is there.
  ///
  /// The caller has made the device, and removes it when this throws.
  package func write(_ content: NewContent, to name: VolumeName, _ steps: Steps)
    throws(StorageError)
  {
    let path = path(of: name)
    try steps.run(content.told(path, isZero: false)) { () throws(StorageError) in
      try overwrite(name, as: .create, with: content.size) { device throws(StorageError) in
        try content.write(to: device, named: path, isZero: false, steps)
      }
    }
  }

  /// Claims the device, zeroes what is behind the content and lets `fill` write; the record says meanwhile that the content is not whole.
  private func overwrite(
    _ name: VolumeName, as change: UnfinishedChange, with size: ByteCount,
    fill: (Descriptor) throws(StorageError) -> Void
  ) throws(StorageError) {
    try changeContent(of: name, as: change) { device, geometry throws(StorageError) in
      guard size <= geometry.size else { throw noRoom(size, on: device.path, geometry.size) }
      // Nothing of what was there before may show, also not in the rest of a last sector.
      let tail = ByteCount(size.bytes - size.bytes % geometry.logicalSector.bytes)
      try device.zeroDevice(from: tail, to: geometry.size)
      try fill(device)
      return nil
    }
  }

  /// Runs `body` with the device claimed, recorded as unfinished until all of it is on disk.
  /// - Parameter body: returns where it stopped, if that need not be the end of what was to be changed.
  package func changeContent(
    of name: VolumeName, as change: UnfinishedChange,
    _ body: (Descriptor, DeviceGeometry) throws(StorageError) -> ByteCount?
  ) throws(StorageError) {
    let device = try Descriptor(claiming: path(of: name))
    let geometry = try device.geometry()
    guard !geometry.isReadOnly else {
      throw StorageError(.permission, device.path.text, "is read-only")
    }
    var record = try self.record(of: name) ?? VolumeRecord()
    let before = record.unfinished
    record.unfinished = change
    try setRecord(record, of: name)
    let end: ByteCount?
    do throws(StorageError) {
      end = try body(device, geometry)
      try device.sync()
      try device.flushDevice()
    } catch {
      var error = error
      error.hint = error.hint ?? "The content of volume '\(name)' is incomplete now."
      throw error
    }
    record.unfinished = before?.rest(after: change.ended(at: end), size: geometry.size)
    try setRecord(record, of: name)
  }

  private func noRoom(_ size: ByteCount, on path: Path, _ room: ByteCount) -> StorageError {
    StorageError(
      .noSpace, path.text, "has \(room.bytes) bytes, but \(size.bytes) are to be written")
  }
}
