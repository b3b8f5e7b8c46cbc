import StorageHost
import StorageModel
import StorageOS

/// The locks that processes take: one over all definitions, one over all secrets, one per pool, one per volume.
///
/// They are files below the runtime folder that are made when first needed and never removed. Order, so that
/// nobody waits for each other: definitions, then pool, then volumes by name.
package struct Locks: Sendable {
  private let folder: Path
  /// Seconds to wait before giving up.
  package let timeout: Double
  /// How this process introduces itself: `PID COMMAND`.
  private let owner: String

  package init(host: HostFolders, timeout: Double, command: String) {
    folder = host.runtime.appending("locks")
    self.timeout = timeout
    owner = "\(Process.identifier) \(command)"
  }

  /// The same locks, given up at once where somebody holds them.
  package var withoutWaiting: Locks { Locks(folder: folder, timeout: 0, owner: owner) }

  private init(folder: Path, timeout: Double, owner: String) {
    self.folder = folder
    self.timeout = timeout
    self.owner = owner
  }

  /// Locks the set of definitions, for checks that look at all of them.
  package func definitions() throws(StorageError) -> FileLock {
    try lock("definitions.lock", in: folder, .exclusive, subject: "the pool definitions")
  }

  /// Locks the set of secrets.
  package func secrets() throws(StorageError) -> FileLock {
    try lock("secrets.lock", in: folder, .exclusive, subject: "the secrets")
  }

  package func pool(_ name: PoolName, _ mode: FileLock.Mode) throws(StorageError) -> FileLock {
    try lock("\(name).lock", in: folder.appending("pools"), mode, subject: "pool '\(name)'")
  }

  package func volume(_ name: VolumeName, of pool: PoolName, _ mode: FileLock.Mode)
    throws(StorageError) -> FileLock
  {
    // Files found on disk can have names that leave no room for an ending.
    let isLong = name.components.contains { $0.utf8.count > 200 }
    let text = isLong ? "\(StorageUUID.derived(from: name.text))" : name.text
    let file = folder.appending("volumes").appending(pool.text).appending("\(text).lock")
    return try lock(
      file.lastComponent, in: file.parent, mode, subject: "volume '\(name)' in pool '\(pool)'")
  }

  private func lock(_ name: String, in folder: Path, _ mode: FileLock.Mode, subject: String)
    throws(StorageError) -> FileLock
  {
    let folder = try HostFolders.make(folder)
    do throws(StorageError) {
      return try FileLock(name, in: folder, mode: mode, timeout: timeout, owner: owner)
    } catch {
      guard error.code == .lockTimeout else { throw error }
      throw StorageError(.lockTimeout, subject, error.problem)
    }
  }
}
