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

  let name: String
  /// One sentence.
  let summary: String
  let effect: Effect
  let parameters: [Parameter]
  let run: @Sendable (Tool) throws(StorageError) -> Void

  init(
    _ name: String, _ summary: String, _ effect: Effect, _ parameters: [Parameter],
    run: @escaping @Sendable (Tool) throws(StorageError) -> Void
  ) {
    self.name = name
    self.summary = summary
    self.effect = effect
    self.parameters = parameters
    self.run = run
  }

  /// The own parameters, then those that every command of its effect has.
  var allParameters: [Parameter] {
    var common: [Parameter] = [.json]
    if effect == .changes { common.append(.dryRun) }
    if effect != .reads { common.append(.lockTimeout) }
    return parameters + common + [.help, .version]
  }

  /// The text of `--help`.
  var helpText: String {
    var text = "Usage: \(name) \(synopsis)\n\n\(summary)\n\nOptions:\n"
    let rows = allParameters.map { parameter -> (String, String) in
      var left = "--\(parameter.name)"
      switch parameter.kind {
      case .value(let placeholder): left += " \(placeholder)"
      case .optionalValue(let placeholder): left += "[=\(placeholder)]"
      case .flag: break
      }
      return (left, parameter.help)
    }
    let width = min(rows.map(\.0.count).max() ?? 0, 30)
    for (left, help) in rows {
      let pad = String(repeating: " ", count: max(2, width + 2 - left.count))
      text += "  \(left)\(pad)\(help)\n"
    }
    text += "\nBare words fill the options that take a value in the order above"
    text += " (\(positionals)).\nExit status, environment and files: cistern(7).\n"
    return text
  }

  private var positionals: String {
    let names = allParameters.filter(\.isPositional).map { "--\($0.name)" }
    return names.isEmpty ? "none here" : names.joined(separator: ", ")
  }

  private var synopsis: String {
    let own = parameters.filter { $0.isPositional && $0.isRequired }
      .map { $0.placeholder ?? "" }
    return (own + ["[OPTION]..."]).joined(separator: " ")
  }
}
