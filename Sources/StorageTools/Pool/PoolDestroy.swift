import StorageCore
import StorageModel

extension Command {
  static let poolDestroy = Command(
    "pool-destroy", "Stop a pool; its data and its definition stay.", .changes, [.pool(.active)],
    example: "pool-destroy images"
  ) {
    tool throws(StorageError) in
    let text = tool.arguments.required("pool")
    let pool = try tool.storage.store.pool(matching: text)
    let change = try tool.storage.destroy(text)
    try tool.report(change, pool: pool.name, "Pool \(text) destroyed")
  }
}
