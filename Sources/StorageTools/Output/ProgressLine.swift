import StorageModel
import StorageOS

/// Shows how far a command has come, on standard error: as one line that is drawn anew, or as lines of JSON.
enum ProgressLine {
  /// What `--progress` says.
  enum Style: String, CaseIterable, Sendable {
    /// On a terminal only.
    case auto
    case json, none
  }

  /// A task shorter than this needs no line.
  private static let patience = 0.5
  /// How many columns of the terminal are taken; only the main thread draws.
  nonisolated(unsafe) private static var shownColumns = 0

  /// What a command tells its progress to; nil where nothing is to be shown.
  static func progress(of command: String, _ style: Style) -> Progress? {
    switch style {
    case .none: return nil
    case .json: return Progress { write("\(document($0, of: command).text)\n") }
    case .auto:
      guard let columns = Process.terminalColumns(2) else { return nil }
      return Progress { draw($0, of: command, columns: columns) }
    }
  }

  /// Takes the line away, so that the next text begins on a clean one.
  static func erase() {
    guard shownColumns > 0 else { return }
    write("\r\(String(repeating: " ", count: shownColumns))\r")
    shownColumns = 0
  }

  private static func draw(_ report: Progress.Report, of command: String, columns: Int) {
    guard shownColumns > 0 || report.seconds >= patience else { return }
    let line = String("\(command): \(text(report))".unicodeScalars.prefix(max(columns - 1, 0)))
    let rest = String(repeating: " ", count: max(shownColumns - line.unicodeScalars.count, 0))
    write("\r\(line)\(rest)")
    shownColumns = max(line.unicodeScalars.count, 1)
  }

  /// `copy 45 %, 9.00 GiB of 20.00 GiB, 812.00 MiB/s, 0:12 left`.
  static func text(_ report: Progress.Report) -> String {
    let position = report.position.displayText
    guard !report.isComplete else { return "\(report.task) \(position), writing to disk" }
    var text = report.task
    if let total = report.total {
      let part = Double(report.position.bytes) / Double(max(total.bytes, 1))
      let percent = total > 0 ? Int(part * 100) : 100
      text += " \(percent) %, \(position) of \(total.displayText)"
    } else {
      text += " \(position)"
    }
    if let rate = report.rate { text += ", \(rate.displayText)/s" }
    if let left = report.secondsLeft { text += ", \(clock(left)) left" }
    return text
  }

  /// One line of `--progress=json`.
  static func document(_ report: Progress.Report, of command: String) -> JSON {
    .object([
      ("schema", .string("cistern.progress/1")), ("tool", .string(command)),
      ("task", .string(report.task)), ("position", .size(report.position)),
      ("total", .size(report.total)), ("moved", .size(report.moved)),
      ("rate", .size(report.rate)),
      ("seconds_left", report.secondsLeft.map(JSON.integer) ?? .null),
      ("complete", .boolean(report.isComplete)),
    ])
  }

  /// Minutes and seconds, with hours where there are some: `0:07`, `1:02:03`.
  private static func clock(_ seconds: Int64) -> String {
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
  }

  /// Nobody may be listening any more; the work goes on.
  private static func write(_ text: String) {
    try? Process.standardError.write(Array(text.utf8))
  }
}
