import StorageModel

/// Pools that can work while something is wrong with what they are made of.
package protocol DegradableBackend: PoolBackend {
  /// What is wrong with a pool that can be reached; nil where all is well.
  func impairment() throws(StorageError) -> String?
}
