import Operations
import StorageModel

extension Command {
  static let poolSet = Command(
    "pool-set", "Set the defaults for volumes of a pool.",
    .changes,
    [
      .pool,
      .required(
        "property", "PROPERTY", "revisions_to_keep or ephemeral_volatile.", .poolProperty),
      .required(
        "value", "VALUE", "A number, or default; yes or no.", .poolValue),
    ],
    example: "pool-set vms revisions_to_keep 3"
  ) { tool throws(StorageError) in
    let property = tool.arguments.required("property")
    let value = tool.arguments.required("value")
    let (change, name) = try tool.storage.setPoolProperty(
      property, to: value, of: tool.arguments.required("pool"))
    try tool.report(
      change, pool: name, "Property \(property) of pool \(name) set to \(value)")
  }
}
