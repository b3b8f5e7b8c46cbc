import CStorageShim
import Glibc
import StorageModel

/// One end of a transfer: what it is decides how bytes go in and out.
struct TransferEnd {
  enum Kind { case file, device, stream }

  let descriptor: Descriptor
  let kind: Kind
  /// How large a file or a block device is; nil for a pipe, a socket, a terminal, a character device.
  let size: ByteCount?
  /// Whether the holes of a file are known, by SEEK_DATA; elsewhere runs of zeroes have to be found.
  let tellsHoles: Bool

  init(_ descriptor: Descriptor) throws(StorageError) {
    self.descriptor = descriptor
    let status = try descriptor.status()
    switch status.kind {
    case .regular:
      kind = .file
      size = status.size
      // Those of CIFS have holes on the server alone.
      tellsHoles = status.allocated >= status.size || !descriptor.isOnCIFS
    case .blockDevice:
      kind = .device
      size = try descriptor.deviceSize()
      tellsHoles = false
    case .folder: throw StorageError(.badInput, descriptor.path.text, "is a directory")
    default:
      kind = .stream
      size = nil
      tellsHoles = false
    }
  }
}

extension Descriptor {
  /// The size of a block device (ioctl BLKGETSIZE64).
  package func deviceSize() throws(StorageError) -> ByteCount {
    var size: UInt64 = 0
    try SystemCall.run(path.text, "cannot read the size of the device") {
      shim_block_device_size(number, &size)
    }
    return ByteCount(exactly: size) ?? .maximum
  }

  /// How much content there is: the size of a file or a block device; nil for what only flows.
  package func contentSize() throws(StorageError) -> ByteCount? { try TransferEnd(self).size }

  /// Whether it was opened for reading (fcntl(2), F_GETFL).
  package var isReadable: Bool { fcntl(number, F_GETFL) & O_ACCMODE != O_WRONLY }
  /// Whether it was opened for writing.
  package var isWritable: Bool { fcntl(number, F_GETFL) & O_ACCMODE != O_RDONLY }

  /// Where the next read or write of an open file begins; zero for what has no position.
  package var position: ByteCount { ByteCount(max(0, Int64(lseek(number, 0, SEEK_CUR)))) }

  /// Waits until reading or writing can go on, where somebody made the descriptor a non-blocking one.
  func wait(for events: Int16) throws(StorageError) {
    var entry = pollfd(fd: number, events: events, revents: 0)
    try SystemCall.run(path.text, "cannot wait") { poll(&entry, 1, -1) }
  }
}
