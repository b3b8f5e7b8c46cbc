import Definitions
import Operations
import StorageModel

extension Command {
  static let poolDestroy = Command(
    "pool-destroy", "Stop a pool; its data and its definition stay.", .changes,
    [.pool(.active), .flag("if-active", "Succeed if it is not active."), .ifExists, .timeout],
    example: "pool-destroy images"
  ) {
    tool throws(StorageError) in
    let text = tool.arguments.required("pool")
    try tool.ifExists(pool: text) { () throws(StorageError) in
      let pool = try tool.storage.store.pool(matching: text)
      let change = try tool.storage.destroy(text, ifActive: tool.arguments.has("if-active"))
      let isNew = change.isChanged || !tool.arguments.has("if-active")
      try tool.report(
        change, pool: pool.name, isNew ? "Pool \(text) destroyed" : "Pool \(text) is not active")
    }
  }
}
