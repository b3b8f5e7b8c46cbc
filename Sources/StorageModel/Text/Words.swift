extension StringProtocol {
  /// The lines without their ends (LF, CR, or both); empty ones are left out.
  package var lines: [SubSequence] { split { $0 == "\n" || $0 == "\r" } }

  /// The pieces between ASCII white space.
  package var words: [SubSequence] { split { $0.isASCIISpace } }

  /// The text without ASCII white space at both ends.
  package var trimmed: String {
    let scalars = unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.isASCIISpace }),
      let last = scalars.lastIndex(where: { !$0.isASCIISpace })
    else { return "" }
    return String(self[first..<scalars.index(after: last)])
  }

  /// With the letters A to Z in lower case, and nothing else changed.
  package var lowercasedASCII: String {
    String(decoding: utf8.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
  }

  /// Without the one full stop that ends a sentence.
  package var withoutFullStop: String { String(without(suffix: ".") ?? self[...]) }

  /// What stands between brackets, where both are there; otherwise all of it.
  package func without(brackets opening: String, _ closing: String) -> String {
    String(without(prefix: opening)?.without(suffix: closing) ?? self[...])
  }

  /// With every `text` in it replaced.
  package func replacing(_ text: String, by other: String) -> String {
    split(separator: text, omittingEmptySubsequences: false).joined(separator: other)
  }
}

extension Unicode.Scalar {
  /// A space, a tab, a line feed, a vertical tab, a form feed or a carriage return.
  package var isASCIISpace: Bool { self == " " || (0x09...0x0d).contains(value) }
  package var isASCIIDigit: Bool { ("0"..."9").contains(self) }
  package var isASCIILetter: Bool { ("a"..."z").contains(self) || ("A"..."Z").contains(self) }
  package var isASCIIHexDigit: Bool {
    isASCIIDigit || ("a"..."f").contains(self) || ("A"..."F").contains(self)
  }
}
