import StorageBackend
import StorageConf
import StorageModel
import StorageOS

/// Where the files of a volume contradict its record, or belong to a session of Qubes' own.
extension FileBackend {
  /// What is wrong with a volume that was described, apart from what other volumes' files show.
  func contradiction(of volume: Volume, in folder: Folder) throws(StorageError) -> Contradiction? {
    let files = files(volume.name)
    if let session = try foreignSession(of: files, in: folder) { return session }
    if let content = try unexpectedContent(of: volume.name, volume.properties, in: folder) {
      return content
    }
    guard volume.hasWorkingCopy, volume.properties.kind.savesState else { return nil }
    let path = folder.path.appending(files.sidePath(files.working))
    guard let committed = try folder.status(files.committedPath) else {
      return volume.properties.kind == .inPlace
        ? nil : .loneWorkingCopy(of: volume.name, in: pool.name, at: path)
    }
    guard let working = try folder.status(files.sidePath(files.working)),
      try begun(files, working: working, beside: committed, in: folder) == false
    else { return nil }
    return .changedState(
      of: volume.name, in: pool.name,
      committed: folder.path.appending(files.committedPath), working: path)
  }

  /// Content under the name of a committed state that the volume does not have, by its record.
  ///
  /// In Qubes' layout a started snapshot keeps the state that it was made from there. That is a link to a file that
  /// others have too, until its source has moved on; then what is remembered of the start tells.
  func unexpectedContent(
    of name: VolumeName, _ properties: LifecycleProperties, in folder: Folder
  ) throws(StorageError) -> Contradiction? {
    let files = files(name)
    guard !properties.kind.savesState, let committed = try folder.status(files.committedPath),
      committed.kind == .regular
    else { return nil }
    if properties.kind == .snapshot, !files.isPlain {
      if committed.links > 1 { return nil }
      if let working = try folder.status(files.sidePath(files.working)),
        try begun(files, working: working, beside: committed, whatever: true, in: folder) == true
      {
        return nil
      }
    }
    return .unexpectedContent(
      of: name, in: pool.name, snaps: properties.snapOnStart,
      at: folder.path.appending(files.committedPath))
  }

  /// Whether the session of a working copy was begun beside this committed state; nil where nothing is remembered of it.
  /// - Parameter isAnyContent: whether it is enough that it is the same file.
  private func begun(
    _ files: VolumeFiles, working: FileStatus, beside committed: FileStatus,
    whatever isAnyContent: Bool = false, in folder: Folder
  ) throws(StorageError) -> Bool? {
    guard let text = try note(of: files, in: folder) else { return nil }
    // What cannot be understood proves nothing.
    guard let note = SessionNote(text: text) else { return false }
    guard note.isAbout(working) else { return nil }
    return isAnyContent ? note.isBesideFile(committed) : note.isBeside(committed)
  }

  /// The volume of which another program started this one as a snapshot, by what was remembered when that was still to
  /// be seen; nil for others.
  private func rememberedSource(of files: VolumeFiles, in folder: Folder) throws(StorageError)
    -> VolumeName?
  {
    guard let note = try note(of: files, in: folder).flatMap({ SessionNote(text: $0) }),
      let source = note.source.flatMap({ VolumeName(found: $0) }),
      let working = try folder.status(files.sidePath(files.working)), note.isAbout(working),
      let committed = try folder.status(files.committedPath), note.isBesideFile(committed)
    else { return nil }
    return source
  }

  /// The files whose users use the volume.
  ///
  /// What a started snapshot was made from is its source's.
  func ownImages(of volume: Volume) -> [String] {
    let files = files(volume.name)
    // Beside a record that cannot be reached there is nothing.
    let working =
      volume.hasUnreadableRecord && !volume.hasWorkingCopy ? [] : [files.sidePath(files.working)]
    return volume.properties.kind.savesState ? working + [files.committedPath] : working
  }

  // MARK: Sessions that write in place

