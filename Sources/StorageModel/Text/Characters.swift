// What the standard library does by grapheme cluster, or takes canonically equivalent texts for one in, warns here, and
// a warning stops the build of what is in Sources. Each message names what looks at bytes or scalars instead. The
// bodies do what the standard library's do, for the tests.

extension String {
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write utf8.count")
  package var count: Int { Array(self).count }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write utf8.first")
  package var first: Character? { Array(self).first }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write utf8.last")
  package var last: Character? { Array(self).last }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write cut(at:)")
  package func index(after position: Index) -> Index {
    indices[position...].dropFirst().first ?? endIndex
  }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write cut(at:)")
  package func index(before position: Index) -> Index { indices[..<position].last ?? startIndex }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write utf8.index(_:offsetBy:)")
  package func index(_ position: Index, offsetBy distance: Int) -> Index {
    var index = position
    formIndex(&index, offsetBy: distance)
    return index
  }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write without(prefix:)")
  @discardableResult
  package mutating func removeFirst() -> Character { remove(at: startIndex) }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write without(suffix:)")
  @discardableResult
  package mutating func removeLast() -> Character {
    remove(at: Array(indices)[Array(indices).endIndex - 1])
  }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write without(suffix:)")
  @discardableResult
  package mutating func popLast() -> Character? { isEmpty ? nil : removeLast() }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write unicodeScalars.filter")
  package func filter(_ isKept: (Character) throws -> Bool) rethrows -> String {
    String(try Array(self).filter(isKept))
  }
}

extension Substring {
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write utf8.count")
  package var count: Int { Array(self).count }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write utf8.first")
  package var first: Character? { Array(self).first }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write utf8.last")
  package var last: Character? { Array(self).last }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write cut(at:)")
  package func index(after position: Index) -> Index {
    indices[position...].dropFirst().first ?? endIndex
  }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write cut(at:)")
  package func index(before position: Index) -> Index { indices[..<position].last ?? startIndex }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write utf8.index(_:offsetBy:)")
  package func index(_ position: Index, offsetBy distance: Int) -> Index {
    var index = position
    formIndex(&index, offsetBy: distance)
    return index
  }
}

extension StringProtocol {
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write without(prefix:)")
  package func dropFirst(_ count: Int = 1) -> SubSequence {
    self[(indices.dropFirst(count).first ?? endIndex)...]
  }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write without(suffix:)")
  package func dropLast(_ count: Int = 1) -> SubSequence {
    self[..<(indices.suffix(count).first ?? endIndex)]
  }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write unicodeScalars.prefix")
  package func prefix(_ count: Int) -> SubSequence {
    self[..<(indices.dropFirst(count).first ?? endIndex)]
  }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write unicodeScalars.suffix")
  package func suffix(_ count: Int) -> SubSequence {
    self[(indices.suffix(count).first ?? endIndex)...]
  }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write cut(at:)")
  package func prefix(while isKept: (Character) throws -> Bool) rethrows -> SubSequence {
    self[..<(try indices.first { try !isKept(self[$0]) } ?? endIndex)]
  }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write cut(at:)")
  package func drop(while isDropped: (Character) throws -> Bool) rethrows -> SubSequence {
    self[(try indices.first { try !isDropped(self[$0]) } ?? endIndex)...]
  }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write utf8.allSatisfy")
  package func allSatisfy(_ isSo: (Character) throws -> Bool) rethrows -> Bool {
    try Array(self).allSatisfy(isSo)
  }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write utf8.contains")
  package func contains(where isSo: (Character) throws -> Bool) rethrows -> Bool {
    try Array(self).contains(where: isSo)
  }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write contains(String)")
  package func contains(_ character: Character) -> Bool { Array(self).contains(character) }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write unicodeScalars.firstIndex")
  package func firstIndex(where isSo: (Character) throws -> Bool) rethrows -> Index? {
    try indices.first { try isSo(self[$0]) }
  }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write unicodeScalars.map")
  package func map<Result>(_ made: (Character) throws -> Result) rethrows -> [Result] {
    try Array(self).map(made)
  }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "write unicodeScalars.reversed")
  package func reversed() -> [Character] { Array(self).reversed() }
}

extension Set where Element: StringProtocol {
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "make it a set of ByteString")
  package init(_ elements: some Sequence<Element>) {
    self.init(minimumCapacity: 0)
    for element in elements { update(with: element) }
  }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "make it a set of ByteString")
  package func contains(_ member: Element) -> Bool { !isDisjoint(with: CollectionOfOne(member)) }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "make it a set of ByteString")
  @discardableResult
  package mutating func insert(_ member: Element) -> (inserted: Bool, memberAfterInsert: Element) {
    let isNew = !isSuperset(of: CollectionOfOne(member))
    if isNew { update(with: member) }
    return (isNew, member)
  }
}

extension Dictionary where Key: StringProtocol {
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "make its keys ByteString")
  package subscript(key: Key) -> Value? {
    get { index(forKey: key).map { self[$0].value } }
    set {
      if let newValue { updateValue(newValue, forKey: key) } else { removeValue(forKey: key) }
    }
  }
  /// By grapheme cluster, or with canonically equivalent texts as one.
  @available(*, deprecated, message: "make its keys ByteString")
  package subscript(key: Key, default value: @autoclosure () -> Value) -> Value {
    get { index(forKey: key).map { self[$0].value } ?? value() }
    set { updateValue(newValue, forKey: key) }
  }
}
