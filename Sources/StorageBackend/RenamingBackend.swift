import StorageModel

/// Pools in which a volume can be called otherwise.
package protocol RenamingBackend: VolumeBackend {
  /// Gives a stopped volume, with its revisions and what is recorded of it, another name, which is free.
  ///
  /// At every instant the volume is whole under one of the two names; what an interruption leaves besides is told by a
  /// finding, and settled by the next change of either name.
  /// - Throws: `badInput`, before anything changes, for a name that a new volume could not have.
  func rename(_ volume: Volume, to name: VolumeName, _ steps: Steps) throws(StorageError)
}
