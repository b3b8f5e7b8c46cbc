/// One parameter of a command: the source of its parsing, its help, its man page and its completion.
struct Parameter: Sendable {
  enum Kind: Sendable, Equatable {
    /// Takes a value: `--name VALUE`, `--name=VALUE`, or a bare word.
    case value(String)
    /// Is there or not.
    case flag
    /// Takes a value if one is attached (`--name=VALUE`), or follows and `accepts` it.
    case optionalValue(String)
  }

  let name: String
  let kind: Kind
  let help: String
  var isRequired = false
  /// Whether a bare word may fill it.
  var isPositional = false
  /// For `.optionalValue`: whether a following word is its value.
  var accepts: (@Sendable (String) -> Bool)?

  /// A value that must be given.
  static func required(_ name: String, _ placeholder: String, _ help: String) -> Parameter {
    Parameter(
      name: name, kind: .value(placeholder), help: help, isRequired: true, isPositional: true)
  }

  /// A value that may be given, also as a bare word.
  static func optional(_ name: String, _ placeholder: String, _ help: String) -> Parameter {
    Parameter(name: name, kind: .value(placeholder), help: help, isPositional: true)
  }

  /// A value that may be given, only by its name.
  static func named(_ name: String, _ placeholder: String, _ help: String) -> Parameter {
    Parameter(name: name, kind: .value(placeholder), help: help)
  }

  static func flag(_ name: String, _ help: String) -> Parameter {
    Parameter(name: name, kind: .flag, help: help)
  }

  var placeholder: String? {
    switch kind {
    case .value(let placeholder), .optionalValue(let placeholder): return placeholder
    case .flag: return nil
    }
  }

  // MARK: Shared by many commands

  static let pool = Parameter.required("pool", "POOL", "Name or UUID of the pool.")
  static let volume = Parameter.required("vol", "VOLUME", "Name, key or path of the volume.")
  static let volumePool = Parameter.optional(
    "pool", "POOL", "Name or UUID of the pool the volume is in. Needed where VOLUME is a name.")
  static let bytes = Parameter.flag("bytes", "Show sizes in bytes.")
  static let ifExists = Parameter.flag("if-exists", "Succeed where there is nothing to do it to.")
  static let ifNotExists = Parameter.flag(
    "if-not-exists", "Succeed where it is there already and as asked for; fail where it differs.")
  static let json = Parameter.flag("json", "Print one JSON document.")
  static let dryRun = Parameter.flag("dry-run", "Show the steps and change nothing.")
  static let lockTimeout = Parameter.named(
    "lock-timeout", "SECONDS", "Wait at most this long for locks of other commands (60).")
  static let help = Parameter.flag("help", "Show this help.")
  static let version = Parameter.flag("version", "Show the version.")
}
