import StorageBackend
import StorageConf
import StorageModel
import StorageOS

/// Single revisions, and commits that end no session.
extension FileBackend {
  package func revisions(of volume: Volume) throws(StorageError) -> [RevisionFacts] {
    let files = files(volume.name)
    let folder = try folder()
    guard let side = try sideIfPresent(of: files) else { return [] }
    let pinned = try record(of: files, in: folder)?.pinned ?? []
    var facts: [RevisionFacts] = []
    for revision in try revisionFiles(files, in: side) {
      let file = files.sidePath(files.revisionName(revision))
      guard let sizes = try sizes(ofState: file, of: volume, in: folder) else { continue }
      facts.append(
        RevisionFacts(
          revision: revision, capacity: sizes.capacity, allocation: sizes.allocation ?? 0,
          isPinned: pinned.contains(revision)))
    }
    return facts
  }

  package func describe(_ volume: Volume, at revision: Revision?) throws(StorageError) -> Volume {
    let folder = try folder()
    let files = files(volume.name)
    let state = revision.map { files.sidePath(files.revisionName($0)) } ?? files.committedPath
    guard let found = try sizes(ofState: state, of: volume, in: folder) else {
      throw StorageError(
        .notFound, volume.subject,
        revision.map { "has no revision '\($0.identifier)'" } ?? "has no committed state")
    }
    var volume = volume
    volume.definition.capacity = found.capacity
    volume.definition.allocation = found.allocation
    volume.definition.physical = found.physical
    volume.definition.target.format = found.target.format
    volume.definition.target.compat = found.target.compat
    volume.definition.target.clusterSize = found.target.clusterSize
    volume.definition.target.features = found.target.features
    volume.definition.target.encryption = found.target.encryption
    volume.definition.backingStore = found.backingStore
    return volume
  }

  /// Only by a reflink: the kernel makes one while nobody can write to the file.
  package func commitCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    let files = files(volume.name)
    let keep = max(0, volume.properties.revisionsToKeep.number)
    guard try folder().supportsReflink() else {
      throw StorageError(
        .unsupported, volume.subject,
        "cannot be committed while it is started: the file system cannot share blocks between files",
        hint: NextCommand.hint("vol-stop", volume.name.text, "--pool", pool.name.text))
    }
    try steps.run(
      "commit a copy of '\(devicePath(of: volume))' to '\(path(of: volume.name))',"
        + " keeping \(keep) revisions"
    ) { () throws(StorageError) in
      let working = try side(of: files).open(files.working, flags: Descriptor.readOnly)
      try working.sync()
      try swapIn(files, keeping: keep, continuing: true, steps) { file throws(StorageError) in
        guard try Copy.reflink(working, to: file) else {
          throw StorageError(.unsupported, working.path.text, "cannot be copied in one instant")
        }
      }
      try Steps.finish { () throws(StorageError) in try note(files, working: working.status()) }
    }
  }

  package func removeRevision(_ revision: Revision, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  {
    let files = files(volume.name)
    try steps.run("remove revision \(revision.identifier) of volume '\(volume.name)'") {
      () throws(StorageError) in try remove([revision], of: files, in: side(of: files))
    }
  }

  /// Removes revisions, with what is remembered of each alone; their numbers are never given again.
  func remove(_ gone: [Revision], of files: VolumeFiles, in side: Folder) throws(StorageError) {
    guard !gone.isEmpty else { return }
    try Steps.prepare { () throws(StorageError) in try rememberSnapshots(of: files.name) }
    let known = try record(of: files, in: folder()) ?? VolumeRecord()
    var record = known
    record.letGo(of: gone, among: try revisionFiles(files, in: side))
    let before = try recordText(of: files)
    var isGone = false
    do throws(StorageError) {
      // Before they go: afterwards nothing else tells their numbers.
      if record != known { try store(record, for: files) }
      for revision in gone {
        try side.remove(files.revisionName(revision))
        isGone = true
      }
    } catch {
      // While all are there, so are their pins.
      guard !isGone else { throw error }
      throw error.undone { () throws(StorageError) in try putBack(before, for: files) }
    }
    try side.confirm()
  }

  package func setPinned(
    _ isPinned: Bool, _ revision: Revision, of volume: Volume, _ steps: Steps
  ) throws(StorageError) {
    let files = files(volume.name)
    var record = try self.record(of: files, in: folder()) ?? VolumeRecord()
    // Those that others have removed are forgotten.
    record.pinned = try revisionFiles(files, in: side(of: files)).filter {
      $0 == revision ? isPinned : record.pinned.contains($0)
    }
    try write(record, for: files, steps)
  }

  // MARK: Pruning

  /// Says that revisions have to go once the committed state is replaced, where any have to.
  ///
  /// Their number alone does not say so: a revert keeps all, and keeping fewer holds from the next commit on. The name is
  /// another one of the committed state, so that it also tells whether that was replaced.
  func announcePruning(
    of files: VolumeFiles, to keep: Int, adding more: Int, home: Folder, side: Folder
  ) throws(StorageError) {
    let present = try side.entries().map(\.name)
    let revisions = present.filter { files.revision(of: $0) != nil }.count
    guard revisions + more > keep, !present.contains(files.pruning) else { return }
    do throws(StorageError) { try home.link(files.committed, to: files.pruning, in: side) } catch {
      // Without a committed state none is left behind; file systems without such names do not tell.
      guard error.isAbsence || error.code == .permission || error.code == .unsupported else {
        throw error
      }
      return
    }
    // With a new revision the folder is brought to disk anyway.
    if more == 0 { try side.sync() }
  }

  /// Removes the oldest revisions beyond so many; those that are pinned stay, and are not counted.
  func prune(_ files: VolumeFiles, keep: Int, in side: Folder) throws(StorageError) {
    let pinned = try record(of: files, in: folder())?.pinned ?? []
    let all = try revisionFiles(files, in: side)
    guard all.count > keep else { return }
    try remove(all.filter { !pinned.contains($0) }.dropLast(keep), of: files, in: side)
    // What says that it is to be done goes last.
    if try side.remove(files.pruning) { try side.confirm() }
  }

  /// Removes the revisions that an interrupted command has left beyond those that are to be kept, if it had come to its
  /// swap.
  func finishPruning(of volume: Volume) throws(StorageError) {
    let files = files(volume.name)
    let side = try side(of: files)
    let former = try side.status(files.pruning)?.identity
    let committed = try folder().status(files.committedPath)?.identity
    let keep = volume.properties.revisionsToKeep
    if let committed, former != committed, keep != .disabled {
      try prune(files, keep: keep.number, in: side)
    }
    if try side.remove(files.pruning) { try side.sync() }
  }

  package func dropRevisions(of volume: Volume, _ steps: Steps) throws(StorageError) {
    let files = files(volume.name)
    guard try !revisions(of: volume).isEmpty else { return }
    // They are kept no more, whatever becomes of the rest.
    try steps.run("remove all revisions of volume '\(volume.name)'", undo: {}) {
      () throws(StorageError) in
      try prune(files, keep: 0, in: side(of: files))
    }
  }
}
