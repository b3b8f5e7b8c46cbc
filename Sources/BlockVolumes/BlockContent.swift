import StorageConf
import StorageCore
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

  /// Fills the device of a new volume with the content of another one, converted to raw where it is not.
  ///
  /// The caller has made the device, and removes it when this throws.
  package func copyContent(of source: VolumeContent, to name: VolumeName, _ steps: Steps)
    throws(StorageError)
  {
    let path = path(of: name)
    guard !source.format.isRaw else {
      return try steps.run("copy '\(source.descriptor.path)' to '\(path)'") {
        () throws(StorageError) in
        let size = try source.descriptor.contentSize() ?? source.volume.capacity
        try overwrite(name, as: .create, with: size) { device throws(StorageError) in
          try Copy.contents(of: source.descriptor, to: device, progress: steps.progress)
        }
      }
    }
    let image = QemuImage(format: .raw, capacity: nil)
    let program = Program.qemuImg
    func words(_ input: String, _ output: String) -> [String] {
      image.conversion(from: input, source.format, to: output, isThere: true)
    }
    let from = source.descriptor.path.text
    try steps.run("run \(program.commandLine(words(from, path.text)))") {
      () throws(StorageError) in
      try overwrite(name, as: .create, with: source.volume.capacity) {
        device throws(StorageError) in
        // Names relative to the source's folder mean something only from there.
        let readable =
          source.volume.definition.backingStore == nil
          ? "/proc/self/fd/\(source.descriptor.number)" : from
        try program.run(
          words(readable, "/proc/self/fd/\(device.number)"), on: "volume '\(name)'",
          keeping: [source.descriptor, device])
      }
    }
  }

  /// Refuses content that is made for sectors of another size than the device has: partition tables and file systems
  /// count in sectors, and would be read in the wrong places.
  /// - Parameters:
  ///   - told: the sectors that users say the content is made for.
  ///   - sector: those of the device.
  package func checkSectors(
    of source: Volume, told: ByteCount?, against sector: ByteCount, subject: String
  ) throws(StorageError) {
    try SectorSize.check(told ?? source.sectorSize, fits: sector, subject)
  }

  /// Claims the device, zeroes what is behind the content and lets `fill` write; the record says meanwhile that the content is not whole.
  private func overwrite(
    _ name: VolumeName, as change: VolumeRecord.Change, with size: ByteCount,
    fill: (Descriptor) throws(StorageError) -> Void
  ) throws(StorageError) {
    try changeContent(of: name, as: change) { device, geometry throws(StorageError) in
      guard size <= geometry.size else { throw noRoom(size, on: device.path, geometry.size) }
      // Nothing of what was there before may show, also not in the rest of a last sector.
      let tail = ByteCount(size.bytes - size.bytes % geometry.logicalSector.bytes)
      try device.zeroDevice(from: tail, to: geometry.size)
      try fill(device)
    }
  }

  /// Runs `body` with the device claimed, recorded as unfinished until all of it is on disk.
  func changeContent(
    of name: VolumeName, as change: VolumeRecord.Change,
    _ body: (Descriptor, DeviceGeometry) throws(StorageError) -> Void
  ) throws(StorageError) {
    let device = try Descriptor(claiming: path(of: name))
    let geometry = try device.geometry()
    guard !geometry.isReadOnly else {
      throw StorageError(.permission, device.path.text, "is read-only")
    }
    var record = try self.record(of: name) ?? VolumeRecord()
    record.unfinished = change
    try setRecord(record, of: name)
    do throws(StorageError) {
      try body(device, geometry)
      try device.sync()
      try device.flushDevice()
    } catch {
      var error = error
      error.hint = error.hint ?? "The content of volume '\(name)' is incomplete now."
      throw error
    }
    record.unfinished = nil
    try setRecord(record, of: name)
  }

  private func noRoom(_ size: ByteCount, on path: Path, _ room: ByteCount) -> StorageError {
    StorageError(
      .noSpace, path.text, "has \(room.bytes) bytes, but \(size.bytes) are to be written")
  }
}
