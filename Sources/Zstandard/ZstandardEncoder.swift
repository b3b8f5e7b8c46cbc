import CZstd
import StorageModel
import StorageOS

/// Compresses content with libzstd, on several threads where the machine has them.
///
/// What comes out is what zstd(1) reads: frames one after another. Long runs of zeroes are frames of their own
/// that cost nothing to make, see `ZeroFrame`; they come back as holes here, and as zeroes elsewhere.
package final class ZstandardEncoder: ContentSink {
  /// zstd's own default: about as fast as a disk.
  private static let level: Int32 = 3
  /// More threads take more memory than a command should.
  private static let mostThreads: Int32 = 4
  /// How much one thread takes at a time.
  private static let job: Int32 = 2 << 20
  /// Shorter runs of zeroes are left to the compressor: ending a frame makes its threads wait for each other.
  private static let longRun: Int64 = 4 << 20

  private let target: any ContentSink
  private let encoder: UnsafeMutableRawPointer
  private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 64)
  private let zeroes = [UInt8](repeating: 0, count: 128 << 10)
  /// Zeroes that have come and are in no frame yet.
  private var run: Int64 = 0
  private var isInFrame = false
  private var isEmpty = true

  /// - Throws: `unsupported` where libzstd is missing, naming its package.
  package init(to target: any ContentSink) throws(StorageError) {
    self.target = target
    try Zstandard.load()
    let threads = min(Self.mostThreads, Int32(clamping: Process.processors))
    // One processor is best used without threads.
    guard let encoder = shim_zstd_new_encoder(Self.level, threads > 1 ? threads : 0, Self.job)
    else {
      throw StorageError(.failure, "", "no memory for libzstd")
    }
    self.encoder = encoder
  }

  deinit {
    shim_zstd_free_encoder(encoder)
    output.deallocate()
  }

  package func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
    try writeRun()
    try encode(bytes, endsFrame: false)
  }

  package func writeZeroes(_ count: Int64) throws(StorageError) { run += count }

  package func finish() throws(StorageError) {
    try writeRun()
    // Nothing at all is a frame too: an empty one.
    if isInFrame || isEmpty {
      try encode(UnsafeRawBufferPointer(start: nil, count: 0), endsFrame: true)
    }
    try target.finish()
  }

  private func writeRun() throws(StorageError) {
    guard run > 0 else { return }
    var left = run
    run = 0
    guard left >= Self.longRun else {
      while left > 0 {
        let part = min(left, Int64(zeroes.count))
        try withoutOwning(zeroes, Int(part)) { bytes throws(StorageError) in
          try encode(bytes, endsFrame: false)
        }
        left -= part
      }
      return
    }
    if isInFrame { try encode(UnsafeRawBufferPointer(start: nil, count: 0), endsFrame: true) }
    isEmpty = false
    while left > 0 {
      try Interruption.check()
      let part = min(left, ZeroFrame.largest)
      let frame = ZeroFrame.frame(of: part)
      try withoutOwning(frame, frame.count) { bytes throws(StorageError) in try target.write(bytes)
      }
      left -= part
    }
  }

  private func encode(_ bytes: UnsafeRawBufferPointer, endsFrame: Bool) throws(StorageError) {
    var rest = bytes
    isInFrame = !endsFrame
    isEmpty = false
    while true {
      var progress = shim_zstd_progress()
      var problem: UnsafePointer<CChar>?
      let result = shim_zstd_encode(
        encoder, rest.baseAddress, rest.count, output.baseAddress, output.count,
        endsFrame ? 1 : 0, &progress, &problem)
      guard result >= 0 else {
        throw StorageError(.failure, "", "cannot compress: \(Zstandard.problem(problem))")
      }
      if progress.produced > 0 {
        try target.write(UnsafeRawBufferPointer(rebasing: output[..<progress.produced]))
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[progress.consumed...])
      if result == 0 { return }
    }
  }

  /// Lends the first bytes of an array.
  private func withoutOwning(
    _ bytes: [UInt8], _ count: Int, _ body: (UnsafeRawBufferPointer) throws(StorageError) -> Void
  ) throws(StorageError) {
    var failure: StorageError?
    bytes.withUnsafeBytes {
      do throws(StorageError) { try body(UnsafeRawBufferPointer(rebasing: $0[..<count])) } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }
}
