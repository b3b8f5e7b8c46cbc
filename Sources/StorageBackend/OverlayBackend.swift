import StorageModel

/// Pools whose volumes can be images that refer to other files: overlays, and those with their data elsewhere.
package protocol OverlayBackend: PoolBackend {
  /// What the images in the pool's files refer to, in whatever state volumes keep them.
  ///
  /// Also of a pool that is not active, as far as its folder can be looked at; nothing is opened that an image names.
  /// - Throws: what keeps the whole pool from being looked at.
  func references() throws(StorageError) -> PoolReferences
  /// Names the image below an overlay anew: a volume of the same pool, of a format. Its content stays, and so does
  /// whether it is named relative to the pool's folder.
  /// - Parameter revision: the state whose image that is; nil for the committed one.
  /// - Throws: `unsupported` for images of a format whose header cannot be changed so.
  func rebase(
    _ volume: Volume, at revision: Revision?, onto base: VolumeName, _ format: VolumeFormat,
    _ steps: Steps
  ) throws(StorageError)
}
