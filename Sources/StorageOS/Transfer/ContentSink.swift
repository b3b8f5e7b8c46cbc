import CStorageShim
import Glibc
import StorageModel

/// Something that takes content piece by piece, in order: an open file, a pipe, an encoder on top of either.
package protocol ContentSink: AnyObject {
  func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError)
  func writeZeroes(_ count: Int64) throws(StorageError)
  /// Hands on what is still held back; nothing may be written afterwards. Does not sync.
  func finish() throws(StorageError)
}

/// A file or a block device, written from an offset on.
final class FileSink: ContentSink {
  let target: TransferEnd
  /// Where the next byte goes, zeroes that are held back included.
  private(set) var position: Int64
  private var zeroes: Int64 = 0
  private var writeback: Writeback
  private let before: Transfer.Before
  private let keepsBlocks: Bool

  init(_ target: TransferEnd, at offset: Int64, before: Transfer.Before, keepsBlocks: Bool) {
    self.target = target
    self.before = before
    self.keepsBlocks = keepsBlocks
    position = offset
    writeback = Writeback(target.descriptor, from: offset)
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
    try makeZeroes()
    try target.descriptor.write(bytes, at: position)
    try advance(Int64(bytes.count))
  }

  /// Held back until data follows, so that one long run is one call.
  func writeZeroes(_ count: Int64) throws(StorageError) {
    zeroes += count
    position += count
  }

  /// Also makes the file as long as what was written: zeroes at its end were never written.
  func finish() throws(StorageError) {
    try makeZeroes()
    guard target.kind == .file else { return }
    if try target.descriptor.status().size.bytes < position {
      try target.descriptor.setSize(ByteCount(position))
    }
  }

  /// Notes that so many bytes from `position` on were written otherwise, with nothing held back.
  func advance(_ count: Int64) throws(StorageError) {
    position += count
    try writeback.wrote(upTo: position)
  }

  /// Makes the zeroes that are held back.
  func makeZeroes() throws(StorageError) {
    guard zeroes > 0 else { return }
    let range = position - zeroes..<position
    zeroes = 0
    guard before == .unknown else { return }
    try target.makeZero(range, keepingBlocks: keepsBlocks)
  }
}

/// What flows: a pipe, a socket, a terminal; also a file that is appended to.
package final class StreamSink: ContentSink {
  let stream: Descriptor

  package init(_ stream: Descriptor) {
    self.stream = stream
    _ = stream.growPipe()
  }

  package func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
    try stream.writeAll(bytes)
  }

  package func writeZeroes(_ count: Int64) throws(StorageError) {
    var left = count
    while left > 0 {
      let part = min(left, Int64(Zeroes.bytes.count))
      try write(UnsafeRawBufferPointer(rebasing: Zeroes.bytes[..<Int(part)]))
      left -= part
    }
  }

  package func finish() throws(StorageError) {}
}

/// Takes everything and keeps nothing.
final class NullSink: ContentSink {
  func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {}
  func writeZeroes(_ count: Int64) throws(StorageError) {}
  func finish() throws(StorageError) {}
}

extension Descriptor {
  /// Writes all of `bytes` at `offset`.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(StorageError) {
    guard bytes.count > 0 else { return }
    SystemCall.willChange("pwrite")
    var done = 0
    while done < bytes.count {
      done += try SystemCall.run(path.text, "cannot write") {
        pwrite(number, bytes.baseAddress.map { $0 + done }, bytes.count - done, Int(offset) + done)
      }
    }
  }

  /// Writes all of `bytes` to a stream, waiting as long as it takes.
  func writeAll(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
    var done = 0
    while done < bytes.count {
      try Interruption.check()
      let count = Glibc.write(number, bytes.baseAddress.map { $0 + done }, bytes.count - done)
      if count >= 0 {
        done += count
        continue
      }
      let code = errno
      switch code {
      case EINTR: continue
      case EAGAIN: try wait(for: Int16(POLLOUT))
      default: throw StorageError(errno: code, path.text, "cannot write")
      }
    }
  }

  /// Lets a pipe hold more, so that both sides run longer at a time; pipe(7).
  func growPipe() -> Bool { shim_set_pipe_size(number, 1 << 20) >= 0 }
}

/// Tells the kernel, every so many bytes, to begin writing what a copy has produced, so that the sync at its end
/// finds little left to do.
struct Writeback {
  static let step: Int64 = 16 << 20

  private let target: Descriptor
  private var begun: Int64

  init(_ target: Descriptor, from offset: Int64 = 0) {
    self.target = target
    begun = offset
  }

  /// Notes that everything below `position` is written; positions only grow.
  /// - Throws: what writing before failed with, which nobody may be told of again.
  mutating func wrote(upTo position: Int64) throws(StorageError) {
    guard position - begun >= Writeback.step else { return }
    do throws(StorageError) {
      try SystemCall.run(target.path.text, "cannot write to disk") {
        shim_start_writeback(target.number, begun, position - begun)
      }
    } catch {
      // What knows no such call is written by the sync at the end.
      guard [EINVAL, ESPIPE, ENOSYS].contains(error.number) else { throw error }
    }
    begun = position
  }
}
