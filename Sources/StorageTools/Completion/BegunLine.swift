import StorageModel

/// A command line that is still being typed: what it gives so far, and what its last word is for.
struct BegunLine: Sendable {
  /// What the word at the cursor can be.
  enum Place: Sendable {
    /// The name of an option.
    case option
    /// The value of a parameter; `attached` is what stands before it in the same word, `--name=`.
    case value(Parameter, attached: String)
    /// Nothing that could be offered.
    case nothing
  }

  let arguments: Arguments
  let place: Place
  /// What is typed of the option or value at the cursor, without `--name=`.
  let typed: String

  /// - Parameter words: the words after the command's name, unquoted; the last one is at the cursor and may be
  ///   empty.
  init(_ words: [String], for command: Command) {
    var arguments = Arguments()
    var pending: Parameter?
    var optionsEnded = false
    for word in words.dropLast() {
      if let parameter = pending {
        arguments.note(word, for: parameter)
        pending = nil
      } else if !optionsEnded, word == "--" {
        optionsEnded = true
      } else if !optionsEnded, word.hasPrefix("--") {
        let (name, attached) = Arguments.parts(ofOption: word)
        guard let parameter = command.parameter(named: name) else { continue }
        switch (parameter.kind, attached) {
        case (.value, nil): pending = parameter
        case (_, let value?): arguments.note(value, for: parameter)
        default: arguments.note(flag: parameter)
        }
      } else if !optionsEnded, let parameter = command.parameter(short: word) {
        if parameter.kind == .flag {
          arguments.note(flag: parameter)
        } else {
          pending = parameter
        }
      } else if let parameter = arguments.nextPositional(of: command) {
        arguments.note(word, for: parameter)
      }
    }
    self.arguments = arguments
    let last = words.last ?? ""
    if let pending {
      (place, typed) = (.value(pending, attached: ""), last)
    } else if !optionsEnded, last.hasPrefix("--"), last.contains("=") {
      let (name, attached) = Arguments.parts(ofOption: last)
      typed = attached ?? ""
      guard let parameter = command.parameter(named: name), parameter.kind != .flag else {
        place = .nothing
        return
      }
      place = .value(parameter, attached: "--\(name)=")
    } else if !optionsEnded, last.hasPrefix("-"), last != "-" {
      (place, typed) = (.option, last)
    } else if let parameter = arguments.nextPositional(of: command) {
      (place, typed) = (.value(parameter, attached: ""), last)
    } else {
      (place, typed) = (optionsEnded || !last.isEmpty ? .nothing : .option, last)
    }
  }
}
