import StorageCore
import StorageModel

extension Command {
  static let secretList = Command(
    "secret-list", "List secrets.", .reads,
    [
      .flag("ephemeral", "List secrets that end with the boot."),
      .flag("no-ephemeral", "List secrets that last."),
      .flag("private", "List secrets marked private."),
      .flag("no-private", "List secrets not marked private."), .null,
    ],
    example: "secret-list --ephemeral"
  ) { tool throws(StorageError) in
    try tool.checkNull()
    let arguments = tool.arguments
    let (all, warnings) = try tool.storage.secrets.all()
    warnings.forEach(tool.warn)
    func isWanted(_ value: Bool, _ name: String) -> Bool {
      arguments.has(name) == arguments.has("no-\(name)") || arguments.has(name) == value
    }
    let secrets = all.filter {
      isWanted($0.definition.isEphemeral, "ephemeral")
        && isWanted($0.definition.isPrivate, "private")
    }
    if arguments.has("null") {
      return try tool.writeNullEnded(secrets.map { "\($0.definition.uuid)" })
    }
    let rows = secrets.map { ["\($0.definition.uuid)", $0.definition.usageText.escaped] }
    try tool.report(
      Table.text(["UUID", "Usage"], rows),
      json: ("secret-list", [("secrets", .array(secrets.map(describe)))]))
  }

  private static func describe(_ record: SecretRecord) -> JSON {
    let secret = record.definition
    return .object([
      ("uuid", .string("\(secret.uuid)")), ("usage_type", .text(secret.usage?.kind.rawValue)),
      ("usage", .text(secret.usage?.name)), ("description", .text(secret.description)),
      ("ephemeral", .boolean(secret.isEphemeral)), ("private", .boolean(secret.isPrivate)),
      ("has_value", .boolean(record.hasValue)),
    ])
  }
}

extension SecretDefinition {
  /// As virsh lists it.
  fileprivate var usageText: String { usage.map { "\($0.kind.rawValue) \($0.name)" } ?? "Unused" }
}
