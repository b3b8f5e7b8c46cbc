import StorageModel

/// A command: what it is called, what it takes, what it does.
struct Command: Sendable {
  /// What a command does to the machine; decides which common options it has.
  enum Effect: Sendable {
    /// Prints facts.
    case reads
    /// Prints facts under a lock.
    case locks
    /// Changes something.
    case changes
  }

  /// Which table its exit status is from.
  enum Ending: Sendable {
    case standard
    /// That of Nagios' plugins, for which alone the command is.
    case nagios
  }

  let name: String
  /// One sentence.
  let summary: String
  let effect: Effect
  /// The options without which a command of effect `changes` only prints facts; none where it changes something in any
  /// case.
  let changesOnlyWith: [String]
  private let makeParameters: @Sendable () -> [Parameter]
  /// A whole command line for `--help`; also a line of the examples in the manual page, which are run.
  let example: String
  let ending: Ending
  /// Statuses that only some commands end with, and this one does.
  private let otherStatuses: [ExitStatus]
  let run: @Sendable (Tool) throws(StorageError) -> Void

  init(
    _ name: String, _ summary: String, _ effect: Effect,
    _ parameters: @autoclosure @escaping @Sendable () -> [Parameter],
    changesOnlyWith: [String] = [], example: String = "",
    also otherStatuses: [ExitStatus] = [], ending: Ending = .standard,
    run: @escaping @Sendable (Tool) throws(StorageError) -> Void
  ) {
    self.name = name
    self.summary = summary
    self.effect = effect
    self.changesOnlyWith = changesOnlyWith
    makeParameters = parameters
    self.example = example
    self.ending = ending
    self.otherStatuses = otherStatuses
    self.run = run
  }

  /// The own parameters.
  ///
  /// They are made when they are asked for: a program looks for itself among all commands, and needs those of one.
  var parameters: [Parameter] { makeParameters() }

  /// Whether these arguments make it change something.
  func changes(with arguments: Arguments) -> Bool {
    guard effect == .changes, !arguments.has("dry-run"), !arguments.has("print-xml") else {
      return false
    }
    return changesOnlyWith.isEmpty || changesOnlyWith.contains(where: arguments.isGiven)
  }

  /// The own parameters, then those that every command of its effect has.
  var allParameters: [Parameter] { parameters + commonParameters }

  /// What every command of its effect has.
  var commonParameters: [Parameter] {
    var common: [Parameter] = [.json]
    if effect == .changes { common.append(.dryRun) }
    if effect != .reads { common.append(.lockTimeout) }
    // Nagios' plugins have letters of their own for these two.
    return ending == .nagios
      ? common + [.help, .version.letter("V")] : common + [.verbose, .help, .version]
  }

  /// The statuses that it can end with, in the order of the table; those of Nagios' plugins are a table of their own.
  var statuses: [ExitStatus] {
    let values = parameters.map(\.value)
    return ExitStatus.allCases.filter { status in
      switch status {
      // Busy, because nothing is known of pools where /proc is not mounted.
      case .success, .failure, .busy, .noSpace, .usage, .badInput, .unsupported, .inputOutput,
        .permission, .interrupted:
        return true
      case .problemsFound, .exists: return otherStatuses.contains(status)
      case .notFound: return values.contains(where: \.namesSomething)
      case .lockTimeout: return effect != .reads
      }
    }
  }

  /// The parameter of a name without its dashes; nil where there is none.
  func parameter(named name: String) -> Parameter? { allParameters.first { $0.name == name } }

  /// The parameter of one letter or digit after a dash; nil where there is none.
  func parameter(short word: String) -> Parameter? {
    allParameters.first { $0.short.map { word == "-\($0)" } ?? false }
  }
}
