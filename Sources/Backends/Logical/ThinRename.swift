import BlockVolumes
import StorageBackend
import StorageConf
import StorageModel
import StorageOS
import VolumeGroups

/// Giving volumes of a thin pool other names.
///
/// The new record, which tells the old name meanwhile, and the revisions come first; then the committed state is renamed,
/// which is the instant of the change; then the old record goes.
extension ThinBackend: RenamingBackend {
  package func rename(_ volume: Volume, to name: VolumeName, _ steps: Steps) throws(StorageError) {
    try checkName(name)
    let family = try family(volume.name)
    let keepsRecord = family.record != nil || !family.backs.isEmpty
    if keepsRecord {
      var record = family.record ?? VolumeRecord()
      record.renamedFrom = volume.name
      try steps.run(
        "record the properties of volume '\(name)'",
        undo: { () throws(StorageError) in
          // The new record goes only where the old one stands.
          try setRecord(family.record, of: volume.name)
          try setRecord(nil, of: name)
        }
      ) { () throws(StorageError) in try setRecord(record, of: name) }
    }
    let parts = family.backs.map { ($0.volume.name, ThinFamily.backName($0.epoch, of: name)) }
    for (old, new) in parts + (family.current.map { [($0.name, name.text)] } ?? []) {
      try steps.run(
        "rename '\(full(old))' to '\(full(new))'",
        undo: { () throws(StorageError) in try rename(new, to: old, of: volume.name) }
      ) { () throws(StorageError) in try rename(old, to: new, of: volume.name) }
    }
    guard keepsRecord else { return }
    try steps.run("forget the properties of volume '\(volume.name)'") { () throws(StorageError) in
      try setRecord(nil, of: volume.name)
      try Steps.finish { () throws(StorageError) in try forgetOldName(of: name, family.record) }
    }
  }

  private func forgetOldName(of name: VolumeName, _ record: VolumeRecord?) throws(StorageError) {
    var record = record
    record?.renamedFrom = nil
    try setRecord(record == VolumeRecord() ? nil : record, of: name)
  }

  /// The volumes whose change of name was interrupted, and of which `name` is the old name or the new one.
  func interruptedRenames(of name: VolumeName) throws(StorageError) -> [ThinFamily] {
    try report.group().families(inThinPool: thin).values.filter {
      guard let old = $0.record?.renamedFrom else { return false }
      return old == name || $0.name == name
    }
  }

  /// Settles a change of name that was interrupted: backwards while the volume still has its old name.
  func settleRename(_ family: ThinFamily, _ steps: Steps) throws(StorageError) {
    guard let old = family.record?.renamedFrom else { return }
    let saves = (family.record?.lifecycle ?? .init()).resolved(with: pool.lifecycle).kind.savesState
    let isOld = try saves ? family.current == nil : self.family(old).record != nil
    try steps.run("settle the renaming of volume '\(old)' to '\(family.name)'") {
      () throws(StorageError) in
      if isOld {
        for back in family.backs {
          try rename(back.volume.name, to: ThinFamily.backName(back.epoch, of: old), of: old)
        }
        return try setRecord(nil, of: family.name)
      }
      try setRecord(nil, of: old)
      try forgetOldName(of: family.name, family.record)
    }
  }
}

/// Single revisions, and commits that end no session.
extension ThinBackend {
  /// A snapshot of the working copy, which device mapper makes while nothing is written.
  package func commitCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try checkRoom(steps)
    let family = try family(volume.name)
    guard let snap = family.snap else {
      throw StorageError(.failure, volume.subject, "has no working copy")
    }
    let new = "\(volume.name)-import"
    try makeSnapshot(snap, isWritten: true, as: new, of: volume.name, steps)
    try commit(new, family, of: volume, steps)
  }

  package func removeRevision(_ revision: Revision, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  {
    let state = try state(of: revision, of: volume)
    try steps.run("remove '\(full(state.name))'") { () throws(StorageError) in
      try removeRevisions([state.name], of: family(volume.name))
    }
  }

  package func setPinned(
    _ isPinned: Bool, _ revision: Revision, of volume: Volume, _ steps: Steps
  ) throws(StorageError) {
    let state = try state(of: revision, of: volume)
    let words = [isPinned ? "--addtag" : "--deltag", StateTag.pinned, full(state.name)]
    try steps.run("run lvchange \(words.joined(separator: " "))") { () throws(StorageError) in
      try report.change("lvchange", words, of: volume.name)
    }
  }

  private func state(of revision: Revision, of volume: Volume) throws(StorageError)
    -> LogicalVolume
  {
    guard let found = try family(volume.name).state(at: revision) else {
      throw StorageError(
        .notFound, volume.subject, "has no revision '\(revision.identifier)'")
    }
    return found
  }
}
