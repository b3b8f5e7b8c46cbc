import BlockVolumes
import StorageConf
import StorageCore
import StorageModel
import StorageOS
import VolumeGroups

/// Working copies, commits, revisions, revert. Each change of one volume takes at most three commands of LVM's.
extension ThinBackend: LifecycleBackend {
  // MARK: Commands

  /// Makes a thin snapshot under a name, active, with the number of its state.
  func snapshot(
    _ origin: LogicalVolume, as name: String, number: Int, of volume: VolumeName
  ) throws(StorageError) {
    try report.changeThinPool(
      "lvcreate",
      ["--yes", "--snapshot", "--setactivationskip", "n", "--activate", "y", "--name", name]
        + ["--addtag", StateTag.text(number), full(origin.name)], of: volume,
      isActive: true)
  }

  /// Makes an empty thin volume under a name, active.
  func makeEmpty(_ name: String, _ size: ByteCount, number: Int, of volume: VolumeName)
    throws(StorageError)
  {
    try report.changeThinPool(
      "lvcreate",
      ["--yes", "--type", "thin", "--virtualsize", "\(size.bytes)b", "--thinpool", full(thin)]
        + ["--wipesignatures", "n", "--name", name, "--addtag", StateTag.text(number)], of: volume,
      isActive: true)
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

  private func committed(of volume: Volume) throws(StorageError) -> (ThinFamily, LogicalVolume) {
    let family = try family(volume.name)
    guard let committed = family.committed else {
      throw StorageError(.notFound, volume.subject, "has no committed state")
    }
    return (family, committed)
  }

  // MARK: Start

  package func makeWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try checkRoom(steps)
    let (family, committed) = try committed(of: volume)
    try makeSnap(of: committed, family, steps)
  }

  private func makeSnap(of origin: LogicalVolume, _ family: ThinFamily, _ steps: Steps)
    throws(StorageError)
  {
    let name = "\(family.name)-snap"
    try steps.run(
      "make thin snapshot '\(full(name))' of '\(full(origin.name))'",
      undo: { () throws(StorageError) in try remove([name], of: family.name) }
    ) { () throws(StorageError) in
      try snapshot(origin, as: name, number: family.nextNumber, of: family.name)
    }
  }

