import CStorageShim
import Glibc
import StorageModel

extension Transfer {
  /// Where content is delivered to.
  package enum Output: Sendable {
    /// Standard output, or another descriptor that somebody else opened.
    case open(Descriptor)
    /// A path: a new file, or what is there already.
    case path(Path, mode: UInt32)
  }

  /// Opens `output`, lets `fill` write it, and makes it last.
  ///
  /// A file appears, or is replaced, only when it is whole and on disk; one that is there keeps its mode, a symbolic
  /// link stays and what it leads to gets the content, unless somebody else may have planted it. A device is written in place, and refused while it is mounted or
  /// otherwise held; a FIFO, a socket or a terminal just takes the bytes. Of an open file only what is behind its
  /// position is written, which moves on.
  /// - Parameter fill: gets the target, where to begin in it, and whether the target is as it was when `fill` throws;
  ///   gives where it ended (`Result.end`).
  /// - Throws: `badInput` for a folder; what `fill` throws, after which a file is as it was.
  package static func deliver(
    to output: Output, _ fill: (Descriptor, ByteCount, Bool) throws(StorageError) -> ByteCount
  ) throws(StorageError) {
    switch output {
    case .open(let target):
      let start = target.position
      // What is appended goes to the end, wherever the position is.
      guard try target.status().kind == .regular, shim_appends(target.number) == 0 else {
        _ = try fill(target, 0, false)
        return
      }
      lseek(target.number, Int(try fill(target, start, false).bytes), SEEK_SET)
    case .path(let path, let mode): try deliver(to: path, mode: mode, fill)
    }
  }

  private static func deliver(
    to path: Path, mode: UInt32,
    _ fill: (Descriptor, ByteCount, Bool) throws(StorageError) -> ByteCount
  ) throws(StorageError) {
    let place = try FilePlace(path)
    let present = try place.status()
    switch present?.kind {
    case .folder: throw StorageError(.badInput, path.text, "is a directory")
    case .blockDevice:
      // O_EXCL refuses a device that is mounted or otherwise held.
      let target = try place.open(flags: O_RDWR | O_EXCL)
      _ = try fill(target, 0, false)
      try target.syncData()
    case .regular? where place.isBehindLink, nil where place.isBehindLink:
      // The link stays, and what it leads to gets the content.
      let target = try place.open(flags: O_RDWR | O_CREAT, mode: mode)
      try target.setSize(0)
      _ = try fill(target, 0, false)
      try target.sync()
    case .regular, nil:
      let kept = present.map { $0.mode & 0o777 }
      try place.folder.makeFile(place.name, mode: kept ?? mode, replacing: present != nil) {
        file throws(StorageError) in
        _ = try fill(file, 0, true)
      }
    default: _ = try fill(place.open(flags: O_WRONLY), 0, false)
    }
  }
}
