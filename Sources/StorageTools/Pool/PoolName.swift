import Definitions
import Operations
import StorageModel

extension Command {
  static let poolName = Command(
    "pool-name", "Print the name of the pool of a UUID.", .reads,
    [.required("pool", "UUID", "UUID of the pool.", .poolUUID)],
    example: "pool-name $uuid"
  ) { tool throws(StorageError) in
    let text = tool.arguments.required("pool")
    guard let uuid = StorageUUID(text), let pool = try tool.storage.store.pool(uuid: uuid) else {
      throw StorageError(
        .notFound, "failed to get pool '\(text)'",
        "Storage pool not found: no storage pool with matching uuid '\(text)'")
    }
    try tool.report(
      "\(pool.name.text.escaped)\n", json: ("pool-name", [("name", .string(pool.name.text))]))
  }
}
