/// The words of a POSIX shell's command line, as far as a completion needs them: quotes and backslashes are taken
/// off, nothing is expanded.
enum ShellWords {
  /// How the last word is quoted where the line ends.
  enum Quote: Sendable { case none, single, double }

  /// The words of a line that ends at the cursor; the last one is the word at the cursor, empty after a blank.
  static func split(_ line: String) -> (words: [String], quote: Quote) {
    var words: [String] = []
    var word = ""
    var isInside = false
    var quote = Quote.none
    var letters = line.makeIterator()
    while let letter = letters.next() {
      switch (quote, letter) {
      case (.none, "'"): (quote, isInside) = (.single, true)
      case (.none, "\""): (quote, isInside) = (.double, true)
      case (.single, "'"), (.double, "\""): quote = .none
      case (.none, "\\"):
        isInside = true
        if let next = letters.next() { word.append(next) }
      case (.double, "\\"):
        guard let next = letters.next() else { break }
        if !"$`\"\\".contains(next) { word.append(letter) }
        word.append(next)
      case (.none, " "), (.none, "\t"), (.none, "\n"):
        if isInside { words.append(word) }
        (word, isInside) = ("", false)
      default:
        word.append(letter)
        isInside = true
      }
    }
    return (words + [word], quote)
  }

  /// Text as it has to be typed inside the quotes, or without them.
  static func quoted(_ text: String, _ quote: Quote) -> String {
    switch quote {
    case .single:
      return text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
    case .double: return escaped(text) { "$`\"\\".contains($0) }
    case .none:
      return escaped(text) { letter in
        letter.isASCII && !letter.isLetter && !letter.isNumber && !"-_./,=:+@%^".contains(letter)
      }
    }
  }

  private static func escaped(_ text: String, _ needsIt: (Character) -> Bool) -> String {
    guard text.contains(where: needsIt) else { return text }
    return text.reduce(into: "") { result, letter in
      if needsIt(letter) { result.append("\\") }
      result.append(letter)
    }
  }
}
