import CStorageShim
import Glibc
import StorageModel

/// One copy of a file's data segments, with its holes kept.
///
/// Segments come from SEEK_DATA and SEEK_HOLE (lseek(2)); the source is brought to disk first, because some file
/// systems report stale holes for unwritten data. Memory stays at one buffer, whatever the size.
struct SparseCopy {
  private let source: Descriptor
  private let target: Descriptor
  private let progress: Progress?
  private var moved: Int64 = 0
  private var writeback: Writeback
  private var buffer: [UInt8] = []
  /// Whether copy_file_range(2) works between the two files, as far as is known.
  private var copiesInKernel = true

  init(_ source: Descriptor, to target: Descriptor, progress: Progress?) {
    self.source = source
    self.target = target
    self.progress = progress
    writeback = Writeback(target)
  }

  mutating func run() throws(StorageError) {
    let size = try source.status().size
    try target.setSize(size)
    if fdatasync(source.number) != 0, errno == EIO {
      throw StorageError(errno: EIO, source.path.text, "cannot write to disk")
    }
    posix_fadvise(source.number, 0, 0, POSIX_FADV_SEQUENTIAL)
    progress?.begin("copy", total: size)
    try segments(until: size)
    progress?.finish(size.bytes, moved: moved)
  }

  private mutating func segments(until size: ByteCount) throws(StorageError) {
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
        return try segment(from: offset, until: size.bytes)
      }
      let end = try SystemCall.run(source.path.text, "cannot find holes") {
        shim_seek_hole(source.number, start)
      }
      try segment(from: start, until: min(end, size.bytes))
      offset = end == start ? size.bytes : end
    }
  }

  private mutating func segment(from start: Int64, until end: Int64) throws(StorageError) {
    var position = start
    while position < end {
      try Interruption.check()
      let copied = copiesInKernel ? try inKernel(position, count: end - position) : 0
      let more = copied > 0 ? copied : try throughMemory(position, count: end - position)
      position += more
      moved += more
      writeback.wrote(upTo: position)
      progress?.reached(position, moved: moved)
    }
  }

  /// Copies a part without bringing it into this process.
  /// - Returns: how much; 0 where that cannot be done.
  private mutating func inKernel(_ position: Int64, count: Int64) throws(StorageError) -> Int64 {
    while true {
      SystemCall.willChange("copy_file_range")
      let copied = shim_copy_range(
        source.number, target.number, position, min(count, Writeback.step))
      if copied > 0 { return copied }
      let code = errno
      if copied < 0, code == EINTR {
        try Interruption.check()
        continue
      }
      guard copied == 0 || [EXDEV, EINVAL, ENOSYS, EOPNOTSUPP, EBADF, EPERM].contains(code) else {
        throw StorageError(errno: code, target.path.text, "cannot copy from '\(source.path)'")
      }
      copiesInKernel = false
      return 0
    }
  }

  private mutating func throughMemory(_ position: Int64, count: Int64) throws(StorageError)
    -> Int64
  {
    if buffer.isEmpty { buffer = [UInt8](repeating: 0, count: 1 << 20) }
    let wanted = Int(min(Int64(buffer.count), count))
    let got = try SystemCall.run(source.path.text, "cannot read") {
      pread(source.number, &buffer, wanted, Int(position))
    }
    guard got > 0 else {
      throw StorageError(.inputOutput, source.path.text, "ended early at byte \(position)")
    }
    try Copy.write(buffer[..<got], to: target, at: position)
    return Int64(got)
  }
}

/// Tells the kernel, every so many bytes, to begin writing what a copy has produced, so that the sync at its end
/// finds little left to do.
struct Writeback {
  static let step: Int64 = 16 << 20

  private let target: Descriptor
  private var begun: Int64 = 0

  init(_ target: Descriptor) { self.target = target }

  /// Notes that everything below `position` is written; positions only grow.
  mutating func wrote(upTo position: Int64) {
    guard position - begun >= Writeback.step else { return }
    _ = shim_start_writeback(target.number, begun, position - begun)
    begun = position
  }
}
