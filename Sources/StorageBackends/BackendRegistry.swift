import DirectoryBackend
import StorageCore
import StorageHost
import StorageModel

/// The kinds of pool this program can work with: one line a backend.
package enum BackendRegistry {
  package static let all: [any PoolBackend.Type] = [
    DirectoryBackend.self
  ]

  /// The backend of a pool.
  /// - Throws: `unsupported`, naming the types there are.
  package static func backend(for pool: PoolDefinition, host: HostFolders) throws(StorageError)
    -> any PoolBackend
  {
    guard let kind = all.first(where: { $0.type == pool.type }) else {
      let known = all.map { $0.type.rawValue }.joined(separator: ", ")
      throw StorageError(
        .unsupported, "pool '\(pool.name)'",
        "pools of type '\(pool.type.rawValue)' can be defined but not used here (usable: \(known))")
    }
    return kind.init(pool, host: host)
  }
}
