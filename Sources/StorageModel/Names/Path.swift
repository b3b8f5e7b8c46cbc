/// A path on the host, kept as text in UTF-8.
///
/// Cleaned as libvirt cleans paths in definitions: repeated slashes become one, trailing ones go; exactly two
/// leading slashes stay, three or more become one; text with `://` is left alone. Neither `..` nor symbolic
/// links are resolved. Source: reference of libvirt 11.3, path rules.
package struct Path: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let text: String

  package init(_ text: String) { self.text = Path.sanitised(text) }

  /// A path that is kept exactly as written, as libvirt keeps those of source devices and volumes.
  package init(verbatim text: String) { self.text = text }

  package var description: String { text }
  package var isAbsolute: Bool { text.hasPrefix("/") }

  /// The last component; `/` for the root.
  package var lastComponent: String {
    guard let name = text.cut(atLast: "/")?.after else { return text }
    return name.isEmpty ? "/" : String(name)
  }

  /// The path without its last component: `/` for a top-level name, `.` for a bare name.
  package var parent: Path {
    guard let slash = text.lastIndex(of: "/") else { return Path(".") }
    return slash == text.startIndex ? Path("/") : Path(String(text[..<slash]))
  }

  /// The components between slashes, none empty.
  package var components: [String] { text.split(separator: "/").map(String.init) }

  /// This path and `name` below it.
  package func appending(_ name: String) -> Path {
    Path(text.utf8.last == UInt8(ascii: "/") ? text + name : text + "/" + name)
  }

  /// The path without `.` and `..`, by its text alone; the same as it is where no symbolic link is on the way.
  package var withoutDots: Path {
    var parts: [String] = []
    for part in components where part != "." {
      if part == "..", !parts.isEmpty {
        parts.removeLast()
      } else if part != ".." {
        parts.append(part)
      }
    }
    return Path((isAbsolute ? "/" : "") + parts.joined(separator: "/"))
  }

  /// The part of this path below `folder`, or nil where it is not below it.
  ///
  /// Compares text only.
  package func relative(to folder: Path) -> String? {
    let prefix = folder.text.hasSuffix("/") ? folder.text : folder.text + "/"
    guard let name = text.without(prefix: prefix), !name.isEmpty else { return nil }
    return String(name)
  }

  package static func < (left: Path, right: Path) -> Bool { left.text < right.text }

  private static func sanitised(_ text: String) -> String {
    let slash = UInt8(ascii: "/")
    // Nearly every path is clean already; a listing makes tens of thousands of them.
    var previous: UInt8 = 0
    var needsWork = false
    for byte in text.utf8 {
      if byte == slash, previous == slash || previous == UInt8(ascii: ":") {
        needsWork = true
        break
      }
      previous = byte
    }
    guard needsWork || previous == slash else { return text }
    let bytes = Array(text.utf8)
    if bytes.indices.dropLast(2).contains(where: { bytes[$0...].starts(with: "://".utf8) }) {
      return text
    }
    let leading = bytes.prefix { $0 == slash }.count
    var result = Array(repeating: slash, count: leading == 2 ? 2 : min(leading, 1))
    for byte in bytes.dropFirst(leading) where !(byte == slash && result.last == slash) {
      result.append(byte)
    }
    if result.count > max(leading == 2 ? 2 : 1, 1), result.last == slash { result.removeLast() }
    return String(decoding: result, as: UTF8.self)
  }
}
