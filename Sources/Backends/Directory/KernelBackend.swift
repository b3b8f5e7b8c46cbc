import FileVolumes
import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// Pools of type dir with driver `linux-kernel`: each folder in the pool's is a volume, which is the image of modules in
/// it, beside a kernel and its initial RAM disk.
///
/// Whoever installs kernels changes them; here they are only read.
package struct KernelBackend: BuiltInBackend, BuildingBackend, NamingBackend, ReadingBackend {
  package static let type = PoolType.dir

  package static func serves(_ pool: PoolDefinition) -> Bool {
    pool.type == .dir && pool.lifecycle.driver == .kernels
  }

  /// The file of a volume that is its content.
  private static let image = "modules.img"

  private let pool: PoolDefinition
  private let host: HostFolders
  /// The pool as the folder that it is.
  private let directory: DirectoryBackend

  package init(_ pool: PoolDefinition, host: HostFolders, secrets: any SecretSource) {
    self.pool = pool
    self.host = host
    var plain = pool
    plain.lifecycle = PoolLifecycle()
    directory = DirectoryBackend(plain, host: host, secrets: secrets)
  }

  package var description: BackendDescription {
    var description = Self.description
    description.driver = FileDriver.kernels.rawValue
    description.mostRevisions = 0
    return description
  }

  // MARK: The pool

  package func start(_ steps: Steps) throws(StorageError) { try directory.start(steps) }
  package func stop(_ steps: Steps) throws(StorageError) {}
  package func checkReachable() throws(StorageError) { try directory.checkReachable() }
  package func sizes() throws(StorageError) -> PoolSizes { try directory.sizes() }
  package func targetPermissions() -> Permissions? { directory.targetPermissions() }

  package func build(overwrite: OverwritePolicy, _ steps: Steps) throws(StorageError) {
    try directory.build(overwrite: overwrite, steps)
  }

  package func delete(_ steps: Steps) throws(StorageError) { try directory.delete(steps) }

  // MARK: Volumes

  package func path(of name: VolumeName) -> Path {
    directory.path(of: name).appending(KernelBackend.image)
  }

  package func volumeName(forPath path: Path) throws(StorageError) -> VolumeName? {
    guard path.lastComponent == KernelBackend.image else { return nil }
    return directory.volumeName(forPath: path.parent)
  }

  package func volumes() throws(StorageError) -> VolumeListing {
    let folder = try directory.folder()
    let (names, warnings) = try names(in: folder)
    var listing = VolumeListing(warnings: warnings)
    for name in names {
      if let volume = try describe(name, in: folder) { listing.volumes.append(volume) }
    }
    return listing
  }

  package func volumeNames() throws(StorageError) -> [VolumeName] {
    try names(in: directory.folder()).names
  }

  package func volume(_ name: VolumeName) throws(StorageError) -> Volume? {
    guard name.components.count == 1, name.text != SharedFolder.privateFolder else { return nil }
    do throws(StorageError) { return try describe(name, in: directory.folder()) } catch {
      guard error.isTooLongName else { throw error }
      return nil
    }
  }

  private func names(in folder: Folder) throws(StorageError)
    -> (names: [VolumeName], warnings: [String])
  {
    var names: [VolumeName] = []
    var warnings: [String] = []
    var undecodable = 0
    for entry in try folder.entries(undecodable: &undecodable)
    where entry.name != SharedFolder.privateFolder && entry.name != "lost+found" {
      var kind = entry.kind
      if kind == nil { kind = try folder.status(entry.name)?.kind }
      if kind == .folder, let name = VolumeName(found: entry.name) {
        names.append(name)
      } else {
        let path = folder.path.appending(entry.name).text
        warnings.append("'\(path)' is not a directory of a kernel; not listed")
      }
    }
    if undecodable > 0 {
      warnings.append("\(undecodable) files have names that are not UTF-8; not listed")
    }
    return (names, warnings)
  }

  /// What is known of one volume; nil where there is none.
  ///
  /// One whose image cannot be looked at has a failure.
  private func describe(_ name: VolumeName, in folder: Folder) throws(StorageError) -> Volume? {
    guard try folder.status(name.text)?.kind == .folder else { return nil }
    var definition = VolumeDefinition(name: name)
    definition.lifecycle.isWritable = false
    definition.target.path = path(of: name)
    definition.key = definition.target.path?.text
    definition.target.format = .raw
    var lifecycle = pool.lifecycle
    lifecycle.revisionsToKeep = .disabled
    var volume = Volume(
      definition: definition, properties: definition.lifecycle.resolved(with: lifecycle),
      hasCommitted: true, hasWorkingCopy: false)
    volume.hasRecordedFormat = true
    do throws(StorageError) {
      let status = try openImage(of: volume).status()
      volume.definition.capacity = status.size
      volume.definition.allocation = status.allocated
      volume.definition.physical = status.size
      volume.definition.target.permissions = Permissions(
        mode: status.mode & 0o777, owner: status.owner, group: status.group)
      volume.definition.target.timestamps = status.timestamps
    } catch {
      volume.failure = error
      volume.problem = error.text
      volume.hasCommitted = error.missing == nil
    }
    return volume
  }

  /// The image of modules, which no symbolic link leads to.
  private func openImage(of volume: Volume) throws(StorageError) -> Descriptor {
    let folder = try directory.folder().folder(volume.name.text)
    guard let file = try folder.openIfPresent(KernelBackend.image) else {
      var error = StorageError(.notFound, volume.subject, "has no \(KernelBackend.image)")
      error.missing = .volume
      throw error
    }
    guard try file.status().kind == .regular else {
      throw StorageError(
        .badInput, volume.subject, "its \(KernelBackend.image) is not a regular file")
    }
    return file
  }
}

/// The content.
extension KernelBackend {
  package func devicePath(of volume: Volume) -> Path { path(of: volume.name) }

  /// It is there as it is; whoever gives it to a machine does so read-only.
  package func exposeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    _ = try openImage(of: volume)
  }

  package func concealCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {}

  package func openCommitted(_ volume: Volume, revision: Revision?) throws(StorageError)
    -> Descriptor
  { try openImage(of: volume) }

  /// Any number of machines read a kernel at a time: only whoever writes to it is in the way.
  package func holders(of volume: Volume, committed: FileUsers) throws(StorageError) -> [String] {
    try OpenFiles.holders(
      of: openImage(of: volume).status().identity, countingReaders: false, proc: host.proc,
      sys: host.sys)
  }

  package func sweep(_ name: VolumeName, _ steps: Steps) throws(StorageError) {}
}
