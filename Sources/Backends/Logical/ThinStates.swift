import StorageBackend
import StorageModel
import VolumeGroups

/// Which state a logical volume holds: a tag of it, `cistern:state:ID:SIZE`, which goes with it when it is renamed. Qubes'
/// driver knows nothing of it, and makes new volumes; one whose size it changes has another state.
///
/// What becomes the committed state has the tag from the command on that makes it, so that a commit takes none for it.
extension ThinBackend {
  package func stateID(of volume: Volume, at revision: Revision?) throws(StorageError) -> StateID? {
    try family(volume.name).state(at: revision)?.stateID
  }

  /// The tag of a new state.
  /// - Parameter size: that of the volume that holds it; LVM makes it whole extents.
  func newStateTag(_ size: ByteCount) throws(StorageError) -> String {
    let extent = try report.knownGroup().extent.bytes
    let whole = (size.bytes + extent - 1) / extent * extent
    return StateTag.state(.random(), ByteCount(whole))
  }

  /// Gives the committed state another tag, because it is about to be written over where it lies: before that, so that
  /// no cut leaves what was written with the identifier of what was there.
  /// - Parameter isKnown: whether what will be there gets an identifier. What a guest writes gets none, of which nobody
  ///   is told when it changes.
  func loseState(of name: VolumeName, isKnown: Bool) throws(StorageError) {
    guard let committed = try family(name).committed else { return }
    let old = committed.tags.filter { $0.hasPrefix(StateTag.state) }
    let new = isKnown ? try newStateTag(committed.size) : StateTag.unknownState
    guard old != [new] else { return }
    try report.change(
      "lvchange", old.flatMap { ["--deltag", $0] } + ["--addtag", new, full(committed.name)],
      of: name)
  }
}

extension LogicalVolume {
  /// Which state it holds; nil where it was changed in place since it got an identifier.
  var stateID: StateID? {
    let words = tags.compactMap { $0.without(prefix: StateTag.state) }
    guard !words.contains("none") else { return nil }
    let marks = words.compactMap { word -> StateID? in
      guard let (identifier, size) = word.cut(at: ":"), Int64(size) == self.size.bytes else {
        return nil
      }
      return StateID(identifier)
    }
    return marks.first ?? .derived(from: "logical volume \(uuid) size \(size.bytes)")
  }
}
