import StorageModel
import StorageOS

/// Pools whose volumes can be overwritten so that their content cannot be had back.
package protocol WipingBackend: ContentBackend {
  /// Overwrites all that the volume holds, its revisions and working copy included; the volume stays, with its size.
  ///
  /// Revisions go first. A cut leaves a volume that is whole, or one that is told to be incomplete and can be wiped again.
  /// - Throws: `unsupported`, before anything changes, for an algorithm or a format that is not wiped here.
  func wipe(_ volume: Volume, _ algorithm: WipeAlgorithm, _ steps: Steps) throws(StorageError)
  /// How many names what is wiped has that are none of the volume's own: whoever gave them reads the same content there.
  func foreignNames(of volume: Volume) throws(StorageError) -> Int
}

extension WipingBackend {
  /// The nodes of a device are names of it, and not of content.
  package func foreignNames(of volume: Volume) throws(StorageError) -> Int { 0 }
}
