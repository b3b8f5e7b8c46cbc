import StorageBackend
import StorageModel

/// Pools by what users call them.
extension PoolStore {
  /// The pool that users mean by `text`: a UUID if it is 36 characters long and one has it, else a name.
  ///
  /// For whoever is about to use the pool: the built-in one is there for that.
  /// - Throws: `notFound` with libvirt's words.
  package func pool(matching text: String) throws(StorageError) -> PoolRecord {
    var isCertain = true
    if text.utf8.count == 36, let uuid = StorageUUID(text) {
      let (pools, warnings) = try all()
      if let found = pools.first(where: { $0.has(uuid) }) { return found }
      // A definition that cannot be read may be the one.
      isCertain = warnings.isEmpty
    }
    if let name = try? PoolName(text), let found = try pool(name) { return found }
    var error = PoolStore.notFound(text)
    if !isCertain { error.missing = nil }
    throw error
  }

  /// As `pool(matching:)`, for whoever only asks: the built-in pool is not there where nobody uses it.
  ///
  /// So that `pool-info default || pool-define-as default …` defines it.
  package func pool(usedAs text: String) throws(StorageError) -> PoolRecord {
    let found = try pool(matching: text)
    guard !found.isUnused else {
      var error = PoolStore.notFound(text)
      error.hint = NextCommand.hint(toUse: found)
      throw error
    }
    return found
  }

  /// The pool of a UUID; nil where there is none.
  ///
  /// The built-in one counts where it is used. Reads every definition; broken ones are passed over.
  package func pool(uuid: StorageUUID) throws(StorageError) -> PoolRecord? {
    try all().pools.first { $0.has(uuid) }
  }

  package static func notFound(_ text: String) -> StorageError {
    var error = StorageError(
      .notFound, "failed to get pool '\(text)'",
      "Storage pool not found: no storage pool with matching name '\(text)'")
    error.missing = .pool
    return error
  }
}
