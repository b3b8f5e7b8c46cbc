import StorageModel

/// What the shells' completion scripts ask: `COMMAND --complete=SHELL WORD...`, the last word being at the cursor;
/// for bash `COMMAND --complete=bash LINE PIECE`, the line up to the cursor and what bash takes for its last word.
///
/// The answer is lines: first `values`, `list`, `files`, `folders` or `nothing`, then one candidate each. For zsh and
/// fish a tab and a description follow a candidate; for bash candidates are quoted as they have to be typed, and come
/// without the part of the word that bash keeps. An entry of its own beside the options, which no help shows.
enum ShellCompletion: String, Sendable {
  case bash, zsh, fish

  private static let option = "--complete="

  /// The shell that asks, where the first word says that one does.
  init?(_ words: [String]) {
    guard let shell = words.first?.without(prefix: ShellCompletion.option) else { return nil }
    self.init(rawValue: String(shell))
  }

  /// How the shell compares what is typed with candidates.
  var matching: Completion.Matching { self == .bash ? .beginning : .loose }

  /// The words after the command's name, the last one at the cursor.
  func words(_ given: [String]) -> [String] {
    guard self == .bash else { return given.isEmpty ? [""] : given }
    return Array(ShellWords.split(given.first ?? "").words.dropFirst())
  }

  /// What was given, without the first of the words.
  func withoutFirstWord(_ given: [String]) -> [String] {
    guard self == .bash, let line = given.first else { return Array(given.dropFirst()) }
    let rest = line.unicodeScalars.drop { !$0.isBlank }.drop { $0.isBlank }
    return [String(rest)] + given.dropFirst()
  }

  /// The answer to the shell.
  /// - Parameter given: the words after `--complete=SHELL`.
  func answer(_ completion: Completion, _ given: [String]) -> String {
    switch completion.offer {
    case .files: return "files\n"
    case .folders: return "folders\n"
    case .nothing(let hint): return "nothing\n\(hint.oneLine)\n"
    case .candidates(let candidates, let isList):
      var text = isList ? "list\n" : "values\n"
      let form = form(completion.attached, given)
      for candidate in candidates where !candidate.text.breaksLine {
        text += form(candidate)
        text += "\n"
      }
      return text
    }
  }

  private func form(_ attached: String, _ given: [String]) -> (Completion.Candidate) -> String {
    switch self {
    case .zsh: return { ShellCompletion.described($0, $0.text) }
    case .fish: return { ShellCompletion.described($0, attached + $0.text) }
    case .bash:
      // bash takes words apart at characters such as `=` and `:`, and replaces the last piece only.
      let (words, quote) = ShellWords.split(given.first ?? "")
      let piece = ShellWords.split(given.count > 1 ? given[1] : "").words.last ?? ""
      let word = words.last ?? ""
      let kept = word.without(suffix: piece)?.utf8.count ?? 0
      return { candidate in
        ShellWords.quoted(
          String(Substring((attached + candidate.text).utf8.dropFirst(kept))), quote)
      }
    }
  }

  private static func described(_ candidate: Completion.Candidate, _ text: String) -> String {
    candidate.meaning.isEmpty ? text : "\(text)\t\(candidate.meaning.oneLine)"
  }
}

extension Unicode.Scalar {
  fileprivate var isBlank: Bool { self == " " || self == "\t" }

  /// Line feed to carriage return, and the ends of lines and paragraphs that only Unicode has.
  fileprivate var endsLine: Bool {
    (0x0a...0x0d).contains(value) || value == 0x85 || value == 0x2028 || value == 0x2029
  }
}

extension String {
  /// Whether it holds what some program takes for the end of a line.
  fileprivate var breaksLine: Bool {
    // Of ASCII alone only the control characters do; nearly every name is of it.
    utf8.contains { $0 < 0x20 || $0 >= 0x80 } && unicodeScalars.contains { $0.endsLine }
  }

  /// The text without anything that could be taken for another candidate, or steer a terminal.
  fileprivate var oneLine: String { escaped }
}
