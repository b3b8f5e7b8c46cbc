import Operations
import Secrets
import StorageModel
import StorageOS

extension Command {
  static let secretSetValue = Command(
    "secret-set-value", "Set the value of a secret, from a file or the terminal.", .changes,
    [
      .secret,
      .named("file", "FILE", "Read the value from FILE; - reads standard input."),
      .flag("plain", "FILE holds the plain value, not base64."),
      .flag("interactive", "Ask for the value on the terminal without echo."),
      .optional(
        "base64", "VALUE", "Refused: every user can see command lines.", .text),
    ],
    example: "secret-set-value $uuid --file $CISTERN_ROOT/value"
  ) { tool throws(StorageError) in
    let arguments = tool.arguments
    try checkOptions(arguments)
    let text = arguments.required("secret")
    // A wrong UUID is told before anything is asked for.
    let uuid = try tool.storage.secrets.secret(matching: text).definition.uuid
    let value: SecretBytes
    if arguments.has("interactive") {
      value = try SecretBytes(asking: "Enter new value for secret:")
    } else {
      value = try tool.secretValue(
        in: arguments.required("file"), isPlain: arguments.has("plain"))
    }
    let change = try tool.storage.setValue(value, ofSecret: text)
    try tool.report(change, secret: "\(uuid)", "Secret value set")
  }

  private static func checkOptions(_ arguments: Arguments) throws(StorageError) {
    let given = ["file", "base64"].filter { arguments.value($0) != nil }
    let flags = ["plain", "interactive"].filter { arguments.has($0) }
    let exclusive =
      [("file", "base64"), ("plain", "base64"), ("interactive", "base64")]
      + [("interactive", "file"), ("interactive", "plain")]
    for (one, other) in exclusive
    where (given + flags).contains(one) && (given + flags).contains(other) {
      throw Arguments.usage("Options --\(one) and --\(other) are mutually exclusive")
    }
    guard arguments.value("base64") == nil else {
      var error = Arguments.usage(
        "a value on the command line can be seen by everybody on this machine")
      error.hint = "Use --file FILE, --file - or --interactive."
      throw error
    }
    guard arguments.value("file") != nil || arguments.has("interactive") else {
      throw Arguments.usage("Input secret value is missing")
    }
  }
}

extension Tool {
  /// Reads a secret from a file, or standard input for `-`.
  fileprivate func secretValue(in file: String, isPlain: Bool) throws(StorageError) -> SecretBytes {
    let bytes: SecretBytes
    do throws(StorageError) { bytes = try SecretBytes(reading: input(file)) } catch {
      guard error.reason != nil, error.code != .usage else { throw error }
      var error = error
      error.subject = ""
      error.problem = "Failed to open file '\(file)'"
      throw error
    }
    if isPlain { return bytes }
    guard let decoded = try bytes.decodedFromBase64() else {
      var error = StorageError(.badInput, file == "-" ? "standard input" : file, "is not base64")
      error.hint = "Use --plain for a value that is to be taken as it is."
      throw error
    }
    return decoded
  }
}
