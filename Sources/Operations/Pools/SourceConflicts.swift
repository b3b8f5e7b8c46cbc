import Definitions
import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// Finds pools that would share storage with a new one.
package enum SourceConflicts {
  /// Checks a new or changed definition against all others; those of the same name are passed over.
  ///
  /// Folders are the same by `FolderPlace`. One inside another is no conflict: it is a volume of type dir there. It is
  /// one where the outer pool keeps its own files in folders: those of its volumes in the layout of Qubes' drivers, or
  /// its records.
  /// Adapters are compared by the SCSI host that they mean now, so that different names of one are found.
  /// - Throws: `Storage source conflict with pool: 'X'`.
  package static func check(
    _ pool: PoolDefinition, against others: [PoolRecord], on host: HostFolders
  ) throws(StorageError) {
    guard let other = try first(among: others, with: pool, on: host) else { return }
    throw StorageError(
      .exists, "pool '\(pool.name)'",
      "operation failed: Storage source conflict with pool: '\(other)'")
  }

  /// The first of some pools that would share storage with another one; those of the same name are passed over.
  static func first(among others: [PoolRecord], with pool: PoolDefinition, on host: HostFolders)
    throws(StorageError) -> PoolName?
  {
    let hosts = SCSIHosts(sys: host.sys)
    let folders = try Folders(of: pool)
    for other in others where other.name != pool.name {
      for definition in [other.persistent, other.live].compactMap({ $0 }) {
        var isShared = try folders.conflict(with: definition)
        if !isShared { isShared = try conflict(pool, definition, hosts) }
        if isShared { return other.name }
      }
    }
    return nil
  }

  private static func conflict(
    _ new: PoolDefinition, _ old: PoolDefinition, _ hosts: SCSIHosts
  ) throws(StorageError) -> Bool {
    let sharers: Set<PoolType> = [.fs, .logical, .disk, .zfs]
    if sharers.contains(new.type), sharers.contains(old.type) {
      for device in new.source.devices {
        for other in old.source.devices where try same(device.path, other.path) { return true }
      }
    }
    guard new.type == old.type else { return false }
    let source = new.source
    let present = old.source
    switch new.type {
    case .netfs: return source.dir == present.dir && hostsMatch(source, present)
    case .gluster:
      return source.name == present.name && source.dir == present.dir
        && hostsMatch(source, present)
    case .iscsi:
      return source.initiatorIQN == present.initiatorIQN
        && source.devices.contains { device in
          present.devices.contains { $0.path == device.path }
        }
    case .scsi: return try adaptersMatch(source.adapter, present.adapter, hosts)
    case .sheepdog: return hostsMatch(source, present)
    case .mpath: return true
    case .vstorage: return source.name == present.name
    default: return false
    }
  }

  /// Whether two adapters are the same by what they say, or mean the same host now.
  private static func adaptersMatch(
    _ new: PoolSource.Adapter?, _ old: PoolSource.Adapter?, _ hosts: SCSIHosts
  ) throws(StorageError) -> Bool {
    guard let new, let old else { return new == old }
    if case .fibreChannelHost(let left) = new, case .fibreChannelHost(let right) = old {
      return left.wwnn == right.wwnn && left.wwpn == right.wwpn
    }
    if new == old { return true }
    guard let left = try number(of: new, hosts), let right = try number(of: old, hosts) else {
      return false
    }
    return left == right
  }

  /// The SCSI host that an adapter means now; nil where it means none.
  private static func number(of adapter: PoolSource.Adapter, _ hosts: SCSIHosts)
    throws(StorageError) -> UInt32?
  {
    do throws(StorageError) { return try hosts.number(of: adapter) } catch {
      guard error.code == .notFound || error.code == .badInput else { throw error }
      return nil
    }
  }

  private static func hostsMatch(_ new: PoolSource, _ old: PoolSource) -> Bool {
    guard new.hosts.count == old.hosts.count else { return false }
    return zip(new.hosts, old.hosts).allSatisfy {
      $0.name == $1.name && ($0.port == 0 || $0.port == $1.port)
    }
  }

  private static func same(_ left: Path, _ right: Path) throws(StorageError) -> Bool {
    if left == right { return true }
    guard let first = try FileStatus.ifPresent(known: left),
      let second = try FileStatus.ifPresent(known: right)
    else { return false }
    if first.kind == .blockDevice, second.kind == .blockDevice {
      return first.device == second.device
    }
    return first.identity == second.identity
  }
}

/// The folder of a pool whose volumes are files, as others are compared with it.
private struct Folders {
  /// Types whose volumes are files below the target path.
  private static let types: Set<PoolType> = [.dir, .fs, .netfs, .vstorage]

  private let pool: PoolDefinition
  private let place: FolderPlace?
  /// The folder without symbolic links.
  private let real: Path?
  private let mounts: MountTable

  init(of pool: PoolDefinition) throws(StorageError) {
    self.pool = pool
    let mounts = try MountTable.snapshot()
    self.mounts = mounts
    let path = Folders.path(of: pool)
    place = try path.map { path throws(StorageError) in try FolderPlace(path, mounts: mounts) }
    real = try path.map { path throws(StorageError) in try mounts.withoutLinks(path) }
  }

  private static func path(of pool: PoolDefinition) -> Path? {
    types.contains(pool.type) ? pool.target.path : nil
  }

  func conflict(with other: PoolDefinition) throws(StorageError) -> Bool {
    guard let place, let real, let path = Folders.path(of: other) else { return false }
    if try FolderPlace(path, mounts: mounts) == place { return true }
    if try keepsFiles(other, path, in: real) { return true }
    return try keepsFiles(pool, real, in: path)
  }

  /// Whether a folder is one in which a pool on `folder` keeps files of its own.
  private func keepsFiles(_ pool: PoolDefinition, _ folder: Path, in inner: Path)
    throws(StorageError) -> Bool
  {
    if pool.lifecycle.driver.usesQubesLayout {
      return try FolderPlace.isSameOrBelow(inner, folder, mounts: mounts)
    }
    guard inner.components.contains(SharedFolder.privateFolder) else { return false }
    return try FolderPlace.isSameOrBelow(
      inner, folder.appending(SharedFolder.privateFolder), mounts: mounts)
  }
}
