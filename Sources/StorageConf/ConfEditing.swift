import StorageModel

extension ConfDocument {
  /// Sets one key of a section, and leaves every other byte of the file as it is.
  ///
  /// A key that is there keeps its place, its spacing and its comment, and loses its continuation lines; of
  /// several assignments the last, which counts, is changed. A new key goes behind the section's last one.
  /// - Throws: for a section that is not there, and for a value that would not be read back as it is.
  package mutating func set(section name: String, key: String, value: String) throws(ConfProblem) {
    try ConfText.check(key: key, file: file)
    try ConfText.check(value: value, of: key, file: file)
    guard let index = sections.firstIndex(where: { $0.name == name }) else {
      throw ConfProblem(file: file, message: "no section [\(name)]")
    }
    let key = key.lowercased()
    if let entry = sections[index].own.firstIndex(where: { $0.key == key }) {
      guard !sections[index].own[entry].value.utf8.elementsEqual(value.utf8) else { return }
      try replace(entry: entry, of: index, with: value)
    } else {
      try insert(key: key, value: value, in: index)
    }
  }

  /// Removes every assignment of a key of a section, with its continuation lines and the comment behind it, and leaves
  /// every other byte of the file as it is; nothing where there is none.
  /// - Throws: for a section that is not there.
  package mutating func removeKey(_ key: String, section name: String) throws(ConfProblem) {
    guard let index = sections.firstIndex(where: { $0.name == name }) else {
      throw ConfProblem(file: file, message: "no section [\(name)]")
    }
    let key = key.lowercased()
    let own = sections[index].own
    let kept = lines.filter { line in
      guard line.section == index, [.entry, .continuation].contains(line.kind),
        let entry = line.entry
      else { return true }
      return own[entry].key != key
    }
    self = try ConfDocument.parse(
      kept.flatMap { Array(bytes[$0.range]) }, file: file, tolerant: isTolerant)
  }

  /// Appends a section, with an empty line before it where the file has lines already.
  /// - Throws: for a section that is there already, and for names and values that would not be read back.
  package mutating func addSection(
    _ name: String, _ entries: [(key: String, value: String)]
  ) throws(ConfProblem) {
    try ConfText.check(section: name, file: file)
    if let known = section(named: name) {
      throw ConfProblem(file: file, line: known.line, message: "section [\(name)] exists already")
    }
    let end = lineEnd
    var added: [UInt8] = []
    if let last = bytes.last {
      if last != .newline { added += end }
      added += end
    }
    added += Array("[\(name)]".utf8) + end
    for (key, value) in entries {
      try ConfText.check(key: key, file: file)
      try ConfText.check(value: value, of: key, file: file)
      added += Array("\(key)=\(value)".utf8) + end
    }
    let edited = try ConfDocument.parse(bytes + added, file: file, tolerant: isTolerant)
    let section = edited.section(named: name)
    for (key, value) in entries {
      let found = section?.entry(key.lowercased())?.value
      guard found?.utf8.elementsEqual(value.utf8) == true else {
        throw ConfText.unfaithful(key: key, value: value, file: file)
      }
    }
    self = edited
  }

  /// Removes a section: its headers, its keys, and the empty line that set it apart.
  ///
  /// Comment lines stay, those between the section's keys too: whoever wrote them may still want them.
  /// - Throws: for a section that is not there.
  package mutating func removeSection(_ name: String) throws(ConfProblem) {
    guard let index = sections.firstIndex(where: { $0.name == name }) else {
      throw ConfProblem(file: file, message: "no section [\(name)]")
    }
    var keep = Array(repeating: true, count: lines.count)
    var start = 0
    while start < lines.count {
      var end = start + 1
      while end < lines.count, lines[end].kind != .header { end += 1 }
      if lines[start].kind == .header, lines[start].section == index {
        drop(block: start..<end, from: &keep)
      }
      start = end
    }
    let kept = zip(lines, keep).flatMap { $1 ? Array(bytes[$0.range]) : [] }
    self = try ConfDocument.parse(kept, file: file, tolerant: isTolerant)
  }

  /// Marks the lines of one block that go: all but comments, and blank lines only where they would double.
  private func drop(block: Range<Int>, from keep: inout [Bool]) {
    let content = block.filter { ![.blank, .comment].contains(lines[$0].kind) }
    guard let last = content.last else { return }
    let comments = (block.lowerBound...last).contains { lines[$0].kind == .comment }
    for line in block.lowerBound...last {
      keep[line] = lines[line].kind == .comment || (comments && lines[line].kind == .blank)
    }
    guard !comments else { return }
    let before = (0..<block.lowerBound).last { keep[$0] }
    let blankBefore = before.map { lines[$0].kind == .blank } ?? true
    guard blankBefore else { return }
    if last + 1 < lines.count, lines[last + 1].kind == .blank {
      keep[last + 1] = false
    } else if last + 1 == lines.count, let before {
      keep[before] = false
    }
  }

