import StorageBackend
import StorageConf
import StorageModel
import StorageOS

/// Giving volumes other names.
///
/// The revisions and the record get their new names beside the old ones; then the committed state is renamed, which is
/// the instant of the change, behind which nothing is taken back; then the old names go. The new record tells the old
/// name meanwhile, so that what an interruption leaves can be settled: backwards while the committed state has its old
/// name, else forwards.
extension FileBackend {
  package func rename(_ volume: Volume, to name: VolumeName, _ steps: Steps) throws(StorageError) {
    try checkName(name)
    let (old, new) = (files(volume.name), files(name))
    let (from, to) = (path(of: volume.name), path(of: name))
    let saves = volume.properties.kind.savesState
    let record = volume.definition.kind == .dir ? nil : try recordToMove(of: volume)
    if record != nil {
      try steps.run(
        "give the record and the revisions of '\(from)' to '\(to)'",
        clearing: { () throws(StorageError) in try removeRest(of: new) }
      ) { () throws(StorageError) in
        var record = record ?? VolumeRecord()
        record.renamedFrom = volume.name
        try store(record, for: new)
        try linkRevisions(of: old, to: new)
      }
    }
    if saves || volume.definition.kind == .dir {
      try steps.run("rename '\(from)' to '\(to)'") { () throws(StorageError) in
        let target = try home(of: new, making: true)
        let source = try home(of: old)
        try decide(
          volume.name, steps,
          undo: { () throws(StorageError) in
            try target.rename(new.committed, to: old.committed, in: source)
          }
        ) { () throws(StorageError) in
          try source.rename(old.committed, to: new.committed, in: target, exclusive: true)
        }
        try Steps.finish { () throws(StorageError) in
          try target.confirm()
          try source.confirm()
        }
      }
    }
    guard record != nil else { return }
    try steps.run("forget '\(from)'") { () throws(StorageError) in
      // Of a volume without a committed state the record is what has the name.
      if !saves { try folder().remove("\(old.recordFolder)/\(VolumeFiles.record)") }
      try Steps.finish { () throws(StorageError) in
        try removeRest(of: old)
        try forgetOldName(of: new)
      }
    }
  }

  package func remains(of name: VolumeName) throws(StorageError) -> Path? {
    let files = files(name)
    let side: Folder?
    do throws(StorageError) { side = try sideIfPresent(of: files) } catch {
      // No file can have that name.
      guard error.isTooLongName else { throw error }
      return nil
    }
    return try side.flatMap { side throws(StorageError) in
      try side.entries().map(\.name).first {
        $0 == files.working || files.revision(of: $0) != nil
      }.map(side.path.appending)
    }
  }

  /// What is recorded of a volume that is to get another name; nil where nothing has to go with it.
  private func recordToMove(of volume: Volume) throws(StorageError) -> VolumeRecord? {
    let files = files(volume.name)
    var record = try self.record(of: files, in: folder())
    let encryption = volume.definition.target.encryption
    if let encryption, record?.encryption?.secrets.isEmpty != false {
      // Without a word about it the secret is the one for the path, which changes.
      var kept = record ?? VolumeRecord(format: volume.definition.target.format)
      kept.encryption = kept.encryption ?? Encryption(format: encryption.format)
      kept.encryption?.secrets = [.usage(path(of: volume.name).text)]
      record = kept
    }
    if record == nil, try !revisions(of: volume).isEmpty { record = VolumeRecord() }
    return record
  }

  private func linkRevisions(of old: VolumeFiles, to new: VolumeFiles) throws(StorageError) {
    guard let side = try sideIfPresent(of: old) else { return }
    let present = try revisionFiles(old, in: side)
    guard !present.isEmpty else { return }
    let target = try self.side(of: new, making: true)
    for revision in present {
      do throws(StorageError) {
        try side.link(old.revisionName(revision), to: new.revisionName(revision), in: target)
      } catch {
        guard error.code == .permission || error.code == .unsupported else { throw error }
        throw StorageError(
          .unsupported, "volume '\(old.name)'",
          "cannot be renamed with its revisions: the file system has no second names for files")
      }
    }
    try target.sync()
  }

  /// Ends a change of name: the record no longer tells the old one.
  func forgetOldName(of new: VolumeFiles) throws(StorageError) {
    guard var record = try self.record(of: new, in: folder()) else { return }
    record.renamedFrom = nil
    if record == VolumeRecord() { try removeRecord(of: new) } else { try store(record, for: new) }
  }

  /// Settles the change of a volume's name to another one, where it was interrupted behind its instant.
  ///
  /// What has the old name then are only left-overs, which may not be taken for those of a new volume of that name.
  func settleRename(to old: VolumeName, in folder: Folder, _ steps: Steps) throws(StorageError) {
    let files = files(old)
    guard try folder.status(files.committedPath) == nil,
      try folder.status(files.recordFolder) != nil
    else { return }
    for name in try recordedNames(in: folder) where name != old {
      do throws(StorageError) {
        guard try record(of: self.files(name), in: folder)?.renamedFrom == old else { continue }
      } catch {
        // One that cannot be understood is in the way of its own volume only; and of a volume that keeps nothing there are
        // no left-overs.
        let own = error.number == nil ? nil : try record(of: files, in: folder)
        guard
          error.number == nil
            || own?.lifecycle.resolved(with: pool.lifecycle).kind.savesState == false
        else { throw error }
        continue
      }
      try repair(
        Finding(.interruptedRename, recordPath(of: self.files(name)), volume: name), steps)
    }
  }

  /// Settles a change of name that was interrupted: backwards while the volume still has its old name.
  func settleRename(of new: VolumeFiles) throws(StorageError) {
    let folder = try folder()
    guard let record = try record(of: new, in: folder), let name = record.renamedFrom else {
      return
    }
    let old = files(name)
    let isOld =
      record.lifecycle.resolved(with: pool.lifecycle).kind.savesState
      ? try folder.status(new.committedPath) == nil
      : try self.record(of: old, in: folder) != nil
    if isOld { return try removeRest(of: new) }
    let isThereAgain = try folder.status(old.committedPath) != nil
    if isThereAgain, !old.isPlain {
      // Qubes has made a volume of the old name since; its files are not ours to judge.
      try removeRecord(of: old)
    } else {
      try removeRest(of: old)
    }
    try forgetOldName(of: new)
  }
}
