import Operations
import Secrets
import StorageModel

extension Command {
  static let secretList = Command(
    "secret-list", "List secrets.", .reads,
    [
      .flag("ephemeral", "List secrets that are lost at reboot."),
      .flag("no-ephemeral", "List secrets that are kept."),
      .flag("private", "List secrets marked private."),
      .flag("no-private", "List secrets not marked private."),
    ] + Parameter.listing(SecretRecord.columns),
    example: "secret-list --ephemeral"
  ) { tool throws(StorageError) in
    if try tool.showColumns(SecretRecord.columns) { return }
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
    var list = try Listing(
      tool, SecretRecord.columns, usual: ["uuid", "usage"], json: ("secret-list", [], "secrets"))
    try list.append(secrets, SecretRecord.columns)
    try list.end()
  }
}

extension SecretRecord {
  /// Everything that is listed of secrets.
  fileprivate static var columns: [Column<SecretRecord>] {
    [
      Column("uuid", "the secret's UUID", heading: "UUID") { .string("\($0.definition.uuid)") },
      Column("usage_type", "what it is for: volume, ceph, iscsi and so on") {
        .text($0.definition.usage?.kind.rawValue)
      },
      Column("usage", "name of what it is for", shown: \.definition.usageText) {
        .text($0.definition.usage?.name)
      },
      Column("description", "what its owner wrote about it") { .text($0.definition.description) },
      Column("ephemeral", "whether it ends with the boot") {
        .boolean($0.definition.isEphemeral)
      },
      Column("private", "whether its value is shown to nobody") {
        .boolean($0.definition.isPrivate)
      },
      Column("has_value", "whether it has a value") { .boolean($0.hasValue) },
    ]
  }
}

extension SecretDefinition {
  /// As virsh lists it.
  fileprivate var usageText: String { usage.map { "\($0.kind.rawValue) \($0.name)" } ?? "Unused" }
}
