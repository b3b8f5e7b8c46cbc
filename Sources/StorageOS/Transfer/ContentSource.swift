import Glibc
import StorageModel

/// Something that gives content piece by piece, in order: an open file, a pipe, a decoder on top of either.
package protocol ContentSource: AnyObject {
  /// The next piece: data, written to the start of `buffer`, or a run of zeroes that needs no buffer.
  ///
  /// Data is short of the buffer only before a hole or at the end. `buffer` is not empty.
  func next(into buffer: UnsafeMutableRawBufferPointer) throws(StorageError) -> ContentPiece
}

/// A piece of content.
package enum ContentPiece: Equatable, Sendable {
  /// So many bytes of the buffer, at least one.
  case data(Int)
  /// So many zeroes, at least one; may be more than the buffer holds.
  case zeroes(Int64)
  case end
}

/// A part of a file or of a block device; the holes of a file come as zeroes.
final class FileSource: ContentSource {
  let file: Descriptor
  private let segments: FileSegments
  private var rest: Range<Int64> = 0..<0

  init(_ file: Descriptor, _ range: Range<Int64>) {
    self.file = file
    segments = FileSegments(file, range)
    posix_fadvise(
      file.number, Int(range.lowerBound), Int(range.upperBound - range.lowerBound),
      POSIX_FADV_SEQUENTIAL)
  }

  /// What comes next as a whole: a segment, or what `next(into:)` has left of one; nil at the end.
  func segment() throws(StorageError) -> FileSegments.Segment? {
    guard rest.isEmpty else {
      defer { rest = 0..<0 }
      return .data(rest)
    }
    return try segments.next()
  }

  func next(into buffer: UnsafeMutableRawBufferPointer) throws(StorageError) -> ContentPiece {
    if rest.isEmpty {
      switch try segments.next() {
      case nil: return .end
      case .hole(let hole): return .zeroes(hole.upperBound - hole.lowerBound)
      case .data(let data): rest = data
      }
    }
    let wanted = min(buffer.count, Int(rest.upperBound - rest.lowerBound))
    let got = try file.read(
      at: rest.lowerBound, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
    rest = rest.lowerBound + Int64(got)..<rest.upperBound
    return .data(got)
  }
}

extension Descriptor {
  /// Fills `buffer` from `offset`.
  /// - Throws: `inputOutput` where the file ends before.
  func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(StorageError)
    -> Int
  {
    var filled = 0
    while filled < buffer.count {
      let got = try SystemCall.run(path.text, "cannot read") {
        pread(
          number, buffer.baseAddress.map { $0 + filled }, buffer.count - filled,
          Int(offset) + filled)
      }
      guard got > 0 else {
        throw StorageError(
          .inputOutput, path.text, "ended early at byte \(offset + Int64(filled))")
      }
      filled += got
    }
    return filled
  }
}

/// What flows: a pipe, a socket, a terminal; also a file, from its position on.
package final class StreamSource: ContentSource {
  private let stream: Descriptor
  private var prefix: ArraySlice<UInt8>

  /// - Parameter prefix: what was read off the stream before, to look at it; comes first.
  package init(_ stream: Descriptor, prefix: [UInt8] = []) {
    self.stream = stream
    self.prefix = prefix[...]
    // Fails for what is no pipe, and above the user's limit: then it goes in smaller pieces.
    _ = stream.growPipe()
  }

  package func next(into buffer: UnsafeMutableRawBufferPointer) throws(StorageError)
    -> ContentPiece
  {
    var filled = min(prefix.count, buffer.count)
    if filled > 0 {
      prefix.prefix(filled).withUnsafeBytes { buffer.copyMemory(from: $0) }
      prefix = prefix.dropFirst(filled)
    }
    while filled < buffer.count {
      let got = try stream.readSome(UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      if got == 0 { break }
      filled += got
    }
    return filled == 0 ? .end : .data(filled)
  }
}

extension Descriptor {
  /// What is there now, at most what fits, waiting for the first byte; 0 at the end.
  func readSome(_ buffer: UnsafeMutableRawBufferPointer) throws(StorageError) -> Int {
    while true {
      try Interruption.check()
      let got = Glibc.read(number, buffer.baseAddress, buffer.count)
      if got >= 0 { return got }
      let code = errno
      switch code {
      case EINTR: continue
      case EAGAIN: try wait(for: Int16(POLLIN))
      default: throw StorageError(errno: code, path.text, "cannot read")
      }
    }
  }

  /// The first bytes that a stream gives, at most `count`; fewer only at its end.
  package func readPrefix(_ count: Int) throws(StorageError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    var failure: StorageError?
    bytes.withUnsafeMutableBytes { buffer in
      do throws(StorageError) {
        while filled < count {
          let got = try readSome(UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
          if got == 0 { break }
          filled += got
        }
      } catch { failure = error }
    }
    if let failure { throw failure }
    return Array(bytes[..<filled])
  }
}
