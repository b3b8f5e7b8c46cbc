/// The name of a pool: one path component that is safe as a file name and on a command line.
///
/// Not empty, not `.` or `..`, no `/`, no control character, at most 200 bytes, and not starting with `-`.
package struct PoolName: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let text: String

  package init(_ text: String) throws(NameProblem) {
    try NameProblem.check(component: text, longest: 200)
    self.text = text
  }

  package var description: String { text }
  package static func < (left: PoolName, right: PoolName) -> Bool { left.text < right.text }

  /// The pool that exists on a machine without any configuration.
  package static let `default` = PoolName(unchecked: "default")

  private init(unchecked text: String) { self.text = text }
}

/// Why a text is not a name.
package enum NameProblem: Error, Equatable {
  case empty
  case dots(String)
  case slash(String)
  case controlCharacter(String)
  case leadingDash(String)
  case leadingDot(String)
  case tooLong(String, limit: Int)
  /// The name is kept for the toolkit's own files.
  case reserved(String)

  /// One line that names the value and what would be accepted.
  package var text: String {
    switch self {
    case .empty: return "name must not be empty"
    case .dots(let name): return "name '\(name)' is not allowed: '.' and '..' are folders"
    case .slash(let name): return "name '\(name)' cannot contain '/'"
    case .controlCharacter: return "name must not contain control characters"
    case .leadingDash(let name): return "name '\(name)' must not start with '-'"
    case .leadingDot(let name): return "name '\(name)' must not start with '.'"
    case .tooLong(_, let limit): return "name is longer than \(limit) bytes"
    case .reserved(let name): return "name '\(name)' is kept for the pool's own files"
    }
  }

  /// Checks one path component.
  package static func check(component name: String, longest: Int) throws(NameProblem) {
    guard !name.isEmpty else { throw .empty }
    guard name != ".", name != ".." else { throw .dots(name) }
    guard !name.utf8.contains(UInt8(ascii: "/")) else { throw .slash(name) }
    guard !name.hasControlCharacter else { throw .controlCharacter(name) }
    guard !name.hasPrefix("-") else { throw .leadingDash(name) }
    guard name.utf8.count <= longest else { throw .tooLong(name, limit: longest) }
  }
}

extension String {
  /// Whether an ASCII control character (0x00 to 0x1f, 0x7f) occurs.
  package var hasControlCharacter: Bool {
    var text = self
    return text.withUTF8 { bytes in
      for byte in bytes where byte < 0x20 || byte == 0x7f { return true }
      return false
    }
  }
}
