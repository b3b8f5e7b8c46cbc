import StorageBackend
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
      let wiping = try backend.required(.wipeVolumes)
      _ = try volume.transition(.importData)
      try checkIsNoSource(volume, in: pool, steps)
      try checkIsNoBase(volume, in: pool, steps)
      try checkHasOneName(volume, wiping, steps)
      try checkUnused(volume, backend, committed: .anyone, steps)
      try wiping.wipe(volume, algorithm, steps)
    }
  }

  /// Refuses to destroy what somebody has given other names: it may be their copy.
  private func checkHasOneName(
    _ volume: Volume, _ backend: any WipingBackend, _ steps: Steps
  ) throws(StorageError) {
    let others = try backend.foreignNames(of: volume)
    guard others > 0 else { return }
    let problem =
      "has its content under \(others) other \(others == 1 ? "name" : "names"), too (hard links)"
    guard isForced else {
      throw StorageError(
        .busy, volume.subject, problem, hint: "--force overwrites it under all of its names.")
    }
    steps.warn("\(volume.subject): \(problem)")
  }
}
