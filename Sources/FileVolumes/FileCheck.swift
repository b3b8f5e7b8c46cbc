import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS

/// Finding and removing what crashes leave.
extension FileBackend {
  package func findings(of listed: [Volume], isStarted: (VolumeName) -> Bool)
    throws(StorageError) -> [Finding]
  {
    let folder = try folder()
    var found: [Finding] = []
    if !driver.usesQubesLayout {
      for entry in try folder.entries() where entry.name.hasPrefix(VolumeFiles.newFilePrefix) {
        found.append(Finding(.temporary, folder.path.appending(entry.name), volume: nil))
      }
    }
    // Where somebody may not look nothing is known; that hides nothing of what is elsewhere.
    func unlessClosed<Found>(_ look: () throws(StorageError) -> Set<Found>) throws(StorageError)
      -> Set<Found>
    {
      do throws(StorageError) { return try look() } catch {
        guard error.code == .permission else { throw error }
        let finding = Finding.unreadable(Path(error.subject), volume: nil, error.text)
        if !found.contains(finding) { found.append(finding) }
        return []
      }
    }
    var names = try unlessClosed { () throws(StorageError) in Set(try recordedNames(in: folder)) }
    if driver.usesQubesLayout {
      names.formUnion(
        try unlessClosed { () throws(StorageError) in
          var owners: Set<VolumeName> = []
          try forEachQubesFile(in: folder) { _, _, file throws(StorageError) in
            if let owner = VolumeFiles.qubesOwner(ofFile: file) { owners.insert(owner) }
          }
          return owners
        })
      names.formUnion(
        try unlessClosed { () throws(StorageError) in try recordFolders(in: folder) })
    }
    var volumes: [VolumeName: Volume] = [:]
    for volume in listed { volumes[volume.name] = volume }
    for name in names {
      do throws(StorageError) {
        found += try findings(of: name, isStarted: isStarted(name), in: folder) { volumes[name] }
      } catch {
        if error.code == .interrupted { throw error }
        // What is not known of one volume hides nothing of the others.
        found.append(.unreadable(self.path(of: name), volume: name, error.text))
      }
    }
    return found.sorted { ($0.path, $0.kind.rawValue) < ($1.path, $1.kind.rawValue) }
  }

  package func sweep(_ name: VolumeName, _ steps: Steps) throws(StorageError) {
    let folder = try folder()
    do throws(StorageError) { try settleRename(to: name, in: folder, steps) } catch {
      // No file can have that name, so that there is nothing of it.
      guard error.isTooLongName else { throw error }
      return
    }
    // Uncommitted sessions and snapshots' copies are the life cycle's business, so nothing counts as stale here.
    let found = try findings(of: name, isStarted: true, in: folder) { () throws(StorageError) in
      try volume(name)
    }
    for finding in found where finding.kind.isRepairable { try repair(finding, steps) }
  }

  package func repair(_ finding: Finding, _ steps: Steps) throws(StorageError) {
    try steps.run("remove \(finding.kind.rawValue) '\(finding.path)'") { () throws(StorageError) in
      let folder = try folder()
      let name = try place(of: finding, in: folder)
      // Whoever reads a state goes on reading it.
      if finding.kind != .surplusRevisions { try refuseIfOpen(name, in: folder) }
      if finding.kind == .interruptedRename, let volume = finding.volume {
        return try settleRename(of: files(volume))
      }
      if finding.kind == .orphanRecord, let volume = finding.volume {
        try removeRecord(of: files(volume))
        return try refuseToKeep(files(volume), in: folder)
      }
      if finding.kind == .interruptedDelete, let volume = finding.volume {
        return try removeRest(of: files(volume))
      }
      if finding.kind == .surplusRevisions, let owner = finding.volume {
        if let volume = try volume(owner) { return try finishPruning(of: volume) }
      }
      let parent =
        try Path(name).parent.text == "." ? folder : folder.folder(Path(name).parent.text)
      let last = Path(name).lastComponent
      if let owner = finding.volume, last == files(owner).working {
        // As when it is dropped: first what only the working copy tells to be a snapshot's.
        if let volume = try volume(owner) { try dropHeldSource(of: volume) }
        try forgetSession(of: files(owner))
      }
      if let owner = finding.volume, files(owner).isPlain, last == VolumeFiles.wiping {
        return try endWipe(of: files(owner), .zero, steps)
      }
      if try parent.status(last)?.kind == .folder {
        try parent.removeFolder(last)
      } else {
        try parent.remove(last)
      }
      try parent.sync()
    }
  }

