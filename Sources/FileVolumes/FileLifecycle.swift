import StorageConf
import StorageCore
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
      undo: { () throws(StorageError) in try removeWorkingCopy(of: volume) }
    ) { () throws(StorageError) in
      let home = try home(of: files)
      let side = try side(of: files, making: true)
      if let precache = files.precache, let prepared = try side.status(precache) {
        let committed = try home.status(files.committed)
        if let committed, prepared.isPrecache(of: committed) {
          try side.rename(precache, to: files.working)
          return try side.sync()
        }
        try side.remove(precache)
      }
      let state = try home.open(files.committed, flags: Descriptor.readOnly)
      try linkBacking(of: state, files, in: side)
      if try copy(state, to: files.working, in: side, progress: steps.progress) == .sparse {
        warnOfCopies(steps)
      }
    }
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
      undo: { () throws(StorageError) in try removeWorkingCopy(of: volume) }
    ) { () throws(StorageError) in
      let side = try side(of: files, making: true)
      try side.makeFile(files.working, mode: 0o600, replacing: true) { file throws(StorageError) in
        try file.setOwner(pool.target.permissions.owner, group: pool.target.permissions.group)
        try file.setSize(size)
      }
    }
  }

  package func copySource(_ source: Volume, to volume: Volume, _ steps: Steps)
    throws(StorageError)
  {
    let files = files(volume.name)
    let from = self.files(source.name)
    try steps.run(
      "copy '\(path(of: source.name))' to '\(devicePath(of: volume))'",
      undo: { () throws(StorageError) in try removeWorkingCopy(of: volume) }
    ) { () throws(StorageError) in
      let sourceHome = try home(of: from)
      // Held by a second name, so that it can be told later whether the source has moved on.
      let (heldIn, held) = try heldSource(of: volume)
      try heldIn.remove(held)
      try sourceHome.link(from.committed, to: held, in: heldIn)
      try heldIn.sync()
      let state = try heldIn.open(held, flags: Descriptor.readOnly)
      let side = try side(of: files, making: true)
      try linkBacking(of: state, files, in: side)
      if try copy(state, to: files.working, in: side, progress: steps.progress) == .sparse {
        warnOfCopies(steps)
      }
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
    return (try folder.makeFolders(path.parent.text, mode: 0o711), path.lastComponent)
  }

  /// With revisions disabled, Qubes' layout calls a started volume's state by the working copy's name.
  package func exposeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    let files = files(volume.name)
    try pinFormat(of: volume, steps)
    if try home(of: files).status(files.committed)?.links ?? 1 > 1 {
      try steps.run("give '\(path(of: volume.name))' blocks of its own") {
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
      try home.sync()
    }
  }

  /// Replaces the committed state by a copy of itself, so that other names of the file, such as the state that a
  /// started snapshot holds on to, are not changed with it.
  func unshare(_ files: VolumeFiles) throws(StorageError) {
    let home = try home(of: files)
    _ = try copy(
      home.open(files.committed, flags: Descriptor.readOnly), to: files.committed, in: home,
      temporaryPrefix: files.isPlain ? VolumeFiles.newFilePrefix : nil)
  }

  package func concealCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    let files = files(volume.name)
    guard !files.isPlain, volume.hasWorkingCopy else { return }
    try steps.run("rename '\(devicePath(of: volume))' to '\(path(of: volume.name))'") {
      () throws(StorageError) in
      let home = try home(of: files)
      try home.open(files.working, flags: Descriptor.readOnly).sync()
      try home.rename(files.working, to: files.committed)
      try home.sync()
    }
  }

  /// Records the format of a volume that has none recorded, before a guest can write into it.
  func pinFormat(of volume: Volume, _ steps: Steps) throws(StorageError) {
    let files = files(volume.name)
    // Everything in Qubes' layout is raw.
    guard files.isPlain else { return }
    var record = try self.record(of: files, in: folder()) ?? VolumeRecord()
    guard record.format == nil else { return }
    record.format = volume.definition.target.format ?? .raw
    try write(record, for: files, steps)
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
      try side.open(files.working, flags: Descriptor.readOnly).sync()
      if keep > 0, volume.hasCommitted { try saveRevision(of: files, home: home, side: side) }
      if let precache = files.precache { try side.remove(precache) }
      try side.rename(files.working, to: files.committed, in: home)
      try home.sync()
      if !files.isPlain { try makePrecache(of: files, in: home) } else { try side.sync() }
      try prune(files, keep: keep, in: side)
      try dropHeldSource(of: volume)
    }
  }

  package func dropWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try steps.run("remove working copy '\(devicePath(of: volume))'") { () throws(StorageError) in
      try removeWorkingCopy(of: volume)
    }
  }

  private func removeWorkingCopy(of volume: Volume) throws(StorageError) {
    let files = files(volume.name)
    let side = try side(of: files)
    try side.remove(files.working)
    try side.sync()
    try dropHeldSource(of: volume)
  }

  func dropHeldSource(of volume: Volume) throws(StorageError) {
    guard volume.properties.snapOnStart else { return }
    let (folder, name) = try heldSource(of: volume)
    try folder.remove(name)
  }

  /// Gives the committed state the next revision's name, unless an interrupted commit did so already.
  private func saveRevision(of files: VolumeFiles, home: Folder, side: Folder)
    throws(StorageError)
  {
    guard let committed = try home.status(files.committed) else { return }
    let present = try revisionFiles(files, in: side)
    if let newest = present.last,
      try side.status(files.revisionName(newest))?.identity == committed.identity
    {
      return
    }
    let next = Revision(
      number: (present.last?.number ?? 0) + 1, time: committed.timestamps.modification)
    do throws(StorageError) {
      try home.link(files.committed, to: files.revisionName(next), in: side)
    } catch {
      // File systems without hard links (vfat) get a copy.
      guard error.code == .permission || error.code == .unsupported else { throw error }
      let state = try home.open(files.committed, flags: Descriptor.readOnly)
      _ = try copy(state, to: files.revisionName(next), in: side)
    }
    try side.sync()
  }

  /// Prepares the next working copy where that costs no space, as Qubes' driver does.
  private func makePrecache(of files: VolumeFiles, in home: Folder) throws(StorageError) {
    guard let precache = files.precache else { return }
    let committed = try home.open(files.committed, flags: Descriptor.readOnly)
    let status = try committed.status()
    let temporary = "\(precache)~\(randomSuffix())"
    let file = try home.create(temporary, mode: status.mode)
    guard try Copy.reflink(committed, to: file) else {
      try home.remove(temporary)
      return
    }
    try file.setModificationTime(status.timestamps.modification)
    try file.sync()
    try home.rename(temporary, to: precache)
    try home.sync()
  }

  private func prune(_ files: VolumeFiles, keep: Int, in side: Folder) throws(StorageError) {
    let present = try revisionFiles(files, in: side)
    guard present.count > keep else { return }
    for revision in present.dropLast(keep) { try side.remove(files.revisionName(revision)) }
    try side.sync()
  }

  package func dropRevisions(of volume: Volume, _ steps: Steps) throws(StorageError) {
    let files = files(volume.name)
    guard try !revisions(of: volume).isEmpty else { return }
    try steps.run("remove all revisions of volume '\(volume.name)'") { () throws(StorageError) in
      try prune(files, keep: 0, in: side(of: files))
    }
  }

  // MARK: Beginning and ending to keep state

  package func makeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    let files = files(volume.name)
    let path = path(of: volume.name)
    try steps.run("make empty file '\(path)' of \(volume.capacity.bytes) bytes") {
      () throws(StorageError) in
      let home = try home(of: files, making: true)
      if let present = try home.openIfPresent(files.committed) {
        // An interrupted change can have made it already; anything else is not ours to replace.
        guard try !present.hasData() else {
          throw StorageError(.exists, path.text, "is there already and holds data")
        }
        return try home.openForWriting(files.committed).setSize(volume.capacity)
      }
      try home.makeFile(
        files.committed, mode: pool.target.permissions.mode.map { $0 & 0o660 } ?? 0o600,
        replacing: false, temporaryPrefix: files.isPlain ? VolumeFiles.newFilePrefix : nil
      ) { file throws(StorageError) in
        try file.setOwner(pool.target.permissions.owner, group: pool.target.permissions.group)
        try file.setSize(volume.capacity)
      }
    }
  }

  package func removeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    let files = files(volume.name)
    try steps.run("remove empty file '\(path(of: volume.name))'") { () throws(StorageError) in
      let home = try home(of: files)
      try home.remove(files.committed)
      try home.sync()
    }
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

  package func revisions(of volume: Volume) throws(StorageError) -> [RevisionFacts] {
    let files = files(volume.name)
    let folder = try folder()
    let found = files.side.isEmpty ? folder : try folder.folderIfPresent(files.side)
    guard let side = found else { return [] }
    var facts: [RevisionFacts] = []
    for revision in try revisionFiles(files, in: side) {
      let file = files.sidePath(files.revisionName(revision))
      guard let sizes = try sizes(ofState: file, of: volume, in: folder) else { continue }
      facts.append(
        RevisionFacts(
          revision: revision, capacity: sizes.capacity ?? 0, allocation: sizes.allocation ?? 0))
    }
    return facts
  }

  /// The present state becomes a revision, then a copy of the chosen one takes its place; nothing is pruned.
  ///
  /// An uncommitted session goes right before the swap, when nothing else can fail any more.
  package func revert(_ volume: Volume, to revision: Revision, _ steps: Steps)
    throws(StorageError)
  {
    let files = files(volume.name)
    let name = files.revisionName(revision)
    try steps.run("replace '\(path(of: volume.name))' by a copy of revision \(revision.number)") {
      () throws(StorageError) in
      let side = try side(of: files)
      let state = try side.open(name, flags: Descriptor.readOnly)
      try swapIn(files, keeping: nil, dropping: files.working) { file throws(StorageError) in
        try Copy.contents(of: state, to: file, progress: steps.progress)
      }
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
      try swapIn(files, keeping: keep, fill: fill)
    }
  }

  /// Writes a new committed state beside the old one and puts it in its place.
  /// - Parameters:
  ///   - keep: how many revisions stay; nil keeps all.
  ///   - dropped: a file that goes right before.
  private func swapIn(
    _ files: VolumeFiles, keeping keep: Int?, dropping dropped: String? = nil,
    fill: (Descriptor) throws(StorageError) -> Void
  ) throws(StorageError) {
    let home = try home(of: files)
    let side = try side(of: files, making: true)
    guard let old = try home.status(files.committed) else {
      throw StorageError(.notFound, path(of: files.name).text, "has no committed state")
    }
    try side.remove(files.importing)
    let file = try side.create(files.importing, mode: old.mode)
    do throws(StorageError) {
      try file.adopt(old)
      try fill(file)
      try file.sync()
    } catch {
      try side.remove(files.importing)
      throw error
    }
    if keep != 0 { try saveRevision(of: files, home: home, side: side) }
    if let precache = files.precache { try side.remove(precache) }
    if let dropped { try side.remove(dropped) }
    try side.rename(files.importing, to: files.committed, in: home)
    try home.sync()
    if !files.isPlain { try makePrecache(of: files, in: home) } else { try side.sync() }
    if let keep { try prune(files, keep: keep, in: side) }
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

  package func setProperties(_ settings: LifecycleSettings, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  {
    let files = files(volume.name)
    var record = try self.record(of: files, in: folder()) ?? VolumeRecord()
    record.format = record.format ?? volume.definition.target.format
    record.lifecycle = settings
    if settings.resolved(with: pool.lifecycle).kind == .volatile { record.size = volume.capacity }
    try write(record, for: files, steps)
  }

  package func setSectorSize(_ size: ByteCount?, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  {
    let files = files(volume.name)
    var record = try self.record(of: files, in: folder()) ?? VolumeRecord()
    record.sectorSize = size
    try write(record, for: files, steps)
  }

  package func dependents(of source: VolumeName) throws(StorageError) -> [VolumeName] {
    let folder = try folder()
    var found: [VolumeName] = []
    // No volume is its own source; one whose record cannot be understood can still be deleted.
    for name in try recordedNames(in: folder) where name != source {
      let record = try record(of: files(name), in: folder)
      if record?.lifecycle.source == source { found.append(name) }
    }
    return found
  }

  /// Everybody counts who has a working copy open.
  package func holders(of volume: Volume, committed: FileUsers) throws(StorageError) -> [String] {
    let files = files(volume.name)
    let folder = try folder()
    for (name, countsReaders) in [
      (files.sidePath(files.working), true), (files.committedPath, committed == .anyone),
    ] {
      guard let file = try folder.openIfPresent(name) else { continue }
      let alone = file.isOnlyInstance(countingReaders: countsReaders)
      if alone == true { continue }
      if alone == nil, !countsReaders { continue }
      let found = OpenFiles.holders(of: try file.status().identity, proc: host.proc, sys: host.sys)
      if !found.isEmpty { return found }
      if file.isLockedByQEMU() { return ["a running QEMU"] }
      if alone == false { return ["another process"] }
    }
    return []
  }

  package func claim(_ volume: Volume, for use: ImageLock.Use) throws(StorageError)
    -> [Descriptor]
  {
    let files = files(volume.name)
    let folder = try folder()
    // The server keeps an open image from being replaced, our own claim included.
    guard try !FileSystem(of: folder).refusesToReplaceOpenFiles else { return [] }
    var claimed: [Descriptor] = []
    for name in [files.sidePath(files.working), files.committedPath] {
      guard let file = try folder.openIfPresent(name) else { continue }
      guard ImageLock.claim(file, for: use) else {
        throw StorageError(.busy, volume.subject, "is in use by a running QEMU")
      }
      claimed.append(file)
    }
    return claimed
  }

  /// Copies a state to a new file of the same mode and owner.
  private func copy(
    _ state: Descriptor, to name: String, in folder: Folder, temporaryPrefix: String? = nil,
    progress: Progress? = nil
  ) throws(StorageError) -> Copy.Method {
    let status = try state.status()
    var method = Copy.Method.reflink
    try folder.makeFile(
      name, mode: status.mode, replacing: true, temporaryPrefix: temporaryPrefix
    ) { file throws(StorageError) in
      try file.adopt(status)
      method = try Copy.contents(of: state, to: file, progress: progress)
    }
    return method
  }
}

extension Descriptor {
  /// Takes over owner, group and mode of another file, as far as this user may.
  func adopt(_ status: FileStatus) throws(StorageError) {
    let own = try self.status()
    if own.owner != status.owner || own.group != status.group {
      try setOwner(status.owner, group: status.group)
    }
    if own.mode != status.mode { try setMode(status.mode) }
  }
}

extension FileStatus {
  /// Whether this prepared copy still is one of `committed`: Qubes' driver compares time and size.
  func isPrecache(of committed: FileStatus) -> Bool {
    timestamps.modification == committed.timestamps.modification && size == committed.size
  }
}
