import CStorageShim
import Glibc
import StorageModel

/// The number by which the kernel knows a device, whatever its nodes are called.
package struct DeviceNumber: Hashable, Sendable, CustomStringConvertible {
  package let major: UInt32
  package let minor: UInt32

  package init(major: UInt32, minor: UInt32) {
    self.major = major
    self.minor = minor
  }

  /// Reads `MAJOR:MINOR`, as files in /sys and /proc have it.
  package init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let major = UInt32(parts[0]), let minor = UInt32(parts[1]) else {
      return nil
    }
    self.init(major: major, minor: minor)
  }

  package var description: String { "\(major):\(minor)" }
}

/// What a block device measures.
package struct DeviceGeometry: Equatable, Sendable {
  package let size: ByteCount
  /// Bytes of the smallest part that can be read or written; what partition tables and file systems count in.
  package let logicalSector: ByteCount
  /// Bytes of what the device itself writes at once.
  package let physicalSector: ByteCount
  package let isReadOnly: Bool
}

extension Descriptor {
  /// Opens a block device to change it, so that nobody else can claim it meanwhile: a mount, a device on top of it, a
  /// second command like this (open(2), O_EXCL on devices).
  /// - Throws: `busy` where somebody has; `badInput` where the path is no block device.
  package convenience init(claiming path: Path, readsAsZeroes: Bool = false)
    throws(StorageError)
  {
    try self.init(
      opening: path, flags: O_RDWR | O_EXCL | O_NOCTTY | O_NONBLOCK, readsAsZeroes: readsAsZeroes)
    try requireBlockDevice()
  }

  /// Opens a block device for writing beside others who use it: a disk whose partitions are in use.
  /// - Throws: `badInput` where the path is no block device.
  package convenience init(changing path: Path) throws(StorageError) {
    try self.init(opening: path, flags: O_RDWR | O_NOCTTY | O_NONBLOCK)
    try requireBlockDevice()
  }

  /// Opens a block device for reading.
  /// - Throws: `badInput` where the path is no block device.
  package convenience init(readingDevice path: Path) throws(StorageError) {
    try self.init(reading: path)
    try requireBlockDevice()
  }

  private func requireBlockDevice() throws(StorageError) {
    guard try status().kind == .blockDevice else {
      throw StorageError(.badInput, path.text, "is no block device")
    }
  }

  /// What the open block device measures (ioctls BLKGETSIZE64, BLKSSZGET, BLKPBSZGET, BLKROGET).
  package func geometry() throws(StorageError) -> DeviceGeometry {
    var size: UInt64 = 0
    var (logical, physical, readOnly): (Int32, UInt32, Int32) = (0, 0, 0)
    try SystemCall.run(path.text, "cannot read the size of the device") {
      shim_block_device_size(number, &size)
    }
    try SystemCall.run(path.text, "cannot read the sector size of the device") {
      shim_block_sector_sizes(number, &logical, &physical)
    }
    try SystemCall.run(path.text, "cannot read whether the device is read-only") {
      shim_block_is_read_only(number, &readOnly)
    }
    return DeviceGeometry(
      size: ByteCount(exactly: size) ?? .maximum,
      logicalSector: ByteCount(exactly: UInt64(max(logical, 0))) ?? 512,
      physicalSector: ByteCount(exactly: UInt64(physical)) ?? 512, isReadOnly: readOnly != 0)
  }

  /// The dataset of OpenZFS whose device is open, with its snapshot where it is one's (ioctl BLKZNAME); nil for all other
  /// devices.
  package func zvolDataset() -> String? {
    var name = [CChar](repeating: 0, count: 257)
    guard shim_zvol_name(number, &name) == 0 else { return nil }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Makes a part of the open block device read as zeroes (ioctl BLKZEROOUT).
  ///
  /// The device does it by its own means where it has any; else the kernel writes. Both bounds are multiples of the
  /// sector size.
  /// - Throws: also `interrupted`, between two pieces.
  package func zeroDevice(from start: ByteCount, to end: ByteCount, progress: Progress? = nil)
    throws(StorageError)
  {
    try inPieces(from: start, to: end, progress: progress) { offset, length throws(StorageError) in
      SystemCall.willChange("ioctl BLKZEROOUT")
      try SystemCall.run(path.text, "cannot zero the device") {
        shim_zero_device(number, offset, length)
      }
    }
  }

  /// Gives a part of the open block device back to whatever is below it (ioctl BLKDISCARD).
  ///
  /// What it reads as afterwards is the device's own affair.
  /// - Throws: `unsupported` where the device cannot.
  package func discardDevice(from start: ByteCount, to end: ByteCount) throws(StorageError) {
    try inPieces(from: start, to: end, progress: nil) { offset, length throws(StorageError) in
      SystemCall.willChange("ioctl BLKDISCARD")
      try SystemCall.run(path.text, "cannot give blocks back") {
        shim_block_discard(number, UInt64(offset), UInt64(length))
      }
    }
  }

  /// Writes out what is cached of the open block device and forgets it (ioctl BLKFLSBUF), so that other names of
  /// the same blocks, such as the disk of a partition, show it.
  package func flushDevice() throws(StorageError) {
    try SystemCall.run(path.text, "cannot write to disk") { shim_block_flush(number) }
  }

  private func inPieces(
    from start: ByteCount, to end: ByteCount, progress: Progress?,
    _ body: (Int64, Int64) throws(StorageError) -> Void
  ) throws(StorageError) {
    // Small enough to answer a signal soon where the kernel has to write.
    let piece: Int64 = 64 << 20
    var offset = start.bytes
    progress?.begin("wipe", total: end)
    while offset < end.bytes {
      try Interruption.check()
      let length = min(piece, end.bytes - offset)
      try body(offset, length)
      offset += length
      progress?.reached(offset, moved: offset - start.bytes)
    }
    progress?.finish(end.bytes, moved: max(0, end.bytes - start.bytes))
  }
}

extension StorageError {
  /// Whether a node is there, but no device behind it.
  package var isDeviceGone: Bool { number == ENXIO || number == ENODEV || number == ENOMEDIUM }
}
