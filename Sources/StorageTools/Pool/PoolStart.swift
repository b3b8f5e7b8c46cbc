import StorageCore
import StorageModel
import StorageOS

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
    let change: Storage.Change
    do throws(StorageError) {
      change = try tool.storage.start(
        text, building: building, ifInactive: tool.arguments.has("if-inactive"))
    } catch {
      // What a folder lacks that is not there is clear; of other types much may be missing.
      guard error.isAbsence, pool.definition.type == .dir else { throw error }
      var error = error
      error.hint = error.hint ?? NextCommand.hint("pool-build", pool.name.text)
      throw error
    }
    let isNew = change.isChanged || !tool.arguments.has("if-inactive")
    try tool.report(
      change, pool: pool.name, isNew ? "Pool \(text) started" : "Pool \(text) is already active")
  }
}
