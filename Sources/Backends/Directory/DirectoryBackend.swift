import StorageConf
import StorageCore
import StorageHost
import StorageModel
import StorageOS

/// Pools of type dir: volumes are files in a folder.
package struct DirectoryBackend: PoolBackend {
  package static let type = PoolType.dir

  let pool: PoolDefinition
  let host: HostFolders
  var driver: FileDriver { pool.lifecycle.driver }

  package init(_ pool: PoolDefinition, host: HostFolders) {
    self.pool = pool
    self.host = host
  }

  /// The pool's folder, opened; every file of the pool is reached from it.
  func folder() throws(StorageError) -> Folder {
    guard let path = pool.target.path else {
      throw StorageError(.badInput, "pool '\(pool.name)'", "missing storage pool target path")
    }
    do throws(StorageError) {
      return try Folder(opening: path)
    } catch {
      var error = error
      error.subject = ""
      error.problem = "cannot open directory '\(path)'"
      throw error
    }
  }

  func files(_ name: VolumeName) -> VolumeFiles { VolumeFiles(name, driver: driver) }

  package func start(_ steps: Steps) throws(StorageError) {
    let folder = try folder()
    try steps.run("open directory '\(folder.path)'") { () throws(StorageError) in
      try requireReflink(in: folder)
    }
  }

  package func stop(_ steps: Steps) throws(StorageError) {}

  package func checkReachable() throws(StorageError) { _ = try folder() }

  package func sizes() throws(StorageError) -> PoolSizes { try FileSystem(of: folder()).sizes }

  package func path(of name: VolumeName) -> Path {
    (pool.target.path ?? Path("/")).appending(files(name).committedPath)
  }

  package func volumeName(forPath path: Path) -> VolumeName? {
    guard let target = pool.target.path, let below = path.relative(to: target) else { return nil }
    if driver.usesQubesLayout { return VolumeFiles.qubesVolume(ofFile: below) }
    guard !below.contains("/"), below != VolumeFiles.privateFolder else { return nil }
    return VolumeName(found: below)
  }

  package func targetPermissions() -> Permissions? {
    guard let folder = try? folder(), let status = try? folder.descriptor.status() else {
      return nil
    }
    return Permissions(
      mode: status.mode & 0o777, owner: status.owner, group: status.group,
      label: folder.descriptor.label())
  }

  /// Refuses a pool that wants reflinks on a file system without them.
  func requireReflink(in folder: Folder) throws(StorageError) {
    guard driver == .fileReflink, pool.lifecycle.setupCheck else { return }
    guard try folder.supportsReflink() else {
      throw StorageError(
        .unsupported, "pool '\(pool.name)'",
        "the file system of '\(folder.path)' cannot share blocks between files (FICLONE);"
          + " set setup_check to no to use the pool with full copies")
    }
  }
}
