import CZstd
import StorageModel
import StorageOS

/// Decompresses content that is one Zstandard frame after another, as zstd(1) and `ZstandardEncoder` write it.
///
/// Gives no more than it is asked for, so that who reads decides how much a small input may become.
package final class ZstandardDecoder: ContentSource {
  /// What a frame may need: zstd makes such only with --ultra and --long.
  private static let windowLog: Int32 = 25
  private static let inputSize = 256 << 10

  private let source: any ContentSource
  private let name: String
  private let decoder: UnsafeMutableRawPointer
  private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: inputSize, alignment: 64)
  private var unread = 0..<0
  /// Zeroes of the input that are still to be put into the buffer.
  private var zeroes: Int64 = 0
  private var isAtEnd = false
  private var isInFrame = false
  /// How many bytes of the input were decoded.
  package private(set) var consumed: Int64 = 0

  /// - Parameter name: what the input is called in errors.
  /// - Throws: `unsupported` where libzstd is missing, naming its package.
  package init(_ source: any ContentSource, named name: String) throws(StorageError) {
    self.source = source
    self.name = name
    try Zstandard.load()
    guard let decoder = shim_zstd_new_decoder(Self.windowLog) else {
      throw StorageError(.failure, "", "no memory for libzstd")
    }
    self.decoder = decoder
  }

  deinit {
    shim_zstd_free_decoder(decoder)
    input.deallocate()
  }

  /// Whether content that begins with these bytes, four or more, is compressed by Zstandard.
  package static func recognises(_ bytes: [UInt8]) -> Bool {
    bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd])
  }

  package func next(into buffer: UnsafeMutableRawBufferPointer) throws(StorageError)
    -> ContentPiece
  {
    var filled = 0
    while filled < buffer.count {
      if unread.isEmpty { try fill() }
      if unread.isEmpty {
        guard !isInFrame else { throw invalid("it ends early", isCut: true) }
        break
      }
      if !isInFrame, let zeroes = try zeroFrame() {
        if filled == 0 { return .zeroes(takeFrame(zeroes)) }
        break
      }
      filled += try decode(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
    }
    return filled == 0 ? .end : .data(filled)
  }

  private func decode(into buffer: UnsafeMutableRawBufferPointer) throws(StorageError) -> Int {
    var progress = shim_zstd_progress()
    var problem: UnsafePointer<CChar>?
    let bytes = input[unread]
    let result = shim_zstd_decode(
      decoder, UnsafeRawBufferPointer(rebasing: bytes).baseAddress, bytes.count,
      buffer.baseAddress, buffer.count, &progress, &problem)
    guard result >= 0 else { throw invalid(Zstandard.problem(problem)) }
    take(progress.consumed)
    isInFrame = result != 0
    return progress.produced
  }

  private func take(_ count: Int) {
    unread = unread.lowerBound + count..<unread.upperBound
    consumed += Int64(count)
  }

  /// The frame of zeroes that comes next; nil where something else does.
  private func zeroFrame() throws(StorageError) -> (zeroes: Int64, length: Int)? {
    while unread.count < 6, !isAtEnd { try fill() }
    guard ZeroFrame.mayBegin(UnsafeRawBufferPointer(rebasing: input[unread])) else { return nil }
    while unread.count < ZeroFrame.longest, !isAtEnd { try fill() }
    return ZeroFrame.read(UnsafeRawBufferPointer(rebasing: input[unread]))
  }

  private func takeFrame(_ frame: (zeroes: Int64, length: Int)) -> Int64 {
    take(frame.length)
    return frame.zeroes
  }

  /// Reads more of the input behind what is unread, or notes its end.
  private func fill() throws(StorageError) {
    if unread.lowerBound > 0 {
      let count = unread.count
      if count > 0 {
        UnsafeMutableRawBufferPointer(rebasing: input[..<count]).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: input[unread]))
      }
      unread = 0..<count
    }
    let free = UnsafeMutableRawBufferPointer(rebasing: input[unread.upperBound...])
    guard !free.isEmpty, !isAtEnd else { return }
    if zeroes == 0 {
      switch try source.next(into: free) {
      case .end: isAtEnd = true
      case .data(let count): unread = 0..<unread.upperBound + count
      // A file of zeroes where compressed data should be is not valid, but has to be seen to be refused.
      case .zeroes(let count): zeroes = count
      }
      return
    }
    let count = Int(min(zeroes, Int64(free.count)))
    for index in 0..<count { free[index] = 0 }
    zeroes -= Int64(count)
    unread = 0..<unread.upperBound + count
  }

  private func invalid(_ problem: String, isCut: Bool = false) -> StorageError {
    StorageError(
      .badInput, name, "is not valid zstd", reason: problem,
      hint: isCut
        ? "The file is not whole: make or copy it again."
        : "To import it as it is, say --decompress none.")
  }
}
