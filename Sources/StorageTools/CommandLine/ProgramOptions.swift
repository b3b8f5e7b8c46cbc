import StorageModel
import StorageOS

/// What `cistern` takes before the command: the options of virsh, so that scripts run with one for the other.
struct ProgramOptions: Equatable, Sendable {
  /// No headings, no texts that only say that something was done, no empty lines.
  var isQuiet = false
  /// Commands that would change something are refused.
  var isReadOnly = false
  /// How long each command took is told.
  var tellsTime = false
  /// The connection that was asked for.
  var connection: String?
  /// The file that a log is kept in.
  var log: String?
  /// What is to be shown instead of a command's work.
  var request: Request?

  enum Request: Equatable, Sendable { case help, version }

  /// Whether an empty line ends what a command prints, as virsh has it.
  var endsWithEmptyLine: Bool { !isQuiet && !tellsTime }

  private enum Kind: Equatable { case flag, value, optionalValue }
  private static let known: [(letter: Character?, name: String?, kind: Kind)] = [
    ("c", "connect", .value), ("d", "debug", .value), ("e", "escape", .value), ("h", "help", .flag),
    ("k", "keepalive-interval", .value), ("K", "keepalive-count", .value), ("l", "log", .value),
    ("q", "quiet", .flag), ("r", "readonly", .flag), ("t", "timing", .flag), ("v", nil, .flag),
    ("V", nil, .flag), (nil, "version", .optionalValue),
  ]

  init() {}

  /// Takes the options off the beginning of the words, as getopt_long(3) does: letters may stand together, names may be
  /// cut short, `--` ends them.
  /// - Throws: `usage`.
  init(from words: inout [String]) throws(StorageError) {
    while let word = words.first, word.hasPrefix("-"), word != "-" {
      words.removeFirst()
      if word == "--" { return }
      if word.hasPrefix("--") {
        let (typed, attached) = Arguments.parts(ofOption: word)
        let found = ProgramOptions.named(typed)
        guard let found, let name = found.name else { throw ProgramOptions.unsupported(word) }
        guard found.kind != .flag || attached == nil else {
          throw Arguments.usage("option '--\(name)' takes no value")
        }
        var value = attached
        if found.kind == .value, value == nil {
          value = try ProgramOptions.next(&words, "--\(name)")
        }
        try take(name, value)
      } else {
        var letters = Array(word).dropFirst()
        while let letter = letters.popFirst() {
          guard let found = ProgramOptions.known.first(where: { $0.letter == letter }) else {
            throw ProgramOptions.unsupported("-\(letter)")
          }
          var value: String?
          if found.kind == .value {
            value =
              letters.isEmpty ? try ProgramOptions.next(&words, "-\(letter)") : String(letters)
            letters = []
          }
          try take(found.name ?? "version", value)
        }
      }
    }
  }

  /// The option of a name, or of the only one that begins so.
  private static func named(_ text: String) -> (letter: Character?, name: String?, kind: Kind)? {
    if let exact = known.first(where: { $0.name == text }) { return exact }
    let begun = known.filter { !text.isEmpty && $0.name?.hasPrefix(text) == true }
    return begun.count == 1 ? begun[0] : nil
  }

  private static func next(_ words: inout [String], _ option: String) throws(StorageError)
    -> String
  {
    guard !words.isEmpty else { throw Arguments.usage("option '\(option)' needs a value") }
    return words.removeFirst()
  }

  private static func unsupported(_ word: String) -> StorageError {
    var error = Arguments.usage("unsupported option '\(word)'")
    let typed = String((word.cut(at: "=")?.before ?? word[...]).unicodeScalars.drop { $0 == "-" })
    let names = known.compactMap(\.name)
    error.hint = Suggestion.nearest(to: typed, in: names).map { Suggestion.question("--\($0)") }
    return error
  }

  private mutating func take(_ name: String, _ value: String?) throws(StorageError) {
    switch name {
    case "connect":
      try ProgramOptions.checkIsHere(value ?? "")
      connection = value
    case "quiet": isQuiet = true
    case "readonly": isReadOnly = true
    case "timing": tellsTime = true
    case "help": request = .help
    case "version": request = request ?? .version
    case "debug", "keepalive-interval", "keepalive-count":
      guard let value, Int(value) != nil else {
        throw Arguments.usage("--\(name) '\(value ?? "")' is not a number")
      }
    case "log": log = value
    default: break
    }
  }

  /// Refuses to work here where virsh, by its variables, would work on another machine; what is said by an option
  /// holds instead of them.
  func checkIsHere() throws(StorageError) {
    guard connection == nil else { return }
    for variable in ["VIRSH_DEFAULT_CONNECT_URI", "LIBVIRT_DEFAULT_URI"] {
      guard let uri = Process.environment(variable) else { continue }
      do throws(StorageError) { return try ProgramOptions.checkIsHere(uri) } catch {
        var error = error
        error.subject = "\(variable) '\(uri)'"
        error.hint =
          "Run the command there, by ssh; for the pools of this machine say --connect ''."
        throw error
      }
    }
  }

  /// Refuses a connection that leads to another machine: `qemu+ssh://host/system` and the like.
  static func checkIsHere(_ uri: String) throws(StorageError) {
    guard let (scheme, rest) = uri.cut(at: ":"), let place = rest.without(prefix: "//") else {
      return
    }
    let transport = scheme.split(separator: "+").dropFirst().first
    let authority = Substring(place.unicodeScalars.prefix { $0 != "/" && $0 != "?" })
    let host = authority.split(separator: "@").last ?? ""
    let isHere = transport == nil || transport == "unix"
    guard !isHere || !["", "localhost"].contains(host) else { return }
    throw StorageError(
      .unsupported, "connection '\(uri)'",
      "leads to another machine; only the pools of this one can be reached",
      hint: host.isEmpty ? nil : "Run the command there, by ssh.")
  }
}
