// Text from outside is bytes.
//
// To a kernel, to LVM and to libvirt two names are one if their bytes are. Swift's strings are equal as soon as they
// are canonically equivalent ("é" in one scalar or in two), and are searched by grapheme cluster: a "/" with a
// combining mark behind it is no "/". What is here stands in front of the standard library's members of the same
// names, in every file that imports StorageModel, and looks at bytes alone; docs/decisions/0017 says why.

extension StringProtocol {
  /// The bytes in UTF-8, in one piece.
  fileprivate func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    if let result = utf8.withContiguousStorageIfAvailable(body) { return result }
    return Array(utf8).withUnsafeBufferPointer(body)
  }

  fileprivate func isSame(as other: some StringProtocol) -> Bool {
    withBytes { mine in
      other.withBytes { theirs in mine.count == theirs.count && mine.elementsEqual(theirs) }
    }
  }

  fileprivate func precedes(_ other: some StringProtocol) -> Bool {
    withBytes { mine in other.withBytes { theirs in mine.lexicographicallyPrecedes(theirs) } }
  }

  fileprivate func begins(with beginning: some StringProtocol) -> Bool {
    withBytes { mine in beginning.withBytes { mine.starts(with: $0) } }
  }

  fileprivate func ends(with ending: some StringProtocol) -> Bool {
    withBytes { mine in ending.withBytes { mine.suffix($0.count).elementsEqual($0) } }
  }
}

extension String {
  package static func == (left: String, right: String) -> Bool { left.isSame(as: right) }
  package static func != (left: String, right: String) -> Bool { !left.isSame(as: right) }
  package static func < (left: String, right: String) -> Bool { left.precedes(right) }
  package static func > (left: String, right: String) -> Bool { right.precedes(left) }
  package static func <= (left: String, right: String) -> Bool { !right.precedes(left) }
  package static func >= (left: String, right: String) -> Bool { !left.precedes(right) }
  package static func ~= (pattern: String, text: String) -> Bool { pattern.isSame(as: text) }

  /// By bytes.
  package func hasPrefix(_ beginning: String) -> Bool { begins(with: beginning) }
  /// By bytes.
  package func hasSuffix(_ ending: String) -> Bool { ends(with: ending) }
}

extension Substring {
  package static func == (left: Substring, right: Substring) -> Bool { left.isSame(as: right) }
  package static func != (left: Substring, right: Substring) -> Bool { !left.isSame(as: right) }
  package static func < (left: Substring, right: Substring) -> Bool { left.precedes(right) }
  package static func > (left: Substring, right: Substring) -> Bool { right.precedes(left) }
  package static func <= (left: Substring, right: Substring) -> Bool { !right.precedes(left) }
  package static func >= (left: Substring, right: Substring) -> Bool { !left.precedes(right) }
  package static func ~= (pattern: Substring, text: Substring) -> Bool { pattern.isSame(as: text) }

  package static func == (left: Substring, right: String) -> Bool { left.isSame(as: right) }
  package static func == (left: String, right: Substring) -> Bool { left.isSame(as: right) }
  package static func != (left: Substring, right: String) -> Bool { !left.isSame(as: right) }
  package static func != (left: String, right: Substring) -> Bool { !left.isSame(as: right) }

  /// By bytes.
  package func hasPrefix(_ beginning: String) -> Bool { begins(with: beginning) }
  /// By bytes.
  package func hasSuffix(_ ending: String) -> Bool { ends(with: ending) }
}

extension StringProtocol {
  package static func == (left: Self, right: some StringProtocol) -> Bool {
    left.isSame(as: right)
  }
  package static func != (left: Self, right: some StringProtocol) -> Bool {
    !left.isSame(as: right)
  }
  package static func < (left: Self, right: some StringProtocol) -> Bool { left.precedes(right) }
  package static func > (left: Self, right: some StringProtocol) -> Bool { right.precedes(left) }
  package static func <= (left: Self, right: some StringProtocol) -> Bool { !right.precedes(left) }
  package static func >= (left: Self, right: some StringProtocol) -> Bool { !left.precedes(right) }
  package static func ~= (pattern: Self, text: Self) -> Bool { pattern.isSame(as: text) }

  /// By bytes.
  package func hasPrefix(_ beginning: some StringProtocol) -> Bool { begins(with: beginning) }
  /// By bytes.
  package func hasSuffix(_ ending: some StringProtocol) -> Bool { ends(with: ending) }

  /// Whether `part` occurs; an empty one occurs everywhere.
  package func contains(_ part: String) -> Bool {
    withBytes { mine in
      part.withBytes { wanted in
        guard let first = wanted.first else { return true }
        guard mine.count >= wanted.count else { return false }
        return (0...(mine.count - wanted.count)).contains { start in
          mine[start] == first && mine[start..<(start + wanted.count)].elementsEqual(wanted)
        }
      }
    }
  }

  /// By bytes.
  package func firstIndex(of scalar: Unicode.Scalar) -> Index? {
    unicodeScalars.firstIndex(of: scalar)
  }

  /// By bytes.
  package func lastIndex(of scalar: Unicode.Scalar) -> Index? {
    unicodeScalars.lastIndex(of: scalar)
  }