  private mutating func replace(entry: Int, of index: Int, with value: String) throws(ConfProblem) {
    let key = sections[index].own[entry].key
    let at = sections[index].own[entry].line - 1
    let line = contentRange(of: at)
    guard let parts = EntryParts(bytes, in: line) else { return }
    var after = at + 1
    var rest: [UInt8] = []
    while after < lines.count, ![.header, .entry].contains(lines[after].kind) {
      if lines[after].kind != .continuation { rest += bytes[lines[after].range] }
      after += 1
    }
    let before = bytes[..<line.lowerBound]
    let prefix = bytes[line.lowerBound..<parts.value.lowerBound] + Array(value.utf8)
    let end = bytes[line.upperBound..<lines[at].range.upperBound]
    let remainder =
      end + rest + bytes[(after < lines.count ? lines[after].range.lowerBound : bytes.count)...]
    let inPlace = Array(before + prefix + bytes[parts.tail] + remainder)
    if try adopt(inPlace, section: index, key: key, value: value) { return }
    // The comment would become part of this value: it moves to a line of its own above.
    let comment = bytes[bytes.trimmed(parts.tail)]
    let moved = Array(before + comment + lineEnd + prefix + remainder)
    guard comment.first == .semicolon,
      try adopt(moved, section: index, key: key, value: value)
    else { throw ConfText.unfaithful(key: key, value: value, file: file) }
  }

  private mutating func insert(key: String, value: String, in index: Int) throws(ConfProblem) {
    let content: [ConfLine.Kind] = [.header, .entry, .continuation]
    guard let last = lines.lastIndex(where: { $0.section == index && content.contains($0.kind) })
    else { return }
    let head = bytes[..<lines[last].range.upperBound]
    let gap = head.last == .newline ? [] : lineEnd
    let line = Array(key.utf8) + delimiter(in: index) + Array(value.utf8) + lineEnd
    let edited = Array(head + gap + line + bytes[lines[last].range.upperBound...])
    guard try adopt(edited, section: index, key: key, value: value) else {
      throw ConfText.unfaithful(key: key, value: value, file: file)
    }
  }

  /// Takes `edited` over if it reads back as wanted.
  private mutating func adopt(
    _ edited: [UInt8], section: Int, key: String, value: String
  ) throws(ConfProblem) -> Bool {
    let document = try ConfDocument.parse(edited, file: file, tolerant: isTolerant)
    guard document.sections.count == sections.count,
      let found = document.sections[section].own.first(where: { $0.key == key })?.value,
      found.utf8.elementsEqual(value.utf8)
    else { return false }
    self = document
    return true
  }

  /// A line without its newline; a carriage return stays, as Python keeps it.
  private func contentRange(of line: Int) -> Range<Int> {
    let range = lines[line].range
    return bytes[range].last == .newline ? range.lowerBound..<range.upperBound - 1 : range
  }

  /// How the section's last assignment separates key and value; `=` where it has none.
  private func delimiter(in section: Int) -> [UInt8] {
    guard let last = lines.lastIndex(where: { $0.section == section && $0.kind == .entry }),
      let parts = EntryParts(bytes, in: contentRange(of: last)), !parts.value.isEmpty
    else { return [.equals] }
    return Array(bytes[parts.key.upperBound..<parts.value.lowerBound])
  }

  /// The file's way to end a line, by its first line.
  private var lineEnd: [UInt8] {
    guard let first = lines.first, bytes[first.range].suffix(2) == [.carriageReturn, .newline]
    else { return [.newline] }
    return [.carriageReturn, .newline]
  }
}

/// What can be written so that it is read back unchanged.
enum ConfText {
  static func check(section name: String, file: String) throws(ConfProblem) {
    let fault: String? =
      if name.isEmpty {
        "a section needs a name"
      } else if name == "DEFAULT" {
        "[DEFAULT] is not a section of its own"
      } else if name.hasControlCharacter || name.utf8.contains(.closeBracket) {
        "section name '\(name.printable)' must not contain ']' or control characters"
      } else {
        nil
      }
    if let fault { throw ConfProblem(file: file, message: fault) }
  }

  static func check(key: String, file: String) throws(ConfProblem) {
    let word = key.utf8.allSatisfy { byte in
      (0x61...0x7a).contains(byte.lowered) || (0x30...0x39).contains(byte)
        || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }
    guard word, !key.isEmpty, key.lowercased() != "rem" else {
      throw ConfProblem(
        file: file, message: "key '\(key.printable)': expected letters, digits, '_', '-' and '.'")
    }
  }

  static func check(value: String, of key: String, file: String) throws(ConfProblem) {
    let bytes = Array(value.utf8)
    let blankEnds = bytes.first?.isSpace == true || bytes.last?.isSpace == true
    let control = bytes.contains { ($0 < 0x20 && $0 != .tab) || $0 == 0x7f }
    let comment = bytes.indices.contains {
      bytes[$0] == .semicolon && ($0 == 0 || bytes[$0 - 1].isSpace)
    }
    guard !blankEnds, !control, !comment, value != "\"\"" else {
      throw unfaithful(key: key, value: value, file: file)
    }
  }

  static func unfaithful(key: String, value: String, file: String) -> ConfProblem {
    ConfProblem(
      file: file,
      message:
        "\(key): '\(value.printable)' cannot be written here: a value has no control characters, "
        + "no blanks at its ends, no ';' at its start or after a blank, and is not '\"\"'")
  }
}

extension String {
  /// The text with control characters as `?`, for messages of one line.
  var printable: String {
    hasControlCharacter
      ? String(
        String.UnicodeScalarView(
          unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? "?" : $0 }))
      : self
  }
}
