import StorageModel

/// Pools that can tell the names of their volumes without looking at each.
package protocol NamingBackend: PoolBackend {
  /// The names of all volumes, in no order. A name may turn out to be that of no volume.
  func volumeNames() throws(StorageError) -> [VolumeName]
  /// Those of some names whose volumes have a working copy, at the cost of a look for each.
  func namesWithWorkingCopy(among names: [VolumeName]) throws(StorageError) -> Set<VolumeName>
}

extension NamingBackend {
  /// For backends to which a listing costs little more than the names.
  package func namesWithWorkingCopy(
    among names: [VolumeName]
  ) throws(StorageError) -> Set<VolumeName> {
    Set(try volumes().volumes.filter(\.hasWorkingCopy).map(\.name)).intersection(names)
  }
}