  /// A session of Qubes' drivers `file` and `xen`.
  ///
  /// They write into the committed state and keep the blocks that they replaced in a file beside it, until the session
  /// is stopped. That file alone tells of it.
  private func foreignSession(of files: VolumeFiles, in folder: Folder) throws(StorageError)
    -> Contradiction?
  {
    guard let name = files.replacedBlocks.map(files.sidePath),
      let file = try folder.openIfPresent(name), try file.status().kind == .regular,
      try ReplacedBlocks.isHeld(by: file)
    else { return nil }
    return .foreignSession(in: file.path)
  }

  // MARK: Snapshots without a record

  /// Recognises, among volumes that were described, the snapshots that Qubes started: they have no record, and their
  /// committed state is the very file of another volume, or of a revision of it.
  ///
  /// Costs nothing where no volume can be one.
  func recogniseSnapshots(among volumes: inout [Volume], in folder: Folder) {
    guard driver.usesQubesLayout else { return }
    var owners: [FileStatus.Identity: Set<VolumeName>]?
    for index in volumes.indices
    where !volumes[index].hasRecord && volumes[index].hasWorkingCopy && volumes[index].hasCommitted
      && volumes[index].contradiction == nil
    {
      let name = volumes[index].name
      do throws(StorageError) {
        if let source = try rememberedSource(of: files(name), in: folder) {
          mark(&volumes[index], asSnapshotOf: source, in: folder)
          continue
        }
        guard let committed = try folder.status(files(name).committedPath), committed.links > 1
        else { continue }
        if owners == nil { owners = try stateOwners(in: folder) }
        let others = (owners?[committed.identity] ?? []).subtracting([name]).sorted()
        if !others.isEmpty { try recognise(&volumes[index], sharing: others, in: folder) }
      } catch {
        // Not known, which is never no.
        volumes[index].problem = volumes[index].problem ?? error.text
        volumes[index].failure = volumes[index].failure ?? error
      }
    }
  }

  private func mark(_ volume: inout Volume, asSnapshotOf source: VolumeName, in folder: Folder) {
    let files = files(volume.name)
    volume.properties.snapOnStart = true
    volume.properties.saveOnStop = false
    volume.properties.source = source
    volume.contradiction = .foreignSnapshot(
      volume.name, in: pool.name, of: source,
      working: folder.path.appending(files.sidePath(files.working)))
  }

  /// The volumes without a record that another program started as snapshots, and those of which that could not be told,
  /// with the failure.
  func foreignSnapshots(in folder: Folder) throws(StorageError) -> [Volume] {
    guard driver.usesQubesLayout else { return [] }
    var names: Set<VolumeName> = []
    try forEachQubesFile(in: folder) { _, _, file throws(StorageError) in
      if let name = VolumeFiles.qubesVolume(ofFile: file) { names.insert(name) }
    }
    var volumes: [Volume] = []
    for name in names.subtracting(try recordedNames(in: folder)) {
      let files = files(name)
      guard try folder.status(files.sidePath(files.working)) != nil,
        let volume = try describe(name, in: folder, hasRecord: false)
      else { continue }
      volumes.append(volume)
    }
    recogniseSnapshots(among: &volumes, in: folder)
    return volumes.filter { $0.failure != nil || $0.contradiction?.kind == .foreignSnapshot }
  }

  /// Remembers the snapshots that another program started from a volume, before a state of it loses one of its names:
  /// afterwards they would look like volumes of their own.
  func rememberSnapshots(of source: VolumeName) throws(StorageError) {
    let folder = try folder()
    guard driver.usesQubesLayout, try isShared(source, in: folder) else { return }
    for volume in try foreignSnapshots(in: folder)
    where volume.failure == nil && volume.properties.source == source {
      let files = files(volume.name)
      guard try rememberedSource(of: files, in: folder) != source,
        let working = try folder.status(files.sidePath(files.working))
      else { continue }
      try note(files, working: working, snapshotOf: source)
    }
  }

