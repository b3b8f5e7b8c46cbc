import StorageCore
import StorageModel

/// The arguments of one call, assigned to the command's parameters by virsh's rules.
///
/// A bare word fills the first parameter that takes bare words and has no value yet, optional ones included, so
/// that `pool-define-as default dir - - - - /path` means the target. `--` ends options.
struct Arguments: Sendable {
  private(set) var values: [String: String] = [:]
  private(set) var flags: Set<String> = []
  /// All values of parameters that can have several, in their order.
  private(set) var lists: [String: [String]] = [:]

  /// No arguments.
  init() {}

  /// - Throws: `usage`, in virsh's words.
  init(_ words: [String], for command: Command) throws(StorageError) {
    let parameters = command.allParameters
    var bare: [String] = []
    var index = 0
    var optionsEnded = false
    while index < words.count {
      let word = words[index]
      index += 1
      if optionsEnded || !word.hasPrefix("-") || word == "-" {
        bare.append(word)
        continue
      }
      if word == "--" {
        optionsEnded = true
        continue
      }
      if !word.hasPrefix("--") {
        if word.count == 2, let letter = word.last, let flag = command.parameter(short: letter) {
          flags.insert(flag.name)
        } else if word.isNegativeNumber {
          bare.append(word)
        } else {
          throw Arguments.unknownOption(word, command)
        }
        continue
      }
      let parts = word.dropFirst(2).split(
        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts.first ?? "")
      guard let parameter = command.parameter(named: name) else {
        throw Arguments.unknownOption(word, command)
      }
      let attached = parts.count > 1 ? String(parts[1]) : nil
      switch parameter.kind {
      case .flag:
        guard attached == nil else {
          throw Arguments.usage("invalid '=' after option --\(name)")
        }
        flags.insert(name)
      case .optionalValue:
        flags.insert(name)
        if let attached {
          values[name] = attached
        } else if index < words.count, parameter.accepts?(words[index]) == true {
          values[name] = words[index]
          index += 1
        }
      case .value(let placeholder):
        guard values[name] == nil || parameter.isRepeated else {
          throw Arguments.usage("option --\(name) already seen")
        }
        if let attached {
          take(attached, for: parameter)
        } else {
          guard index < words.count else {
            throw Arguments.usage("expected syntax: --\(name) <\(placeholder.lowercased())>")
          }
          take(words[index], for: parameter)
          index += 1
        }
      }
    }
    try assign(bare, to: parameters)
    guard flags.isDisjoint(with: ["help", "version"]) else { return }
    for parameter in parameters where parameter.isRequired && values[parameter.name] == nil {
      throw Arguments.usage("command '\(command.name)' requires <\(parameter.name)> option")
    }
  }

  /// Takes a value as given, whatever was given before.
  mutating func note(_ value: String, for parameter: Parameter) { values[parameter.name] = value }

  mutating func note(flag parameter: Parameter) { flags.insert(parameter.name) }

  /// The parameter that the next bare word fills; nil where none is left.
  func nextPositional(of command: Command) -> Parameter? {
    command.allParameters.first { $0.isPositional && values[$0.name] == nil }
      ?? command.allParameters.first { $0.isPositional && $0.isRepeated }
  }

  private mutating func assign(_ bare: [String], to parameters: [Parameter])
    throws(StorageError)
  {
    var free = parameters.filter { $0.isPositional && (values[$0.name] == nil || $0.isRepeated) }[
      ...]
    for word in bare {
      guard let parameter = free.first else {
        throw Arguments.usage("unexpected data '\(word)'")
      }
      if !parameter.isRepeated { free.removeFirst() }
      take(word, for: parameter)
    }
  }

  /// The first value of a parameter with several is its value, too.
  private mutating func take(_ word: String, for parameter: Parameter) {
    if parameter.isRepeated { lists[parameter.name, default: []].append(word) }
    if values[parameter.name] == nil { values[parameter.name] = word }
  }

  func has(_ flag: String) -> Bool { flags.contains(flag) }

  /// The value of a parameter; nil where it was not given.
  func value(_ name: String) -> String? { values[name] }

  /// All values of a parameter that can have several.
  func all(_ name: String) -> [String] { lists[name] ?? [] }

  /// The value of a required parameter.
  func required(_ name: String) -> String { values[name] ?? "" }

  /// A size, in bytes or with a unit.
  func size(_ name: String) throws(StorageError) -> ByteCount? {
    guard let text = values[name] else { return nil }
    do throws(ScaledSize.Problem) { return try ScaledSize.parse(text) } catch {
      throw StorageError(.usage, "Malformed size \(text)", error.text)
    }
  }

  /// Yes or no.
  func boolean(_ name: String) throws(StorageError) -> Bool? {
    guard let text = values[name] else { return nil }
    return try LifecycleSettings.boolean(text, "--\(name)")
  }

  private static func unknownOption(_ word: String, _ command: Command) -> StorageError {
    var error = usage("command '\(command.name)' doesn't support option \(word)")
    let typed = String(word.drop { $0 == "-" }.prefix { $0 != "=" })
    let known = command.allParameters.map(\.name)
    let meant = known.contains(typed) ? typed : Suggestion.nearest(to: typed, in: known)
    error.hint = meant.map { Suggestion.question("--\($0)") }
    return error
  }

  /// The error of a wrong command line.
  static func usage(_ problem: String) -> StorageError { StorageError(.usage, "", problem) }
}

extension String {
  /// Whether it is a minus and a digit: a value such as -1 or -512K, never an option.
  fileprivate var isNegativeNumber: Bool {
    let rest = dropFirst()
    return hasPrefix("-") && rest.first.map { $0.isASCII && $0.isNumber } == true
  }
}
