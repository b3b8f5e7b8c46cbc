import Glibc
import StorageModel

/// Reading symbolic links.
package enum SymbolicLink {
  /// What a symbolic link says (readlink(2)); nil where there is none.
  ///
  /// Looks at nothing behind the link. Of a link in /proc, such as `/proc/PID/cwd`, that is the path as this process
  /// would say it, with ` (deleted)` after it where it is gone.
  package static func target(of link: Path) throws(StorageError) -> Path? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let length = bytes.withUnsafeMutableBytes { buffer -> Int in
      guard let start = buffer.baseAddress?.assumingMemoryBound(to: CChar.self) else { return -1 }
      return readlink(link.text, start, buffer.count)
    }
    guard length > 0 else {
      let error = StorageError(errno: errno, link.text, "cannot read link")
      // What is no link has no target.
      guard length == 0 || error.isAbsence || error.isObjectGone || error.number == EINVAL else {
        throw error
      }
      return nil
    }
    return Path(verbatim: String(decoding: bytes[..<length], as: UTF8.self))
  }

  /// What a symbolic link says that was opened itself (O_PATH, O_NOFOLLOW).
  static func target(of link: Descriptor) throws(StorageError) -> Path {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let length = try SystemCall.run(link.path.text, "cannot read link") {
      bytes.withUnsafeMutableBytes { buffer -> Int in
        guard let start = buffer.baseAddress?.assumingMemoryBound(to: CChar.self) else { return -1 }
        return readlinkat(link.number, "", start, buffer.count)
      }
    }
    return Path(verbatim: String(decoding: bytes[..<length], as: UTF8.self))
  }

  /// The refusal to follow a link that somebody else may have planted.
  static func planted(_ link: Path, by owner: UInt32) -> StorageError {
    StorageError(
      .permission, link.text, "is not followed",
      reason: "'\(link)' is a symbolic link of user \(owner) to what belongs to somebody else",
      hint: "Name the place itself that it leads to.")
  }
}
