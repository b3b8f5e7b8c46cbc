import StorageModel

/// Pools whose source or target can be made and destroyed.
package protocol BuildingBackend: PoolBackend {
  /// Makes the source or the target: a folder, a file system, a partition table, a volume group.
  ///
  /// Nothing that is there already is lost unless `overwrite` says so. What was made is taken back where a later step
  /// fails.
  /// - Throws: `exists`, in libvirt's words, for what is there and is not overwritten.
  func build(overwrite: OverwritePolicy, _ steps: Steps) throws(StorageError)
  /// Destroys what `build` makes.
  /// - Throws: `busy`, before anything changes, where something is still in it.
  func delete(_ steps: Steps) throws(StorageError)
}

/// What to do about data that is there already when a pool is built.
package enum OverwritePolicy: Sendable { case unspecified, refuse, overwrite }
