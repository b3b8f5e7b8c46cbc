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
  private let makeParameters: @Sendable () -> [Parameter]
  /// A whole command line for `--help`; also a line of the examples in the manual page, which are run.
  let example: String
  let ending: Ending
  let run: @Sendable (Tool) throws(StorageError) -> Void

  init(
    _ name: String, _ summary: String, _ effect: Effect,
    _ parameters: @autoclosure @escaping @Sendable () -> [Parameter],
    example: String = "", ending: Ending = .standard,
    run: @escaping @Sendable (Tool) throws(StorageError) -> Void
  ) {
    self.name = name
    self.summary = summary
    self.effect = effect
    makeParameters = parameters
    self.example = example
    self.ending = ending
    self.run = run
  }

  /// The own parameters.
  ///
  /// They are made when they are asked for: a program looks for itself among all commands, and needs those of one.
  var parameters: [Parameter] { makeParameters() }

  /// The own parameters, then those that every command of its effect has.
  var allParameters: [Parameter] { parameters + commonParameters }

  /// What every command of its effect has.
  var commonParameters: [Parameter] {
    var common: [Parameter] = [.json]
    if effect == .changes { common.append(.dryRun) }
    if effect != .reads { common.append(.lockTimeout) }
    return common + [.help, .version]
  }

  /// The parameter of a name without its dashes; nil where there is none.
  func parameter(named name: String) -> Parameter? { allParameters.first { $0.name == name } }

  /// The parameter of one letter or digit after a dash; nil where there is none.
  func parameter(short: Character) -> Parameter? { allParameters.first { $0.short == short } }
}
