import Operations
import StorageModel

extension Command {
  static let volSet = Command(
    "vol-set", "Set a property of a volume, or its format on record.", .changes,
    [
      .volume(.stopped),
      .required(
        "property", "PROPERTY",
        "rw, snap_on_start, save_on_stop, revisions_to_keep, source, ephemeral or format.",
        .lifecycleProperty),
      .required(
        "value", "VALUE", "The value: yes or no, a number, a volume's name, or a format.",
        .lifecycleValue),
      .volumePool, .force,
    ],
    example: "vol-set disk1 revisions_to_keep 5 --pool vms"
  ) { tool throws(StorageError) in
    let property = tool.arguments.required("property")
    let value = tool.arguments.required("value")
    let text = tool.arguments.required("vol")
    let poolText = tool.arguments.value("pool")
    let (change, pool, name) =
      property == "format"
      ? try tool.storage.setFormat(value, of: text, in: poolText)
      : try tool.storage.setProperty(property, to: value, of: text, in: poolText)
    try tool.report(
      change, pool: pool.name, volume: name, "Property \(property) of vol \(name) set to \(value)")
  }
}
