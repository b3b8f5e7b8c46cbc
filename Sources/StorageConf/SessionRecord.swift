import StorageModel

/// What a pool remembers about a volume that was started: a file of one section `[session]`.
package struct SessionRecord: Equatable, Sendable {
  /// The boot of the machine that it was started on, which ends it; nil where there is no session.
  package var boot: String?
  /// What that machine calls itself.
  package var host = ""
  /// The machine's own identifier (machine-id(5)); empty where it has none.
  package var machine = ""
  /// Who started it.
  package var owner = ""
  /// Who had started one that somebody else has discarded, and was not told yet.
  package var losers: [String] = []

  package init() {}

  /// Reads a record; of an empty file, as a loss of power can leave it, one without a session.
  package static func read(_ bytes: [UInt8], file: String) throws(ConfProblem) -> SessionRecord {
    let document = try ConfDocument.parse(bytes, file: file)
    var record = SessionRecord()
    for section in document.sections {
      guard section.name == "session" else {
        throw ConfProblem(
          file: file, line: section.line, message: "unknown section [\(section.name.printable)]")
      }
      for entry in section.entries {
        switch entry.key {
        case "boot": record.boot = entry.value
        case "host": record.host = entry.value
        case "machine": record.machine = entry.value
        case "owner": record.owner = entry.value
        case "discarded": record.losers = entry.value.split(separator: "|").map(String.init)
        // Of another version of the program: what it means does not change whether there is a session.
        default: break
        }
      }
    }
    return record
  }

  /// The record as a file.
  package func text(file: String) throws(ConfProblem) -> String {
    var entries: [(key: String, value: String)] = []
    if let boot {
      entries = [("boot", boot), ("host", host), ("machine", machine), ("owner", owner)]
        .filter { !$0.1.isEmpty }
    }
    if !losers.isEmpty { entries.append(("discarded", losers.joined(separator: "|"))) }
    var document = ConfDocument.empty(file: file)
    try document.addSection("session", entries)
    return String(decoding: document.bytes, as: UTF8.self)
  }
}
