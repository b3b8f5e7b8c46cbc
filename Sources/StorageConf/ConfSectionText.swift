import StorageModel

/// A section as it stands in the file, for whoever edits it by hand.
extension ConfDocument {
  /// The lines of a section, from its header to its last key, comments between them included.
  /// - Throws: for a section that is not there, and for one that stands in several places of the file.
  package func text(ofSection name: String) throws(ConfProblem) -> [UInt8] {
    Array(bytes[try range(ofSection: name)])
  }

  /// Puts other lines in the place of a section's; every other byte of the file stays.
  /// - Parameter text: one section of the same name.
  /// - Throws: as `text`, and for lines that are anything else than that section.
  package mutating func replaceSection(_ name: String, with text: [UInt8]) throws(ConfProblem) {
    let range = try range(ofSection: name)
    let own = try ConfDocument.parse(text, file: file)
    guard own.sections.count == 1, own.sections.first?.name == name else {
      let found = own.sections.map { "[\($0.name)]" }.joined(separator: ", ")
      throw ConfProblem(
        file: file,
        message: "the edited text has \(found.isEmpty ? "no section" : found): expected [\(name)]")
    }
    let gap: [UInt8] = text.last == .newline ? [] : [.newline]
    let edited = try ConfDocument.parse(
      Array(bytes[..<range.lowerBound]) + text + gap + Array(bytes[range.upperBound...]),
      file: file, tolerant: isTolerant)
    // What the text does to the lines around it, a line that goes on above it for one, is not meant.
    guard
      edited.sections.map(\.name) == sections.map(\.name),
      zip(edited.sections, sections).allSatisfy({ new, old in
        new.name == name
          || new.entries.map { [$0.key, $0.value] }
            == old.entries.map { [$0.key, $0.value] }
      })
    else {
      throw ConfProblem(file: file, message: "the edited text would change other sections")
    }
    self = edited
  }

  private func range(ofSection name: String) throws(ConfProblem) -> Range<Int> {
    guard let index = sections.firstIndex(where: { $0.name == name }) else {
      throw ConfProblem(file: file, message: "no section [\(name)]")
    }
    let own = lines.indices.filter { lines[$0].section == index }
    let headers = own.filter { lines[$0].kind == .header }
    guard headers.count == 1, let first = headers.first else {
      throw ConfProblem(
        file: file, message: "section [\(name)] stands in several places: edit the file itself")
    }
    // Comments behind the last key belong to what follows.
    let last = own.last { ![.blank, .comment].contains(lines[$0].kind) } ?? first
    return lines[first].range.lowerBound..<lines[last].range.upperBound
  }
}
