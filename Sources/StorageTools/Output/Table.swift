import StorageModel
import StorageOS

/// Tables and label rows as virsh prints them.
enum Table {
  /// A table: one leading blank, a line of dashes, three blanks between columns, the last one not padded.
  ///
  /// On a terminal a table that is too wide has its longest cells cut in the middle, those of the first column, which
  /// names things, last; and the words for states are coloured.
  static func text(_ header: [String], _ rows: [[String]], on terminal: Terminal = .output)
    -> String
  {
    var widths = header.indices.map { column in
      rows.reduce(Terminal.width(header[column])) { max($0, Terminal.width($1[column])) }
    }
    if let columns = terminal.columns { shrink(&widths, to: columns) }
    let coloured = terminal.usesColour ? header.firstIndex(of: "State") : nil
    // Bytes, because a listing appends tens of thousands of cells.
    var text: [UInt8] = []
    func line(_ cells: [String], coloured: Int? = nil) {
      for column in cells.indices {
        let cell =
          terminal.columns == nil ? cells[column] : cut(cells[column], to: widths[column], terminal)
        text.append(UInt8(ascii: " "))
        let shown = column == coloured ? terminal.coloured(cell, colour(of: cell)) : cell
        text.append(contentsOf: shown.utf8)
        guard column < cells.count - 1 else { continue }
        let rest = widths[column] - Terminal.width(cell) + 2
        text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: rest))
      }
      text.append(UInt8(ascii: "\n"))
    }
    line(header)
    let dashes = widths.reduce(0) { $0 + $1 + 3 }
    text.append(contentsOf: repeatElement(UInt8(ascii: "-"), count: dashes))
    text.append(UInt8(ascii: "\n"))
    for row in rows { line(row, coloured: coloured) }
    return String(decoding: text, as: UTF8.self)
  }

  /// Rows of `Label:` padded to 16 columns, and a value.
  static func labels(_ rows: [(String, String)], on terminal: Terminal = .output) -> String {
    rows.map { label, value in
      let shown = label == "State" ? terminal.coloured(value, colour(of: value)) : value
      return label + ":" + String(repeating: " ", count: max(1, 15 - label.count)) + shown + "\n"
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
    for letter in text {
      guard Terminal.width(head + String(letter)) <= (width - 1) / 3 else { break }
      head.append(letter)
    }
    for letter in text.reversed() {
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
        result += "\\x" + (hex.count < 2 ? "0" : "") + hex
      case 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff:
        result += "\\u{" + String(scalar.value, radix: 16) + "}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
