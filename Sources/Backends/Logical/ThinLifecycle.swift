import BlockVolumes
import StorageBackend
import StorageConf
import StorageModel
import StorageOS
import VolumeGroups

/// Working copies, commits, revisions, revert. Each change of one volume takes at most three commands of LVM's.
extension ThinBackend: LifecycleBackend {
  // MARK: Commands

  /// Makes a thin snapshot beside a volume.
  /// - Parameter isWritten: whether the origin is written to, so that all of it has to be on disk first.
  func makeSnapshot(
    _ origin: LogicalVolume, isWritten: Bool = false, as name: String, of volume: VolumeName,
    _ steps: Steps
  ) throws(StorageError) {
    try steps.run(
      "make thin snapshot '\(full(name))' of '\(full(origin.name))'",
      undo: { () throws(StorageError) in try remove([name], of: volume) }
    ) { () throws(StorageError) in
      if isWritten { try sync(origin) }
      try snapshot(origin, as: name, of: volume)
    }
  }

  /// Makes a thin snapshot under a name, active.
  func snapshot(
    _ origin: LogicalVolume, as name: String, of volume: VolumeName
  ) throws(StorageError) {
    try report.changeThinPool(
      "lvcreate",
      ["--yes", "--snapshot", "--setactivationskip", "n", "--activate", "y", "--name", name]
        + ["--addtag", StateTag.made, "--addtag", newStateTag(origin.size), full(origin.name)],
      of: volume, isActive: true)
  }

  /// Makes an empty thin volume under a name, active.
  func makeEmpty(_ name: String, _ size: ByteCount, of volume: VolumeName)
    throws(StorageError)
  {
    try report.changeThinPool(
      "lvcreate",
      ["--yes", "--type", "thin", "--virtualsize", "\(size.bytes)b", "--thinpool", full(thin)]
        + ["--wipesignatures", "n", "--name", name, "--addtag", StateTag.made]
        + ["--addtag", newStateTag(size)], of: volume, isActive: true)
  }

  func rename(_ name: String, to new: String, of volume: VolumeName) throws(StorageError) {
    let isActive = try report.knownGroup().volumes[name]?.isActive ?? false
    try report.changeThinPool("lvrename", [groupName, name, new], of: volume, isActive: isActive)
  }

  /// Waits until what was written to an active volume is on disk.
  func sync(_ volume: LogicalVolume) throws(StorageError) {
    guard volume.isActive else { return }
    try Descriptor(readingDevice: node(volume.name)).sync()
  }

  private func committed(of volume: Volume) throws(StorageError) -> LogicalVolume {
    guard let committed = try family(volume.name).committed else {
      throw StorageError(.notFound, volume.subject, "has no committed state")
    }
    return committed
  }

  // MARK: Start

