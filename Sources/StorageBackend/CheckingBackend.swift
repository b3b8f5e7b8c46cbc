import StorageModel

/// Pools that can tell and remove what crashes leave.
package protocol CheckingBackend: PoolBackend {
  /// Every left-over, by path. That a volume cannot be read is told by the listing, and need not be found here.
  /// - Parameters:
  ///   - volumes: the pool's volumes, as they are listed.
  ///   - isStarted: tells whether a volume was started this boot.
  func findings(of volumes: [Volume], isStarted: (VolumeName) -> Bool) throws(StorageError)
    -> [Finding]
  /// Does what a repairable finding says; nothing where it is gone by now.
  ///
  /// The finding is looked at again: what has become something else meanwhile stays.
  func repair(_ finding: Finding, _ steps: Steps) throws(StorageError)
  /// What lies among the volumes and is none, in one line each.
  func strangers() throws(StorageError) -> [String]
  /// Whether somebody has the file of a finding open, so that it may be work in progress.
  func isInUse(_ finding: Finding) throws(StorageError) -> Bool
}

extension CheckingBackend {
  package func strangers() throws(StorageError) -> [String] { [] }
}
