import StorageCore
import StorageModel

extension Command {
  static let volSet = Command(
    "vol-set", "Set a life-cycle property of a volume.", .changes,
    [
      .volume(.stopped),
      .required(
        "property", "PROPERTY",
        "rw, snap_on_start, save_on_stop, revisions_to_keep, source or ephemeral.",
        .lifecycleProperty),
      .required(
        "value", "VALUE", "The value: yes or no, a number, or a volume's name.",
        .lifecycleValue),
      .volumePool,
    ],
    example: "vol-set disk1 revisions_to_keep 5 --pool vms"
  ) { tool throws(StorageError) in
    let property = tool.arguments.required("property")
    let value = tool.arguments.required("value")
    let (change, pool, name) = try tool.storage.setProperty(
      property, to: value, of: tool.arguments.required("vol"), in: tool.arguments.value("pool"))
    try tool.report(
      change, pool: pool.name, volume: name, "Property \(property) of vol \(name) set to \(value)")
  }
}
