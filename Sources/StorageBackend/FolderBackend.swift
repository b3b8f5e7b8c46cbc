import StorageModel
import StorageOS

/// Pools that have a folder of their own, in which everybody who uses them finds what all must know: locks, and which
/// volumes are started.
package protocol FolderBackend: PoolBackend {
  /// The pool's folder.
  /// - Throws: where it cannot be reached now.
  func folder() throws(StorageError) -> Folder
}

/// A pool's folder, and what all who use the pool share in it.
package struct SharedFolder: Sendable {
  /// What belongs to the pool and is no volume.
  package static let privateFolder = ".cistern"
  /// The locks on the pool and its volumes.
  package static let lockFile = "\(privateFolder)/lock"
  /// A file for each started volume.
  package static let started = "\(privateFolder)/started"

  package let folder: Folder

  package init?(of backend: any PoolBackend) throws(StorageError) {
    guard let backend = backend.able(to: .shareFolder) else { return nil }
    folder = try backend.folder()
  }

  package func heritage() throws(StorageError) -> Heritage {
    Heritage(of: try folder.descriptor.status())
  }
}
