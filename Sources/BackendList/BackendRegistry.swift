import DirectoryBackend
import DiskBackend
import DriverProcess
import FileSystemBackend
import ISCSIBackend
import LogicalBackend
import MultipathBackend
import NetworkFileSystemBackend
import SCSIBackend
import StorageBackend
import StorageHost
import StorageModel
import ZFSBackend

/// The kinds of pool this program can work with: one line a backend.
package enum BackendRegistry {
  package static let all: [any BuiltInBackend.Type] = [
    DirectoryBackend.self,
    KernelBackend.self,
    FileSystemBackend.self,
    NetworkFileSystemBackend.self,
    DiskBackend.self,
    LogicalBackend.self,
    ThinBackend.self,
    ISCSIBackend.self,
    MultipathBackend.self,
    SCSIBackend.self,
    ZFSBackend.self,
  ]

  /// The backend of a pool.
  /// - Throws: `unsupported`; the hint says which command tells the types there are.
  package static func backend(
    for pool: PoolDefinition, host: HostFolders, secrets: any SecretSource
  ) throws(StorageError) -> any PoolBackend {
    if let process = pool.lifecycle.process {
      return try DriverBackend(pool, process, host: host, secrets: secrets)
    }
    if let served = all.first(where: { $0.serves(pool) }) {
      return served.init(pool, host: host, secrets: secrets)
    }
    _ = try kind(of: pool.type, for: "pool '\(pool.name)'")
    throw StorageError(
      .unsupported, "pool '\(pool.name)'",
      "pools with driver '\(pool.lifecycle.driverWord)' can be defined but not used here",
      hint: NextCommand.hint("pool-capabilities"))
  }

  /// The backend of all pools of a type.
  /// - Parameter subject: what errors are about.
  /// - Throws: `unsupported`; the hint says which command tells the types there are.
  package static func kind(of type: PoolType, for subject: String = "") throws(StorageError)
    -> any BuiltInBackend.Type
  {
    guard let kind = all.first(where: { $0.type == type }) else {
      throw StorageError(
        .unsupported, subject,
        "pools of type '\(type.rawValue)' can be defined but not used here",
        hint: NextCommand.hint("pool-capabilities"))
    }
    return kind
  }
}
