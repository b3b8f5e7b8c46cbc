import StorageModel

/// Pools that are reachable only between start and stop, and can be left so by a start or stop that was killed.
package protocol AttachingBackend: PoolBackend {
  /// Whether the storage is reachable now.
  func isAttached() throws(StorageError) -> Bool
  /// What a killed start or stop left of a pool that is not active; nil where it left nothing, or where it was not
  /// this program that made the storage reachable. Repairing it is stopping.
  func unfinishedStart() throws(StorageError) -> Finding?
}
