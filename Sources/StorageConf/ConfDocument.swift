import StorageModel

/// A configuration file in INI notation, read as Python 2.7's RawConfigParser reads it.
///
/// Keeps every byte of the file, so that an edit changes only the lines that it is about. An empty file and a
/// missing one mean the same: no sections.
package struct ConfDocument: Equatable, Sendable {
  /// The largest file that is read.
  package static let sizeLimit: ByteCount = .mebibyte

  /// The name that problems are reported under.
  package let file: String
  /// The file, byte for byte.
  package let bytes: [UInt8]
  /// The sections in order of first appearance, without `[DEFAULT]`.
  package let sections: [ConfSection]
  let lines: [ConfLine]
  /// Whether lines that cannot be understood were passed over.
  let isTolerant: Bool
  /// What was passed over in no section, or may have been the beginning of one: then it is not known which there are.
  package let problem: ConfProblem?

  /// Reads a whole file.
  ///
  /// - Parameter tolerant: pass over what cannot be understood, so that it hides nothing of other sections: each such
  ///   line is the `problem` of the section that it stands in.
  /// - Throws: a problem with its line: a line that is no assignment, text before the first section, a NUL byte,
  ///   a key or value that is not UTF-8, a file above the size limit.
  package static func parse(_ bytes: [UInt8], file: String, tolerant: Bool = false)
    throws(ConfProblem) -> ConfDocument
  {
    guard bytes.count <= Int(sizeLimit.bytes) else {
      throw ConfProblem(file: file, message: "file is larger than \(sizeLimit.displayText)")
    }
    var parser = ConfParser(bytes: bytes, file: file, isTolerant: tolerant)
    try parser.run()
    return ConfDocument(
      file: file, bytes: bytes, sections: parser.finishedSections, lines: parser.lines,
      isTolerant: tolerant, problem: parser.problem)
  }

  /// A document without a line.
  package static func empty(file: String) -> ConfDocument {
    ConfDocument(file: file, bytes: [], sections: [], lines: [], isTolerant: false, problem: nil)
  }

  /// The section of exactly this name, or nil.
  ///
  /// `[DEFAULT]` is not a section.
  package func section(named name: String) -> ConfSection? { sections.first { $0.name == name } }
}

/// Reads lines in order and remembers what each one was.
private struct ConfParser {
  let bytes: [UInt8]
  let file: String
  let isTolerant: Bool
  private(set) var lines: [ConfLine] = []
  private var sections: [ConfSection] = []
  private var defaults = ConfSection(name: "DEFAULT", line: 0)
  private var sectionIndex: [ByteString: Int] = [:]
  private var entryIndex: [EntryKey: Int] = [:]
  private var current: Int?
  private var openEntry: Int?
  /// See `ConfDocument.problem`.
  private(set) var problem: ConfProblem?

  private struct EntryKey: Hashable {
    var section: Int
    var key: String
  }

  init(bytes: [UInt8], file: String, isTolerant: Bool) {
    self.bytes = bytes
    self.file = file
    self.isTolerant = isTolerant
  }

  var finishedSections: [ConfSection] {
    sections.map { section in
      var section = section
      section.inherited = defaults.own
      section.problem = section.problem ?? defaults.problem
      return section
    }
  }

  mutating func run() throws(ConfProblem) {
    var start = 0
    while start < bytes.count {
      var end = start
      while end < bytes.count, bytes[end] != .newline { end += 1 }
      let whole = start..<min(end + 1, bytes.count)
      var line = ConfLine(kind: .blank, range: whole, section: current)
      do throws(ConfProblem) {
        guard !bytes[start..<end].contains(0) else { throw fault("file contains a NUL byte") }
        try read(start..<end, into: &line)
      } catch {
        guard isTolerant else { throw error }
        line.kind = .unknown
        openEntry = nil
        // A header that is none may have been meant to begin another section.
        if bytes[start] == .openBracket { problem = problem ?? error }
        note(error)
      }
      lines.append(line)
      start = whole.upperBound
    }
  }

