import Definitions
import Operations
import StorageModel

extension Command {
  static let poolUUID = Command(
    "pool-uuid", "Print the UUID of a pool.", .reads, [.pool],
    example: "pool-uuid default"
  ) { tool throws(StorageError) in
    let uuid = try tool.storage.store.pool(usedAs: tool.arguments.required("pool")).definition
      .uuid
    try tool.report("\(uuid)\n", json: ("pool-uuid", [("uuid", .string("\(uuid)"))]))
  }
}