  package func makeWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try checkRoom(steps)
    try makeSnapshot(
      committed(of: volume), as: "\(volume.name)-snap", of: volume.name, steps)
  }

  package func makeEmptyWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try checkRoom(steps)
    let name = volume.name
    try steps.run(
      "make empty thin volume '\(full(name.text))' of \(volume.capacity.bytes) bytes",
      undo: { () throws(StorageError) in try remove([name.text], of: name) }
    ) { () throws(StorageError) in
      try makeEmpty(name.text, volume.capacity, of: name)
    }
  }

  package func copySource(_ source: Volume, to volume: Volume, _ steps: Steps)
    throws(StorageError)
  {
    try checkRoom(steps)
    try makeSnapshot(committed(of: source), as: "\(volume.name)-snap", of: volume.name, steps)
  }

  /// After a boot nothing of the thin pool is active, unless the machine activates all volumes itself.
  package func continueWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try checkRoom(steps)
    if let snap = try family(volume.name).snap { try activate(snap, of: volume.name, steps) }
  }

  package func exposeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try checkRoom(steps)
    let state = try committed(of: volume)
    if state.stateID != nil {
      try steps.run(
        "note that '\(full(state.name))' is changed in place", undo: {}
      ) { () throws(StorageError) in try loseState(of: volume.name, isKnown: false) }
    }
    try activate(committed(of: volume), of: volume.name, steps)
  }

  private func activate(_ state: LogicalVolume, of volume: VolumeName, _ steps: Steps)
    throws(StorageError)
  {
    guard !state.isActive else { return }
    try steps.run("activate '\(full(state.name))'") { () throws(StorageError) in
      try activate(state, of: volume)
    }
  }

  package func concealCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {}

  // MARK: Stop

  /// Two renames, of which the first leaves the committed state under a revision's name, where it is found; what is
  /// too old goes later, that of all volumes in one command.
  package func commit(_ volume: Volume, _ steps: Steps) throws(StorageError) {
    try checkIsWhole(steps)
    let family = try family(volume.name)
    guard let snap = family.snap else {
      throw StorageError(.failure, volume.subject, "has no working copy")
    }
    let keep = max(0, volume.properties.revisionsToKeep.number)
    try steps.run(
      "commit '\(full(snap.name))' to '\(full(volume.name.text))', keeping \(keep) revisions"
    ) { () throws(StorageError) in
      try sync(snap)
      try noteOutdated(family, swapIn(snap.name, family), keep: keep)
    }
  }

  /// Puts what was made beside the volume in the place of its committed state, which becomes a revision.
  func commit(_ new: String, _ family: ThinFamily, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  {
    let keep = max(0, volume.properties.revisionsToKeep.number)
    try steps.run(
      "put it in the place of '\(full(volume.name.text))', keeping \(keep) revisions"
    ) { () throws(StorageError) in
      let back = try swapIn(new, family)
      try noteOutdated(family, back, keep: keep)
      guard family.record?.unfinished != nil, var record = try record(of: family.name) else {
        return
      }
      // What is half done becomes no revision.
      if let back, keep > 0 { report.outdated.append((family.name, back)) }
      record.unfinished = nil
      try setRecord(record, of: family.name)
    }
    finishCommits(steps)
  }

  /// Gives the committed state a revision's name and a new one its own.
  /// - Returns: that revision; nil where it had one already, because a commit was interrupted.
  func swapIn(_ new: String, _ family: ThinFamily) throws(StorageError) -> String? {
    var back: String?
    if let current = family.current {
      let name = family.nextBack(now: Clock.now().seconds)
      try rename(current.name, to: name, of: family.name)
      back = name
    }
    do throws(StorageError) { try rename(new, to: family.name.text, of: family.name) } catch {
      guard let back else { throw error }
      throw error.undone { () throws(StorageError) in
        try rename(back, to: family.name.text, of: family.name)
      }
    }
    return back
  }

  /// Remembers the oldest revisions to be removed, so that `keep` stay besides the pinned ones, after a swap.
  /// - Parameters:
  ///   - before: the volume as it was.
  ///   - back: the revision that the swap made.
  func noteOutdated(_ before: ThinFamily, _ back: String?, keep: Int) throws(StorageError) {
    let loose = before.backs.map(\.volume).filter { !$0.tags.contains(StateTag.pinned) }
    let all = loose.map(\.name) + (back.map { [$0] } ?? [])
    let outdated = all.dropLast(keep)
    // The number that the swap gave tells of all before it, and needs no memory while it is there.
    if back == nil || keep == 0 { try remember(before, without: Array(outdated)) }
    report.outdated += outdated.map { (before.name, $0) }
  }

  /// Sees to it that the numbers of revisions that are about to go are never given again.
  private func remember(_ family: ThinFamily, without gone: [String]) throws(StorageError) {
    let record = family.record(without: gone)
    if record != family.record ?? VolumeRecord() { try setRecord(record, of: family.name) }
  }

  /// Removes revisions; their numbers are never given again.
  func removeRevisions(_ names: [String], of family: ThinFamily) throws(StorageError) {
    try remember(family, without: names)
    try remove(names, of: family.name)
  }

  /// Removes the revisions that are too old.
  ///
  /// One that cannot be removed, because somebody reads it, stays until the next time: the commits are made.
  package func finishCommits(_ steps: Steps) {
    let outdated = report.outdated
    report.outdated = []
    guard let first = outdated.first else { return }
    do throws(StorageError) { try remove(outdated.map(\.revision), of: first.volume) } catch {
      // Where LVM does not answer, each may still be there.
      let present = try? report.group()
      for (volume, revision) in outdated where present.map({ $0.volumes[revision] != nil }) ?? true
      {
        let reason = error.code == .busy ? "it is in use" : error.text
        steps.warn(
          "volume '\(volume)': an old revision was not removed: \(reason)")
      }
    }
  }

  package func dropWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    let family = try family(volume.name)
    guard let working = family.working(volume.properties.kind) else { return }
    try steps.run("remove working copy '\(full(working.name))'") { () throws(StorageError) in
      try remove([working.name], of: volume.name)
    }
  }

  package func dropRevisions(of volume: Volume, _ steps: Steps) throws(StorageError) {
    let family = try family(volume.name)
    let names = family.revisions.map(\.volume)
      .filter { !$0.tags.contains(StateTag.pinned) }.map(\.name)
    guard !names.isEmpty else { return }
    try steps.run("remove all revisions of volume '\(volume.name)'") { () throws(StorageError) in
      try removeRevisions(names, of: family)
    }
  }

  // MARK: Beginning and ending to keep state

  package func makeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try checkRoom(steps)
    if try family(volume.name).current != nil {
      guard try !hasData(volume) else {
        throw StorageError(
          .exists, node(volume.name.text).text, "is there already and holds data")
      }
      return
    }
    try steps.run(
      "make empty thin volume '\(full(volume.name.text))'",
      undo: { () throws(StorageError) in try remove([volume.name.text], of: volume.name) }
    ) { () throws(StorageError) in
      try makeEmpty(volume.name.text, volume.capacity, of: volume.name)
    }
  }

  package func removeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try steps.run("remove empty volume '\(full(volume.name.text))'") { () throws(StorageError) in
      try remove([volume.name.text], of: volume.name)
    }
  }

  package func hasData(_ volume: Volume) throws(StorageError) -> Bool {
    guard let committed = try family(volume.name).committed else { return false }
    guard committed.dataFill == nil else { return committed.used > 0 || committed.dataFill != 0 }
    try activate(committed, of: volume.name)
    return try family(volume.name).committed?.dataFill != 0
  }

  // MARK: Revisions

  package func describe(_ volume: Volume, at revision: Revision?) throws(StorageError) -> Volume {
    guard let found = try family(volume.name).state(at: revision) else {
      throw StorageError(
        .notFound, volume.subject,
        revision.map { "has no revision '\($0.identifier)'" } ?? "has no committed state")
    }
    var volume = volume
    volume.definition.capacity = found.size
    volume.definition.allocation = found.used
    volume.definition.physical = found.isActive ? found.size : nil
    return volume
  }

  package func revisions(of volume: Volume) throws(StorageError) -> [RevisionFacts] {
    try family(volume.name).revisions.map { revision, found in
      RevisionFacts(
        revision: revision, capacity: found.size, allocation: found.used,
        isPinned: found.tags.contains(StateTag.pinned))
    }
  }

  package func dependents(of source: VolumeName) throws(StorageError) -> Dependents {
    Dependents(
      try report.knownGroup().families(inThinPool: thin).values
        .filter { $0.record?.lifecycle.source == source }.map(\.name))
  }

  /// A snapshot of the revision is made beside the volume, then takes its place; nothing is pruned, and a session goes
  /// afterwards.
  package func revert(_ volume: Volume, to revision: Revision, _ steps: Steps)
    throws(StorageError)
  {
    try checkRoom(steps)
    let family = try family(volume.name)
    guard let state = family.state(at: revision) else {
      throw StorageError(.notFound, volume.subject, "has no revision '\(revision.identifier)'")
    }
    let new = "\(volume.name)-import"
    try makeSnapshot(state, as: new, of: volume.name, steps)
    try steps.run("put it in the place of '\(full(volume.name.text))'") {
      () throws(StorageError) in _ = try swapIn(new, family)
    }
  }

  /// The new content is written to a volume beside the present one, then takes its place.
  package func replaceCommitted(
    of volume: Volume, size: ByteCount, _ steps: Steps,
    fill: (Descriptor) throws(StorageError) -> Void
  ) throws(StorageError) {
    guard size > 0 else {
      throw StorageError(.badInput, volume.subject, "a logical volume cannot have size 0")
    }
    try checkRoom(steps)
    let family = try family(volume.name)
    let new = "\(volume.name)-import"
    try steps.run(
      "make empty thin volume '\(full(new))' of \(size.bytes) bytes",
      undo: { () throws(StorageError) in try remove([new], of: volume.name) }
    ) { () throws(StorageError) in
      try makeEmpty(new, size, of: volume.name)
    }
    try steps.run("fill '\(full(new))'", undo: {}) { () throws(StorageError) in
      let device = try Descriptor(claiming: node(new), readsAsZeroes: true)
      try fill(device)
      try device.sync()
    }
    try commit(new, family, of: volume, steps)
  }

  /// A snapshot of the source, where that is in this thin pool.
  package func replaceCommitted(of volume: Volume, sharing source: VolumeContent, _ steps: Steps)
    throws(StorageError) -> Bool
  {
    guard let origin = try state(behind: source.descriptor) else { return false }
    try checkRoom(steps)
    let family = try family(volume.name)
    let new = "\(volume.name)-import"
    try makeSnapshot(origin, as: new, of: volume.name, steps)
    try commit(new, family, of: volume, steps)
    return true
  }

  package func openCommitted(_ volume: Volume, revision: Revision?) throws(StorageError)
    -> Descriptor
  {
    guard let wanted = try family(volume.name).state(at: revision) else {
      throw StorageError(.notFound, volume.subject, "has no committed state")
    }
    try activate(wanted, of: volume.name)
    return try Descriptor(readingDevice: node(wanted.name))
  }
}
