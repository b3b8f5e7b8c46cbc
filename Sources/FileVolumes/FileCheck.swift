import StorageConf
import StorageCore
import StorageHost
import StorageModel
import StorageOS

/// Finding and removing what crashes leave.
extension FileBackend {
  package func findings(isStarted: (VolumeName) -> Bool) throws(StorageError) -> [Finding] {
    let folder = try folder()
    var found: [Finding] = []
    if !driver.usesQubesLayout {
      for entry in try folder.entries() where entry.name.hasPrefix(VolumeFiles.newFilePrefix) {
        found.append(Finding(.temporary, folder.path.appending(entry.name), volume: nil))
      }
    }
    var names = Set(try recordedNames(in: folder))
    if driver.usesQubesLayout {
      names.formUnion(try owners(ofFilesIn: folder, prefix: "", depth: 0))
      names.formUnion(try recordFolders(in: folder))
    }
    for name in names {
      found += try findings(of: name, isStarted: isStarted(name), in: folder)
    }
    return found.sorted { ($0.path, $0.kind.rawValue) < ($1.path, $1.kind.rawValue) }
  }

  package func sweep(_ name: VolumeName, _ steps: Steps) throws(StorageError) {
    let folder = try folder()
    // Uncommitted sessions and snapshots' copies are the life cycle's business, so nothing counts as stale here.
    for finding in try findings(of: name, isStarted: true, in: folder)
    where finding.kind.isRepairable {
      try repair(finding, steps)
    }
  }

  package func repair(_ finding: Finding, _ steps: Steps) throws(StorageError) {
    try steps.run("remove \(finding.kind.rawValue) '\(finding.path)'") { () throws(StorageError) in
      try refuseIfOpen(finding.path)
      if finding.kind == .orphanRecord, let volume = finding.volume {
        return try removeRecord(of: files(volume))
      }
      if finding.kind == .interruptedDelete, let volume = finding.volume {
        return try removeRest(of: files(volume))
      }
      let parent = try Folder(opening: finding.path.parent)
      let name = finding.path.lastComponent
      if try parent.status(name)?.kind == .folder {
        try parent.removeFolder(name)
      } else {
        try parent.remove(name)
      }
      try parent.sync()
    }
  }

  /// Refuses to remove a left-over that somebody works with: another program's, or another host's session.
  private func refuseIfOpen(_ path: Path) throws(StorageError) {
    guard let file = try openInstance(path) else { return }
    let holders = OpenFiles.holders(
      of: try file.status().identity, proc: host.proc, sys: host.sys)
    let names = holders.isEmpty ? "another process" : holders.joined(separator: ", ")
    throw StorageError(.busy, path.text, "is a left-over, but in use by \(names)")
  }

  package func isInUse(_ finding: Finding) throws(StorageError) -> Bool {
    try openInstance(finding.path) != nil
  }

  /// A file that somebody else has open too; nil where nobody has, or where that cannot be told.
  private func openInstance(_ path: Path) throws(StorageError) -> Descriptor? {
    guard let file = try Folder(opening: path.parent).openIfPresent(path.lastComponent),
      try file.status().kind == .regular, file.isOnlyInstance(countingReaders: true) == false
    else { return nil }
    return file
  }

  /// The left-overs of one volume.
  private func findings(of name: VolumeName, isStarted: Bool, in folder: Folder)
    throws(StorageError) -> [Finding]
  {
    let files = files(name)
    let found = files.side.isEmpty ? folder : try folder.folderIfPresent(files.side)
    let hasRecordFolder = try folder.status(files.recordFolder)?.kind == .folder
    guard let side = found else { return [] }
    let path = side.path
    let entries = try side.entries().map(\.name)
    var list: [Finding] = []
    func add(_ kind: Finding.Kind, _ name: String) {
      list.append(Finding(kind, path.appending(name), volume: files.name))
    }
    if entries.contains(files.deleted) {
      // Everything beside it belongs to the volume that was being deleted.
      return [Finding(.interruptedDelete, path.appending(files.deleted), volume: name)]
    }
    // A record that cannot be read is reported by the listing; its files are not judged.
    guard let record = try? record(of: files, in: folder) ?? VolumeRecord() else { return [] }
    let properties = record.lifecycle.resolved(with: pool.lifecycle)
    let saves = properties.kind.savesState
    let committed = try folder.status(files.committedPath)
    let hasWorkingCopy = entries.contains(files.working)
    for entry in entries {
      if files.isTemporary(entry) {
        add(.temporary, entry)
      } else if entry == files.importing {
        add(.unfinishedImport, entry)
      } else if entry == files.working {
        if saves, properties.kind != .inPlace || committed != nil, !isStarted {
          add(.uncommitted, entry)
        }
        if !saves, !isStarted { add(.staleWorkingCopy, entry) }
        if saves, properties.kind == .inPlace, committed == nil, !isStarted {
          add(.uncommitted, entry)
        }
      } else if entry == files.committed, !files.isPlain, properties.kind == .snapshot, !isStarted {
        add(.staleWorkingCopy, entry)
      } else if entry == files.precache {
        let prepared = try side.status(entry)
        if committed.map({ prepared?.isPrecache(of: $0) ?? true }) != true {
          add(.stalePrecache, entry)
        }
      } else if files.revision(of: entry) != nil {
        let identity = try side.status(entry)?.identity
        if let committed, committed.identity == identity {
          add(.interruptedCommit, entry)
        } else if committed == nil, !hasWorkingCopy, saves {
          add(.orphanRevision, entry)
        }
      }
    }
    guard hasRecordFolder else { return list }
    list += try recordFindings(
      of: files, in: folder, isStarted: isStarted || hasWorkingCopy,
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
      } else if !files.isPlain,
        files.isTemporary(entry) || entry.hasPrefix(VolumeFiles.record + "~")
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

  /// The volumes that files of Qubes' layout belong to, by their names.
  private func owners(ofFilesIn folder: Folder, prefix: String, depth: Int) throws(StorageError)
    -> Set<VolumeName>
  {
    var found: Set<VolumeName> = []
    for entry in try folder.entries() where entry.name != VolumeFiles.privateFolder {
      if entry.kind == .folder {
        guard depth < 4, let inner = try? folder.folder(entry.name) else { continue }
        found.formUnion(
          try owners(ofFilesIn: inner, prefix: prefix + entry.name + "/", depth: depth + 1))
      } else if let owner = VolumeFiles.qubesOwner(ofFile: prefix + entry.name) {
        found.insert(owner)
      }
    }
    return found
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
