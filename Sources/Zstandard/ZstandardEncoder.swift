import StorageModel
import StorageOS

/// Compresses content with libzstd, on several threads where the machine has them.
///
/// What comes out is what zstd(1) reads: frames one after another, each made by one thread from the next piece of the
/// content. Long runs of zeroes are frames that cost nothing to make, see `ZeroFrame`; they come back as holes here,
/// and as zeroes elsewhere.
package final class ZstandardEncoder: ContentSink {
  /// More threads take more memory than a command should.
  private static let mostThreads = 4
  /// Shorter runs of zeroes are left to the compressor.
  private static let longRun: Int64 = 1 << 20

  private let target: any ContentSink
  /// One more frame than threads, which is filled while they work.
  private let mostFrames = min(mostThreads, Process.processors) + 1
  private var frames = 0
  /// Those that nobody uses.
  private var idle: [ZstandardFrame] = []
  /// What comes next in the output, in its order.
  private var waiting: [Piece] = []
  /// The frame that is being filled.
  private var open: ZstandardFrame?
  /// Zeroes that have come and are in no frame yet.
  private var run: Int64 = 0
  private var isEmpty = true

  private enum Piece {
    case data(ZstandardFrame)
    case zeroes(Int64)
  }

  /// - Throws: `unsupported` where libzstd is missing, naming its package.
  package init(to target: any ContentSink) throws(StorageError) {
    self.target = target
    try Zstandard.load()
  }

  package func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
    try writeRun()
    var rest = bytes
    while !rest.isEmpty {
      let frame = try frameToFill()
      rest = UnsafeRawBufferPointer(rebasing: rest[frame.add(rest)...])
      if frame.isFull { closeFrame() }
    }
  }

  package func writeZeroes(_ count: Int64) throws(StorageError) { run += count }

  package func finish() throws(StorageError) {
    try writeRun()
    // Nothing at all is a frame too: an empty one.
    if isEmpty { _ = try frameToFill() }
    closeFrame()
    while !waiting.isEmpty { try writeFirst() }
    try target.finish()
  }

  private func writeRun() throws(StorageError) {
    var left = run
    run = 0
    guard left < Self.longRun else {
      closeFrame()
      isEmpty = false
      return waiting.append(.zeroes(left))
    }
    while left > 0 {
      let frame = try frameToFill()
      left -= Int64(frame.addZeroes(Int(left)))
      if frame.isFull { closeFrame() }
    }
  }

  /// The frame that is open, or a new one.
  ///
  /// While all are in use, waits for the one that comes first.
  private func frameToFill() throws(StorageError) -> ZstandardFrame {
    if let open { return open }
    while idle.isEmpty, frames == mostFrames { try writeFirst() }
    if idle.isEmpty {
      idle.append(try ZstandardFrame())
      frames += 1
    }
    isEmpty = false
    let frame = idle.removeLast()
    open = frame
    return frame
  }

  /// Lets a thread compress what is in the open frame.
  private func closeFrame() {
    guard let frame = open else { return }
    open = nil
    // One processor is best used without threads.
    frame.compress(onThread: mostFrames > 2)
    waiting.append(.data(frame))
  }

  private func writeFirst() throws(StorageError) {
    switch waiting.removeFirst() {
    case .data(let frame):
      try target.write(try frame.compressed())
      frame.clear()
      idle.append(frame)
    case .zeroes(var left):
      while left > 0 {
        try Interruption.check()
        let part = min(left, ZeroFrame.largest)
        try write(ZeroFrame.frame(of: part))
        left -= part
      }
    }
  }

  private func write(_ frame: [UInt8]) throws(StorageError) {
    var failure: StorageError?
    frame.withUnsafeBytes {
      do throws(StorageError) { try target.write($0) } catch { failure = error }
    }
    if let failure { throw failure }
  }
}
