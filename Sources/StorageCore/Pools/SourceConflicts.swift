import StorageHost
import StorageModel
import StorageOS

/// Finds pools that would share storage with a new one.
package enum SourceConflicts {
  /// Types whose volumes are files below the target path.
  private static let folderTypes: Set<PoolType> = [.dir, .fs, .netfs, .vstorage]

  /// Checks a new or changed definition against all others; those of the same name are passed over.
  ///
  /// Folders are compared by device and inode, up to the root, so that symbolic links, bind mounts, other
  /// spellings and folders inside each other are found; where a folder does not exist yet, by text.
  /// Adapters are compared by the SCSI host that they mean now, so that different names of one are found.
  /// - Throws: `Storage source conflict with pool: 'X'`.
  package static func check(
    _ pool: PoolDefinition, against others: [PoolRecord], on host: HostFolders
  ) throws(StorageError) {
    let hosts = SCSIHosts(sys: host.sys)
    for other in others where other.name != pool.name {
      for definition in [other.persistent, other.live].compactMap({ $0 })
      where conflict(pool, definition, hosts) {
        throw StorageError(
          .exists, "pool '\(pool.name)'",
          "operation failed: Storage source conflict with pool: '\(other.name)'")
      }
    }
  }

  private static func conflict(
    _ new: PoolDefinition, _ old: PoolDefinition, _ hosts: SCSIHosts
  ) -> Bool {
    if folderTypes.contains(new.type), folderTypes.contains(old.type),
      let left = new.target.path, let right = old.target.path,
      foldersOverlap(left, right)
    {
      return true
    }
    let sharers: Set<PoolType> = [.fs, .logical, .disk, .zfs]
    if sharers.contains(new.type), sharers.contains(old.type),
      new.source.devices.contains(where: { device in
        old.source.devices.contains { same(device.path, $0.path) }
      })
    {
      return true
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
    case .scsi: return adaptersMatch(source.adapter, present.adapter, hosts)
    case .sheepdog: return hostsMatch(source, present)
    case .mpath: return true
    case .vstorage: return source.name == present.name
    default: return false
    }
  }

  /// Whether two adapters are the same by what they say, or mean the same host now.
  private static func adaptersMatch(
    _ new: PoolSource.Adapter?, _ old: PoolSource.Adapter?, _ hosts: SCSIHosts
  ) -> Bool {
    guard let new, let old else { return new == old }
    if case .fibreChannelHost(let left) = new, case .fibreChannelHost(let right) = old {
      return left.wwnn == right.wwnn && left.wwpn == right.wwpn
    }
    if new == old { return true }
    guard let left = try? hosts.number(of: new), let right = try? hosts.number(of: old) else {
      return false
    }
    return left == right
  }

  private static func hostsMatch(_ new: PoolSource, _ old: PoolSource) -> Bool {
    guard new.hosts.count == old.hosts.count else { return false }
    return zip(new.hosts, old.hosts).allSatisfy {
      $0.name == $1.name && ($0.port == 0 || $0.port == $1.port)
    }
  }

  private static func foldersOverlap(_ left: Path, _ right: Path) -> Bool {
    if left == right { return true }
    return isSameOrBelow(left, right) || isSameOrBelow(right, left)
  }

  /// Whether `path` is `folder` or lies in it.
  ///
  /// What does not exist yet is looked at from its first parent that does.
  static func isSameOrBelow(_ path: Path, _ folder: Path) -> Bool {
    // A server that is gone must keep nobody from defining other pools, so none is asked.
    let table = (try? MountTable()) ?? MountTable(text: "")
    guard !table.isRemote(folder), let wanted = (try? FileStatus(known: folder))?.identity else {
      let (path, folder) = (table.withoutLinks(path), table.withoutLinks(folder))
      return path == folder || path.relative(to: folder) != nil
    }
    var current = path
    while table.isRemote(current) || (try? FileStatus(known: current)) == nil, current.text != "/" {
      current = current.parent
    }
    // `..` on the open folder follows the real tree, whatever links led here.
    guard var here = try? Folder(opening: current) else { return false }
    while let identity = (try? here.descriptor.status())?.identity {
      if identity == wanted { return true }
      guard let up = try? Folder(opening: here.path.appending("..")),
        let above = (try? up.descriptor.status())?.identity, above != identity
      else { return false }
      here = up
    }
    return false
  }

  private static func same(_ left: Path, _ right: Path) -> Bool {
    if left == right { return true }
    guard let first = try? FileStatus(known: left), let second = try? FileStatus(known: right)
    else { return false }
    if first.kind == .blockDevice, second.kind == .blockDevice {
      return first.device == second.device
    }
    return first.identity == second.identity
  }
}
