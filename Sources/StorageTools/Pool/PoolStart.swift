import Definitions
import Operations
import StorageBackend
import StorageModel
import StorageOS

extension Command {
  static let poolStart = Command(
    "pool-start", "Start a pool.", .changes,
    [
      .pool(.inactive), .build, .overwrite, .noOverwrite,
      .flag("if-inactive", "Succeed if it is already active."), .timeout,
    ],
    example: "pool-start default", also: [.exists]
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
      // A folder that is not there is made by building; of a mount much else may be missing.
      guard error.isMissing, pool.definition.lacksFolder else { throw error }
      var error = error
      error.hint = error.hint ?? NextCommand.hint("pool-build", pool.name.text)
      throw error
    }
    let isNew = change.isChanged || !tool.arguments.has("if-inactive")
    try tool.report(
      change, pool: pool.name, isNew ? "Pool \(text) started" : "Pool \(text) is already active")
  }
}

extension PoolDefinition {
  /// Whether it needs a folder that is not there.
  fileprivate var lacksFolder: Bool {
    guard [.dir, .fs, .netfs].contains(type), let path = target.path else { return false }
    do throws(StorageError) { _ = try FileStatus(following: path) } catch { return error.isMissing }
    return false
  }
}
