import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS

/// The moments after which there is no way back: a file is taken from under its name.
///
/// That nobody uses it was looked at long before. So nobody can open it for writing while it happens, and where somebody
/// tried, it is taken back.
extension FileBackend {
  /// Does what takes the claimed files from under their names, while nobody can open them for writing.
  /// - Parameter undo: takes it back. It must be possible from every state that `body` leaves behind.
  /// - Throws: `busy` where somebody has one open for writing, or was about to; then nothing has changed.
  func decide(
    _ name: VolumeName, _ steps: Steps, undo: () throws(StorageError) -> Void,
    _ body: () throws(StorageError) -> Void
  ) throws(StorageError) {
    var sealed: [FileClaim] = []
    defer { sealed.forEach { $0.release() } }
    for claim in steps.claims where claim.use == .changing {
      switch claim.seal() {
      case true?: sealed.append(claim)
      case false?: throw inUse(name, claim.file)
      case nil: break
      }
    }
    try body()
    guard let claim = sealed.first(where: \.isBeset) else { return }
    var error = inUse(name, claim.file)
    error.made = .untidy
    throw error.undone(by: undo)
  }

  /// Refuses where somebody has come to write into the claimed files since they were looked at.
  func checkStillUnused(_ name: VolumeName, _ steps: Steps) throws(StorageError) {
    try decide(name, steps, undo: {}) {}
  }

  private func inUse(_ name: VolumeName, _ file: Descriptor) -> StorageError {
    // Only for the message: that it is in use is known.
    let found = try? OpenFiles.holders(
      of: file.status().identity, countingReaders: false, proc: host.proc, sys: host.sys)
    let holders = found?.isEmpty != false ? "another process" : found?.joined(separator: ", ") ?? ""
    return StorageError(.busy, "volume '\(name)'", "is in use by \(holders)")
  }

  /// Removes a claimed file.
  /// - Parameter temporary: a name in the same folder under which what an interruption leaves is known to be unwanted.
  func remove(
    _ file: String, in folder: Folder, of name: VolumeName, by temporary: String, _ steps: Steps
  ) throws(StorageError) {
    guard !steps.claims.isEmpty, try folder.status(file) != nil else {
      try folder.remove(file)
      return
    }
    try decide(
      name, steps, undo: { () throws(StorageError) in try folder.rename(temporary, to: file) }
    ) { () throws(StorageError) in try folder.rename(file, to: temporary) }
    try Steps.finish { () throws(StorageError) in try folder.remove(temporary) }
  }

  // MARK: The committed state

  /// Puts a file in the place of the committed state.
  /// - Parameters:
  ///   - new: its name in `side`.
  ///   - keepsOld: whether the old state becomes a revision.
  ///   - keep: how many revisions stay, once the caller has removed those beyond; nil keeps all.
  ///   - dropped: a file in `side` that goes once the new state is there.
  ///   - returning: whether the new state gets its name back where somebody uses the old one; else it is lost.
  /// - Throws: with nothing changed, unless the error says that it is made.
  func replaceCommitted(
    of files: VolumeFiles, by new: String, keepsOld: Bool, keeping keep: Int?,
    dropping dropped: String? = nil, returning: Bool, home: Folder, side: Folder, _ steps: Steps
  ) throws(StorageError) {
    try Steps.prepare { () throws(StorageError) in try rememberSnapshots(of: files.name) }
    let leaving = try dropped.flatMap { name throws(StorageError) in
      try side.status(name).map { _ in (name: name, aside: "\(name)~\(randomSuffix())") }
    }
    var old: FormerState?
    var (isReplaced, isDropped) = (false, false)
    func takeBack() throws(StorageError) {
      if isDropped, let leaving { try side.rename(leaving.aside, to: leaving.name) }
      isDropped = false
      guard isReplaced else { return }
      if returning, old == nil {
        try home.rename(files.committed, to: new, in: side)
      } else {
        if returning { try home.link(files.committed, to: new, in: side) }
        if let old { try side.rename(old.name, to: files.committed, in: home) }
      }
      isReplaced = false
      try home.sync()
    }
    do throws(StorageError) {
      if let keep {
        try announcePruning(of: files, to: keep, adding: keepsOld ? 1 : 0, home: home, side: side)
      }
      old =
        keepsOld
        ? try saveRevision(of: files, home: home, side: side)
        : try setAside(files, home: home, side: side, steps)
      if let precache = files.precache { try side.remove(precache) }
      try decide(files.name, steps, undo: takeBack) { () throws(StorageError) in
        try side.rename(new, to: files.committed, in: home)
        isReplaced = true
        guard let leaving else { return }
        try side.rename(leaving.name, to: leaving.aside)
        isDropped = true
      }
    } catch {
      throw error.undone { () throws(StorageError) in
        try takeBack()
        // What that has not used up: another name of the state that is the committed one again.
        if let old, old.isNew { try side.remove(old.name) }
        try side.remove(files.pruning)
      }
    }
    try Steps.finish { () throws(StorageError) in
      if let old, !old.isRevision { try side.remove(old.name) }
      if let leaving { try side.remove(leaving.aside) }
      try home.confirm()
    }
  }

