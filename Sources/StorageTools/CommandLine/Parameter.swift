import StorageModel

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

  /// What an empty value is.
  enum Empty: Sendable { case isRefused, isAbsent, isValue }

  let name: String
  let kind: Kind
  let help: String
  /// What its value is; `.text` for a flag.
  let value: ValueKind
  /// The letter or digit after one dash that means the same.
  var short: Character?
  var isRequired = false
  /// Whether a bare word may fill it.
  var isPositional = false
  /// Whether it can be given several times; all bare words from its place on are its values.
  private(set) var isRepeated = false
  /// For `.optionalValue`: whether a following word is its value.
  var accepts: (@Sendable (String) -> Bool)?
  private(set) var empty = Empty.isRefused
  /// Whether help on one screen only names it, and leaves what it is to the manual page.
  private(set) var isRare = false

  /// - Parameter value: what the value is; not needed where the placeholder says it.
  init(
    name: String, kind: Kind, help: String, value: ValueKind? = nil, short: Character? = nil,
    isRequired: Bool = false, isPositional: Bool = false,
    accepts: (@Sendable (String) -> Bool)? = nil
  ) {
    self.name = name
    self.kind = kind
    self.help = help
    self.short = short
    self.isRequired = isRequired
    self.isPositional = isPositional
    self.accepts = accepts
    switch kind {
    case .flag: self.value = .text
    case .value(let placeholder), .optionalValue(let placeholder):
      self.value = value ?? ValueKind(placeholder: placeholder) ?? .unknown
    }
  }

  /// A value that must be given.
  static func required(
    _ name: String, _ placeholder: String, _ help: String, _ value: ValueKind? = nil
  ) -> Parameter {
    Parameter(
      name: name, kind: .value(placeholder), help: help, value: value, isRequired: true,
      isPositional: true)
  }

  /// A value that may be given, also as a bare word.
  static func optional(
    _ name: String, _ placeholder: String, _ help: String, _ value: ValueKind? = nil
  ) -> Parameter {
    Parameter(
      name: name, kind: .value(placeholder), help: help, value: value, isPositional: true)
  }

  /// A value that may be given, only by its name.
  static func named(
    _ name: String, _ placeholder: String, _ help: String, _ value: ValueKind? = nil
  ) -> Parameter {
    Parameter(name: name, kind: .value(placeholder), help: help, value: value)
  }

  static func flag(_ name: String, _ help: String) -> Parameter {
    Parameter(name: name, kind: .flag, help: help)
  }

  /// The parameter as one that few need: help only names it.
  var rare: Parameter {
    var copy = self
    copy.isRare = true
    return copy
  }

  /// The parameter with a letter that means the same.
  func letter(_ short: Character) -> Parameter {
    var copy = self
    copy.short = short
    return copy
  }

  /// The parameter with another meaning of an empty value.
  func whereEmpty(_ empty: Empty) -> Parameter {
    var copy = self
    copy.empty = empty
    return copy
  }

  /// The parameter with any number of values.
  var repeated: Parameter {
    var copy = self
    copy.isRepeated = true
    return copy
  }

  var placeholder: String? {
    switch kind {
    case .value(let placeholder), .optionalValue(let placeholder): return placeholder
    case .flag: return nil
    }
  }

  // MARK: Shared by many commands

  static let pool = pool(.any)
  static let volume = volume(.any)
  static let volumePool = Parameter.optional(
    "pool", "POOL", "Name or UUID of its pool; needed if VOLUME is a name.",
    .pool(.active))

  /// Of commands that copy content.
  static let sectorSize = Parameter.named(
    "sector-size", "SIZE", "Sector size that the content expects (512)."
  ).rare

  /// The pool that a command is about, which is to be in a state that the command takes.
  static func pool(_ filter: ValueKind.PoolFilter) -> Parameter {
    .required("pool", "POOL", "Name or UUID of the pool.", .pool(filter))
  }

  /// The volume that a command is about.
  static func volume(_ filter: ValueKind.VolumeFilter) -> Parameter {
    .required("vol", "VOLUME", "Name, key or path of the volume.", .volume(filter))
  }

  static let null = Parameter(
    name: "null", kind: .flag, help: "Print names only, each followed by a null byte.", short: "0"
  )
  static let jsonLines = Parameter.flag(
    "json-lines", "Print each item of the list as JSON on a line of its own."
  ).rare
  static let xpath = Parameter.named(
    "xpath", "EXPRESSION", "Print only the nodes that this XPath expression selects.", .text)
  static let wrap = Parameter.flag("wrap", "Wrap the selected nodes in one element.")
  static let bytes = Parameter.flag("bytes", "Show sizes in bytes.").letter("b")
  static let ifExists = Parameter.flag("if-exists", "Succeed if it does not exist.")
  static let ifNotExists = Parameter.flag(
    "if-not-exists", "Succeed if it exists with these values.")
  static let force = Parameter.flag("force", "Do it even if other images need the volume.")
  static let json = Parameter.flag("json", "Print one JSON document.")
  static let dryRun = Parameter.flag("dry-run", "Show the steps and change nothing.")
  static let lockTimeout = Parameter.named(
    "lock-timeout", "SECONDS", "Wait at most this long for locks of other commands (60).")
  static let timeout = Parameter.named(
    "timeout", "SECONDS", "Wait at most this long for a server or a device (10).")
  static let progress = Parameter.named(
    "progress", "STYLE", "Show progress on stderr: auto, json or none (auto).",
    .words([
      .init("auto", "one line, on a terminal only"), .init("json", "lines of JSON"), .init("none"),
    ])
  ).rare
  static let verbose = Parameter(
    name: "verbose", kind: .flag, help: "Print each step and each program that is run on stderr.",
    short: "v")
  static let help = Parameter(name: "help", kind: .flag, help: "Show this help.", short: "h")
  static let version = Parameter.flag("version", "Show the version.")
}
