import Glibc
import StorageModel

/// Reading symbolic links.
package enum SymbolicLink {
  /// What a symbolic link says (readlink(2)); nil where there is none.
  ///
  /// Looks at nothing behind the link. Of a link in /proc, such as `/proc/PID/cwd`, that is the path as this process
  /// would say it, with ` (deleted)` after it where it is gone.
  package static func target(of link: Path) -> Path? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let length = bytes.withUnsafeMutableBytes { buffer -> Int in
      guard let start = buffer.baseAddress?.assumingMemoryBound(to: CChar.self) else { return -1 }
      return readlink(link.text, start, buffer.count)
    }
    guard length > 0 else { return nil }
    return Path(verbatim: String(decoding: bytes[..<length], as: UTF8.self))
  }
}
