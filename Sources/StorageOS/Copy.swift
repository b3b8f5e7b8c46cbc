import CStorageShim
import Glibc
import StorageModel

extension Descriptor {
  /// Whether the file has any data that is not a hole, by SEEK_DATA; a file of a file system without it always
  /// has, unless it is empty.
  package func hasData() throws(StorageError) -> Bool {
    guard shim_seek_data(number, 0) < 0 else { return true }
    return errno == ENXIO ? false : try status().size > 0
  }
}

/// Copies the content of files: by reflink, else hole by hole.
package enum Copy {
  /// How a copy was made.
  package enum Method: Sendable { case reflink, sparse }

  /// Makes the empty file `target` share all of `source` by ioctl FICLONE.
  /// - Returns: false where the file systems cannot.
  package static func reflink(_ source: Descriptor, to target: Descriptor) throws(StorageError)
    -> Bool
  {
    SystemCall.willChange("ioctl FICLONE")
    if shim_clone(target.number, source.number) == 0 { return true }
    let code = errno
    // The errno values that mean "not supported here" (ioctl_ficlone(2)).
    if [EBADF, EINVAL, EOPNOTSUPP, EXDEV, ENOTTY, ENOSYS, EPERM, ETXTBSY].contains(code) {
      return false
    }
    throw StorageError(errno: code, target.path.text, "cannot clone from '\(source.path)'")
  }

  /// Makes the empty file `target` equal to `source`, sharing blocks where possible, with its holes kept.
  @discardableResult
  package static func contents(of source: Descriptor, to target: Descriptor) throws(StorageError)
    -> Method
  {
    if try reflink(source, to: target) { return .reflink }
    try data(of: source, to: target)
    return .sparse
  }

  /// Copies every data segment of `source` to the same place in the empty file `target`.
  ///
  /// Segments come from SEEK_DATA and SEEK_HOLE (lseek(2)); the source is brought to disk first, because some
  /// file systems report stale holes for unwritten data.
  package static func data(of source: Descriptor, to target: Descriptor) throws(StorageError) {
    let size = try source.status().size
    try target.setSize(size)
    if fdatasync(source.number) != 0, errno == EIO {
      throw StorageError(errno: EIO, source.path.text, "cannot write to disk")
    }
    var offset: Int64 = 0
    while offset < size.bytes {
      let start = shim_seek_data(source.number, offset)
      if start < 0 {
        // ENXIO: nothing but a hole up to the end. EINVAL: no such call here, all counts as data.
        let code = errno
        if code == ENXIO { return }
        guard code == EINVAL else {
          throw StorageError(errno: code, source.path.text, "cannot find data")
        }
        return try segment(of: source, to: target, from: offset, until: size.bytes)
      }
      let end = try SystemCall.run(source.path.text, "cannot find holes") {
        shim_seek_hole(source.number, start)
      }
      try segment(of: source, to: target, from: start, until: min(end, size.bytes))
      offset = end == start ? size.bytes : end
    }
  }

  /// Copies one range by copy_file_range(2), else through memory.
  private static func segment(
    of source: Descriptor, to target: Descriptor, from start: Int64, until end: Int64
  ) throws(StorageError) {
    var position = start
    while position < end {
      SystemCall.willChange("copy_file_range")
      let copied = shim_copy_range(
        source.number, target.number, position, min(end - position, 64 << 20))
      if copied > 0 {
        startWriteback(target, from: position, count: copied)
        position += copied
        continue
      }
      let code = errno
      if copied < 0, code == EINTR { continue }
      if copied < 0, ![EXDEV, EINVAL, ENOSYS, EOPNOTSUPP, EBADF, EPERM].contains(code) {
        throw StorageError(errno: code, target.path.text, "cannot copy from '\(source.path)'")
      }
      return try throughMemory(of: source, to: target, from: position, until: end)
    }
  }

  private static func throughMemory(
    of source: Descriptor, to target: Descriptor, from start: Int64, until end: Int64
  ) throws(StorageError) {
    let chunk = 1 << 20
    var position = start
    while position < end {
      let bytes = try source.read(at: position, count: Int(min(Int64(chunk), end - position)))
      guard !bytes.isEmpty else {
        throw StorageError(.inputOutput, source.path.text, "ended early at byte \(position)")
      }
      try write(bytes[...], to: target, at: position)
      position += Int64(bytes.count)
    }
  }

  static func write(_ bytes: ArraySlice<UInt8>, to target: Descriptor, at offset: Int64)
    throws(StorageError)
  {
    SystemCall.willChange("pwrite")
    var done = 0
    while done < bytes.count {
      done += try SystemCall.run(target.path.text, "cannot write") {
        bytes.dropFirst(done).withUnsafeBytes {
          pwrite(target.number, $0.baseAddress, $0.count, Int(offset) + done)
        }
      }
    }
  }

  /// Tells the kernel to begin writing a range, so that the sync at the end finds little left to do.
  static func startWriteback(_ target: Descriptor, from offset: Int64, count: Int64) {
    _ = shim_start_writeback(target.number, offset, count)
  }
}
