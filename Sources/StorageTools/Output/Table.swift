import StorageModel
import StorageOS

/// Tables and label rows as virsh prints them.
///
/// One leading blank, a line of dashes, three blanks between columns, the last one not padded. On a terminal a table that
/// is too wide has its longest cells cut in the middle, those of the first column, which names things, last; and the
/// words for states are coloured.
struct Table {
  private let header: [String]
  private let hasHeading: Bool
  private let terminal: Terminal
  private var widths: [Int]
  /// Whether the last column is shown only where a row has something in it; and whether one has.
  private let isLastOptional: Bool
  private var hasLast = false
  /// The cells of the rows, each with a null byte behind it, which no cell has inside; in pieces, because a list may have
  /// a hundred thousand rows.
  private var pieces: [[UInt8]] = [[]]
  private static let pieceLength = 1 << 16

  /// - Parameter optional: the heading of one more column, which is left out where all of its cells are empty.
  init(
    _ header: [String], optional: String? = nil, hasHeading: Bool = true,
    on terminal: Terminal = .output
  ) {
    self.header = header + (optional.map { [$0] } ?? [])
    isLastOptional = optional != nil
    self.hasHeading = hasHeading
    self.terminal = terminal
    widths = self.header.map { hasHeading ? Terminal.width($0) : 0 }
  }

  static func text(
    _ header: [String], _ rows: [[String]], hasHeading: Bool = true,
    on terminal: Terminal = .output
  ) -> String {
    var table = Table(header, hasHeading: hasHeading, on: terminal)
    for row in rows { table.append(row) }
    var text: [UInt8] = []
    table.write { text += $0 }
    return String(decoding: text, as: UTF8.self)
  }

  /// Adds a row, which has a cell for each column.
  mutating func append(_ cells: [String]) {
    if pieces[pieces.count - 1].count > Table.pieceLength { pieces.append([]) }
    for (column, cell) in cells.enumerated() {
      widths[column] = max(widths[column], Terminal.width(cell))
      pieces[pieces.count - 1] += cell.utf8
      pieces[pieces.count - 1].append(0)
    }
    hasLast = hasLast || cells.last?.isEmpty == false
  }

  /// Gives the table, some lines at a time.
  func write<Failure>(_ body: ([UInt8]) throws(Failure) -> Void) throws(Failure) {
    var widths = widths
    let header = isLastOptional && !hasLast ? Array(header.dropLast()) : header
    widths.removeLast(widths.count - header.count)
    if let columns = terminal.columns { Table.shrink(&widths, to: columns) }
    var text: [UInt8] = []
    if hasHeading {
      for (column, cell) in header.enumerated() { add(cell, column, widths, nil, to: &text) }
      let dashes = widths.reduce(0) { $0 + $1 + 3 }
      text.append(contentsOf: repeatElement(UInt8(ascii: "-"), count: dashes))
      text.append(UInt8(ascii: "\n"))
    }
    let coloured = terminal.usesColour ? header.firstIndex(of: "State") : nil
    for piece in pieces {
      var column = 0
      var rest = piece[...]
      while let end = rest.firstIndex(of: 0) {
        if column < header.count { add(rest[..<end], column, widths, coloured, to: &text) }
        column = column + 1 == self.header.count ? 0 : column + 1
        rest = rest[(end + 1)...]
      }
      try body(text)
      text.removeAll(keepingCapacity: true)
    }
  }

  private func add(
    _ cell: String, _ column: Int, _ widths: [Int], _ coloured: Int?, to text: inout [UInt8]
  ) {
    add(Array(cell.utf8)[...], column, widths, coloured, to: &text)
  }

  /// Appends a cell with the blanks around it, and the end of the line to the last one.
  private func add(
    _ cell: ArraySlice<UInt8>, _ column: Int, _ widths: [Int], _ coloured: Int?,
    to text: inout [UInt8]
  ) {
    text.append(UInt8(ascii: " "))
    var width = cell.count
    // Nearly every cell is ASCII, where bytes are columns, and fits.
    if terminal.columns != nil || column == coloured || cell.contains(where: { $0 >= 0x80 }) {
      var shown = String(decoding: cell, as: UTF8.self)
      if terminal.columns != nil { shown = Table.cut(shown, to: widths[column], terminal) }
      width = Terminal.width(shown)
      if column == coloured { shown = terminal.coloured(shown, Table.colour(of: shown)) }
      text += shown.utf8
    } else {
      text += cell
    }
    guard column < widths.count - 1 else { return text.append(UInt8(ascii: "\n")) }
    text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: widths[column] - width + 2))
  }

  /// Rows of `Label:` padded to 16 columns, and a value.
  static func labels(_ rows: [(String, String)], on terminal: Terminal = .output) -> String {
    rows.map { label, value in
      let shown = label == "State" ? terminal.coloured(value, colour(of: value)) : value
      return label + ":" + String(repeating: " ", count: max(1, 15 - label.utf8.count)) + shown
        + "\n"
    }.joined()
  }

  /// The colour of a word for a state; nil for the unremarkable.
  private static func colour(of state: String) -> Terminal.Colour? {
    switch state {
    case "active", "running": return .green
    case "building", "degraded", "dirty": return .yellow
    case "inaccessible", "broken": return .red
    default: return nil
    }
  }

  // MARK: Fitting a window

  /// Takes columns from the widest, the first one as the last resort, until all fit; as far as each keeps enough to
  /// be told from others.
  private static func shrink(_ widths: inout [Int], to columns: Int) {
    let least = 12
    var excess = widths.reduce(0) { $0 + $1 + 3 } - columns
    for candidates in [Array(widths.indices.dropFirst()), Array(widths.indices)] {
      while excess > 0 {
        guard let widest = candidates.max(by: { widths[$0] < widths[$1] }), widths[widest] > least
        else { break }
        widths[widest] -= 1
        excess -= 1
      }
    }
  }

  /// The text, or its beginning and its end, of which the end tells more in paths and names.
  private static func cut(_ text: String, to width: Int, _ terminal: Terminal) -> String {
    guard Terminal.width(text) > width else { return text }
    let mark = terminal.isUnicode ? "…" : "~"
    var (head, tail) = ("", "")
    let letters = Array(text)
    for letter in letters {
      guard Terminal.width(head + String(letter)) <= (width - 1) / 3 else { break }
      head.append(letter)
    }
    for letter in letters.reversed() {
      let longer = String(letter) + tail
      guard Terminal.width(head) + 1 + Terminal.width(longer) <= width else { break }
      tail = longer
    }
    return head + mark + tail
  }
}

extension String {
  /// The text with control characters as `\xNN` or `\u{NNNN}`, so that names from disk can steer neither a
  /// terminal nor a reader: also C1 controls and those that turn the direction of writing.
  var escaped: String {
    var copy = self
    let isPlain = copy.withUTF8 { bytes in bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7f } }
    if isPlain { return self }
    var result = ""
    for scalar in unicodeScalars {
      switch scalar.value {
      case 0..<0x20, 0x7f, 0x80..<0xa0:
        let hex = String(scalar.value, radix: 16)
        result += "\\x" + (hex.utf8.count < 2 ? "0" : "") + hex
      case 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff:
        result += "\\u{" + String(scalar.value, radix: 16) + "}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
