import StorageModel

/// Pools whose storage changes only when somebody looks for changes: units that a target has added.
package protocol RefreshingBackend: PoolBackend {
  /// Looks for what is new or has another size.
  func refresh(_ steps: Steps) throws(StorageError)
}
