import CStorageShim
import Glibc
import StorageModel

/// Moves volume contents in and out: between files, pipes and devices.
package enum Stream {
  private static let chunk = 1 << 20
  private static let block = 64 << 10

  /// Copies exactly `size` bytes of `source` from its current position into the empty file `target`.
  ///
  /// Zeroes become holes. One more byte is asked for at the end, so that long input is noticed.
  /// - Throws: `badInput` where the input is shorter or longer than `size`.
  package static func fill(_ target: Descriptor, from source: Descriptor, size: ByteCount)
    throws(StorageError)
  {
    try target.setSize(size)
    var buffer = [UInt8](repeating: 0, count: chunk)
    var writeback = Writeback(target)
    var position: Int64 = 0
    while position < size.bytes {
      let wanted = Int(min(Int64(chunk), size.bytes - position))
      let got = try read(source, into: &buffer, count: wanted)
      guard got > 0 else {
        throw StorageError(
          .badInput, source.path.text,
          "not enough data: got \(position) bytes, expected \(size.bytes)")
      }
      try writeSkippingZeroes(buffer[..<got], to: target, at: position)
      position += Int64(got)
      writeback.wrote(upTo: position)
    }
    if try read(source, into: &buffer, count: 1) > 0 {
      throw StorageError(.badInput, source.path.text, "too much data: expected \(size.bytes) bytes")
    }
  }

  /// Writes all of the regular file `source` to `target`, a pipe, device or terminal; holes as zeroes.
  package static func drain(_ source: Descriptor, to target: Descriptor) throws(StorageError) {
    var buffer = [UInt8](repeating: 0, count: chunk)
    let size = try source.status().size.bytes
    var position: Int64 = 0
    while position < size {
      let spliced = splice(source, to: target, from: position, count: size - position)
      if spliced > 0 {
        position += spliced
        continue
      }
      lseek(source.number, Int(position), SEEK_SET)
      let got = try read(source, into: &buffer, count: Int(min(Int64(chunk), size - position)))
      guard got > 0 else {
        throw StorageError(.inputOutput, source.path.text, "ended early at byte \(position)")
      }
      try target.write(Array(buffer[..<got]))
      position += Int64(got)
    }
  }

  /// Moves bytes into a pipe without copying them through this process; 0 where the target is no pipe.
  private static func splice(
    _ source: Descriptor, to target: Descriptor, from offset: Int64, count: Int64
  ) -> Int64 {
    var position = off_t(offset)
    let moved = sendfile(target.number, source.number, &position, Int(min(count, 64 << 20)))
    return Int64(max(moved, 0))
  }

  private static func read(_ source: Descriptor, into buffer: inout [UInt8], count: Int)
    throws(StorageError) -> Int
  {
    var filled = 0
    while filled < count {
      let got = try SystemCall.run(source.path.text, "cannot read") {
        buffer.withUnsafeMutableBytes {
          Glibc.read(source.number, $0.baseAddress.map { $0 + filled }, count - filled)
        }
      }
      if got == 0 { break }
      filled += got
    }
    return filled
  }

  private static func writeSkippingZeroes(
    _ bytes: ArraySlice<UInt8>, to target: Descriptor, at offset: Int64
  ) throws(StorageError) {
    var run: Range<Int>?
    var start = bytes.startIndex
    func flush(_ run: Range<Int>?) throws(StorageError) {
      guard let run else { return }
      let place = offset + Int64(run.lowerBound - bytes.startIndex)
      try Copy.write(bytes[run], to: target, at: place)
    }
    while start < bytes.endIndex {
      let end = min(start + block, bytes.endIndex)
      if isZero(bytes[start..<end]) {
        try flush(run)
        run = nil
      } else {
        run = (run?.lowerBound ?? start)..<end
      }
      start = end
    }
    try flush(run)
  }

  private static func isZero(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.withUnsafeBytes { raw in
      guard let base = raw.baseAddress, raw.count > 0 else { return true }
      // Equal to itself shifted by one byte and starting with zero: all zero, at memcmp's speed.
      return raw[0] == 0 && memcmp(base, base + 1, raw.count - 1) == 0
    }
  }
}

extension Stream {
  /// Writes `state` to a file with its holes, appearing only when it is whole; or byte by byte to what is there
  /// already and is no regular file: a device, a FIFO.
  package static func export(_ state: Descriptor, to path: Path) throws(StorageError) {
    let present = try? FileStatus(following: path)
    if let present, present.kind != .regular {
      guard present.kind != .folder else {
        throw StorageError(.badInput, path.text, "is a directory")
      }
      guard present.kind == .blockDevice else {
        return try drain(state, to: Descriptor(opening: path, flags: O_WRONLY | O_NOCTTY))
      }
      // O_EXCL refuses a device that is mounted or otherwise held.
      let target = try Descriptor(opening: path, flags: O_WRONLY | O_EXCL)
      var capacity: UInt64 = 0
      try SystemCall.run(path.text, "cannot read the size of the device") {
        shim_block_device_size(target.number, &capacity)
      }
      let size = try state.status().size
      guard capacity >= UInt64(size.bytes) else {
        throw StorageError(
          .noSpace, path.text, "has \(capacity) bytes, but \(size.bytes) are to be written")
      }
      try drain(state, to: target)
      return try target.syncData()
    }
    let folder = try Folder(opening: path.parent)
    if try folder.status(path.lastComponent)?.kind == .symbolicLink {
      // The link stays, and what it leads to gets the content.
      let target = try Descriptor(opening: path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
      try Copy.data(of: state, to: target)
      return try target.sync()
    }
    try folder.makeFile(path.lastComponent, mode: present?.mode ?? 0o600, replacing: true) {
      file throws(StorageError) in
      try Copy.contents(of: state, to: file)
    }
  }
}
