import CZstd
import StorageModel
import StorageOS

/// A piece of content that becomes one frame, and the memory for both.
final class ZstandardFrame {
  /// The fastest: zstd's own default takes three times as long and gains a tenth.
  private static let level: Int32 = 1
  /// What libzstd compresses best at that level: for larger pieces it looks less closely.
  private static let size = 256 << 10

  private let work: Work
  private var thread: Thread?
  private var filled = 0

  /// - Throws: `failure` without memory.
  init() throws(StorageError) {
    guard let encoder = shim_zstd_new_encoder(Self.level) else {
      throw StorageError(.failure, "", "no memory for libzstd")
    }
    work = Work(encoder, size: Self.size)
  }

  deinit { thread?.finish() }

  var isFull: Bool { filled == work.content.count }

  /// Takes as much as there is room for.
  /// - Returns: how many bytes were taken.
  func add(_ bytes: UnsafeRawBufferPointer) -> Int {
    let count = min(bytes.count, work.content.count - filled)
    UnsafeMutableRawBufferPointer(rebasing: work.content[filled...])
      .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
    filled += count
    return count
  }

  /// The same for so many zeroes.
  func addZeroes(_ wanted: Int) -> Int {
    let count = min(wanted, work.content.count - filled)
    UnsafeMutableRawBufferPointer(rebasing: work.content[filled..<filled + count])
      .initializeMemory(as: UInt8.self, repeating: 0)
    filled += count
    return count
  }

  /// Begins to make the frame of what was added; nothing can be added until it is cleared.
  func compress(onThread: Bool) {
    let (work, count) = (work, filled)
    let thread = Thread { work.compress(count) }
    if onThread { thread.start() }
    self.thread = thread
  }

  /// The frame, when it is made; there until `clear`.
  func compressed() throws(StorageError) -> UnsafeRawBufferPointer {
    thread?.finish()
    if let problem = work.problem {
      throw StorageError(.failure, "", "cannot compress: \(Zstandard.problem(problem))")
    }
    return UnsafeRawBufferPointer(rebasing: work.frame[..<work.length])
  }

  func clear() {
    thread = nil
    filled = 0
  }

  /// What the thread uses; by the caller only before it is started and after it has ended.
  private final class Work: @unchecked Sendable {
    private let encoder: UnsafeMutableRawPointer
    let content: UnsafeMutableRawBufferPointer
    let frame: UnsafeMutableRawBufferPointer
    private(set) var length = 0
    private(set) var problem: UnsafePointer<CChar>?

    init(_ encoder: UnsafeMutableRawPointer, size: Int) {
      self.encoder = encoder
      content = .allocate(byteCount: size, alignment: 64)
      frame = .allocate(byteCount: shim_zstd_bound(size), alignment: 64)
    }

    deinit {
      shim_zstd_free_encoder(encoder)
      content.deallocate()
      frame.deallocate()
    }

    func compress(_ count: Int) {
      let result = shim_zstd_encode(
        encoder, content.baseAddress, count, frame.baseAddress, frame.count, &problem)
      length = max(0, result)
    }
  }
}