  /// The pieces between occurrences of `separator`, whatever stands beside it.
  package func split(
    separator: String, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true
  ) -> [SubSequence] {
    let scalars = separator.unicodeScalars
    if scalars.count == 1, let only = scalars.first {
      return split(maxSplits: maxSplits, omittingEmptySubsequences: omittingEmptySubsequences) {
        $0 == only
      }
    }
    var pieces: [SubSequence] = []
    var rest = self[...]
    while pieces.count < maxSplits, let (before, after) = rest.cut(atText: separator) {
      if !before.isEmpty || !omittingEmptySubsequences { pieces.append(before) }
      rest = after
    }
    return rest.isEmpty && omittingEmptySubsequences ? pieces : pieces + [rest]
  }

  /// The pieces between scalars that are separators.
  package func split(
    maxSplits: Int = .max, omittingEmptySubsequences: Bool = true,
    whereSeparator isSeparator: (Unicode.Scalar) -> Bool
  ) -> [SubSequence] {
    unicodeScalars.split(
      maxSplits: maxSplits, omittingEmptySubsequences: omittingEmptySubsequences,
      whereSeparator: isSeparator
    ).map { self[$0.startIndex..<$0.endIndex] }
  }

  /// What stands before the first `separator` and what after it; nil without one.
  package func cut(at separator: Unicode.Scalar) -> (before: SubSequence, after: SubSequence)? {
    firstIndex(of: separator).map { (self[..<$0], self[unicodeScalars.index(after: $0)...]) }
  }

  /// What stands before the first occurrence of `text`, which is not empty, and what after it; nil without one.
  package func cut(atText text: String) -> (before: SubSequence, after: SubSequence)? {
    for index in utf8.indices {
      if let after = self[index...].without(prefix: text) { return (self[..<index], after) }
    }
    return nil
  }

  /// What stands before the last `separator` and what after it; nil without one.
  package func cut(atLast separator: Unicode.Scalar) -> (before: SubSequence, after: SubSequence)? {
    lastIndex(of: separator).map { (self[..<$0], self[unicodeScalars.index(after: $0)...]) }
  }

  /// What follows `beginning`, or nil where the text does not begin so.
  package func without(prefix beginning: String) -> SubSequence? {
    guard begins(with: beginning) else { return nil }
    return self[utf8.index(startIndex, offsetBy: beginning.utf8.count)...]
  }

  /// What stands before `ending`, or nil where the text does not end so.
  package func without(suffix ending: String) -> SubSequence? {
    guard ends(with: ending) else { return nil }
    return self[..<utf8.index(endIndex, offsetBy: -ending.utf8.count)]
  }
}

extension Optional where Wrapped == String {
  package static func == (left: String?, right: String?) -> Bool {
    switch (left, right) {
    case (let left?, let right?): left.isSame(as: right)
    case (nil, nil): true
    default: false
    }
  }
  package static func != (left: String?, right: String?) -> Bool { !(left == right) }
  package static func ~= (pattern: String, text: String?) -> Bool {
    text.map { pattern.isSame(as: $0) } ?? false
  }
}

extension Optional where Wrapped == Substring {
  package static func == (left: Substring?, right: Substring?) -> Bool {
    switch (left, right) {
    case (let left?, let right?): left.isSame(as: right)
    case (nil, nil): true
    default: false
    }
  }
  package static func != (left: Substring?, right: Substring?) -> Bool { !(left == right) }
  package static func ~= (pattern: Substring, text: Substring?) -> Bool {
    text.map { pattern.isSame(as: $0) } ?? false
  }
}

extension Array where Element: StringProtocol {
  package static func == (left: [Element], right: [Element]) -> Bool {
    left.elementsEqual(right) { $0.isSame(as: $1) }
  }
  package static func != (left: [Element], right: [Element]) -> Bool { !(left == right) }
}

extension ArraySlice where Element == String {
  package static func == (left: ArraySlice<String>, right: ArraySlice<Element>) -> Bool {
    left.elementsEqual(right) { $0.isSame(as: $1) }
  }
  package static func != (left: ArraySlice<String>, right: ArraySlice<Element>) -> Bool {
    !(left == right)
  }
}

extension Sequence where Element: StringProtocol {
  /// By bytes.
  package func elementsEqual(_ others: some Sequence<Element>) -> Bool {
    elementsEqual(others) { $0.isSame(as: $1) }
  }

  /// By bytes.
  package func starts(with others: some Sequence<Element>) -> Bool {
    starts(with: others) { $0.isSame(as: $1) }
  }

  /// By bytes.
  package func contains(_ text: Element) -> Bool { contains { $0.isSame(as: text) } }
  /// By bytes.
  package func sorted() -> [Element] { sorted { $0.precedes($1) } }
  /// By bytes.
  package func min() -> Element? { self.min { $0.precedes($1) } }
  /// By bytes.
  package func max() -> Element? { self.max { $0.precedes($1) } }
}

extension Collection where Element: StringProtocol {
  /// By bytes.
  package func firstIndex(of text: Element) -> Index? { firstIndex { $0.isSame(as: text) } }
}
