import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS

/// What images refer to.
extension FileBackend {
  package func references() throws(StorageError) -> PoolReferences {
    // Everything in Qubes' layout is raw.
    guard !driver.usesQubesLayout else { return PoolReferences() }
    let folder = try folder()
    var references = PoolReferences()
    var states: [State] = []
    for entry in try folder.entries() where entry.kind == .regular || entry.kind == nil {
      guard !isOwnFile(entry.name), let name = VolumeName(found: entry.name) else { continue }
      states.append(State(file: entry.name, name: name))
    }
    do throws(StorageError) {
      for name in try recordedNames(in: folder) {
        do throws(StorageError) { states += try sideStates(of: name, in: folder) } catch {
          references.unread.append(.init(name, error))
        }
      }
    } catch {
      // Where somebody may not look nothing is known; that hides nothing of what is elsewhere.
      guard error.code == .permission else { throw error }
      references.unread.append(.init(nil, error))
    }
    let found = Parallel.compactMap(states) { state in look(at: state, in: folder) }
    for outcome in found {
      switch outcome {
      case .image(let image): references.images.append(image)
      case .unread(let unread): references.unread.append(unread)
      }
    }
    return references
  }

  /// The files beside a volume's record that hold a state of it.
  private func sideStates(of name: VolumeName, in folder: Folder) throws(StorageError) -> [State] {
    let files = files(name)
    guard try recordObstacle(of: files, in: folder) == nil,
      let side = try folder.folderIfPresent(files.side)
    else { return [] }
    return try side.entries().map(\.name).filter {
      $0 == files.working || files.revision(of: $0) != nil
    }.map { State(file: files.sidePath($0), name: name) }
  }

  /// The image gets its new header before it takes the place of the old one.
  package func rebase(
    _ volume: Volume, at revision: Revision?, onto base: VolumeName, _ format: VolumeFormat,
    _ steps: Steps
  ) throws(StorageError) {
    let files = files(volume.name)
    let own = volume.definition.target.format ?? .raw
    guard own.canNameBaseAnew else {
      throw StorageError(
        .unsupported, volume.subject,
        "the header of an image of format \(own.rawValue) cannot be changed so")
    }
    let place = try revision == nil ? home(of: files) : side(of: files)
    let name = revision.map(files.revisionName) ?? files.committed
    let state = try place.open(name, flags: Descriptor.readOnly)
    let facts = try ImageProbe.probe(state, size: state.status().size, as: own)
    let isAbsolute = facts.backing?.path.hasPrefix("/") != false
    let backing = BackingStore(
      path: isAbsolute ? path(of: base).text : BackingReference.relative(base), format: format)
    let path = place.path.appending(name)
    func words(_ name: String) -> [String] { QemuImage.renaming(backing: backing, of: name, own) }
    let program = Program.qemuImg
    try steps.run("run \(program.commandLine(words(path.text)))") { () throws(StorageError) in
      try checkStillUnused(volume.name, steps)
      _ = try copy(
        state, to: name, in: place,
        temporaryPrefix: revision == nil ? VolumeFiles.newFilePrefix : nil,
        progress: steps.progress
      ) { file throws(StorageError) in
        try program.runOnImages(words(file.pathForChild), volume.subject, [(file, path)])
        try mark(file)
      }
    }
  }

  /// What one file refers to; nil where it refers to nothing.
  private func look(at state: State, in folder: Folder) -> Outcome? {
    // Of many files nearly each has all that is asked for in its first block.
    let block = 4096
    do throws(StorageError) {
      guard let opened = try folder.openIfPresent(state.file) else { return nil }
      let status = try opened.status()
      guard status.kind == .regular else { return nil }
      let head = try opened.read(at: 0, count: block)
      guard ImageProbe.mayRefer(head), !isRecordedRaw(state.name, in: folder) else { return nil }
      let facts = try ImageProbe.probe(opened, size: status.size, beginning: head)
      guard !facts.references.isEmpty else { return nil }
      // Of a working copy or a revision, too, names are meant from where the volume's own file is.
      let place = path(of: state.name)
      return .image(
        .init(
          volume: state.name, path: folder.path.appending(state.file),
          references: facts.references.map { .init($0, beside: place) }))
    } catch {
      return .unread(.init(state.name, error))
    }
  }

  /// Whether what a guest may have written into a file means nothing.
  private func isRecordedRaw(_ name: VolumeName, in folder: Folder) -> Bool {
    // Without a record that can be read the header counts, which can only make more of the file than it is.
    guard let record = try? record(of: files(name), in: folder) else { return false }
    return record.format?.isRaw == true
  }

  /// Lets a copy of an overlay, which lies beside its record, reach an image that is named relative to the pool's
  /// folder: by a symbolic link of that name.
  func linkBacking(of state: Descriptor, _ files: VolumeFiles, in side: Folder)
    throws(StorageError)
  {
    guard files.isPlain, try record(of: files, in: folder())?.format?.isRaw != true else { return }
    let facts = try ImageProbe.probe(state, size: state.status().size)
    guard let backing = facts.backing, !backing.isSpecial, !backing.path.hasPrefix("/") else {
      return
    }
    let name = backing.path.without(prefix: "./").map(String.init) ?? backing.path
    guard !name.contains("/"), !files.isReserved(name) else {
      throw StorageError(
        .unsupported, "volume '\(files.name)'",
        "its backing store '\(backing.path)' is named relative to the pool's folder, which a working"
          + " copy cannot follow; name it by an absolute path (qemu-img rebase -u)")
    }
    try side.makeSymbolicLink(name, to: target(of: name))
    try side.sync()
  }

  /// Where a link in a record's folder must lead to reach a file of the pool's folder.
  private func target(of name: String) -> String { "../../../\(name)" }
}

/// A file that holds a state of a volume.
private struct State {
  let file: String
  let name: VolumeName
}

private enum Outcome {
  case image(PoolReferences.Image)
  case unread(PoolReferences.Unread)
}

extension VolumeFiles {
  /// Whether a name in the folder of a record in a plain pool means something.
  func isReserved(_ file: String) -> Bool {
    [
      working, importing, deleted, VolumeFiles.record, VolumeFiles.heldSource, VolumeFiles.session,
      VolumeFiles.wiping, pruning,
    ].contains(file)
      || revision(of: file) != nil || isTemporary(file)
  }
}
