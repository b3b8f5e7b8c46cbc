import CStorageShim
import Glibc
import StorageModel

extension Descriptor {
  /// Makes a range of a file or block device read as zeroes, by the cheapest way that is sure; sizes stay.
  ///
  /// On a device nothing is taken for zero that was not made so: it may hold what an earlier user left. Beyond a
  /// file's end nothing is done. Zeroes of a device are on it, or in its cache: sync as after any write.
  /// - Parameter keepingBlocks: whether blocks behind the range stay allocated. Otherwise they are given back where
  ///   that is possible (fallocate(2), FALLOC_FL_PUNCH_HOLE; loop, thin and most SSD devices know it too).
  /// - Throws: also `interrupted`.
  package func makeZero(from start: ByteCount, count: ByteCount, keepingBlocks: Bool)
    throws(StorageError)
  {
    let end = try TransferEnd(self)
    guard let size = end.size, let stop = start.adding(count) else { return }
    try end.makeZero(
      start.bytes..<max(start.bytes, min(stop.bytes, size.bytes)), keepingBlocks: keepingBlocks)
  }
}

extension TransferEnd {
  /// How much is made zero in one call, so that a request to stop is noticed in time.
  private static let step: Int64 = 1 << 30
  /// What device ranges have to be aligned to: no device has larger logical blocks.
  private static let alignment: Int64 = 4096
  /// Less than this is rather written than described to the file system.
  private static let small: Int64 = 32 << 10

  /// Makes a range, which ends at the end of the file or device at the latest, read as zeroes.
  func makeZero(_ range: Range<Int64>, keepingBlocks: Bool) throws(StorageError) {
    var position = range.lowerBound
    while position < range.upperBound {
      try Interruption.check()
      let part = position..<min(position + Self.step, range.upperBound)
      if kind == .file {
        try makeFileZero(part, keepingBlocks: keepingBlocks)
      } else {
        try makeDeviceZero(part, keepingBlocks: keepingBlocks)
      }
      position = part.upperBound
    }
  }

  private func makeFileZero(_ range: Range<Int64>, keepingBlocks: Bool) throws(StorageError) {
    if !keepingBlocks, range.count >= Self.small, try did(shim_punch_hole, "punch", range) {
      return
    }
    // Holes, and blocks that were never written, read as zeroes already.
    let segments = FileSegments(descriptor, range)
    while let segment = try segments.next() {
      guard case .data(let data) = segment else { continue }
      if data.count >= Self.small, try did(shim_zero_range, "zero", data) { continue }
      try writeZeroes(data)
    }
  }

  private func makeDeviceZero(_ range: Range<Int64>, keepingBlocks: Bool) throws(StorageError) {
    let unit = Self.alignment
    let start = (range.lowerBound + unit - 1) / unit * unit
    let end = range.upperBound / unit * unit
    guard end - start >= Self.small else { return try writeZeroes(range) }
    try writeZeroes(range.lowerBound..<start)
    try writeZeroes(end..<range.upperBound)
    let inner = start..<end
    if !keepingBlocks, try did(shim_punch_hole, "punch", inner) { return }
    if try did(shim_zero_device, "zero", inner) { return }
    try writeZeroes(inner)
  }

  /// Makes a range zero by one call.
  /// - Returns: false where file system, device or kernel do not know the call.
  private func did(
    _ call: (Int32, Int64, Int64) -> Int32, _ verb: String, _ range: Range<Int64>
  ) throws(StorageError) -> Bool {
    while true {
      SystemCall.willChange("fallocate")
      let length = range.upperBound - range.lowerBound
      if call(descriptor.number, range.lowerBound, length) == 0 { return true }
      let code = errno
      switch code {
      case EINTR: try Interruption.check()
      case EOPNOTSUPP, ENOSYS, ENOTTY, EINVAL, EPERM: return false
      default:
        throw StorageError(
          errno: code, descriptor.path.text,
          "cannot \(verb) \(length) bytes at byte \(range.lowerBound)")
      }
    }
  }

  /// Writes zeroes over a range, whatever is there.
  /// - Parameter progress: a task of the range's length that has begun.
  func writeZeroes(_ range: Range<Int64>, progress: Progress? = nil) throws(StorageError) {
    let zeroes = Zeroes.bytes
    var writeback = Writeback(descriptor, from: range.lowerBound)
    var position = range.lowerBound
    while position < range.upperBound {
      try Interruption.check()
      let count = min(zeroes.count, Int(range.upperBound - position))
      try descriptor.write(UnsafeRawBufferPointer(rebasing: zeroes[..<count]), at: position)
      position += Int64(count)
      try writeback.wrote(upTo: position)
      let done = position - range.lowerBound
      progress?.reached(done, moved: done)
    }
  }
}

/// A piece of memory full of zeroes, to write from.
enum Zeroes {
  /// Never written to, so that all its pages are the kernel's one page of zeroes until then.
  nonisolated(unsafe) static let bytes = UnsafeRawBufferPointer(
    start: calloc(1, 1 << 20), count: 1 << 20)

  /// Whether all bytes are zero, at memcmp's speed.
  static func fill(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return true }
    // Equal to itself shifted by one byte and starting with zero.
    return bytes[0] == 0 && memcmp(base, base + 1, bytes.count - 1) == 0
  }
}
