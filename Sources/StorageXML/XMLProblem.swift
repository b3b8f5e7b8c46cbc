import StorageModel

/// Why a document was refused: where, and in libvirt's words what.
package struct XMLProblem: Error, Equatable {
  package var file: String
  /// Counted from 1; nil where the problem has no place of its own.
  package var line: Int?
  /// Characters from the start of the line, counted from 1.
  package var column: Int?
  package var message: String

  package init(file: String, line: Int? = nil, column: Int? = nil, message: String) {
    self.file = file
    self.line = line
    self.column = column
    self.message = message
  }

  /// One line: `file:line:column: message`.
  package var text: String {
    let place = [line, column].compactMap { $0 }.map { ":\($0)" }.joined()
    return "\(file)\(place): \(message)"
  }
}

/// A place in a document; lines and columns count from 1, columns in characters.
package struct XMLPosition: Equatable, Sendable {
  package var line: Int
  package var column: Int
}

/// A problem before the file's name is known.
struct XMLFault: Error, Equatable {
  var message: String
  var position: XMLPosition?

  init(_ message: String, at position: XMLPosition? = nil) {
    self.message = message
    self.position = position
  }

  func problem(in file: String) -> XMLProblem {
    XMLProblem(
      file: file, line: position?.line, column: position?.column, message: message.onOneLine)
  }
}

extension String {
  /// The text fit for one line of output: values from a document may hold line feeds, and be of any length.
  fileprivate var onOneLine: String {
    let text = unicodeScalars.count > 300 ? String(unicodeScalars.prefix(300)) + "…" : self
    guard text.hasControlCharacter else { return text }
    return text.unicodeScalars.reduce(into: "") { line, character in
      switch character {
      case "\n": line += "\\n"
      case "\t": line += "\\t"
      case "\r": line += "\\r"
      default: line.unicodeScalars.append(character)
      }
    }
  }
}
