import StorageHost
import StorageModel
import StorageOS

/// The program by its own name: a command after it, several commands in one word, or commands on standard input.
///
/// As virsh, so that an alias of one for the other carries a whole script.
enum Program {
  /// What is done, and how a caller calls it: a command, or one of the words that only mean something here.
  private enum Call {
    case command(Command, [String])
    case own(Own, [String])
  }

  /// Words of virsh's own that scripts use between commands.
  private enum Own: String { case cd, connect, echo, exit, help, pwd, quit, version }

  /// Runs what the words say and ends the process.
  static func run(_ given: [String]) -> Never {
    var words = given
    if let shell = ShellCompletion(words) {
      Tool.completeByName(shell, Array(words.dropFirst()))
    }
    if words == ["--describe-commands"] {
      Tool.finish(Commands.description.text + "\n", "", .success)
    }
    do throws(StorageError) {
      let options = try ProgramOptions(from: &words)
      switch options.request {
      case .help: Tool.finish(Commands.overview, "", .success)
      case .version: Tool.finish("cistern \(Tool.version)\n", "", .success)
      case nil: break
      }
      try options.checkIsHere()
      guard !words.isEmpty else { try runInput(options) }
      // A single word is a line; several are the words of one command.
      let calls =
        words.count == 1
        ? try CommandWords.split(words[0]).map { words throws(StorageError) in try call(words) }
        : [try call(words)]
      if calls.isEmpty, words[0].isEmpty { throw unknown([""]) }
      try run(calls, options)
    } catch {
      fail(error)
    }
  }

  /// Runs the commands of a line and ends the process, with the status of the last one.
  private static func run(_ calls: [Call], _ options: ProgramOptions) throws(StorageError) -> Never
  {
    if calls.count == 1, case .command(let command, let words) = calls[0], !options.tellsTime {
      Tool.run(command, words, options)
    }
    Tool.finish("", "", number: try runEach(calls, options).status)
  }

  /// Runs the commands on standard input, line by line, and ends the process with the status of the last one.
  ///
  /// A line that cannot be understood does not keep those after it from being run.
  private static func runInput(_ options: ProgramOptions) throws(StorageError) -> Never {
    guard !Process.isTerminal(0) else { Tool.finish(Commands.overview, "", .usage) }
    var status = ExitStatus.success.rawValue
    while let line = try Process.readLine() {
      do throws(StorageError) {
        let calls = try CommandWords.split(line).map { words throws(StorageError) in
          try call(words)
        }
        if !calls.isEmpty {
          let end = try runEach(calls, options, after: status)
          status = end.status
          if end.isLast { break }
        }
      } catch {
        say(error)
        status = ExitStatus(error.code).rawValue
      }
    }
    Tool.finish("", "", number: status)
  }

  /// Runs commands one after the other, each in a process of its own.
  /// - Parameter before: the status of the command before, which `quit` ends with as `exit` of a shell does.
  /// - Returns: the status of the last one, and whether nothing is to be run after it.
  private static func runEach(
    _ calls: [Call], _ options: ProgramOptions, after before: Int32 = ExitStatus.success.rawValue
  ) throws(StorageError) -> (status: Int32, isLast: Bool) {
    var status = before
    for call in calls {
      let start = Clock.monotonicSeconds()
      switch call {
      case .own(let own, _) where own == .exit || own == .quit: return (status, true)
      case .own(let own, let words): status = try run(own, words, options)
      case .command(let command, let words):
        status = try Process.inChild { Tool.run(command, words, options) }
      }
      if options.tellsTime {
        let spent = (Clock.monotonicSeconds() - start) * 1000
        let whole = Int(spent)
        let rest = Substring(
          String(Int((spent - Double(whole)) * 1000) + 1000).unicodeScalars.dropFirst())
        try print("\n(Time: \(whole).\(rest) ms)\n\n")
      }
    }
    return (status, false)
  }

  private static func run(_ own: Own, _ words: [String], _ options: ProgramOptions)
    throws(StorageError) -> Int32
  {
    switch own {
    case .echo: try print(words.joined(separator: " ") + "\n")
    case .pwd:
      let folder = try Process.currentFolder()
      try print("\(folder)\n" + (options.endsWithEmptyLine ? "\n" : ""))
    case .cd:
      let folder: Path
      if let word = words.first { folder = Path(word) } else { folder = try Process.home() }
      try Process.changeFolder(to: folder)
    case .connect:
      let uri = words.first { !$0.hasPrefix("-") } ?? ""
      do throws(StorageError) { try ProgramOptions.checkIsHere(uri) } catch {
        say(error)
        return ExitStatus(error.code).rawValue
      }
    case .help: return try Process.inChild { help(words) }
    case .version: try print("cistern \(Tool.version)\n")
    case .exit, .quit: break
    }
    return ExitStatus.success.rawValue
  }

  private static func help(_ words: [String]) -> Never {
    guard let name = words.first else { Tool.finish(Commands.overview, "", .success) }
    if let group = CommandGroup.all.first(where: { $0.topic == name }) {
      Tool.finish(group.helpText, "", .success)
    }
    do throws(StorageError) {
      guard case .command(let command, _) = try call(words) else { throw unknown([name]) }
      Tool.finish(command.helpText, "", .success)
    } catch {
      fail(error)
    }
  }

  private static func print(_ text: String) throws(StorageError) {
    try Process.standardOutput.write(Array(text.utf8))
  }

  // MARK: What is called

  private static func call(_ words: [String]) throws(StorageError) -> Call {
    let name = words[0]
    if let command = Commands.named(name) { return .command(command, Array(words.dropFirst())) }
    if let own = Own(rawValue: name) { return .own(own, Array(words.dropFirst())) }
    // `pool list` for `pool-list`.
    if words.count > 1, let command = Commands.named("\(name)-\(words[1])") {
      return .command(command, Array(words.dropFirst(2)))
    }
    throw unknown(words)
  }

  private static func unknown(_ words: [String]) -> StorageError {
    var error = Arguments.usage("unknown command: '\(words[0])'")
    error.hint = CommandMeaning.hint(for: words)
    return error
  }

  private static func fail(_ error: StorageError) -> Never {
    say(error)
    Tool.finish("", "", ExitStatus(error.code))
  }

  private static func say(_ error: StorageError) {
    ProgressLine.erase()
    let mark = Terminal.errors.coloured("cistern:", .red)
    var text = "\(mark) \(error.text.escaped)\n"
    if let hint = error.hint { text += "\(hint.escaped)\n" }
    if error.code == .usage { text += "Try 'cistern --help' for a list.\n" }
    try? Process.standardError.write(Array(text.utf8))
  }
}
