import StorageModel

/// What can be asked of LVM in a report, by its own names (lvmreport(7), `lvs -o help`).
package enum ReportField: String, Sendable {
  case name = "lv_name"
  case uuid = "lv_uuid"
  case size = "lv_size"
  case origin
  case thinPool = "pool_lv"
  case dataFill = "data_percent"
  case metadataFill = "metadata_percent"
  case metadataSize = "lv_metadata_size"
  case transaction = "transaction_id"
  case tags = "lv_tags"
  case segmentType = "segtype"
  case segmentRanges = "seg_pe_ranges"
  case attributes = "lv_attr"
  case suspended = "lv_suspended"
  case group = "vg_name"
  case groupAttributes = "vg_attr"
  case extents = "vg_extent_count"
  case freeExtents = "vg_free_count"
  case extentSize = "vg_extent_size"
  case device = "pv_name"
}

/// One row of a report: what LVM says of the fields that were asked for.
package struct ReportRow: Sendable {
  private let fields: [ReportField]
  /// The report that this is a row of; its values are read where they are.
  private let text: [UInt8]
  /// Where each value of the report begins, and one behind its end that of the next.
  private let starts: [Int]
  private let first: Int

  fileprivate init(_ fields: [ReportField], _ text: [UInt8], _ starts: [Int], first: Int) {
    (self.fields, self.text, self.starts, self.first) = (fields, text, starts, first)
  }

  /// The value of a field; empty where there is none, and where the field was not asked for.
  package subscript(field: ReportField) -> String {
    guard let index = fields.firstIndex(of: field) else { return "" }
    let (start, end) = (starts[first + index], starts[first + index + 1] - 1)
    return start == end ? "" : String(decoding: text[start..<end], as: UTF8.self)
  }

  /// The value of a field that is a size in bytes; nil where it is none.
  func size(_ field: ReportField) -> ByteCount? {
    UInt64(self[field]).flatMap(ByteCount.init(exactly:))
  }
}

/// Reports as LVM prints them for programs: a line for each row, its values between separators (lvmreport(7)).
package enum Report {
  /// No value can hold it: neither names, tags, nor the names of devices that udev makes (lvm(8), udev(7)).
  private static let separator: Unicode.Scalar = "|"

  /// The options that make LVM print so, with sizes in bytes.
  static func options(_ fields: [ReportField]) -> [String] {
    ["--noheadings", "--separator", String(separator), "--units", "b", "--nosuffix", "-o"]
      + [fields.map(\.rawValue).joined(separator: ",")]
  }

  /// Reads the lines of a report of more than one field.
  ///
  /// Warnings, which LVM prints among them, have no separators.
  /// - Throws: `failure` for a line that has more or less values than there are fields.
  package static func rows(_ lines: [UInt8], fields: [ReportField], subject: String)
    throws(StorageError) -> [ReportRow]
  {
    var (starts, firsts): ([Int], [Int]) = ([], [])
    var begin = 0
    while begin < lines.count {
      let (first, beginning) = (starts.count, begin)
      while begin < lines.count, lines[begin] == UInt8(ascii: " ") { begin += 1 }
      starts.append(begin)
      while begin < lines.count, lines[begin] != UInt8(ascii: "\n") {
        if lines[begin] == UInt8(ascii: separator) { starts.append(begin + 1) }
        begin += 1
      }
      // The end of the line, where the next begins.
      begin += 1
      guard starts.count > first + 1 else {
        starts.removeLast()
        continue
      }
      guard starts.count == first + fields.count else {
        throw StorageError(
          .failure, subject, "LVM's report cannot be understood",
          reason: "'\(String(decoding: lines[beginning..<begin - 1], as: UTF8.self).trimmed)'")
      }
      starts.append(begin)
      firsts.append(first)
    }
    return firsts.map { ReportRow(fields, lines, starts, first: $0) }
  }
}
