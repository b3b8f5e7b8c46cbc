import Operations
import StorageModel

extension Command {
  static let poolUndefine = Command(
    "pool-undefine", "Remove an inactive pool's definition; its data stays.", .changes,
    [.pool(.inactive), .ifExists],
    example: "pool-undefine images"
  ) { tool throws(StorageError) in
    let text = tool.arguments.required("pool")
    try tool.ifExists(pool: text) { () throws(StorageError) in
      let (change, pool) = try tool.storage.undefine(text)
      try tool.report(change, pool: pool, "Pool \(text) has been undefined")
    }
  }
}

extension Tool {
  /// Runs `body`; with --if-exists a pool that is not there is a success without a change.
  ///
  /// Nothing else that is missing is: not what the pool stands on, and not what could not be looked at.
  func ifExists(pool text: String, _ body: () throws(StorageError) -> Void)
    throws(StorageError)
  {
    do throws(StorageError) { try body() } catch {
      guard arguments.has("if-exists"), error.missing == .pool else { throw error }
      try report(.none, pool: try? PoolName(text), "Pool \(text) does not exist")
    }
  }
}
