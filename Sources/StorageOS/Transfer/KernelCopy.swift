import CStorageShim
import Glibc
import StorageModel

/// A target that the kernel can move bytes into without bringing them into this process.
protocol KernelSink: ContentSink {
  /// Moves up to `count` bytes of `file`.
  /// - Returns: how many, at least one; nil where the kernel cannot, or where `file` ends before.
  func move(from file: Descriptor, at offset: Int64, count: Int64) throws(StorageError) -> Int64?
}

extension FileSink: KernelSink {
  func move(from file: Descriptor, at offset: Int64, count: Int64) throws(StorageError) -> Int64? {
    try makeZeroes()
    while true {
      SystemCall.willChange("copy_file_range")
      let copied = shim_copy_range(
        file.number, offset, target.descriptor.number, position, min(count, Writeback.step))
      if copied > 0 {
        try advance(copied)
        return copied
      }
      let code = errno
      if copied == 0 { return nil }
      switch code {
      case EINTR: try Interruption.check()
      case EXDEV, EINVAL, ENOSYS, EOPNOTSUPP, EBADF, EPERM: return nil
      default:
        throw StorageError(
          errno: code, target.descriptor.path.text, "cannot copy from '\(file.path)'")
      }
    }
  }
}

extension StreamSink: KernelSink {
  /// sendfile(2) splices into a pipe; whatever it fails for is told by the write that follows.
  func move(from file: Descriptor, at offset: Int64, count: Int64) throws(StorageError) -> Int64? {
    while true {
      var offset = off_t(offset)
      let moved = sendfile(stream.number, file.number, &offset, Int(min(count, Writeback.step)))
      guard moved < 0, errno == EINTR else { return moved > 0 ? Int64(moved) : nil }
      try Interruption.check()
    }
  }
}

/// Copies a part of a file, only its data segments, in the kernel where that can.
///
/// Memory stays at one buffer, whatever the size.
struct KernelCopy {
  private let source: FileSource
  private let sink: any KernelSink
  private let progress: Progress?
  private var position: Int64 = 0
  private var moved: Int64 = 0
  private var buffer: UnsafeMutableRawBufferPointer?
  /// Whether the kernel can, as far as is known.
  private var isPossible = true

  init(_ source: FileSource, to sink: any KernelSink, _ progress: Progress?) {
    self.source = source
    self.sink = sink
    self.progress = progress
  }

  mutating func run() throws(StorageError) {
    defer { buffer?.deallocate() }
    while let segment = try source.segment() {
      switch segment {
      case .hole(let hole):
        try Interruption.check()
        try sink.writeZeroes(hole.upperBound - hole.lowerBound)
        position += hole.upperBound - hole.lowerBound
        progress?.reached(position, moved: moved)
      case .data(let data): try copy(data)
      }
    }
    try sink.finish()
    progress?.finish(position, moved: moved)
  }

  private mutating func copy(_ data: Range<Int64>) throws(StorageError) {
    var offset = data.lowerBound
    while offset < data.upperBound {
      try Interruption.check()
      let count = try part(at: offset, data.upperBound - offset)
      offset += count
      position += count
      moved += count
      progress?.reached(position, moved: moved)
    }
  }

  private mutating func part(at offset: Int64, _ count: Int64) throws(StorageError) -> Int64 {
    if isPossible {
      if let moved = try sink.move(from: source.file, at: offset, count: count) { return moved }
      isPossible = false
    }
    let memory =
      buffer ?? UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    buffer = memory
    let part = UnsafeMutableRawBufferPointer(rebasing: memory[..<Int(min(count, 1 << 20))])
    let got = try source.file.read(at: offset, into: part)
    try sink.write(UnsafeRawBufferPointer(rebasing: part[..<got]))
    return Int64(got)
  }
}
