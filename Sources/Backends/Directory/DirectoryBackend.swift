import FileVolumes
import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// Pools of type dir: a folder that is there.
package struct DirectoryBackend: FileBackend, BuildingBackend {
  package static let type = PoolType.dir

  package static func serves(_ pool: PoolDefinition) -> Bool {
    pool.type == .dir && pool.lifecycle.driver != .kernels
  }

  package let pool: PoolDefinition
  package let host: HostFolders
  package let secrets: any SecretSource

  package init(_ pool: PoolDefinition, host: HostFolders, secrets: any SecretSource) {
    self.pool = pool
    self.host = host
    self.secrets = secrets
  }

  package func start(_ steps: Steps) throws(StorageError) {
    let folder = try folder()
    try steps.run("open directory '\(folder.path)'") { () throws(StorageError) in
      try requireReflink(in: folder)
    }
  }

  package func stop(_ steps: Steps) throws(StorageError) {}

  package func checkReachable() throws(StorageError) { _ = try folder() }

  package func build(overwrite: OverwritePolicy, _ steps: Steps) throws(StorageError) {
    guard overwrite == .unspecified else {
      throw StorageError(
        .unsupported, "pool '\(pool.name)'",
        "No source device specified when formatting pool '\(pool.name)'")
    }
    try buildFolder(steps)
  }

  package func delete(_ steps: Steps) throws(StorageError) { try deleteFolder(steps) }
}
