import StorageModel

/// What one line of a file is, as the parser saw it.
struct ConfLine: Equatable, Sendable {
  enum Kind: Equatable, Sendable {
    case blank, comment, header, entry, continuation
    /// None of these, in a document that was read to remove something from it.
    case unknown
  }

  var kind: Kind
  /// The line in the document's bytes, its newline included.
  var range: Range<Int>
  /// Index of the section the line stands in; `ConfLine.inDefaults` in `[DEFAULT]`, nil before any header.
  var section: Int?
  /// Index among the section's own entries, for an entry and for its continuation lines.
  var entry: Int?

  static let inDefaults = -1
}

/// Where the parts of `key = value ; comment` stand in a document's bytes.
struct EntryParts: Equatable {
  var key: Range<Int>
  /// Trimmed, the comment excluded.
  var value: Range<Int>
  /// What follows the value up to the newline: blanks and a comment.
  var tail: Range<Int>

  /// Splits the line in `range` (without its newline), or returns nil where it is no assignment.
  ///
  /// Follows RawConfigParser of Python 2.7 to the letter: only the first `;` of a value can begin a comment,
  /// and only after white space. One directly at the value's start looks at the value's last byte instead.
  init?(_ bytes: [UInt8], in range: Range<Int>) {
    guard let first = range.first, !bytes[first].isSpace else { return nil }
    guard let delimiter = range.first(where: { bytes[$0] == .equals || bytes[$0] == .colon }),
      delimiter > first
    else { return nil }
    key = bytes.trimmed(first..<delimiter)
    var start = delimiter + 1
    while start < range.upperBound, bytes[start].isSpace { start += 1 }
    var end = range.upperBound
    if let mark = (start..<end).first(where: { bytes[$0] == .semicolon }) {
      if bytes[mark == start ? end - 1 : mark - 1].isSpace { end = mark }
    }
    value = bytes.trimmed(start..<end)
    if value.isEmpty {
      // A new value goes behind the blanks that follow the delimiter, never behind a carriage return.
      var place = delimiter + 1
      while place < range.upperBound, bytes[place] == .space || bytes[place] == .tab { place += 1 }
      value = place..<place
    }
    tail = value.upperBound..<range.upperBound
  }
}

extension UInt8 {
  static let tab = UInt8(ascii: "\t")
  static let newline = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")
  static let space = UInt8(ascii: " ")
  static let hash = UInt8(ascii: "#")
  static let colon = UInt8(ascii: ":")
  static let semicolon = UInt8(ascii: ";")
  static let equals = UInt8(ascii: "=")
  static let openBracket = UInt8(ascii: "[")
  static let closeBracket = UInt8(ascii: "]")

  /// White space as C's isspace has it in the C locale.
  var isSpace: Bool { self == .space || (0x09...0x0d).contains(self) }
  /// The same letter in lower case, for ASCII.
  var lowered: UInt8 { (0x41...0x5a).contains(self) ? self | 0x20 : self }
}

extension [UInt8] {
  /// `range` without the white space at both of its ends.
  func trimmed(_ range: Range<Int>) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end, self[start].isSpace { start += 1 }
    while end > start, self[end - 1].isSpace { end -= 1 }
    return start..<end
  }
}
