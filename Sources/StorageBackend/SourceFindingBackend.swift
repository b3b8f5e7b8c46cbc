import StorageHost
import StorageModel

/// Pools whose sources can be looked for before a pool is defined: volume groups, exports, targets.
package protocol SourceFindingBackend: BuiltInBackend {
  /// The sources that a pool of this type could be made of; each is printed as `<source>`.
  /// - Parameter query: what to look at, as far as it was said; nil where nothing was. Its format is nil unless one
  ///   was given.
  /// - Returns: the sources in the order they are to be printed; none where there are none.
  static func findSources(_ query: PoolSource?, host: HostFolders) throws(StorageError)
    -> [PoolSource]
}

extension SourceFindingBackend {
  /// The one host that a query for sources on a server must name.
  /// - Parameter kind: what libvirt calls the sources: `netfs`, `iscsi`, `gluster`.
  package static func queriedHost(_ query: PoolSource?, of kind: String) throws(StorageError)
    -> PoolSource.Host
  {
    guard let query else {
      throw StorageError(
        .badInput, "", "hostname must be specified for \(kind) sources",
        hint: NextCommand.hint("find-storage-pool-sources-as", type.rawValue, "HOST"))
    }
    guard let host = query.hosts.first, query.hosts.count == 1 else {
      throw StorageError(.badInput, "", "Expected exactly 1 host for the storage pool")
    }
    return host
  }
}
