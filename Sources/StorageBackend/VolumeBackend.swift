import StorageModel

/// Pools in which volumes can be made, resized and deleted.
package protocol VolumeBackend: PoolBackend {
  /// What volumes of the pool can be; the same whatever is in it.
  var traits: VolumeTraits { get }
  /// Completes a request by what only the pool knows: path and key, permissions, what a format is called. Refuses names
  /// that cannot be, and what is against the nature of this pool alone; all other rules are applied to what is returned.
  func complete(_ request: VolumeDefinition) throws(StorageError) -> VolumeDefinition
  /// The sizes that a volume can have, a new one or one that is there.
  func sizeRule(of volume: VolumeDefinition) throws(StorageError) -> SizeRule
  /// Makes a volume without content, or on the image below it.
  func create(_ plan: CreationPlan, _ steps: Steps) throws(StorageError)
  /// Removes the volume with its revisions, its working copy and what is recorded of it.
  ///
  /// Its own name goes first, so that a cut leaves the whole volume, or parts that are told as those of an interrupted
  /// deletion.
  func delete(_ volume: Volume, _ steps: Steps) throws(StorageError)
  /// Gives the volume another size.
  ///
  /// A cut leaves the old size or the new one, in the file or device and in what is recorded of it.
  /// - Parameters:
  ///   - capacity: the new size, which the volume can have; smaller than the present one only where the caller allowed
  ///     that.
  ///   - allocate: whether all of the volume gets blocks.
  ///   - working: whether the working copy is meant rather than the committed state, or what is recorded of it.
  func resize(
    _ volume: Volume, to capacity: ByteCount, allocate: Bool, working: Bool, _ steps: Steps
  ) throws(StorageError)
}