  /// Gives the committed state a second name until it is replaced; nil where there is none or the file system has no
  /// such names.
  private func setAside(_ files: VolumeFiles, home: Folder, side: Folder, _ steps: Steps)
    throws(StorageError) -> FormerState?
  {
    guard !steps.claims.isEmpty else { return nil }
    let name = "\(files.working)~\(randomSuffix())"
    do throws(StorageError) { try home.link(files.committed, to: name, in: side) } catch {
      guard error.isAbsence || error.code == .permission || error.code == .unsupported else {
        throw error
      }
      return nil
    }
    return FormerState(name: name, isNew: true, isRevision: false)
  }

  /// Gives the committed state the next revision's name, unless an interrupted commit did so already.
  /// - Returns: nil where there is no committed state.
  func saveRevision(of files: VolumeFiles, home: Folder, side: Folder)
    throws(StorageError) -> FormerState?
  {
    guard let committed = try home.status(files.committed) else { return nil }
    let present = try revisionFiles(files, in: side)
    if let newest = present.last,
      try side.status(files.revisionName(newest))?.identity == committed.identity
    {
      return FormerState(name: files.revisionName(newest), isNew: false, isRevision: true)
    }
    let record = try record(of: files, in: folder()) ?? VolumeRecord()
    let last = record.highestNumber(among: present)
    guard last < Revision.largestNumber else {
      throw StorageError(
        .unsupported, "volume '\(files.name)'",
        "has had revision \(last), and there is no larger number for another",
        hint: "Make a new volume of it, or keep no revisions: "
          + NextCommand.line("vol-set", files.name, "revisions_to_keep", "0", in: pool.name))
    }
    let next = Revision(number: last + 1, time: committed.timestamps.modification)
    let name = files.revisionName(next)
    do throws(StorageError) {
      try home.link(files.committed, to: name, in: side)
    } catch {
      // File systems without hard links (vfat) get a copy.
      guard error.code == .permission || error.code == .unsupported else { throw error }
      let state = try home.open(files.committed, flags: Descriptor.readOnly)
      _ = try copy(state, to: name, in: side) { file throws(StorageError) in
        try mark(file, asCopyOf: state)
      }
    }
    do throws(StorageError) { try side.sync() } catch {
      throw error.undone { () throws(StorageError) in try side.remove(name) }
    }
    return FormerState(name: name, isNew: true, isRevision: true)
  }
}

/// Another name for a committed state that is about to be replaced.
struct FormerState {
  let name: String
  /// Whether the name was given just now.
  let isNew: Bool
  /// Whether it is a revision's, which stays.
  let isRevision: Bool
}
