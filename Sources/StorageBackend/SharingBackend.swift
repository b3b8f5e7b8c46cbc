import StorageModel

/// Pools in which a volume can share another one's blocks.
package protocol SharingBackend: CloningBackend {
  /// Whether a new volume that is as its source, but may be larger, can share blocks with it.
  func sharing(of source: VolumeContent, with volume: VolumeDefinition) throws(StorageError)
    -> Sharing
  /// Makes a volume that shares all of its source's blocks; where that turns out to be impossible it is not made.
  func create(_ plan: CreationPlan, sharing source: VolumeContent, _ steps: Steps)
    throws(StorageError)
}

/// Whether a volume can share blocks with the one it is made from.
package enum Sharing: Sendable {
  /// It cannot; why, as the problem of an error.
  case impossible(String)
  /// Trying it tells. A copy that is not told to share does it on its own where it can.
  case onRequest
  /// It can, and shares always.
  case always
}
