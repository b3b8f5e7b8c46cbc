import StorageModel
import StorageOS

/// The user's editor: `VISUAL`, else `EDITOR`, else vi.
package struct Editor: Sendable {
  private let program: Path
  private let arguments: [String]

  /// Finds the editor.
  ///
  /// The variable is split into words at blanks; quotes and backslashes keep blanks in a word as in a shell, and nothing
  /// else that a shell knows has a meaning: no shell is ever run.
  /// - Throws: `usage` for a quote without an end; `unsupported` where there is no such program.
  package init() throws(StorageError) {
    let variable = ["VISUAL", "EDITOR"].first { Process.environment($0) != nil }
    let line = variable.flatMap { Process.environment($0) } ?? "vi"
    guard let words = Editor.words(of: line) else {
      throw StorageError(.usage, variable ?? "", "'\(line)' has a quote without an end")
    }
    guard let first = words.first, let program = try Editor.find(first) else {
      throw StorageError(
        .unsupported, "", "Cannot find '\(words.first ?? "")' in path",
        reason: "no such program",
        hint: "Set VISUAL or EDITOR to an editor that is installed.")
    }
    self.program = program
    arguments = Array(words.dropFirst())
  }

  /// Lets the user edit a file, on this process's own terminal.
  /// - Throws: `failure` where the editor fails, or is ended by a signal.
  package func edit(_ file: Path) throws(StorageError) {
    guard !needsTerminal || (Process.isTerminal(0) && Process.isTerminal(1)) else {
      throw StorageError(
        .usage, "", "the editor '\(program.lastComponent)' needs a terminal",
        hint: "Set EDITOR to a program that edits by itself, or use pool-dumpxml and pool-define.")
    }
    let status = try ChildProcess.runInForeground(program, arguments + [file.text])
    guard status == 0 else {
      throw StorageError(.failure, program.text, "the editor ended with status \(status)")
    }
  }

  /// Whether it is one that waits for keys, for ever where nobody presses any.
  private var needsTerminal: Bool {
    let name = program.lastComponent
    return ["vi", "view", "pico", "joe", "ne", "ed", "micro", "helix", "hx"].contains(name)
      || ["vim", "nvim", "nano", "emacs", "mcedit", "mg"].contains { name.hasPrefix($0) }
  }

  private static func find(_ word: String) throws(StorageError) -> Path? {
    if word.utf8.contains(UInt8(ascii: "/")) {
      let path = Path(word)
      let whole = path.isAbsolute ? path : try Process.currentFolder().appending(word)
      return isProgram(whole) ? whole : nil
    }
    // The user's own programs are meant, so the user's own path counts.
    let folders = (Process.environment("PATH") ?? "/usr/local/bin:/usr/bin:/bin").split(
      separator: ":")
    return folders.map { Path(String($0)).appending(word) }.first { $0.isAbsolute && isProgram($0) }
  }

  private static func isProgram(_ path: Path) -> Bool {
    // As a shell looks for it: what this user cannot reach is no program of theirs.
    guard let status = try? FileStatus(following: path) else { return false }
    return status.kind == .regular && status.mode & 0o111 != 0
  }

  /// A line's words; nil where a quote has no end.
  static func words(of line: String) -> [String]? {
    var words: [String] = []
    var word: String?
    var quote: Unicode.Scalar?
    var letters = Array(line.unicodeScalars)[...]
    while let letter = letters.popFirst() {
      if letter == "\\", quote != "'" {
        guard let next = letters.popFirst() else { return nil }
        // Inside double quotes a backslash only protects what ends or begins something there.
        let isKept = quote == "\"" && next != "\"" && next != "\\"
        word = (word ?? "") + (isKept ? "\\" : "") + String(next)
      } else if letter == quote {
        quote = nil
      } else if quote != nil {
        word?.unicodeScalars.append(letter)
      } else if letter == "'" || letter == "\"" {
        quote = letter
        word = word ?? ""
      } else if letter == " " || letter == "\t" || letter == "\n" {
        if let finished = word { words.append(finished) }
        word = nil
      } else {
        word = (word ?? "") + String(letter)
      }
    }
    guard quote == nil else { return nil }
    return words + (word.map { [$0] } ?? [])
  }
}
