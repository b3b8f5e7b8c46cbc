import Definitions
import Operations
import StorageModel

extension Command {
  static let poolRefresh = Command(
    "pool-refresh", "Check that a pool can be reached.", .changes, [.pool(.active), .timeout],
    example: "pool-refresh images"
  ) {
    tool throws(StorageError) in
    let text = tool.arguments.required("pool")
    let pool = try tool.storage.store.pool(matching: text)
    let change = try tool.storage.refresh(text)
    try tool.report(change, pool: pool.name, "Pool \(text) refreshed")
  }
}
