import StorageCore
import StorageModel

extension Command {
  static let poolBuild = Command(
    "pool-build", "Make what a pool's volumes are kept in.", .changes,
    [
      .pool(.inactive), .flag("overwrite", "Overwrite what is on the source."),
      .flag("no-overwrite", "Refuse a source that holds something."),
    ],
    example: "pool-build images"
  ) { tool throws(StorageError) in
    let text = tool.arguments.required("pool")
    var policy = OverwritePolicy.unspecified
    if tool.arguments.has("overwrite") { policy = .overwrite }
    if tool.arguments.has("no-overwrite") {
      guard policy == .unspecified else {
        throw Arguments.usage("Options --overwrite and --no-overwrite are mutually exclusive")
      }
      policy = .refuse
    }
    let pool = try tool.storage.store.pool(matching: text)
    let change = try tool.storage.build(text, overwrite: policy)
    try tool.report(change, pool: pool.name, "Pool \(text) built")
  }
}
