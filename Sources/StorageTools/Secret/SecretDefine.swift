import Operations
import StorageModel
import StorageXML

extension Command {
  static let secretDefine = Command(
    "secret-define", "Define a secret, or change one, from an XML document.", .changes,
    [
      .required("file", "FILE", "The document; - reads standard input."),
      .flag("validate", "Fail if it does not match libvirt's schema."),
      .ifNotExists,
    ],
    example: "secret-define $CISTERN_ROOT/mail.xml --validate", also: [.exists]
  ) { tool throws(StorageError) in
    let file = tool.arguments.required("file")
    let bytes = try tool.contents(of: file, limit: 1 << 20)
    let document: (secret: SecretDefinition, uuidIsGiven: Bool)
    do throws(XMLProblem) {
      document = try SecretXML.read(
        bytes, file: file, validate: tool.arguments.has("validate"))
    } catch {
      throw StorageError(.badInput, "", error.text)
    }
    let (secret, change) = try tool.storage.defineSecret(
      document.secret, uuidIsGiven: document.uuidIsGiven,
      ifNotExists: tool.arguments.has("if-not-exists"))
    try tool.report(change, secret: "\(secret.uuid)", "Secret \(secret.uuid) created")
  }
}

extension Tool {
  /// Reports a change of a secret.
  func report(_ change: Storage.Change, secret: String, _ message: String) throws(StorageError) {
    try report(change, pool: nil, message, more: [("secret", .string(secret))])
  }
}

extension Parameter {
  static let secret = Parameter.required("secret", "SECRET", "UUID of the secret.")
}
