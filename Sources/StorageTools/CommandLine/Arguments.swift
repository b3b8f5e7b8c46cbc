import Operations
import StorageModel

/// The arguments of one call, assigned to the command's parameters by virsh's rules.
///
/// A bare word fills the first parameter that takes bare words and has no value yet, optional ones included, so
/// that `pool-define-as default dir - - - - /path` means the target. `--` ends options.
struct Arguments: Sendable {
  private(set) var values: [ByteString: String] = [:]
  private(set) var flags: Set<ByteString> = []
  /// All values of parameters that can have several, in their order.
  private(set) var lists: [ByteString: [String]] = [:]
  /// The words that were given without a name, in their order.
  private(set) var bare: [String] = []
  /// All other words as they were given, without the pool and what ends options.
  private(set) var others: [String] = []

  /// No arguments.
  init() {}

  /// - Throws: `usage`, in virsh's words.
  init(_ words: [String], for command: Command) throws(StorageError) {
    let parameters = command.allParameters
    var index = 0
    var optionsEnded = false
    while index < words.count {
      let word = words[index]
      let first = index
      index += 1
      var isApart = false
      defer { if !isApart { others += words[first..<index] } }
      if optionsEnded || !word.hasPrefix("-") || word == "-" {
        bare.append(word)
        isApart = true
        continue
      }
      if word == "--" {
        optionsEnded = true
        isApart = true
        continue
      }
      if !word.hasPrefix("--") {
        if let flag = command.parameter(short: word), flag.kind == .flag {
          flags.insert(flag.name)
        } else if let parameter = command.parameter(short: String(word.unicodeScalars.prefix(2))),
          parameter.kind != .flag
        {
          var value = String(word.unicodeScalars.dropFirst(2))
          if value.isEmpty {
            guard index < words.count else { throw Arguments.usage("option \(word) needs a value") }
            value = words[index]
            index += 1
          }
          values[parameter.name] = value
        } else if word.isNegativeNumber {
          bare.append(word)
          isApart = true
        } else {
          throw Arguments.unknownOption(word, command)
        }
        continue
      }
      let (name, attached) = Arguments.parts(ofOption: word)
      isApart = name == "pool"
      guard let parameter = command.parameter(named: name) else {
        throw Arguments.unknownOption(word, command)
      }
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
    try dropEmpty(parameters)
    guard flags.isDisjoint(with: ["help", "version"]), !wantsColumns else { return }
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

  /// Refuses empty values, which come of variables that are not set, where virsh does; and takes away those that count as
  /// not given.
  private mutating func dropEmpty(_ parameters: [Parameter]) throws(StorageError) {
    for parameter in parameters where values[parameter.name]?.isEmpty == true {
      switch parameter.empty {
      case .isRefused:
        throw Arguments.usage(
          "Failed to get option '\(parameter.name)': Option argument is empty")
      case .isAbsent: values[parameter.name] = nil
      case .isValue: break
      }
    }
  }

  /// Whether a value is one that its parameter cannot have, whatever else there is: no word of a list, no number.
  ///
  /// Then the command line is wrong, wherever that was noticed.
  func hasForeignValue(of command: Command) -> Bool {
    command.parameters.contains { parameter in
      guard let value = values[parameter.name] else { return false }
      switch parameter.value.resolved(by: self) {
      case .words(let words):
        // Of numbers only the usual ones are listed.
        let isNumber = Int(value) != nil && words.contains { Int($0.text) != nil }
        return !isNumber && !words.contains { $0.text == value }
      case .number: return Double(value) == nil
      case .size:
        return (try? ScaledSize.parse(value.without(prefix: "-").map(String.init) ?? value)) == nil
      default: return false
      }
    }
  }

  /// The first value of a parameter with several is its value, too.
  private mutating func take(_ word: String, for parameter: Parameter) {
    if parameter.isRepeated { lists[ByteString(parameter.name), default: []].append(word) }
    if values[parameter.name] == nil { values[parameter.name] = word }
  }

  func has(_ flag: String) -> Bool { flags.contains(flag) }

  /// Whether the columns of a list are asked for, instead of the list.
  var wantsColumns: Bool { values["output"] == "help" }

  /// Whether an option was given, with a value or without.
  func isGiven(_ name: String) -> Bool { has(name) || value(name) != nil || !all(name).isEmpty }

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

  /// The name in `--NAME` or `--NAME=VALUE`, and the value.
  static func parts(ofOption word: String) -> (name: String, attached: String?) {
    let option = word.without(prefix: "--") ?? word[...]
    guard let (name, value) = option.cut(at: "=") else { return (String(option), nil) }
    return (String(name), String(value))
  }

  private static func unknownOption(_ word: String, _ command: Command) -> StorageError {
    var error = usage("command '\(command.name)' doesn't support option \(word)")
    let typed = String((word.cut(at: "=")?.before ?? word[...]).unicodeScalars.drop { $0 == "-" })
    let known = command.allParameters.map(\.name)
    let meant =
      known.contains(typed)
      ? typed
      : meanings[typed]?.first { known.contains($0) } ?? Suggestion.nearest(to: typed, in: known)
    error.hint = meant.map { Suggestion.question("--\($0)") }
    return error
  }

  /// What options of other programs are called here.
  private static let meanings: [ByteString: [String]] = [
    "size": ["capacity", "length"], "path": ["target", "file", "source-path"],
    "dir": ["target"], "directory": ["target"], "mount": ["target"], "folder": ["target"],
    "output": ["file"], "out": ["file"], "to": ["file", "newname"], "input": ["file"],
    "from": ["file"], "device": ["source-dev"], "host": ["source-host"],
    "volume": ["vol"], "grow": ["delta"], "add": ["delta"], "parse": ["format"],
    "backing": ["backing-vol"], "base": ["backing-vol"], "backing-file": ["backing-vol"],
    "preallocation": ["allocation", "prealloc-metadata"], "sparse": ["allocation"],
    "human": ["details"], "long": ["details"], "noninteractive": ["file"], "wait": ["lock-timeout"],
    "simulate": ["dry-run"], "test": ["dry-run"], "what-if": ["dry-run"],
    "keep": ["revisions-to-keep"], "revisions": ["revisions-to-keep"], "sha256": ["verify"],
    "hash": ["checksum"], "compression": ["compress", "decompress"],
    "ignore-missing": ["if-exists"], "ignore-existing": ["if-not-exists"],
  ]

  /// The error of a wrong command line.
  static func usage(_ problem: String) -> StorageError { StorageError(.usage, "", problem) }
}

extension String {
  /// Whether it is a minus and a digit: a value such as -1 or -512K, never an option.
  fileprivate var isNegativeNumber: Bool {
    without(prefix: "-")?.unicodeScalars.first?.isASCIIDigit == true
  }
}
