import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS

/// Pools whose volumes are files below one folder: the pool's target.
///
/// Everything about volumes is here, the same for all of them; a kind of pool adds how its folder is made
/// reachable. Every file is reached from the folder's descriptor, and nothing follows a symbolic link.
package protocol FileBackend:
  BuiltInBackend, NamingBackend, ListingBackend, FolderBackend, LifecycleBackend, CheckingBackend,
  SharingBackend,
  RenamingBackend, WipingBackend, OverlayBackend
{
  var pool: PoolDefinition { get }
  var host: HostFolders { get }
  var secrets: any SecretSource { get }

  /// The pool's folder, opened; whatever is done with volumes begins here.
  /// - Throws: where it is not there, or is not the one that it should be.
  func folder() throws(StorageError) -> Folder
}

extension FileBackend {
  package var driver: FileDriver { pool.lifecycle.driver }

  package var description: BackendDescription {
    var description = Self.description
    description.driver = driver.isQubes ? driver.rawValue : nil
    description.mostRevisions = driver == .file ? 1 : nil
    return description
  }

  package func folder() throws(StorageError) -> Folder { try openTarget() }

  /// What is at the path of the pool's folder, opened, whatever it is.
  /// - Throws: in libvirt's words where it is not there.
  package func openTarget() throws(StorageError) -> Folder {
    let path = try target()
    do throws(StorageError) {
      return try Folder(opening: path)
    } catch {
      var error = error
      error.subject = ""
      error.problem = "cannot open directory '\(path)'"
      throw error
    }
  }

  /// Whom what is made in the pool's folder belongs to.
  func heritage() throws(StorageError) -> Heritage {
    Heritage(of: try folder().descriptor.status())
  }

  /// What the pool's definition says of new files, as far as this process can do it.
  var ownPermissions: Permissions { pool.target.permissions.givable }

  /// The path of the pool's folder.
  package func target() throws(StorageError) -> Path {
    guard let path = pool.target.path else {
      throw StorageError(.badInput, "pool '\(pool.name)'", "missing storage pool target path")
    }
    return path
  }

  func files(_ name: VolumeName) -> VolumeFiles { VolumeFiles(name, driver: driver) }

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
      label: (try? folder.descriptor.label()) ?? nil)
  }

  /// Refuses a pool that wants reflinks on a file system without them.
  package func requireReflink(in folder: Folder) throws(StorageError) {
    guard driver == .fileReflink, pool.lifecycle.setupCheck else { return }
    guard try folder.supportsReflink() else {
      throw StorageError(
        .unsupported, "pool '\(pool.name)'",
        "the file system of '\(folder.path)' cannot share blocks between files (FICLONE);"
          + " set setup_check to no to use the pool with full copies")
    }
  }
}
