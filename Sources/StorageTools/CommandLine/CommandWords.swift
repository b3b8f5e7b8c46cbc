import StorageModel

/// A line of commands, taken apart by virsh's rules.
///
/// Blanks separate words, semicolons and line ends separate commands. Single quotes keep everything; double quotes keep
/// all but a backslash, which takes the next character as it is, there and outside of quotes; at the end of a line it
/// joins the next one. A word that begins with `#` begins a comment. Observed with virsh 9.0.
enum CommandWords {
  /// The commands with their words; none of them is empty.
  /// - Throws: `usage`, in virsh's words: for double quotes without an end, which single quotes have at the end of the
  ///   text at the latest, and for a backslash at the end.
  static func split(_ text: String) throws(StorageError) -> [[String]] {
    var commands: [[String]] = [[]]
    var word: String?
    var quote: UnicodeScalar?
    var isComment = false
    func end() {
      if let word { commands[commands.count - 1].append(word) }
      word = nil
    }
    // Characters would take a carriage return and a line feed for one.
    var letters = Array(text.unicodeScalars)[...]
    while let letter = letters.popFirst() {
      if isComment, letter != "\n" { continue }
      if letter == "\\", quote != "'" {
        guard let next = letters.popFirst() else { throw Arguments.usage("dangling \\") }
        if next != "\n" { word = (word ?? "") + String(next) }
      } else if letter == quote {
        quote = nil
      } else if quote != nil {
        word = (word ?? "") + String(letter)
      } else if letter == "'" || letter == "\"" {
        quote = letter
        word = word ?? ""
      } else if letter == ";" || letter == "\n" {
        end()
        isComment = false
        if commands.last?.isEmpty == false { commands.append([]) }
      } else if letter == " " || letter == "\t" || letter == "\r" {
        end()
      } else if letter == "#", word == nil {
        isComment = true
      } else {
        word = (word ?? "") + String(letter)
      }
    }
    if quote == "\"" { throw Arguments.usage("missing \"") }
    end()
    return commands.filter { !$0.isEmpty }
  }
}
