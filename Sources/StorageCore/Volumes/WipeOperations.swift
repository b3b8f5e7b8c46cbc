import StorageModel
import StorageOS

extension Storage {
  /// Makes a volume's content unreadable: that of its committed state and of its revisions, which go.
  ///
  /// Size and format stay. Refused while the volume is started or in use, and for images that others are overlays
  /// on.
  package func wipeVolume(
    _ text: String, in poolText: String?, _ algorithm: WipeAlgorithm
  ) throws(StorageError) -> (Change, ActivePool, VolumeName) {
    try changeVolume(text, in: poolText) { pool, backend, volume, steps throws(StorageError) in
      guard let wiping = backend as? any WipingBackend else {
        throw StorageError(.unsupported, "", "storage pool doesn't support volume wiping")
      }
      _ = try volume.transition(.importData)
      if let dependent = try pool.dependents(of: volume.name).first {
        throw StorageError(.busy, volume.subject, "is the source of volume '\(dependent)'")
      }
      try checkIsNoBase(volume, in: pool)
      try checkUnused(volume, backend, committed: .anyone, steps)
      try wiping.wipe(volume, algorithm, steps)
    }
  }
}
