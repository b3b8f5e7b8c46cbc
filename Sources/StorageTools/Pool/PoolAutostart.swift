import Definitions
import Operations
import StorageModel

extension Command {
  static let poolAutostart = Command(
    "pool-autostart", "Start a pool at boot, or not.", .changes,
    [.pool, .flag("disable", "Do not start it at boot.")],
    example: "pool-autostart images"
  ) { tool throws(StorageError) in
    let on = !tool.arguments.has("disable")
    let text = tool.arguments.required("pool")
    let change = try tool.storage.setAutostart(on, text)
    let pool = try tool.storage.store.pool(matching: text)
    try tool.report(
      change, pool: pool.name,
      "Pool \(text) \(on ? "marked" : "unmarked") as autostarted")
  }
}
