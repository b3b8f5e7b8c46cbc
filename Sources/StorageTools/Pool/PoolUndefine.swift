import StorageCore
import StorageModel

extension Command {
  static let poolUndefine = Command(
    "pool-undefine", "Remove an inactive pool's definition; its data stays.", .changes,
    [.pool(.inactive), .ifExists],
    example: "pool-undefine images"
  ) { tool throws(StorageError) in
    let text = tool.arguments.required("pool")
    try tool.ifExists(pool: text) { pool throws(StorageError) in
      let change = try tool.storage.undefine(text)
      try tool.report(change, pool: pool, "Pool \(text) has been undefined")
    }
  }
}

extension Tool {
  /// Runs `body` with the pool's name; with --if-exists a pool that is not there is a success without a change.
  func ifExists(pool text: String, _ body: (PoolName) throws(StorageError) -> Void)
    throws(StorageError)
  {
    let pool: PoolRecord
    do throws(StorageError) { pool = try storage.store.pool(matching: text) } catch {
      guard arguments.has("if-exists"), error.code == .notFound else { throw error }
      return try report(.none, pool: nil, "Pool \(text) does not exist")
    }
    do throws(StorageError) { try body(pool.name) } catch {
      // Only what the pool stands on may be gone already, not what it needs to tell so.
      guard arguments.has("if-exists"), error.code == .notFound else { throw error }
      try report(.none, pool: pool.name, "Pool \(text) does not exist")
    }
  }
}
