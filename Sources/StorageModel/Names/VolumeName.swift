/// The name of a volume inside its pool.
///
/// In most pools one path component; in pools of Qubes' file layout a relative path such as `appvms/work/root`.
/// Never empty, no empty, `.` or `..` component, no component that starts with `-` or `.`, no control
/// characters, at most 200 bytes a component.
package struct VolumeName: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let text: String

  /// A name for a new volume.
  /// - Parameter nested: whether the pool's layout allows `/` between components.
  package init(_ text: String, nested: Bool = false) throws(NameProblem) {
    if nested, text.contains("/") {
      for part in text.split(separator: "/", omittingEmptySubsequences: false) {
        try VolumeName.check(String(part))
      }
    } else {
      try VolumeName.check(text)
    }
    self.text = text
  }

  /// A name as found on disk, where names are accepted that nobody may choose anew.
  /// - Returns: nil for text that cannot be a file's name or that would break a line of output.
  package init?(found text: String) {
    guard !text.isEmpty, !text.hasControlCharacter else { return nil }
    if !text.utf8.contains(UInt8(ascii: "/")) {
      guard text != ".", text != ".." else { return nil }
      self.text = text
      return
    }
    for part in text.split(separator: "/", omittingEmptySubsequences: false) {
      guard !part.isEmpty, part != ".", part != ".." else { return nil }
    }
    self.text = text
  }

  package var description: String { text }
  package var components: [String] { text.split(separator: "/").map(String.init) }
  package static func < (left: VolumeName, right: VolumeName) -> Bool { left.text < right.text }

  private static func check(_ part: String) throws(NameProblem) {
    try NameProblem.check(component: part, longest: 200)
    guard !part.hasPrefix(".") else { throw .leadingDot(part) }
  }
}
