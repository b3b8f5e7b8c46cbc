import StorageModel

/// Tables and label rows as virsh prints them.
enum Table {
  /// A table: one leading blank, a line of dashes, three blanks between columns, the last one not padded.
  static func text(_ header: [String], _ rows: [[String]]) -> String {
    let widths = header.indices.map { column in
      rows.reduce(width(header[column])) { max($0, width($1[column])) }
    }
    var text = ""
    func line(_ cells: [String]) {
      for (column, cell) in cells.enumerated() {
        text += " "
        text += cell
        guard column < cells.count - 1 else { continue }
        for _ in 0..<(widths[column] - width(cell) + 2) { text += " " }
      }
      text += "\n"
    }
    let dashes = String(repeating: "-", count: widths.reduce(0) { $0 + $1 + 3 })
    line(header)
    text += dashes + "\n"
    rows.forEach(line)
    return text
  }

  /// Rows of `Label:` padded to 16 columns, and a value.
  static func labels(_ rows: [(String, String)]) -> String {
    rows.map { label, value in
      label + ":" + String(repeating: " ", count: max(1, 15 - label.count)) + value + "\n"
    }.joined()
  }

  private static func width(_ text: String) -> Int {
    // Nearly every cell is ASCII, where bytes are columns.
    text.utf8.count == text.unicodeScalars.count ? text.utf8.count : text.count
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
