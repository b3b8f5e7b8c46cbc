import StorageModel

/// Pools whose source has more to tell than its definition: free parts of devices, the format that was found.
package protocol SourceBackend: PoolBackend {
  /// The source as it is on the machine.
  func foundSource() throws(StorageError) -> PoolSource
}
