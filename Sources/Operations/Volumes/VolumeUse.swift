import StorageBackend
import StorageModel
import StorageOS

/// Who has a volume open, asked before anything that they would not survive.
extension Storage {
  /// Refuses what would pull a volume from under somebody who has it open, and claims its images until the
  /// change is done, so that nobody opens them meanwhile.
  ///
  /// - Parameters:
  ///   - committed: whose use of the committed state counts; where nil, everybody's if it is itself the device,
  ///     else only writers'.
  ///   - claiming: what for; nil where another program does the change and makes its own claim.
  func checkUnused(
    _ volume: Volume, _ backend: any ReadingBackend, committed: FileUsers? = nil,
    claiming use: ImageLock.Use? = .changing, _ steps: Steps
  ) throws(StorageError) {
    let users = committed ?? (volume.properties.kind == .inPlace ? .anyone : .writers)
    let holders = try backend.holders(of: volume, committed: users)
    guard holders.isEmpty else {
      throw StorageError(
        .busy, volume.subject, "is in use by \(holders.joined(separator: ", "))")
    }
    guard let use, !isDryRun else { return }
    steps.hold(try backend.claim(volume, for: use))
  }
}
