import StorageModel

/// A fact of each thing in a list: a member of its JSON, and a column that `--output` can show.
struct Column<Item>: Sendable {
  /// What scripts call it in JSON, and users on the command line.
  let name: String
  let heading: String
  /// A few words for `--output help`, completion and the manual.
  let meaning: String
  let value: @Sendable (Item) -> JSON
  /// Whether its numbers are sizes, which people read with a unit.
  let isSize: Bool
  /// Whether it is looked for in each item by itself.
  ///
  /// A long list has it only where it is asked for by name.
  let isCostly: Bool
  private let shown: (@Sendable (Item) -> String?)?
  /// Whether an item has nothing in it that is worth a column by itself.
  private let isUsual: (@Sendable (Item) -> Bool)?

  /// - Parameters:
  ///   - heading: above the column; the name with blanks where it is left out.
  ///   - shown: what a table shows; where it is left out, or nil for an item, the value itself.
  ///   - isUsual: whether the value is one that nobody has to be shown.
  init(
    _ name: String, _ meaning: String, heading: String? = nil, isSize: Bool = false,
    isCostly: Bool = false,
    shown: (@Sendable (Item) -> String?)? = nil, isUsual: (@Sendable (Item) -> Bool)? = nil,
    _ value: @escaping @Sendable (Item) -> JSON
  ) {
    self.name = name
    self.heading = heading ?? Column.heading(of: name)
    self.meaning = meaning
    self.value = value
    self.isSize = isSize
    self.isCostly = isCostly
    self.shown = shown
    self.isUsual = isUsual
  }

  /// What a table shows of an item: `-` for what is not known or not there.
  /// - Parameter leavingOutUsual: whether the cell is empty where there is nothing to say.
  func cell(_ item: Item, inBytes: Bool = false, leavingOutUsual: Bool = false) -> String {
    if leavingOutUsual, isUsual?(item) == true { return "" }
    if let text = shown?(item) { return text.escaped }
    let value = value(item)
    if isSize, case .integer(let bytes) = value {
      return ByteCount(bytes).text(inBytes: inBytes)
    }
    return value.plainText.escaped
  }

  private static func heading(of name: String) -> String {
    let words = name.split(separator: "_").joined(separator: " ")
    return String(words.unicodeScalars.prefix(1)).uppercased()
      + String(words.unicodeScalars.dropFirst())
  }
}

extension Array {
  /// The place of the column of a name, in whatever case.
  /// - Throws: `usage`; the hint says which is meant.
  func place<Item>(of name: String, for option: String) throws(StorageError) -> Int
  where Element == Column<Item> {
    let name = name.trimmed.lowercased()
    if let place = firstIndex(where: { $0.name == name }) { return place }
    var error = Arguments.usage(
      "--\(option): no column '\(name)': expected \(map(\.name).joined(separator: ", "))")
    error.hint = Suggestion.nearest(to: name, in: map(\.name)).map(Suggestion.question)
    throw error
  }
}
