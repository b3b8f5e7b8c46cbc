import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS

/// The life cycle: working copies, commit, revisions, revert, import.
extension FileBackend {
  package func devicePath(of volume: Volume) -> Path {
    let files = files(volume.name)
    let folder = pool.target.path ?? Path("/")
    if volume.properties.kind == .inPlace, files.isPlain { return path(of: volume.name) }
    return folder.appending(files.sidePath(files.working))
  }

  // MARK: Start

  /// The working copy is the prepared one where that still fits, else a copy that shares blocks, else a full one.
  package func makeWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    let files = files(volume.name)
    try pinFormat(of: volume, steps)
    try steps.run(
      "make working copy '\(devicePath(of: volume))'",
      clearing: { () throws(StorageError) in try removeWorkingCopy(of: volume) }
    ) { () throws(StorageError) in
      let home = try home(of: files)
      let side = try side(of: files, making: true)
      if let precache = files.precache, let prepared = try side.status(precache) {
        let committed = try home.status(files.committed)
        if let committed, prepared.isCertainlyPrecache(of: committed) {
          try note(files, working: prepared)
          try side.rename(precache, to: files.working)
          return try side.sync()
        }
        try side.remove(precache)
      }
      let state = try home.open(files.committed, flags: Descriptor.readOnly)
      try linkBacking(of: state, files, in: side)
      try makeWorking(files, of: state, in: side, steps)
    }
  }

  /// Makes a working copy of a state.
  private func makeWorking(
    _ files: VolumeFiles, of state: Descriptor, in side: Folder, _ steps: Steps
  ) throws(StorageError) {
    let method = try copy(state, to: files.working, in: side, progress: steps.progress) {
      file throws(StorageError) in try note(files, working: file.status())
    }
    if method == .sparse { warnOfCopies(steps) }
  }

  private func warnOfCopies(_ steps: Steps) {
    steps.warnOnce(
      "full-copies",
      "pool '\(pool.name)': its file system cannot share blocks between files; working copies and"
        + " revisions take their full space")
  }

  package func makeEmptyWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    let files = files(volume.name)
    let size = volume.capacity
    try steps.run(
      "make empty working copy '\(devicePath(of: volume))' of \(size.bytes) bytes",
      clearing: { () throws(StorageError) in try removeWorkingCopy(of: volume) }
    ) { () throws(StorageError) in
      let side = try side(of: files, making: true)
      try side.makeFile(files.working, mode: 0o600, replacing: true) { file throws(StorageError) in
        try setOwner(ownPermissions, of: file, in: side)
        try file.setSize(size)
      }
    }
  }

  package func copySource(_ source: Volume, to volume: Volume, _ steps: Steps)
    throws(StorageError)
  {
    let files = files(volume.name)
    let from = self.files(source.name)
    try refuseToDropContent(of: volume)
    try pinFormat(of: volume, as: source.definition.target.format ?? .raw, steps)
    try steps.run(
      "copy '\(path(of: source.name))' to '\(devicePath(of: volume))'",
      clearing: { () throws(StorageError) in try removeWorkingCopy(of: volume) }
    ) { () throws(StorageError) in
      let sourceHome = try home(of: from)
      // Held by a second name, so that it can be told later whether the source has moved on.
      let (heldIn, held) = try heldSource(of: volume)
      try dropHeldSource(of: volume)
      try sourceHome.link(from.committed, to: held, in: heldIn)
      try heldIn.sync()
      let state = try heldIn.open(held, flags: Descriptor.readOnly)
      let side = try side(of: files, making: true)
      try linkBacking(of: state, files, in: side)
      try makeWorking(files, of: state, in: side, steps)
    }
  }

  /// Where a started snapshot keeps the state it was made from.
  ///
  /// In Qubes' layout a plain snapshot keeps it under the name of its committed state, which it has
  /// no other use for.
  func heldSourcePath(of volume: Volume) -> String {
    let files = files(volume.name)
    if !files.isPlain, volume.properties.kind == .snapshot { return files.committedPath }
    return "\(files.recordFolder)/\(VolumeFiles.heldSource)"
  }

  private func heldSource(of volume: Volume) throws(StorageError) -> (Folder, String) {
    let path = Path(heldSourcePath(of: volume))
    let folder = try folder()
    guard path.text.utf8.contains(UInt8(ascii: "/")) else { return (folder, path.text) }
    return (try folder.makeFolders(path.parent.text, heritage()), path.lastComponent)
  }

  /// With revisions disabled, Qubes' layout calls a started volume's state by the working copy's name.
  package func exposeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    let files = files(volume.name)
    try pinFormat(of: volume, steps)
    if try home(of: files).status(files.committed)?.links ?? 1 > 1 {
      // The same content, whichever file has it.
      try steps.run("give '\(path(of: volume.name))' blocks of its own", undo: {}) {
        () throws(StorageError) in try unshare(files)
      }
    }
    guard !files.isPlain else { return }
    try steps.run(
      "rename '\(path(of: volume.name))' to '\(devicePath(of: volume))'",
      undo: { () throws(StorageError) in
        try home(of: files).rename(files.working, to: files.committed)
      }
    ) { () throws(StorageError) in
      let home = try home(of: files)
      if let precache = files.precache { try home.remove(precache) }
      try home.rename(files.committed, to: files.working)
      try home.confirm()
    }
  }

  /// Replaces the committed state by a copy of itself, so that other names of the file, such as the state that a
  /// started snapshot holds on to, are not changed with it.
  func unshare(_ files: VolumeFiles) throws(StorageError) {
    try rememberSnapshots(of: files.name)
    let home = try home(of: files)
    let state = try home.open(files.committed, flags: Descriptor.readOnly)
    _ = try copy(
      state, to: files.committed, in: home,
      temporaryPrefix: files.isPlain ? VolumeFiles.newFilePrefix : nil
    ) { file throws(StorageError) in try mark(file, asCopyOf: state) }
  }

  package func concealCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    let files = files(volume.name)
    guard !files.isPlain, volume.hasWorkingCopy else { return }
    try steps.run("rename '\(devicePath(of: volume))' to '\(path(of: volume.name))'") {
      () throws(StorageError) in
      let home = try home(of: files)
      try home.open(files.working, flags: Descriptor.readOnly).sync()
      try home.rename(files.working, to: files.committed)
      try home.confirm()
    }
  }

  // MARK: Stop

  /// The old state gets a revision's name as well, then the working copy takes its place in one rename: the
  /// committed state is complete under its name at every instant.
  package func commit(_ volume: Volume, _ steps: Steps) throws(StorageError) {
    let files = files(volume.name)
    let keep = max(0, volume.properties.revisionsToKeep.number)
    try steps.run(
      "commit '\(devicePath(of: volume))' to '\(path(of: volume.name))', keeping \(keep) revisions"
    ) { () throws(StorageError) in
      let home = try home(of: files)
      let side = try side(of: files)
      let links = try markAndSync(files.working, in: side)
      try replaceCommitted(
        of: files, by: files.working, keepsOld: keep > 0, keeping: keep, returning: true,
        home: home, side: side, steps)
      try Steps.finish { () throws(StorageError) in
        // An interruption can have given both names to one file, which a rename leaves as they are.
        if links > 1 { try side.remove(files.working) }
        if !files.isPlain { try makePrecache(of: files, in: home) } else { try side.confirm() }
        try forgetSession(of: files)
        try prune(files, keep: keep, in: side)
        try dropHeldSource(of: volume)
      }
    }
  }

  /// Gives a file the identifier of a new state, and brings it to disk.
  ///
  /// Before it is the committed state: cut in between, it is a working copy, whose mark counts no longer once somebody
  /// writes to it.
  /// - Returns: how many names it has.
  private func markAndSync(_ file: String, in folder: Folder) throws(StorageError) -> UInt32 {
    let opened = try folder.open(file, flags: Descriptor.readOnly)
    try mark(opened)
    try opened.sync()
    return try opened.status().links
  }

  package func dropWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try steps.run("remove working copy '\(devicePath(of: volume))'") { () throws(StorageError) in
      let files = files(volume.name)
      let side = try side(of: files)
      try checkStillUnused(volume.name, steps)
      // What only the working copy tells to be a snapshot's goes before it; else it is there as long as the session.
      let isToldByWorkingCopy = heldSourcePath(of: volume) == files.committedPath
      let aside = isToldByWorkingCopy ? try setHeldSourceAside(of: volume) : nil
      do throws(StorageError) {
        try remove(
          files.working, in: side, of: volume.name, by: "\(files.working)~\(randomSuffix())", steps)
      } catch {
        guard let aside, error.made == nil else { throw error }
        throw error.undone { () throws(StorageError) in
          try aside.place.rename(aside.name, to: files.committed)
        }
      }
      if let aside {
        try Steps.finish { () throws(StorageError) in try aside.place.remove(aside.name) }
      }
      try Steps.finish { () throws(StorageError) in
        try side.confirm()
        if !isToldByWorkingCopy { try dropHeldSource(of: volume) }
        // Nothing else is left of a snapshot that another program started.
        if volume.contradiction?.kind == .foreignSnapshot { return try removeRecord(of: files) }
        try forgetSession(of: files)
      }
    }
  }

  private func removeWorkingCopy(of volume: Volume) throws(StorageError) {
    let files = files(volume.name)
    guard let side = try sideIfPresent(of: files) else { return }
    // First what only the working copy tells to be a snapshot's.
    try dropHeldSource(of: volume)
    try side.remove(files.working)
    try side.sync()
    try forgetSession(of: files)
  }

  // MARK: Beginning and ending to keep state

  package func makeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    let files = files(volume.name)
    let path = path(of: volume.name)
    var isNew = false
    try steps.run(
      "make empty file '\(path)' of \(volume.capacity.bytes) bytes",
      undo: { () throws(StorageError) in
        guard isNew else { return }
        let home = try home(of: files)
        try home.remove(files.committed)
        try home.sync()
      }
    ) { () throws(StorageError) in
      let home = try home(of: files, making: true)
      if let present = try home.openIfPresent(files.committed) {
        // An interrupted change can have made it already; anything else is not ours to replace.
        guard try !present.hasData() else {
          throw StorageError(.exists, path.text, "is there already and holds data")
        }
        return try home.openForWriting(files.committed).setSize(volume.capacity)
      }
      try home.makeFile(
        files.committed, mode: ownPermissions.mode.map { $0 & 0o660 } ?? 0o600,
        replacing: false, temporaryPrefix: files.isPlain ? VolumeFiles.newFilePrefix : nil
      ) { file throws(StorageError) in
        try setOwner(ownPermissions, of: file, in: home)
        try file.setSize(volume.capacity)
        try mark(file)
      }
      isNew = true
    }
  }

  package func removeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    let files = files(volume.name)
    try steps.run("remove empty file '\(path(of: volume.name))'") { () throws(StorageError) in
      let home = try home(of: files)
      try remove(
        files.committed, in: home, of: volume.name, by: temporaryName(of: files), steps)
      try home.confirm()
    }
  }

  /// A name for the committed state under which what an interruption leaves is known to be unwanted.
  func temporaryName(of files: VolumeFiles) -> String {
    "\(files.isPlain ? VolumeFiles.newFilePrefix : files.committed)~\(randomSuffix())"
  }

  package func hasData(_ volume: Volume) throws(StorageError) -> Bool {
    try openCommitted(volume, revision: nil).hasData()
  }

  // MARK: Revisions

  func revisionFiles(_ files: VolumeFiles, in side: Folder) throws(StorageError) -> [Revision] {
    try side.entries().compactMap { files.revision(of: $0.name) }.sorted {
      ($0.number, $0.time) < ($1.number, $1.time)
    }
  }

  /// The present state becomes a revision, then a copy of the chosen one takes its place; nothing is pruned.
  ///
  /// An uncommitted session goes right after the swap: whatever interrupts it, the session is there as long as the state
  /// that it was begun from is, and then is known to be beside another one.
  package func revert(_ volume: Volume, to revision: Revision, _ steps: Steps)
    throws(StorageError)
  {
    let files = files(volume.name)
    let name = files.revisionName(revision)
    try steps.run("replace '\(path(of: volume.name))' by a copy of revision \(revision.number)") {
      () throws(StorageError) in
      let side = try side(of: files)
      let state = try side.open(name, flags: Descriptor.readOnly)
      try swapIn(files, keeping: nil, dropping: files.working, steps) { file throws(StorageError) in
        try Copy.contents(of: state, to: file, progress: steps.progress)
      }
      try Steps.finish { () throws(StorageError) in try forgetSession(of: files) }
    }
  }

  package func replaceCommitted(
    of volume: Volume, size: ByteCount, _ steps: Steps,
    fill: (Descriptor) throws(StorageError) -> Void
  ) throws(StorageError) {
    let files = files(volume.name)
    let keep = max(0, volume.properties.revisionsToKeep.number)
    try pinFormat(of: volume, steps)
    try steps.run("replace '\(path(of: volume.name))', keeping \(keep) revisions") {
      () throws(StorageError) in
      try swapIn(files, keeping: keep, steps, fill: fill)
    }
  }

  /// Writes a new committed state beside the old one and puts it in its place.
  /// - Parameters:
  ///   - keep: how many revisions stay; nil keeps all.
  ///   - dropped: a file that goes right after the swap.
  ///   - isSession: whether a session goes on, beside the new state from then on.
  func swapIn(
    _ files: VolumeFiles, keeping keep: Int?, dropping dropped: String? = nil,
    continuing isSession: Bool = false, _ steps: Steps,
    fill: (Descriptor) throws(StorageError) -> Void
  ) throws(StorageError) {
    let home = try home(of: files)
    let side = try side(of: files, making: true)
    guard let old = try home.status(files.committed) else {
      throw StorageError(.notFound, path(of: files.name).text, "has no committed state")
    }
    // What is half done becomes no revision.
    let isWhole = try record(of: files, in: folder())?.unfinished == nil
    try side.remove(files.importing)
    let file = try side.create(files.importing, mode: old.permissions)
    do throws(StorageError) {
      try file.adopt(old)
      try fill(file)
      try mark(file)
      try file.sync()
      if isSession {
        try Steps.prepare { () throws(StorageError) in
          try note(files, continuedBeside: file.status())
        }
      }
      try replaceCommitted(
        of: files, by: files.importing, keepsOld: isWhole && keep != 0, keeping: keep,
        dropping: dropped, returning: false, home: home, side: side, steps)
    } catch {
      guard error.made == nil else { throw error }
      throw error.undone { () throws(StorageError) in try side.remove(files.importing) }
    }
    try Steps.finish { () throws(StorageError) in
      if !isWhole { try setUnfinished(nil, of: files) }
      if !files.isPlain { try makePrecache(of: files, in: home) } else { try side.confirm() }
      if let keep { try prune(files, keep: keep, in: side) }
    }
  }

  package func openCommitted(_ volume: Volume, revision: Revision?) throws(StorageError)
    -> Descriptor
  {
    let files = files(volume.name)
    guard let revision else {
      return try home(of: files).open(files.committed, flags: Descriptor.readOnly)
    }
    return try side(of: files).open(files.revisionName(revision), flags: Descriptor.readOnly)
  }

  package func dependents(of source: VolumeName) throws(StorageError) -> Dependents {
    let folder = try folder()
    var found = Dependents()
    // No volume is its own source; one whose record cannot be understood can still be deleted.
    for name in try recordedNames(in: folder) where name != source {
      let record: VolumeRecord?
      do throws(StorageError) { record = try self.record(of: files(name), in: folder) } catch {
        // What makes no sense cannot be started, and is in nobody's way; what cannot be read may say anything.
        if error.code != .badInput || error.number != nil { found.unread.append(error) }
        continue
      }
      if record?.lifecycle.source == source { found.names.append(name) }
    }
    for volume in try foreignSnapshots(in: folder) where volume.name != source {
      if let failure = volume.failure {
        found.unread.append(failure)
      } else if volume.properties.source == source {
        found.names.append(volume.name)
      }
    }
    return found
  }

  /// Everybody counts who has a working copy open.
  package func holders(of volume: Volume, committed: FileUsers) throws(StorageError) -> [String] {
    let files = files(volume.name)
    let folder = try folder()
    for name in ownImages(of: volume) {
      let countsReaders = name != files.committedPath || committed == .anyone
      guard let file = try folder.openIfPresent(name) else { continue }
      let alone = file.isOnlyInstance(countingReaders: countsReaders)
      if alone == true { continue }
      // Whose it is may not be told where /proc is not mounted; that somebody has it, is known then.
      var untold: StorageError?
      do throws(StorageError) {
        let found = try OpenFiles.holders(
          of: file.status().identity, countingReaders: countsReaders, proc: host.proc,
          sys: host.sys)
        if !found.isEmpty { return found }
      } catch {
        untold = error
      }
      if try file.isLockedByQEMU() { return ["a running QEMU"] }
      if alone == false { return ["another process"] }
      if let untold { throw untold }
    }
    return []
  }

  package func claim(_ volume: Volume, for use: ImageLock.Use) throws(StorageError)
    -> [FileClaim]
  {
    let folder = try folder()
    // The server keeps an open image from being replaced, our own claim included.
    guard try !FileSystem(of: folder).refusesToReplaceOpenFiles else { return [] }
    var claimed: [FileClaim] = []
    for name in ownImages(of: volume) {
      guard let file = try folder.openIfPresent(name) else { continue }
      guard try ImageLock.claim(file, for: use) else {
        throw StorageError(.busy, volume.subject, "is in use by a running QEMU")
      }
      claimed.append(FileClaim(file, for: use))
    }
    return claimed
  }

  /// Copies a state to a new file of the same mode and owner.
  /// - Parameter named: called with the file when it is whole, before it gets its name.
  func copy(
    _ state: Descriptor, to name: String, in folder: Folder, temporaryPrefix: String? = nil,
    progress: Progress? = nil, named: (Descriptor) throws(StorageError) -> Void = { _ in }
  ) throws(StorageError) -> Copy.Method {
    let status = try state.status()
    var method = Copy.Method.reflink
    try folder.makeFile(
      name, mode: status.permissions, replacing: true, temporaryPrefix: temporaryPrefix
    ) { file throws(StorageError) in
      try file.adopt(status)
      method = try Copy.contents(of: state, to: file, progress: progress)
      try named(file)
    }
    return method
  }
}
