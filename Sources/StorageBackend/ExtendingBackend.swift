import StorageModel

/// Pools that can be given more devices.
package protocol ExtendingBackend: PoolBackend {
  /// Adds devices; those that carry something are refused unless they may be overwritten.
  func extend(by devices: [Path], overwrite: OverwritePolicy, _ steps: Steps) throws(StorageError)
}
