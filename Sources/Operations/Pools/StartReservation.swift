import Definitions
import StorageHost
import StorageModel
import StorageOS
import StorageXML

/// Pools that are being started.
///
/// A start can take long, and nobody else may wait for it who defines or starts something else. So that two pools
/// that share storage are not started at once, each is written down before, under the definitions' lock. That counts
/// as long as whoever did so holds the pool's own lock.
extension Storage {
  /// Runs `body`, which starts a pool whose lock is held, while no pool that shares its storage can be started.
  /// - Parameter check: refuses, with all pools that there are, also those that others are just starting for the first
  ///   time.
  func starting<Value>(
    _ pool: PoolDefinition, check: ([PoolRecord]) throws(StorageError) -> Void,
    _ body: () throws(StorageError) -> Value
  ) throws(StorageError) -> Value {
    guard !isDryRun else {
      try check(try store.forDecision())
      return try body()
    }
    // One that shares its storage is waited for, and then starts or does not.
    while let other = try reserve(pool, check: check) { _ = try locks.pool(other, .shared) }
    let result: Value
    do throws(StorageError) { result = try body() } catch {
      var error = error
      do throws(StorageError) { try store.endStarting(pool.name) } catch let failure {
        error.failedUndo.append(failure.text)
      }
      throw error
    }
    try store.endStarting(pool.name)
    return result
  }

  /// Writes down that a pool is being started.
  /// - Returns: nil where that is done, else a pool that is being started and shares its storage.
  private func reserve(
    _ pool: PoolDefinition, check: ([PoolRecord]) throws(StorageError) -> Void
  ) throws(StorageError) -> PoolName? {
    try locked(locks.definitions()) { () throws(StorageError) in
      // In this order: whoever ends a start meanwhile is active before it is forgotten here.
      let others = try poolsBeingStarted()
      try check(try store.forDecision())
      if let other = try SourceConflicts.first(among: others, with: pool, on: host) { return other }
      try store.beginStarting(pool)
      return nil
    }
  }

  /// The pools that others are just starting, by the definitions that they start them with.
  ///
  /// Forgets those that nobody starts any more.
  func poolsBeingStarted() throws(StorageError) -> [PoolRecord] {
    guard !isDryRun else { return [] }
    var found: [PoolRecord] = []
    for name in try store.documents(in: store.startingFolder()) {
      if try !locks.isHeld(name) {
        try store.endStarting(name)
      } else if let pool = try store.definition(name, in: store.startingFolder()) {
        found.append(pool)
      }
    }
    return found
  }
}

extension PoolStore {
  /// Where pools are written down that are being started.
  func startingFolder() throws(StorageError) -> Path {
    try host.currentBoot().appending("starting")
  }

  func beginStarting(_ pool: PoolDefinition) throws(StorageError) {
    try HostFolders.make(startingFolder()).replace(
      "\(pool.name).xml", with: PoolXML.write(pool), mode: 0o644)
  }

  func endStarting(_ pool: PoolName) throws(StorageError) {
    try Folder.ifPresent(startingFolder())?.remove("\(pool).xml")
  }
}
