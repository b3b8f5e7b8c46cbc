import StorageCore
import StorageModel

extension Command {
  static let poolStart = Command(
    "pool-start", "Start a pool.", .changes,
    [
      .pool(.inactive), .build, .overwrite, .noOverwrite,
      .flag("if-inactive", "Succeed where it is active already."), .timeout,
    ],
    example: "pool-start default"
  ) {
    tool throws(StorageError) in
    let text = tool.arguments.required("pool")
    let building = try tool.buildingBeforeStart()
    let pool = try tool.storage.store.pool(matching: text)
    let change = try tool.storage.start(
      text, building: building, ifInactive: tool.arguments.has("if-inactive"))
    let isNew = change.isChanged || !tool.arguments.has("if-inactive")
    try tool.report(
      change, pool: pool.name, isNew ? "Pool \(text) started" : "Pool \(text) is already active")
  }
}