  /// Says what keeps a folder that was to go with a record.
  private func refuseToKeep(_ files: VolumeFiles, in folder: Folder) throws(StorageError) {
    guard let records = try folder.folderIfPresent(files.recordFolder),
      let stranger = try records.entries().first(where: { $0.kind != .folder || files.isPlain })
    else { return }
    throw StorageError(
      .busy, records.path.appending(stranger.name).text, "is none of a volume's files",
      hint: "Move it away.")
  }

  /// Where a left-over is below the pool's folder: it is reached from there, through no link, whatever has happened to
  /// the names on its path since it was found.
  private func place(of finding: Finding, in folder: Folder) throws(StorageError) -> String {
    guard let name = finding.path.relative(to: folder.path) else {
      throw StorageError(.failure, finding.path.text, "is not in the folder '\(folder.path)'")
    }
    return name
  }

  /// Refuses to remove a left-over that somebody works with: another program's, or another host's session.
  private func refuseIfOpen(_ name: String, in folder: Folder) throws(StorageError) {
    guard let file = try openInstance(name, in: folder) else { return }
    var holders: [String] = []
    do throws(StorageError) {
      holders = try OpenFiles.holders(
        of: file.status().identity, countingReaders: true, proc: host.proc, sys: host.sys)
    } catch {
      // Somebody has it, and only the name cannot be told.
      guard error.code == .busy else { throw error }
    }
    let names = holders.isEmpty ? "another process" : holders.joined(separator: ", ")
    throw StorageError(.busy, file.path.text, "is a left-over, but in use by \(names)")
  }

  package func isInUse(_ finding: Finding) throws(StorageError) -> Bool {
    let folder = try folder()
    return try openInstance(place(of: finding, in: folder), in: folder) != nil
  }

  /// A file that somebody else has open too; nil where nobody has, or where that cannot be told.
  private func openInstance(_ name: String, in folder: Folder) throws(StorageError) -> Descriptor? {
    // A link is never followed, and has nobody who has it open.
    guard try folder.status(name)?.kind == .regular, let file = try folder.openIfPresent(name),
      try file.status().kind == .regular, file.isOnlyInstance(countingReaders: true) == false
    else { return nil }
    return file
  }

