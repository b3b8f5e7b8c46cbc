import Definitions
import Operations
import StorageModel

extension Command {
  static let poolDelete = Command(
    "pool-delete", "Remove an inactive pool's empty storage; its definition stays.", .changes,
    [.pool(.inactive), .ifExists],
    example: "pool-delete images"
  ) { tool throws(StorageError) in
    let text = tool.arguments.required("pool")
    try tool.ifExists(pool: text) { () throws(StorageError) in
      let pool = try tool.storage.store.pool(matching: text).name
      let change = try tool.storage.deletePool(text)
      try tool.report(change, pool: pool, "Pool \(text) deleted")
    }
  }
}
