import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// The locks that processes take.
///
/// One over all definitions, one over all secrets and one per pool are in a file of the runtime folder, for those who
/// share these definitions. One over everything in a pool and one per volume are in a file that lies with the volumes
/// where the pool has a place for that, so that all who use it see them, on whatever host; else in the runtime folder
/// as well. Order, so that nobody waits for each other: pools by name, what is in them by the file, each pool's before
/// its volumes' by name, then definitions, which nobody holds for long.
package struct Locks: Sendable {
  private let host: HostFolders
  private let terms: FileLock.Terms

  package init(host: HostFolders) { self.init(host, host.lockTerms) }

  private init(_ host: HostFolders, _ terms: FileLock.Terms) {
    self.host = host
    self.terms = terms
  }

  /// The same locks for who only reads: those that this user may not take are done without.
  package var forReading: Locks { Locks(host, terms.forReading) }

  /// The same locks, done without where there is no file for them: where nobody has ever locked anything.
  package var leavingNoTrace: Locks { Locks(host, terms.leavingNoTrace) }

  /// Locks the set of definitions, for checks that look at all of them.
  package func definitions() throws(StorageError) -> FileLock? {
    try own("definitions", .exclusive, subject: "the pool definitions")
  }

  /// Locks the set of secrets.
  package func secrets() throws(StorageError) -> FileLock? {
    try own("secrets", .exclusive, subject: "the secrets")
  }

  /// Locks a pool as it is defined here: whether it is started, and from where.
  /// - Throws: `busy` for a pool whose callback runs us.
  package func pool(_ name: PoolName, _ mode: FileLock.Mode) throws(StorageError) -> FileLock? {
    try Callbacks.refuseOwn(name)
    return try lockOfPool(name, mode)
  }

  private func lockOfPool(_ name: PoolName, _ mode: FileLock.Mode) throws(StorageError)
    -> FileLock?
  {
    try own("pool \(name)", mode, subject: "pool '\(name)'")
  }

  /// Whether somebody has locked a pool as it is defined here, to start it or the like.
  func isHeld(_ pool: PoolName) throws(StorageError) -> Bool {
    let now = Locks(host, FileLock.Terms(timeout: 0, owner: terms.owner))
    do throws(StorageError) {
      _ = try now.lockOfPool(pool, .shared)
      return false
    } catch {
      guard error.code == .lockTimeout else { throw error }
      return true
    }
  }

  /// Locks everything in a pool, in the file in which the locks of its volumes are.
  /// - Parameter shared: the place that the pool has for that; nil where it has none.
  /// - Returns: nil where it is done without.
  func content(of pool: PoolName, in shared: SharedFolder?, _ mode: FileLock.Mode)
    throws(StorageError) -> PoolLocks?
  {
    try first(
      shared == nil ? "content \(pool)" : "pool", mode, of: pool, in: shared,
      subject: "pool '\(pool)'")
  }

  /// Locks one volume, for reading, and nothing of its pool.
  /// - Returns: nil where it is done without.
  func volume(_ name: VolumeName, of pool: PoolName, in shared: SharedFolder?) throws(StorageError)
    -> PoolLocks?
  {
    try first(
      PoolLocks.prefix(pool, shared) + name.text, .shared, of: pool, in: shared,
      subject: PoolLocks.subject(name, of: pool))
  }

  private func first(
    _ name: String, _ mode: FileLock.Mode, of pool: PoolName, in shared: SharedFolder?,
    subject: String
  ) throws(StorageError) -> PoolLocks? {
    try Callbacks.refuseOwn(pool)
    guard let shared else {
      let lock = try own(name, mode, subject: subject)
      return lock.map { PoolLocks(of: pool, in: nil, first: $0) }
    }
    let lock = try named(subject) { () throws(StorageError) in
      try LockFile.lock(
        name, mode, of: SharedFolder.lockFile, in: shared.folder, heritage: shared.heritage, terms)
    }
    return lock.map { PoolLocks(of: pool, in: shared, first: $0) }
  }

  private func own(_ name: String, _ mode: FileLock.Mode, subject: String) throws(StorageError)
    -> FileLock?
  {
    try named(subject) { () throws(StorageError) in try host.lock(name, mode, terms) }
  }
}

/// The locks that are held of one pool's content, in one file.
final class PoolLocks {
  private let pool: PoolName
  private let prefix: String
  private let first: FileLock
  private var volumes: [VolumeName: FileLock] = [:]

  fileprivate init(of pool: PoolName, in shared: SharedFolder?, first: FileLock) {
    self.pool = pool
    self.first = first
    prefix = PoolLocks.prefix(pool, shared)
  }

  /// What the names of the volumes' locks begin with.
  fileprivate static func prefix(_ pool: PoolName, _ shared: SharedFolder?) -> String {
    shared == nil ? "volume \(pool)/" : "volume "
  }

  fileprivate static func subject(_ name: VolumeName, of pool: PoolName) -> String {
    "volume '\(name)' in pool '\(pool)'"
  }

  /// Locks a volume; one that is locked already stays as it is.
  func lock(_ name: VolumeName, _ mode: FileLock.Mode) throws(StorageError) {
    guard volumes[name] == nil else { return }
    volumes[name] = try named(PoolLocks.subject(name, of: pool)) { () throws(StorageError) in
      try first.file.lock(prefix + name.text, mode)
    }
  }

  /// Locks a volume that nobody holds or waits for.
  /// - Returns: false where somebody does.
  func tryLock(_ name: VolumeName, _ mode: FileLock.Mode) throws(StorageError) -> Bool {
    guard volumes[name] == nil else { return true }
    volumes[name] = try first.file.tryLock(prefix + name.text, mode)
    return volumes[name] != nil
  }
}

/// Says what could not be locked in time.
private func named<Value>(_ subject: String, _ body: () throws(StorageError) -> Value)
  throws(StorageError) -> Value
{
  do throws(StorageError) { return try body() } catch {
    guard error.code == .lockTimeout else { throw error }
    throw StorageError(.lockTimeout, subject, error.problem)
  }
}