  package func makeEmptyWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try checkRoom(steps)
    let name = volume.name
    try steps.run(
      "make empty thin volume '\(full(name.text))' of \(volume.capacity.bytes) bytes",
      undo: { () throws(StorageError) in try remove([name.text], of: name) }
    ) { () throws(StorageError) in
      try makeEmpty(name.text, volume.capacity, number: 1, of: name)
    }
  }

  package func copySource(_ source: Volume, to volume: Volume, _ steps: Steps)
    throws(StorageError)
  {
    try checkRoom(steps)
    let (_, origin) = try committed(of: source)
    try makeSnap(of: origin, family(volume.name), steps)
  }

  /// After a boot nothing of the thin pool is active, unless the machine activates all volumes itself.
  package func continueWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try checkRoom(steps)
    if let snap = try family(volume.name).snap { try activate(snap, of: volume.name, steps) }
  }

  package func exposeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try checkRoom(steps)
    try activate(committed(of: volume).1, of: volume.name, steps)
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
      noteOutdated(family, try swapIn(snap.name, family), keep: keep)
    }
  }

  /// Gives the committed state a revision's name and a new one its own.
  /// - Returns: that revision; nil where it had one already, because a commit was interrupted.
  private func swapIn(_ new: String, _ family: ThinFamily) throws(StorageError) -> String? {
    var back: String?
    if let current = family.current {
      let name = family.nextBack(now: Clock.now().seconds)
      try rename(current.name, to: name, of: family.name)
      back = name
    }
    try rename(new, to: family.name.text, of: family.name)
    return back
  }

  /// Remembers the oldest revisions to be removed, so that `keep` stay, after a swap.
  /// - Parameters:
  ///   - before: the volume as it was.
  ///   - back: the revision that the swap made.
  private func noteOutdated(_ before: ThinFamily, _ back: String?, keep: Int) {
    let all = before.backs.map(\.volume.name) + (back.map { [$0] } ?? [])
    report.outdated += all.dropLast(keep).map { (before.name, $0) }
  }

  /// Removes the revisions that are too old.
  ///
  /// One that cannot be removed, because somebody reads it, stays until the next time: the commits are made.
  package func finishCommits(_ steps: Steps) {
    let outdated = report.outdated
    report.outdated = []
    guard let first = outdated.first else { return }
    do throws(StorageError) { try remove(outdated.map(\.revision), of: first.volume) } catch {
      let present = try? report.group()
      for (volume, revision) in outdated where present?.volumes[revision] != nil {
        let reason = error.code == .busy ? "it is in use" : error.text
        steps.warnOnce(
          "old-revision", "volume '\(volume)': an old revision was not removed: \(reason)")
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
    let names = try family(volume.name).revisions.map(\.volume.name)
    guard !names.isEmpty else { return }
    try steps.run("remove all revisions of volume '\(volume.name)'") { () throws(StorageError) in
      try remove(names, of: volume.name)
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
    try steps.run("make empty thin volume '\(full(volume.name.text))'") {
      () throws(StorageError) in
      try makeEmpty(volume.name.text, volume.capacity, number: 1, of: volume.name)
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

  package func revisions(of volume: Volume) throws(StorageError) -> [RevisionFacts] {
    try family(volume.name).revisions.map { revision, found in
      RevisionFacts(revision: revision, capacity: found.size, allocation: found.used)
    }
  }

  package func dependents(of source: VolumeName) throws(StorageError) -> [VolumeName] {
    try report.knownGroup().families(inThinPool: thin).values
      .filter { $0.record?.lifecycle.source == source }.map(\.name)
  }

  /// A snapshot of the revision is made beside the volume, then takes its place; nothing is pruned.
  package func revert(_ volume: Volume, to revision: Revision, _ steps: Steps)
    throws(StorageError)
  {
    try checkRoom(steps)
    let family = try family(volume.name)
    guard let state = family.revisions.first(where: { $0.revision == revision })?.volume else {
      throw StorageError(.notFound, volume.subject, "has no revision '\(revision.identifier)'")
    }
    let new = "\(volume.name)-import"
    try steps.run(
      "make thin snapshot '\(full(new))' of '\(full(state.name))'",
      undo: { () throws(StorageError) in try remove([new], of: volume.name) }
    ) { () throws(StorageError) in
      try snapshot(state, as: new, number: family.nextNumber, of: volume.name)
    }
    // When nothing else can fail any more.
    try dropWorkingCopy(of: volume, steps)
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
    let keep = max(0, volume.properties.revisionsToKeep.number)
    try steps.run(
      "make empty thin volume '\(full(new))' of \(size.bytes) bytes",
      undo: { () throws(StorageError) in try remove([new], of: volume.name) }
    ) { () throws(StorageError) in
      try makeEmpty(new, size, number: family.nextNumber, of: volume.name)
    }
    try steps.run("fill '\(full(new))'", undo: {}) { () throws(StorageError) in
      let device = try Descriptor(claiming: node(new), readsAsZeroes: true)
      try fill(device)
      try device.sync()
    }
    try steps.run(
      "put it in the place of '\(full(volume.name.text))', keeping \(keep) revisions"
    ) { () throws(StorageError) in
      noteOutdated(family, try swapIn(new, family), keep: keep)
    }
    finishCommits(steps)
  }

  package func openCommitted(_ volume: Volume, revision: Revision?) throws(StorageError)
    -> Descriptor
  {
    let family = try family(volume.name)
    let wanted =
      revision == nil
      ? family.committed : family.revisions.first { $0.revision == revision }?.volume
    guard let wanted else {
      throw StorageError(.notFound, volume.subject, "has no committed state")
    }
    try activate(wanted, of: volume.name)
    return try Descriptor(readingDevice: node(wanted.name))
  }
}
