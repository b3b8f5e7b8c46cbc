import StorageModel

/// What a command that lists things prints of them: a table, the columns that were asked for, JSON, or names alone.
///
/// Written while the list is made, where the form allows that: of a hundred thousand items some are held at a time.
/// `--sort` holds what is printed of all of them.
struct Listing<Item> {
  /// What is printed of an item.
  private enum Row {
    case name(String)
    /// In JSON, as bytes: of many items these are made faster than values of members are.
    case object([UInt8])
    case cells([String])
  }

  private let tool: Tool
  /// The places of the columns that the table has; whether the last is left out where it says nothing.
  private let shown: [Int]
  /// The places of the columns that are members in JSON, and what stands before each.
  private let members: [(place: Int, key: [UInt8])]
  private let isLastOptional: Bool
  private let filters: [RowFilter<Item>]
  private let order: [(column: Int, isDescending: Bool)]
  private var table: Table
  private var list: JSONList
  private var held: [(keys: [JSON], row: Row)] = []

  /// - Parameters:
  ///   - columns: all that there are; the first one's values are what `--null` prints.
  ///   - usual: the names of those that are shown without `--output`.
  ///   - optional: the name of one more, which is left out where all its cells are empty.
  ///   - json: the schema, the members before the list, and the name of the list.
  /// - Throws: `usage`.
  init(
    _ tool: Tool, _ columns: [Column<Item>], usual: [String], optional: String? = nil,
    json: (String, [(String, JSON)], String)
  ) throws(StorageError) {
    self.tool = tool
    let arguments = tool.arguments
    try tool.checkForm()
    let usual = try usual.map { name throws(StorageError) in
      try columns.place(of: name, for: "output")
    }
    var last: Int?
    if let text = arguments.value("output") {
      let added = text.without(prefix: "+")
      shown =
        try (added == nil ? [] : usual)
        + (added ?? text[...]).split(separator: ",").map { name throws(StorageError) in
          try columns.place(of: String(name), for: "output")
        }
    } else {
      last = try optional.map { name throws(StorageError) in
        try columns.place(of: name, for: "output")
      }
      shown = usual + (last.map { [$0] } ?? [])
    }
    filters = try arguments.all("filter").map { text throws(StorageError) in
      try RowFilter(text, among: columns)
    }
    order = try (arguments.value("sort") ?? "").split(separator: ",").map {
      word throws(StorageError) in
      let name = word.without(prefix: "-")
      return (
        try columns.place(of: String(name ?? word.without(prefix: "+") ?? word), for: "sort"),
        name != nil
      )
    }
    members = columns.indices.filter { [shown] in
      !columns[$0].isCostly || shown.contains($0)
    }.enumerated().map { number, place in
      (place, Array("\(number == 0 ? "{" : ",")\(JSON.string(columns[place].name).text):".utf8))
    }
    isLastOptional = last != nil
    let headings = shown.map { columns[$0].heading }
    table =
      isLastOptional
      ? tool.table(Array(headings.dropLast()), optional: headings.last) : tool.table(headings)
    list = JSONList(tool, json.0, json.1, json.2)
  }

  /// Prints the items that are wanted, or keeps them for `end`.
  /// - Parameter columns: the same as at the beginning, in the same order.
  mutating func append(_ items: [Item], _ columns: [Column<Item>]) throws(StorageError) {
    var rows: [Row] = []
    // By index: an item may be large, and copying ten thousand of them shows.
    for index in items.indices where filters.allSatisfy({ $0.matches(items[index], columns) }) {
      let row = row(items[index], columns)
      if order.isEmpty {
        rows.append(row)
      } else {
        held.append((order.map { columns[$0.column].value(items[index]) }, row))
      }
    }
    try write(rows)
  }

  /// Prints what is left to print.
  mutating func end() throws(StorageError) {
    if !order.isEmpty {
      let order = order
      // Equal ones stay as they were.
      let sorted = held.indices.sorted { left, right in
        for (place, key) in order.enumerated() {
          let first = held[left].keys[place].compared(with: held[right].keys[place])
          if first != 0 { return key.isDescending ? first > 0 : first < 0 }
        }
        return left < right
      }
      try write(sorted.map { held[$0].row })
    }
    if tool.arguments.has("null") { return }
    if tool.wantsJSON { return try list.end() }
    if !tool.arguments.has("raw") { try tool.show(table) }
  }

  private func row(_ item: Item, _ columns: [Column<Item>]) -> Row {
    if tool.arguments.has("null") { return .name(columns[0].value(item).plainText) }
    if tool.wantsJSON {
      var text: [UInt8] = []
      text.reserveCapacity(1024)
      for (place, key) in members {
        text += key
        columns[place].value(item).write(to: &text)
      }
      text.append(UInt8(ascii: "}"))
      return .object(text)
    }
    let inBytes = tool.arguments.has("bytes") || tool.arguments.has("raw")
    return .cells(
      shown.indices.map { place in
        columns[shown[place]].cell(
          item, inBytes: inBytes, leavingOutUsual: isLastOptional && place == shown.count - 1)
      })
  }

  private mutating func write(_ rows: [Row]) throws(StorageError) {
    var names: [String] = []
    var objects: [[UInt8]] = []
    var raw: [UInt8] = []
    for row in rows {
      switch row {
      case .name(let name): names.append(name)
      case .object(let object): objects.append(object)
      case .cells(let cells) where tool.arguments.has("raw"):
        raw += cells.map(\.asWord).joined(separator: " ").utf8
        raw.append(UInt8(ascii: "\n"))
      case .cells(let cells): table.append(cells)
      }
    }
    try tool.writeNullEnded(names)
    try list.append(objects)
    if !raw.isEmpty { try tool.write(raw) }
  }
}

extension Tool {
  /// Prints what columns there are, where that is asked for.
  /// - Returns: whether it was.
  func showColumns<Item>(_ columns: [Column<Item>]) throws(StorageError) -> Bool {
    guard arguments.wantsColumns else { return false }
    let width = columns.map(\.name.utf8.count).max() ?? 0
    try write(
      columns.map {
        $0.name + String(repeating: " ", count: width + 2 - $0.name.utf8.count) + $0.meaning + "\n"
      }.joined())
    return true
  }
}

extension Parameter {
  /// What every command that lists things takes.
  /// - Parameter columns: the columns that it has.
  static func listing<Item>(_ columns: [Column<Item>]) -> [Parameter] {
    let words = columns.map { ValueKind.Word($0.name, $0.meaning) }
    return [
      .named(
        "output", "COLUMNS", "Show these columns; '+' adds to the usual ones; 'help' lists all.",
        .list(words)
      ).letter("o"),
      .named("sort", "COLUMNS", "Sort by these columns; '-COLUMN' sorts downwards.", .list(words))
        .rare,
      .named(
        "filter", "CONDITION",
        "Show only rows with COLUMN=GLOB, COLUMN!=GLOB, COLUMN<SIZE or the like.",
        .text
      ).repeated.rare,
      .flag("no-heading", "Print no heading.").rare,
      .flag("raw", "Print bare values separated by blanks, sizes in bytes.").rare,
      .bytes.rare, .null, .jsonLines,
    ]
  }
}

extension String {
  /// The text without blanks, which stand as `\x20`.
  fileprivate var asWord: String {
    isEmpty ? "-" : unicodeScalars.map { $0 == " " ? "\\x20" : String($0) }.joined()
  }
}
