import StorageModel

/// The words of a POSIX shell's command line, as far as a completion needs them: quotes and backslashes are taken
/// off, nothing is expanded.
enum ShellWords {
  /// How the last word is quoted where the line ends.
  enum Quote: Sendable { case none, single, double }

  /// What a backslash takes the meaning from between double quotes.
  private static let special = "$`\"\\".unicodeScalars
  /// What needs no backslash besides letters and digits.
  private static let plain = "-_./,=:+@%^".unicodeScalars

  /// The words of a line that ends at the cursor; the last one is the word at the cursor, empty after a blank.
  static func split(_ line: String) -> (words: [String], quote: Quote) {
    var words: [String] = []
    var word = String.UnicodeScalarView()
    var isInside = false
    var quote = Quote.none
    var letters = line.unicodeScalars.makeIterator()
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
        if !special.contains(next) { word.append(letter) }
        word.append(next)
      case (.none, " "), (.none, "\t"), (.none, "\n"):
        if isInside { words.append(String(word)) }
        (word, isInside) = (String.UnicodeScalarView(), false)
      default:
        word.append(letter)
        isInside = true
      }
    }
    return (words + [String(word)], quote)
  }

  /// Text as it has to be typed inside the quotes, or without them.
  static func quoted(_ text: String, _ quote: Quote) -> String {
    switch quote {
    case .single:
      return text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
    case .double: return escaped(text, special.contains)
    case .none:
      return escaped(text) { letter in
        letter.isASCII && !letter.isASCIILetter && !letter.isASCIIDigit && !plain.contains(letter)
      }
    }
  }

  private static func escaped(_ text: String, _ needsIt: (Unicode.Scalar) -> Bool) -> String {
    text.unicodeScalars.reduce(into: "") { result, letter in
      if needsIt(letter) { result += "\\" }
      result.unicodeScalars.append(letter)
    }
  }
}