  /// The left-overs of one volume.
  /// - Parameter lookUp: gives the volume as it is listed.
  private func findings(
    of name: VolumeName, isStarted: Bool, in folder: Folder,
    _ lookUp: () throws(StorageError) -> Volume?
  ) throws(StorageError) -> [Finding] {
    let files = files(name)
    if let obstacle = try recordObstacle(of: files, in: folder) {
      let line = NextCommand.line("vol-delete", name, in: pool.name)
      return [
        Finding(
          .unreadable, Path(obstacle.subject), volume: name,
          advice: "none: move it away, or delete the volume with \(line): \(obstacle.text)")
      ]
    }
    let hasRecordFolder = try folder.status(files.recordFolder)?.kind == .folder
    // In Qubes' layout a record can be there without the folder that its volume lies in.
    let side = try sideIfPresent(of: files)
    guard side != nil || hasRecordFolder else { return [] }
    let path = side?.path ?? folder.path
    let entries = try side?.entries().map(\.name) ?? []
    var list: [Finding] = []
    func add(_ kind: Finding.Kind, _ name: String) {
      list.append(Finding(kind, path.appending(name), volume: files.name))
    }
    if entries.contains(files.deleted) {
      // Everything beside it belongs to the volume that was being deleted.
      return [Finding(.interruptedDelete, path.appending(files.deleted), volume: name)]
    }
    let record: VolumeRecord
    do throws(StorageError) {
      record = try self.record(of: files, in: folder) ?? VolumeRecord()
    } catch {
      // One that cannot be understood: its files are not judged.
      guard error.number == nil else { throw error }
      let isFull = try fullRecord(of: files, in: folder) != nil
      let advice =
        isFull ? "move away what is in it, then delete" : "correct the record, or delete"
      return [
        Finding(
          .unreadable, recordPath(of: files), volume: name,
          advice: "none: \(advice) the volume with"
            + " \(NextCommand.line("vol-delete", name, in: pool.name)): \(error.text)")
      ]
    }
    if record.renamedFrom != nil {
      // Which of the two names is the volume's is decided by its repair.
      return [Finding(.interruptedRename, recordPath(of: files), volume: name)]
    }
    let volume = try lookUp()
    if let failure = volume?.failure { throw failure }
    let properties = volume?.properties ?? record.lifecycle.resolved(with: pool.lifecycle)
    let contradiction = volume?.contradiction
    if let contradiction, contradiction.kind != .uncommitted || !isStarted {
      list.append(contradiction.finding(of: name))
    }
    let saves = properties.kind.savesState
    let committed = try folder.status(files.committedPath)
    let hasWorkingCopy = entries.contains(files.working)
    for entry in entries {
      if files.isTemporary(entry) {
        add(.temporary, entry)
      } else if files.isPlain, entry == VolumeFiles.wiping {
        // While the wipe is on record as unfinished, that tells of it, and the next wipe overwrites it.
        let isReplaced = try side?.status(entry)?.identity != committed?.identity
        if !isReplaced || record.unfinished != .wipe { add(.temporary, entry) }
      } else if entry == files.pruning {
        add(.surplusRevisions, entry)
      } else if entry == files.importing {
        add(.unfinishedImport, entry)
      } else if entry == files.working {
        guard contradiction == nil, !isStarted else { continue }
        if saves {
          list.append(.uncommitted(path.appending(entry), of: name, in: pool.name))
        } else {
          add(.staleWorkingCopy, entry)
        }
      } else if entry == files.committed, !files.isPlain, properties.kind == .snapshot {
        // Beside a working copy it goes with that.
        if contradiction == nil, !isStarted, !hasWorkingCopy { add(.staleWorkingCopy, entry) }
      } else if entry == files.precache {
        let prepared = try side?.status(entry)
        if committed.map({ prepared?.isPrecache(of: $0) ?? true }) != true {
          add(.stalePrecache, entry)
        }
      } else if files.revision(of: entry) != nil {
        let identity = try side?.status(entry)?.identity
        if let committed, committed.identity == identity {
          add(.interruptedCommit, entry)
        } else if committed == nil, !hasWorkingCopy, saves {
          add(.orphanRevision, entry)
        }
      }
    }
    guard hasRecordFolder else { return list }
    list += try recordFindings(
      of: files, in: folder, isStarted: isStarted || hasWorkingCopy || contradiction != nil,
      isOrphan: saves && committed == nil && !hasWorkingCopy
        && !list.contains { $0.kind == .orphanRevision })
    return list
  }

  private func recordFindings(
    of files: VolumeFiles, in folder: Folder, isStarted: Bool, isOrphan: Bool
  ) throws(StorageError) -> [Finding] {
    let records = try folder.folder(files.recordFolder)
    var list: [Finding] = []
    for entry in try records.entries().map(\.name) {
      if entry == VolumeFiles.heldSource, !isStarted {
        list.append(
          Finding(.staleWorkingCopy, records.path.appending(entry), volume: files.name))
      } else if entry == VolumeFiles.session, !isStarted {
        list.append(Finding(.temporary, records.path.appending(entry), volume: files.name))
      } else if !files.isPlain,
        files.isTemporary(entry) || entry.hasPrefix(VolumeFiles.record + "~")
          || entry.hasPrefix(VolumeFiles.session + "~")
      {
        list.append(Finding(.temporary, records.path.appending(entry), volume: files.name))
      }
    }
    if isOrphan {
      let hasRecord = try records.status(VolumeFiles.record) != nil
      let isLeaf = try !records.entries().contains { $0.kind == .folder }
      if hasRecord || isLeaf {
        list.append(
          Finding(
            .orphanRecord, hasRecord ? records.path.appending(VolumeFiles.record) : records.path,
            volume: files.name))
      }
    }
    return list
  }

  /// Every folder below the records, also those without a record, which a crash can leave.
  private func recordFolders(in folder: Folder) throws(StorageError) -> Set<VolumeName> {
    func walk(_ folder: Folder, _ prefix: String) throws(StorageError) -> Set<VolumeName> {
      var found: Set<VolumeName> = []
      for entry in try folder.entries() where entry.kind == .folder {
        found.formUnion(try walk(folder.folder(entry.name), prefix + entry.name + "/"))
        if let name = VolumeName(found: prefix + entry.name) { found.insert(name) }
      }
      return found
    }
    guard let records = try folder.folderIfPresent(VolumeFiles.records) else { return [] }
    return try walk(records, "")
  }
}
