import StorageModel

/// One row of a report: what LVM says of the fields that were asked for.
package struct ReportRow: Sendable {
  private let fields: [String]
  private let values: [String]

  /// - Parameters:
  ///   - fields: the names of the columns.
  ///   - values: one for each of them.
  package init(fields: [String], values: [String]) {
    self.fields = fields
    self.values = values
  }

  /// The value of a field; empty where there is none, and where the field was not asked for.
  package subscript(field: String) -> String {
    // There are less than twenty: an index of them for each row costs more than it saves.
    fields.firstIndex(of: field).map { values[$0] } ?? ""
  }
}

/// Reports as LVM prints them for programs: a line for each row, its values between separators (lvmreport(7)).
package enum Report {
  /// No value can hold it: neither names, tags, nor the names of devices that udev makes (lvm(8), udev(7)).
  private static let separator: Unicode.Scalar = "|"

  /// The options that make LVM print so, with sizes in bytes.
  static func options(_ fields: [String]) -> [String] {
    ["--noheadings", "--separator", String(separator), "--units", "b", "--nosuffix", "-o"]
      + [fields.joined(separator: ",")]
  }

  /// Reads the lines of a report of more than one field.
  ///
  /// Warnings, which LVM prints among them, have no separators.
  /// - Throws: `failure` for a line that has more or less values than there are fields.
  package static func rows(_ lines: [UInt8], fields: [String], subject: String)
    throws(StorageError) -> [ReportRow]
  {
    let mark = UInt8(ascii: separator)
    var rows: [ReportRow] = []
    for line in lines.split(separator: UInt8(ascii: "\n")) {
      let text = line.drop { $0 == UInt8(ascii: " ") }
      let values = text.split(separator: mark, omittingEmptySubsequences: false)
      guard values.count > 1 else { continue }
      guard values.count == fields.count else {
        throw StorageError(
          .failure, subject, "LVM's report cannot be understood",
          reason: "'\(String(decoding: text, as: UTF8.self))'")
      }
      rows.append(
        ReportRow(
          fields: fields,
          values: values.map { $0.isEmpty ? "" : String(decoding: $0, as: UTF8.self) }))
    }
    return rows
  }
}
