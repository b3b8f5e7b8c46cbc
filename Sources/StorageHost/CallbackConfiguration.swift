import StorageModel
import StorageOS

/// An entry of the file of callbacks: a pool in Qubes' words, and the commands that run at its events.
///
/// The format is that of Qubes' driver `callback`: an object of names and objects.
package struct CallbackConfiguration: Sendable {
  /// What the entry is called: `conf_id`.
  package let name: String
  /// Qubes' word for the driver of the pool beneath.
  package let driver: String
  /// What that driver is given: keys of storage.conf.
  package let arguments: [(key: String, value: String)]
  /// Seconds that a command may take.
  package let timeLimit: Double
  /// Whether a command can ask, by a line of its output, that the pool is built.
  package let heedsSignals: Bool
  private let members: [(String, JSON)]

  /// A command, as a shell takes it.
  package struct Command: Sendable {
    package let text: String
    /// Whether it is told what happens: the one for all events is, that of one event knows.
    package let takesArguments: Bool
  }

  /// Reads an entry of the file of this host.
  /// - Throws: `notFound` where there is no such file or entry; `permission` where somebody else than root can change
  ///   the file; `badInput` where it is not what it should be.
  package init(_ name: String, on host: HostFolders) throws(StorageError) {
    let path = CallbackConfiguration.file(of: host)
    let file = try Descriptor(reading: path)
    let status = try file.status()
    guard status.kind == .regular, status.owner == 0, status.mode & 0o022 == 0 else {
      throw StorageError(
        .permission, path.text, "names commands to run, but others than root can change it")
    }
    let value: JSON
    let bytes = try file.readAll(limit: 1 << 20)
    do throws(JSON.Problem) { value = try JSON(reading: bytes) } catch {
      throw StorageError(.badInput, path.text, "is not JSON", reason: error.text)
    }
    guard case .object(let entries) = value else {
      throw StorageError(.badInput, path.text, "is not a JSON object of pools by their conf_id")
    }
    guard let entry = entries.first(where: { $0.0 == name })?.1 else {
      let known = entries.map { "'\($0.0)'" }.joined(separator: ", ")
      throw StorageError(.notFound, path.text, "has no entry '\(name)' (there are: \(known))")
    }
    let subject = "\(path), entry '\(name)'"
    guard case .object(let members) = entry else {
      throw StorageError(.badInput, subject, "is not an object")
    }
    guard case .string(let driver)? = entry["bdriver"], !driver.isEmpty else {
      throw StorageError(.badInput, subject, "has no 'bdriver', the driver of the pool beneath")
    }
    self.name = name
    self.driver = driver
    self.members = members
    arguments = try CallbackConfiguration.arguments(entry["bdriver_args"], subject)
    switch entry["timeout"] {
    case nil: timeLimit = 300
    case .integer(let seconds)? where (1...86400).contains(seconds): timeLimit = Double(seconds)
    default:
      throw StorageError(.badInput, subject, "'timeout' is not a number of seconds from 1 to 86400")
    }
    if case .boolean(true)? = entry["signal_back"] {
      heedsSignals = true
    } else {
      heedsSignals = false
    }
    for (name, value) in members where CallbackConfiguration.isCommand(name) {
      if case .string(let text) = value, !text.hasControlCharacter { continue }
      throw StorageError(.badInput, subject, "'\(name)' is not a command in one line")
    }
  }

  /// Where the file is: where Qubes has it.
  package static func file(of host: HostFolders) -> Path {
    host.configuration.parent.appending("qubes_callback.json")
  }

  /// Looks up the keys of the pool beneath, as storage.conf has them.
  package static func keys(on host: HostFolders)
    -> @Sendable (String) throws(StorageError) -> [(
      key: String, value: String
    )]
  {
    { name throws(StorageError) in
      let entry = try CallbackConfiguration(name, on: host)
      return [("driver", entry.driver)] + entry.arguments
    }
  }

  private static func isCommand(_ name: String) -> Bool {
    name == "cmd" || name.hasPrefix("pre_") || name.hasPrefix("post_")
  }

  private static func arguments(_ value: JSON?, _ subject: String) throws(StorageError)
    -> [(key: String, value: String)]
  {
    guard let value else { return [] }
    guard case .object(let members) = value else {
      throw StorageError(.badInput, subject, "'bdriver_args' is not an object")
    }
    var arguments: [(key: String, value: String)] = []
    for (name, value) in members {
      switch value {
      case .string(let text) where !text.hasControlCharacter: arguments.append((name, text))
      case .integer(let number): arguments.append((name, String(number)))
      case .boolean(let flag): arguments.append((name, flag ? "yes" : "no"))
      default:
        throw StorageError(
          .badInput, subject, "'\(name)' in 'bdriver_args' is not a line, number, true or false")
      }
    }
    return arguments
  }

  /// The command for an event; nil where nothing is to run.
  ///
  /// An event's own command comes before the one for all; `-` stands for none.
  package func command(at event: String) -> Command? {
    for (key, takesArguments) in [(event, false), ("cmd", true)] {
      guard case .string(let text)? = JSON.object(members)[key], !text.isEmpty else { continue }
      return text == "-" ? nil : Command(text: text, takesArguments: takesArguments)
    }
    return nil
  }

  /// The entry as commands are told it: as Python's `json.dumps(…, sort_keys=True, indent=2)` writes it.
  package var text: String { CallbackConfiguration.text(.object(members), indent: "") }

  private static func text(_ value: JSON, indent: String) -> String {
    let inner = indent + "  "
    switch value {
    case .object(let members) where !members.isEmpty:
      let lines = members.sorted { ByteString($0.0) < ByteString($1.0) }.map {
        "\(inner)\(ascii($0)): \(text($1, indent: inner))"
      }
      return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
    case .array(let items) where !items.isEmpty:
      let lines = items.map { inner + text($0, indent: inner) }
      return "[\n" + lines.joined(separator: ",\n") + "\n\(indent)]"
    case .string(let text): return ascii(text)
    default: return value.text
    }
  }

  /// A JSON string without a byte that is not ASCII.
  private static func ascii(_ text: String) -> String {
    var quoted = ""
    for scalar in JSON.string(text).text.unicodeScalars {
      guard !scalar.isASCII else {
        quoted.unicodeScalars.append(scalar)
        continue
      }
      for unit in String(scalar).utf16 {
        let digits = String(unit, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      }
    }
    return quoted
  }
}
