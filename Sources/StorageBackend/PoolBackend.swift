import StorageModel

/// What every kind of pool can do.
///
/// What only some can is in protocols of their own; what a pool can do is told by its description, and asked for with
/// `able(to:)` and `required`.
package protocol PoolBackend: Sendable {
  /// What the pool is and can do.
  var description: BackendDescription { get }

  /// Makes the pool's storage reachable.
  func start(_ steps: Steps) throws(StorageError)
  /// Lets go of it; the data stays.
  func stop(_ steps: Steps) throws(StorageError)
  /// Lets go of what is left of storage that cannot be reached, waiting for nobody.
  func abandon(_ steps: Steps) throws(StorageError)
  /// Begins to ask whatever may be slow to answer, without waiting, so that several pools are waited for together.
  func beginReaching()
  /// Throws what keeps the pool's storage from being reached.
  func checkReachable() throws(StorageError)
  /// How large the storage is and how much of it is taken, in bytes, as the engine counts them; asked only of a pool that
  /// can be reached.
  func sizes() throws(StorageError) -> PoolSizes

  /// All volumes, in no order. One that cannot be read is in the list with its `problem`.
  func volumes() throws(StorageError) -> VolumeListing
  /// One volume by its name, at the cost of one look-up; nil where there is none.
  func volume(_ name: VolumeName) throws(StorageError) -> Volume?
  /// The name of the volume that has this path or key, whether or not it exists; nil where none can.
  func volumeName(forPath path: Path) throws(StorageError) -> VolumeName?
  /// The path a volume of this name has, or would have.
  func path(of name: VolumeName) -> Path
  /// Permissions of the pool's target as they are; nil where there are none to read.
  func targetPermissions() -> Permissions?
}

extension PoolBackend {
  package func abandon(_ steps: Steps) throws(StorageError) {}
  package func beginReaching() {}
}
