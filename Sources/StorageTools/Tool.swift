import BackendList
import Operations
import StorageHost
import StorageModel
import StorageOS

/// One call of a command: its arguments, the storage it works on, its output.
package final class Tool: Sendable {
  let command: Command
  let arguments: Arguments
  let storage: Storage
  /// Whether facts are wanted as JSON: as one document, or those of a list one a line.
  var wantsJSON: Bool { arguments.has("json") || wantsLines }
  var wantsLines: Bool { arguments.has("json-lines") }
  var isDryRun: Bool { arguments.has("dry-run") }
  private let options: ProgramOptions
  private let log: ActivityLog
  private let progressStyle: ProgressLine.Style

  private init(
    _ command: Command, _ arguments: Arguments, _ options: ProgramOptions = ProgramOptions()
  ) throws(StorageError) {
    self.command = command
    self.arguments = arguments
    self.options = options
    log = try ActivityLog(of: command.name, file: options.log)
    var host = try HostFolders.current()
    // What pool-event takes by this name, as virsh does, is no affair of servers and devices.
    let isOwn = command.parameter(named: "timeout")?.isPositional == true
    let given = isOwn ? nil : arguments.value("timeout").map { ("--timeout", $0) }
    if let (name, text) = given
      ?? Process.environment("CISTERN_TIMEOUT").map({ ("CISTERN_TIMEOUT", $0) })
    {
      host.answerTimeout = try Tool.seconds(text, name)
    }
    let timeout =
      try arguments.value("lock-timeout").map { text throws(StorageError) in
        try Tool.seconds(text, "--lock-timeout")
      } ?? 60
    let style =
      arguments.value("progress").map { ProgressLine.Style(rawValue: $0) }
      ?? (options.isQuiet ? ProgressLine.Style.none : .auto)
    guard let style else {
      let words = ProgressLine.Style.allCases.map(\.rawValue).joined(separator: ", ")
      throw Arguments.usage("--progress is none of: \(words)")
    }
    progressStyle = style
    let name = command.name
    host.lockTerms = FileLock.Terms(timeout: timeout, owner: name)
    storage = Storage(
      host: host, locks: Locks(host: host),
      isDryRun: arguments.has("dry-run"), isForced: arguments.has("force"),
      options: Set(command.parameters.map { ByteString($0.name) }),
      reserve: try Tool.reserve(arguments),
      makeProgress: { ProgressLine.progress(of: name, style) },
      makeBackend: BackendRegistry.backend)
  }

  private static func reserve(_ arguments: Arguments) throws(StorageError) -> Int? {
    guard let text = arguments.value("reserve") else { return nil }
    guard let number = Int(text), (0...100).contains(number) else {
      throw Arguments.usage("--reserve '\(text)' is not a number of per cent: expected 0 to 100")
    }
    return number
  }

  private static func seconds(_ text: String, _ name: String) throws(StorageError) -> Double {
    guard let seconds = Double(text), seconds >= 0, seconds <= 1_000_000 else {
      throw Arguments.usage("\(name) '\(text)' is not a number of seconds")
    }
    return seconds
  }

  /// What to tell the progress of work to that is no change of storage; nil where nobody wants to know.
  ///
  /// Changes find theirs in `Steps.progress`.
  func progress() -> Progress? { ProgressLine.progress(of: command.name, progressStyle) }

  // MARK: Running

  /// Runs a command with this process's arguments and ends the process.
  package static func run(_ name: String) -> Never {
    Process.leaveCrashesToKernel()
    guard let command = Commands.named(name) else { Program.run([name]) }
    run(command, Array(Process.arguments.dropFirst()))
  }

  /// Runs the command that the program was called as; called by any other name, as `cistern`, what the arguments say.
  package static func runByName() -> Never {
    Process.leaveCrashesToKernel()
    let words = Array(Process.arguments.dropFirst())
    let name = Path(Process.arguments.first ?? "").lastComponent
    if name == SystemdGenerator.programName { SystemdGenerator.run(words) }
    guard let command = Commands.named(name) else { Program.run(words) }
    run(command, words)
  }

  static func run(
    _ command: Command, _ words: [String], _ options: ProgramOptions = ProgramOptions()
  ) -> Never {
    _ = Process.originalFileModeMask
    if let shell = ShellCompletion(words) { complete(command, shell, Array(words.dropFirst())) }
    // Whoever reads the report may go away in the middle of a change; the change still finishes.
    Process.ignoreSignals(brokenPipe: command.effect == .changes)
    // Whatever changes something is stopped where that can be taken back.
    if command.effect == .changes { Interruption.beginNoting() }
    var wantsJSON = words.contains("--json") || words.contains("--json-lines")
    var tool: Tool?
    do throws(StorageError) {
      let arguments = try Arguments(words, for: command)
      if arguments.has("help") { finish(command.helpText, "", .success) }
      if arguments.has("version") { finish("\(command.name) (cistern) \(version)\n", "", .success) }
      wantsJSON = arguments.has("json") || arguments.has("json-lines")
      let made = try Tool(command, arguments, options)
      tool = made
      try made.checkMayChange()
      made.tellIgnored()
      made.beFollowed()
      ServerWatch.canGoOn = command.effect == .reads
      ServerWatch.end = { [wantsJSON] error in fail(command, error, wantsJSON: wantsJSON) }
      try command.run(made)
      finish("", "", .success)
    } catch {
      var error = error
      error.hint = error.hint ?? tool?.hint(for: error)
      if error.code == .badInput, tool?.arguments.hasForeignValue(of: command) == true {
        error.code = .usage
      }
      tool?.logFailure(error)
      fail(command, error, wantsJSON: wantsJSON)
    }
  }

  /// Has steps and programs told to whoever wants to know of them.
  private func beFollowed() {
    let isVerbose = command.ending != .nagios && arguments.has("verbose")
    guard isVerbose || log.followsSteps else { return }
    WorkTrace.follow { [name = command.name, log] event in
      log.note(event)
      guard isVerbose else { return }
      ProgressLine.erase()
      let text = "\(name): \(event.kind): \(event.text.escaped)\n"
      try? Process.standardError.write(Array(text.utf8))
    }
  }

  private func logFailure(_ error: StorageError) {
    guard command.changes(with: arguments) else { return }
    log.note(
      error, status: ExitStatus.number(error.code, of: command), pool: namedVolumes().pool,
      volume: arguments.value("vol"))
  }

  /// Says why a command failed and ends the process.
  private static func fail(_ command: Command, _ error: StorageError, wantsJSON: Bool) -> Never {
    let status = ExitStatus.number(error.code, of: command)
    if wantsJSON { finish("", tellJSON(error, command, status) + "\n", number: status) }
    let mark = Terminal.errors.coloured("\(command.name):", .red)
    var text = "\(mark) \(error.text.escaped)\n"
    if let hint = error.hint { text += "\(hint.escaped)\n" }
    if error.code == .usage { text += "Try '\(command.name) --help' for more information.\n" }
    // Nagios shows what is on standard output.
    let line = command.ending == .nagios ? "CISTERN UNKNOWN - \(error.text.escaped)\n" : ""
    finish(line, text, number: status)
  }

  /// Answers a shell that completes a command line, and ends the process; silently where that cannot be done.
  private static func complete(_ command: Command, _ shell: ShellCompletion, _ words: [String])
    -> Never
  {
    let line = BegunLine(shell.words(words), for: command)
    guard let tool = try? Tool(command, Arguments()) else { finish("", "", .failure) }
    let completion = Completion(line, of: command, in: tool.storage, matches: shell.matching)
    finish(shell.answer(completion, words), "", .success)
  }

  /// Completes a line in which the program is called by its own name and a command's name follows.
  static func completeByName(_ shell: ShellCompletion, _ given: [String]) -> Never {
    let words = shell.words(given)
    if words.count > 1, let command = Commands.all.first(where: { $0.name == words[0] }) {
      complete(command, shell, shell.withoutFirstWord(given))
    }
    let completion = Completion(
      commands: words.count > 1 ? [] : Commands.all, typed: words[0], matches: shell.matching)
    finish(shell.answer(completion, given), "", .success)
  }

  private static func tellJSON(_ error: StorageError, _ command: Command, _ status: Int32)
    -> String
  {
    return JSON.object([
      ("schema", .string("cistern.error/1")), ("tool", .string(command.name)),
      ("code", .string(error.code.rawValue)), ("status", .integer(Int64(status))),
      ("subject", .string(error.subject)), ("problem", .string(error.problem + error.aftermath)),
      ("reason", .text(error.reason)), ("hint", .text(error.hint)),
    ]).text
  }

  static func finish(_ output: String, _ errors: String, _ status: ExitStatus) -> Never {
    finish(output, errors, number: status.rawValue)
  }

  /// Writes what is left to say and ends the process.
  ///
  /// Output that cannot be written is a failure.
  static func finish(_ output: String, _ errors: String, number: Int32) -> Never {
    ProgressLine.erase()
    do throws(StorageError) {
      if !output.isEmpty { try Process.standardOutput.write(Array(output.utf8)) }
    } catch {
      try? Process.standardError.write(Array("cistern: \(error.text)\n".utf8))
      Process.exit(ExitStatus.inputOutput.rawValue)
    }
    if !errors.isEmpty { try? Process.standardError.write(Array(errors.utf8)) }
    if number > 128 { Interruption.endProcess() }
    Process.exit(number)
  }

  // MARK: Output

  /// Writes text to standard output.
  func write(_ text: String) throws(StorageError) { try write(Array(text.utf8)) }

  /// Writes bytes of text to standard output.
  func write(_ text: [UInt8]) throws(StorageError) {
    ProgressLine.erase()
    do throws(StorageError) { try Process.standardOutput.write(text) } catch {
      // Whatever is wrong with the output, it is not the pool's space or state.
      var error = error
      error.code = .inputOutput
      throw error
    }
  }

  /// Refuses a command that changes something where only reading is allowed; not what it would do, or print.
  private func checkMayChange() throws(StorageError) {
    guard options.isReadOnly, command.changes(with: arguments) else { return }
    throw StorageError(
      .permission, "", "operation forbidden: read only access prevents \(command.name)")
  }

  /// Says once a boot what options of virsh mean nothing here.
  private func tellIgnored() {
    guard options.connection != nil else { return }
    let text = "--connect is ignored: there is no daemon, and these are the pools of this user"
    if storage.isNew(text) { warn(text) }
  }

  /// Writes what was asked for, with an empty line after it as virsh does.
  func show(_ text: String) throws(StorageError) {
    try write(options.endsWithEmptyLine ? text + "\n" : text)
  }

  private var hasHeading: Bool { !options.isQuiet && !arguments.has("no-heading") }

  /// A table, without its heading where only what it tells is wanted.
  func table(_ header: [String], _ rows: [[String]]) -> String {
    Table.text(header, rows, hasHeading: hasHeading)
  }

  /// A table that grows row by row, for a list that may be long.
  func table(_ header: [String], optional: String? = nil) -> Table {
    Table(header, optional: optional, hasHeading: hasHeading)
  }

  /// Writes such a table, with an empty line after it as virsh does.
  func show(_ table: Table) throws(StorageError) {
    try table.write { lines throws(StorageError) in try write(lines) }
    try show("")
  }

  /// Writes a report: text for people, followed by an empty line as virsh does, or one JSON document.
  func report(
    _ text: @autoclosure () -> String, json: @autoclosure () -> (String, [(String, JSON)])
  )
    throws(StorageError)
  {
    guard wantsJSON else { return try show(text()) }
    let (schema, members) = json()
    try write(JSON.object([("schema", .string("cistern.\(schema)/1"))] + members).text + "\n")
  }

  /// Writes a list: text for people, one JSON document, or its items as JSON, one a line.
  /// - Parameter json: the schema, the members before the list, the name of the list, and its items.
  func reportList(
    _ text: @autoclosure () -> String,
    json: @autoclosure () -> (String, [(String, JSON)], String, [JSON])
  ) throws(StorageError) {
    guard wantsJSON else { return try show(text()) }
    let (schema, members, name, items) = json()
    var list = JSONList(self, schema, members, name)
    try list.append(items)
    try list.end()
  }

  /// Warns of what users should know of a change, and logs it.
  func leaveWord(
    of change: Storage.Change, pool: PoolName?, volume: VolumeName? = nil, _ message: String
  ) {
    change.warnings.forEach(warn)
    guard command.changes(with: arguments) else { return }
    log.note(change: change.isChanged, pool: pool?.text, volume: volume?.text, message: message)
  }

  /// Reports a change, or the steps of a dry run.
  func report(
    _ change: Storage.Change, pool: PoolName?, volume: VolumeName? = nil, _ message: String,
    more: [(String, JSON)] = []
  ) throws(StorageError) {
    leaveWord(of: change, pool: pool, volume: volume, message)
    if isDryRun, !wantsJSON {
      let steps = change.told.map { "would \($0)\n" }.joined()
      return try write(steps.isEmpty ? "would change nothing\n" : steps)
    }
    var members: [(String, JSON)] = [
      ("tool", .string(command.name)), ("pool", .text(pool?.text)), ("volume", .text(volume?.text)),
      ("changed", .boolean(change.isChanged && !isDryRun)), ("message", .string(message)),
    ]
    if isDryRun { members.append(("steps", .array(change.told.map(JSON.string)))) }
    let isSaid = !message.isEmpty && !options.isQuiet
    try report(isSaid ? "\(message)\n" : "", json: ("change", members + more))
  }

  /// Writes a warning line to standard error.
  func warn(_ text: String) {
    ProgressLine.erase()
    let mark = Terminal.errors.coloured("warning:", .yellow)
    try? Process.standardError.write(Array("\(command.name): \(mark) \(text.escaped)\n".utf8))
  }

  /// Reads a document, or standard input for `-`.
  func contents(of file: String, limit: Int) throws(StorageError) -> [UInt8] {
    do throws(StorageError) { return try input(file).readAll(limit: limit) } catch {
      guard error.reason != nil else { throw error }
      var error = error
      error.subject = ""
      error.problem = "Failed to open file '\(file)'"
      throw error
    }
  }

  /// Opens a file for reading, or standard input for `-`.
  ///
  /// A FIFO is waited for, as cat(1) does.
  func input(_ file: String) throws(StorageError) -> Descriptor {
    if file == "-" { return Process.standardInput }
    try reach(file)
    let source = try Descriptor(opening: Path(file), flags: Descriptor.readOnly)
    guard try source.status().kind != .folder else {
      throw StorageError(.badInput, file, "is a directory")
    }
    return source
  }

  /// Gives up where a file lies on the mount of a server that is silent, now or later, instead of waiting for ever.
  ///
  /// Where all of the machine is a server's there is nothing to give up for.
  func reach(_ file: String) throws(StorageError) {
    let table = try MountTable.snapshot()
    guard table.hasRemote else { return }
    let path = file.hasPrefix("/") ? Path(file) : try Process.currentFolder().appending(file)
    guard let mount = try table.mount(holding: table.withoutLinks(path)), mount.isRemote,
      mount.target.text != "/"
    else { return }
    try ServerWatch.reach(mount, timeout: storage.host.answerTimeout, subject: file)
  }
}
