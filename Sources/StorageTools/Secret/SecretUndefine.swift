import Operations
import StorageModel

extension Command {
  static let secretUndefine = Command(
    "secret-undefine", "Remove a secret and its value.", .changes, [.secret, .ifExists],
    example: "secret-undefine $uuid"
  ) { tool throws(StorageError) in
    let text = tool.arguments.required("secret")
    let change: Storage.Change
    do throws(StorageError) { change = try tool.storage.undefineSecret(text) } catch {
      guard tool.arguments.has("if-exists"), error.missing == .secret else { throw error }
      return try tool.report(.none, secret: text, "Secret \(text) does not exist")
    }
    try tool.report(change, secret: text, "Secret \(text) deleted")
  }
}
