import StorageModel

/// Pools in which a volume can be made with content: that of another volume, which may be in another pool, or what
/// comes from outside.
package protocol CloningBackend: VolumeBackend {
  /// The sectors that devices of the pool have; never asked where volumes are files.
  func sectorSize() throws(StorageError) -> ByteCount
  /// Makes a volume and has `content` written into it, before it appears under its name or while its record says that
  /// it is not whole.
  func create(_ plan: CreationPlan, with content: NewContent, _ steps: Steps) throws(StorageError)
}
