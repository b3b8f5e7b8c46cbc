import Definitions
import Operations
import StorageBackend
import StorageModel

extension Command {
  static let poolBuild = Command(
    "pool-build", "Create the storage of a pool: folder, file system or volume group.", .changes,
    [
      .pool(.inactive), .overwrite, .noOverwrite,
    ],
    example: "pool-build images", also: [.exists]
  ) { tool throws(StorageError) in
    let text = tool.arguments.required("pool")
    let policy = try tool.overwritePolicy()
    let pool = try tool.storage.store.pool(matching: text)
    let change = try tool.storage.build(text, overwrite: policy)
    try tool.report(change, pool: pool.name, "Pool \(text) built")
  }
}

extension Parameter {
  static let build = Parameter.flag("build", "Create its storage first, as pool-build does.")
  static let overwrite = Parameter.flag("overwrite", "Overwrite what is on the source.")
  static let noOverwrite = Parameter.flag("no-overwrite", "Fail if the source is not empty.")
}

extension Tool {
  /// What the arguments say about data that is there already.
  fileprivate func overwritePolicy() throws(StorageError) -> OverwritePolicy {
    guard !arguments.has("overwrite") || !arguments.has("no-overwrite") else {
      throw Arguments.usage("Options --overwrite and --no-overwrite are mutually exclusive")
    }
    if arguments.has("overwrite") { return .overwrite }
    return arguments.has("no-overwrite") ? .refuse : .unspecified
  }

  /// How a pool is to be built before its start; nil where it is not.
  ///
  /// Either word about overwriting asks for it.
  func buildingBeforeStart() throws(StorageError) -> OverwritePolicy? {
    let policy = try overwritePolicy()
    return arguments.has("build") || policy != .unspecified ? policy : nil
  }
}
