import StorageConf
import StorageCore
import StorageModel
import StorageOS

/// Which volumes are overlays on an image.
extension FileBackend {
  package func overlays(on base: FileStatus.Identity) throws(StorageError) -> [VolumeName] {
    // Everything in Qubes' layout is raw.
    guard !driver.usesQubesLayout else { return [] }
    let folder = try folder()
    let recorded = Set(try recordedNames(in: folder))
    var states: [(file: String, name: VolumeName)] = []
    for entry in try folder.entries() where entry.kind == .regular || entry.kind == nil {
      guard !isOwnFile(entry.name), let name = VolumeName(found: entry.name) else { continue }
      states.append((entry.name, name))
    }
    for name in recorded {
      let files = files(name)
      guard let side = try folder.folderIfPresent(files.side) else { continue }
      for file in try side.entries().map(\.name)
      where file == files.working || files.revision(of: file) != nil {
        states.append((files.sidePath(file), name))
      }
    }
    let found = Parallel.compactMap(states) { file, name in
      isOverlay(file, of: name, isRecorded: recorded.contains(name), on: base, in: folder)
        ? name : nil
    }
    return Array(Set(found))
  }

  /// Whether a file is an overlay on `base`.
  ///
  /// One that cannot be read is none.
  private func isOverlay(
    _ file: String, of name: VolumeName, isRecorded: Bool, on base: FileStatus.Identity,
    in folder: Folder
  ) -> Bool {
    // Of many files nearly each has all that is asked for in its first block.
    let block = 4096
    guard let opened = try? folder.openIfPresent(file),
      let head = try? opened.read(at: 0, count: block),
      ImageProbe.mayHaveBacking(Array(head.prefix(4)))
    else { return false }
    if isRecorded, let record = try? record(of: files(name), in: folder),
      record.format?.isRaw == true
    {
      return false
    }
    guard let size = try? opened.status().size,
      let facts = try? ImageProbe.probe(
        size: size, beginning: head,
        read: { offset, count throws(StorageError) in try opened.read(at: offset, count: count) }),
      let backing = facts.backing, !backing.isSpecial
    else { return false }
    let path = Path(backing.resolved(beside: path(of: name)))
    return (try? FileStatus(following: path))?.identity == base
  }

  /// Lets a copy of an overlay, which lies beside its record, reach an image that is named relative to the pool's
  /// folder: by a symbolic link of that name.
  func linkBacking(of state: Descriptor, _ files: VolumeFiles, in side: Folder)
    throws(StorageError)
  {
    guard files.isPlain, try record(of: files, in: folder())?.format?.isRaw != true else { return }
    let facts = try ImageProbe.probe(size: state.status().size) {
      offset, count throws(StorageError) in try state.read(at: offset, count: count)
    }
    guard let backing = facts.backing, !backing.isSpecial, !backing.path.hasPrefix("/") else {
      return
    }
    let target = target(of: backing.path)
    guard !backing.path.contains("/"), !files.isReserved(backing.path) else {
      throw StorageError(
        .unsupported, "volume '\(files.name)'",
        "its backing store '\(backing.path)' is named relative to the pool's folder, which a working"
          + " copy cannot follow; name it by an absolute path (qemu-img rebase -u)")
    }
    try side.makeSymbolicLink(backing.path, to: target)
    try side.sync()
  }

  /// Where a link in a record's folder must lead to reach a file of the pool's folder.
  private func target(of name: String) -> String { "../../../\(name)" }
}

extension VolumeFiles {
  /// Whether a name in the record's folder means something.
  fileprivate func isReserved(_ file: String) -> Bool {
    [working, importing, deleted, VolumeFiles.record, VolumeFiles.heldSource].contains(file)
      || revision(of: file) != nil || isTemporary(file)
  }
}
