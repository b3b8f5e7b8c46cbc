import StorageModel

/// Pools that hand out more than they have: what is really taken of the space behind them.
package protocol ThinUsageBackend: PoolBackend {
  /// How full the thin pool is; nil where the volumes of this pool are ordinary ones.
  func thinUsage() throws(StorageError) -> ThinUsage?
}

/// How full a thin pool is.
///
/// Where either part is full, writes to its volumes fail.
package struct ThinUsage: Equatable, Sendable {
  package var data: ByteCount
  package var usedData: ByteCount
  package var metadata: ByteCount
  package var usedMetadata: ByteCount

  package init(
    data: ByteCount, usedData: ByteCount, metadata: ByteCount, usedMetadata: ByteCount
  ) {
    self.data = data
    self.usedData = usedData
    self.metadata = metadata
    self.usedMetadata = usedMetadata
  }
}