  /// Whether the committed state of a volume, or a revision of it, is a file that has other names, too.
  private func isShared(_ name: VolumeName, in folder: Folder) throws(StorageError) -> Bool {
    let files = files(name)
    if try folder.status(files.committedPath)?.links ?? 1 > 1 { return true }
    guard let side = try sideIfPresent(of: files) else { return false }
    for revision in try revisionFiles(files, in: side) {
      if try side.status(files.revisionName(revision))?.links ?? 1 > 1 { return true }
    }
    return false
  }

  private func recognise(
    _ volume: inout Volume, sharing others: [VolumeName], in folder: Folder
  ) throws(StorageError) {
    let files = files(volume.name)
    let path = folder.path.appending(files.sidePath(files.working))
    if try isOrigin(files, in: folder) { return }
    var sources: [VolumeName] = []
    var unknown: [VolumeName] = []
    for other in others {
      let its = self.files(other)
      // One that is a snapshot does not make this one a snapshot.
      if try rememberedSource(of: its, in: folder) != nil { continue }
      if let record = try record(of: its, in: folder) {
        if record.lifecycle.resolved(with: pool.lifecycle).kind.savesState { sources.append(other) }
        continue
      }
      let hasWorkingCopy = try folder.status(its.sidePath(its.working)) != nil
      let isOrigin = try isOrigin(its, in: folder)
      if isOrigin || !hasWorkingCopy {
        sources.append(other)
      } else {
        unknown.append(other)
      }
    }
    if let source = sources.first {
      mark(&volume, asSnapshotOf: source, in: folder)
    } else if !unknown.isEmpty {
      volume.contradiction = .sharedState(
        of: volume.name, in: pool.name, with: unknown, working: path)
    }
  }

  /// Whether a volume without a record has what only volumes with a state of their own have: a session that was begun
  /// here, revisions, or a prepared working copy.
  private func isOrigin(_ files: VolumeFiles, in folder: Folder) throws(StorageError) -> Bool {
    if let working = try folder.status(files.sidePath(files.working)),
      let committed = try folder.status(files.committedPath),
      try begun(files, working: working, beside: committed, in: folder) != nil
    {
      return true
    }
    guard let side = try sideIfPresent(of: files) else { return false }
    return try side.entries().contains {
      $0.name == files.precache || files.revision(of: $0.name) != nil
    }
  }

  /// The volumes that each file is a committed state or a revision of.
  private func stateOwners(in folder: Folder) throws(StorageError)
    -> [FileStatus.Identity: Set<VolumeName>]
  {
    var found: [FileStatus.Identity: Set<VolumeName>] = [:]
    try forEachQubesFile(in: folder) { place, name, file throws(StorageError) in
      guard let owner = VolumeFiles.qubesStateOwner(ofFile: file),
        let status = try place.status(name), status.kind == .regular, status.links > 1
      else { return }
      found[status.identity, default: []].insert(owner)
    }
    return found
  }
}

/// What dm-snapshot keeps of the blocks that were replaced.
///
/// A header, then tables and blocks, in chunks of 128 KiB as Qubes makes them. Source:
/// linux/drivers/md/dm-snap-persistent.c.
enum ReplacedBlocks {
  /// The header's chunk and that of the first table.
  private static let empty: ByteCount = 262_144
  /// `SnAp`, valid, version 1, chunks of 256 sectors; little-endian.
  private static let header: [UInt8] = [
    0x53, 0x6e, 0x41, 0x70, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0,
  ]

  /// Whether a file holds any: whatever is not an empty table of just that form counts.
  static func isHeld(by file: Descriptor) throws(StorageError) -> Bool {
    guard try file.hasData() else { return false }
    if try file.hasData(from: empty) { return true }
    let start = try file.read(at: 0, count: Int(empty.bytes))
    guard start.contains(where: { $0 != 0 }) else { return false }
    return !start.starts(with: header) || start[header.count...].contains { $0 != 0 }
  }
}