  private var number: Int { lines.count + 1 }

  /// Notes what is wrong with the section that is being read.
  private mutating func note(_ found: ConfProblem) {
    guard let section = current else {
      problem = problem ?? found
      return
    }
    change(section) { $0.problem = $0.problem ?? found }
  }

  private mutating func read(_ range: Range<Int>, into line: inout ConfLine) throws(ConfProblem) {
    let content = bytes.trimmed(range)
    guard let first = range.first, !content.isEmpty else { return }
    if bytes[first] == .hash || bytes[first] == .semicolon || isRemark(range) {
      line.kind = .comment
    } else if bytes[first].isSpace, let section = current, let entry = openEntry {
      line.kind = .continuation
      line.entry = entry
      let more = try text(content)
      change(section) { $0.own[entry].value += "\n" + more }
    } else if let name = header(range) {
      line.kind = .header
      try open(name)
      line.section = current
    } else if let section = current {
      line.kind = .entry
      line.entry = try assign(range, in: section)
    } else {
      throw fault("text before the first [section]")
    }
  }

  /// A line whose first word is `rem` in any case.
  private func isRemark(_ range: Range<Int>) -> Bool {
    let word = bytes[range].prefix(4).map(\.lowered)
    guard word.starts(with: "rem".utf8) else { return false }
    return word.count == 3 || word[3].isSpace
  }

  /// The name between brackets at the start of a line; whatever follows the first `]` does not count.
  private func header(_ range: Range<Int>) -> Range<Int>? {
    guard bytes[range.lowerBound] == .openBracket,
      let end = range.first(where: { bytes[$0] == .closeBracket }), end > range.lowerBound + 1
    else { return nil }
    return range.lowerBound + 1..<end
  }

  private mutating func open(_ range: Range<Int>) throws(ConfProblem) {
    // A name that is no text begins a section all the same.
    let known = String(validating: bytes[range], as: UTF8.self)
    let name = isTolerant ? String(decoding: bytes[range], as: UTF8.self) : try text(range)
    defer { if known == nil { note(fault("not valid UTF-8")) } }
    openEntry = nil
    if name == "DEFAULT" {
      current = ConfLine.inDefaults
    } else if let known = sectionIndex[name] {
      current = known
    } else {
      current = sections.count
      sectionIndex[name] = sections.count
      sections.append(ConfSection(name: name, line: number))
    }
  }

  /// Reads an assignment and returns its index among the section's own entries.
  private mutating func assign(_ range: Range<Int>, in section: Int) throws(ConfProblem) -> Int {
    guard let parts = EntryParts(bytes, in: range) else {
      throw fault("expected a [section], 'key = value' or a comment")
    }
    let key = try text(parts.key, lowered: true)
    var value = try text(parts.value)
    if value == "\"\"" { value = "" }
    let place = EntryKey(section: section, key: key)
    let line = number
    if let known = entryIndex[place] {
      openEntry = known
      change(section) {
        $0.own[known].value = value
        $0.own[known].line = line
      }
      return known
    }
    let entry = section == ConfLine.inDefaults ? defaults.own.count : sections[section].own.count
    openEntry = entry
    entryIndex[place] = entry
    change(section) { $0.own.append(ConfEntry(key: key, value: value, line: line)) }
    return entry
  }

  private mutating func change(_ section: Int, _ body: (inout ConfSection) -> Void) {
    if section == ConfLine.inDefaults { body(&defaults) } else { body(&sections[section]) }
  }

  private func text(_ range: Range<Int>, lowered: Bool = false) throws(ConfProblem) -> String {
    let part = bytes[range]
    let text =
      lowered
      ? String(validating: part.map(\.lowered), as: UTF8.self)
      : String(validating: part, as: UTF8.self)
    guard let text else { throw fault("not valid UTF-8") }
    return text
  }

  private func fault(_ message: String) -> ConfProblem {
    ConfProblem(file: file, line: number, message: message)
  }
}
