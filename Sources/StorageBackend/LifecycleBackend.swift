import StorageModel

/// Pools whose volumes have the whole life cycle: working copies and revisions.
package protocol LifecycleBackend: VolumeBackend, ContentBackend {
  /// Makes the working copy of the committed state, which does not change; all of it is there before it has its name.
  func makeWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError)
  /// Makes a working copy of the volume's capacity that reads as zeroes, in place of one that there may be.
  func makeEmptyWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError)
  /// Makes the device of a working copy that a crash left appear again; nothing where it is a file.
  func continueWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError)
  /// Makes the working copy of a snapshot from the last committed state of its source, and holds on to that state, so that
  /// it can be told later whether the source has moved on.
  func copySource(_ source: Volume, to volume: Volume, _ steps: Steps) throws(StorageError)
  /// Makes the working copy the committed state, and the committed state before a revision, where revisions are kept;
  /// then lets go of revisions that are too many.
  ///
  /// The working copy is durable before it gets its new name. At every instant a complete committed state exists under a
  /// name that the next command finds: a cut leaves the session as it was, or the commit done but for what `sweep` does.
  /// - Throws: `busy`, before anything changes, where the device is open.
  func commit(_ volume: Volume, _ steps: Steps) throws(StorageError)
  /// Does what may wait until several volumes are committed and is cheaper then; nothing is lost where it is not done.
  func finishCommits(_ steps: Steps)
  /// Makes a copy of the working copy, as it is at one instant, the committed state; the session goes on with the
  /// working copy.
  ///
  /// The state before becomes a revision, as in `commit`. Whoever has the device open notices nothing.
  /// - Throws: `unsupported`, before anything changes, where no such copy can be made in one instant.
  func commitCopy(of volume: Volume, _ steps: Steps) throws(StorageError)
  /// Removes the working copy; nothing where there is none. The committed state does not change.
  func dropWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError)
  /// Removes all revisions but those that are pinned.
  func dropRevisions(of volume: Volume, _ steps: Steps) throws(StorageError)
  /// Makes the content of a revision the committed state. The state before becomes a revision, where revisions are kept;
  /// the chosen one and all newer ones stay.
  ///
  /// A cut leaves the state before or the one reverted to.
  func revert(_ volume: Volume, to revision: Revision, _ steps: Steps) throws(StorageError)

  /// Makes an empty committed state of the volume's capacity, for a volume that begins to keep state.
  func makeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError)
  /// Removes the committed state of a volume that no longer keeps any.
  func removeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError)
  /// Whether the committed state is anything but zeroes never written.
  func hasData(_ volume: Volume) throws(StorageError) -> Bool

  /// Removes one revision; nothing else of the volume changes.
  /// - Throws: `busy` where somebody holds on to it.
  func removeRevision(_ revision: Revision, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  /// Remembers, durably, whether a revision is kept however many newer ones there are.
  func setPinned(_ isPinned: Bool, _ revision: Revision, of volume: Volume, _ steps: Steps)
    throws(StorageError)

  /// The volume as its committed state is, or as a revision is: sizes and what else its file or device tells, not those
  /// of the working copy.
  func describe(_ volume: Volume, at revision: Revision?) throws(StorageError) -> Volume
  /// Puts a state that shares all blocks of `source` in the place of the committed one, which becomes a revision where
  /// revisions are kept.
  /// - Returns: false, without a change, where the engine cannot share them; then they are copied.
  func replaceCommitted(of volume: Volume, sharing source: VolumeContent, _ steps: Steps)
    throws(StorageError) -> Bool
  /// Which state the committed one is, or that of a revision; nil where that cannot be told, or there is none.
  ///
  /// Whatever makes a state gives it a random identifier before it is the committed one, and keeps that with it under
  /// whatever name: see `StateMark`. Another one is derived for states that others made, and does not move while the
  /// state stays. No cut leaves a state with the identifier of another.
  func stateID(of volume: Volume, at revision: Revision?) throws(StorageError) -> StateID?
  /// Oldest first.
  func revisions(of volume: Volume) throws(StorageError) -> [RevisionFacts]
  /// A file that is left of a volume of a name that is not there, and may be all that there is of its content; nil where
  /// nothing is. A new volume of that name would take it for its own.
  func remains(of name: VolumeName) throws(StorageError) -> Path?
  /// The volumes that start from `source`: by their records, or because another program started them so.
  func dependents(of source: VolumeName) throws(StorageError) -> Dependents
}

/// The volumes that start from another.
package struct Dependents: Sendable {
  package var names: [VolumeName] = []
  /// Why each of those that could not be looked at could not; any may be one.
  package var unread: [StorageError] = []
  package init(_ names: [VolumeName] = []) { self.names = names }
}

extension LifecycleBackend {
  package func continueWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {}
  package func finishCommits(_ steps: Steps) {}

  /// Where a revision makes the volume, there is one.
  package func remains(of name: VolumeName) throws(StorageError) -> Path? { nil }

  /// A copy shares blocks on its own where the file system can.
  package func replaceCommitted(of volume: Volume, sharing source: VolumeContent, _ steps: Steps)
    throws(StorageError) -> Bool
  { false }
}
