import Operations
import StorageModel

extension Command {
  static let volPool = Command(
    "vol-pool", "Print the pool of the volume of a key or path.", .reads,
    [
      .required("vol", "VOLUME", "Key or path of the volume.", .volumePath),
      .flag("uuid", "Print the UUID instead of the name."),
    ],
    example: "vol-pool /srv/images/disk1"
  ) { tool throws(StorageError) in
    let pool = try tool.volume(showing: true).0
    let text = tool.arguments.has("uuid") ? "\(pool.definition.uuid)" : pool.name.text.escaped
    try tool.report(
      "\(text)\n",
      json: (
        "vol-pool",
        [("pool", .string(pool.name.text)), ("uuid", .string("\(pool.definition.uuid)"))]
      ))
  }
}
