import StorageBackend
import StorageModel
import StorageOS

extension FileBackend {
  /// Makes the pool's folder and, in Qubes' layout, the folders below it.
  ///
  /// Missing parents get 0777 less the file mode mask, the folder itself its mode, or 0711 where none is given;
  /// an existing folder keeps what the definition does not name. On Btrfs copy-on-write follows
  /// `<features><cow>`; without it, it is turned off for a new folder unless the pool keeps revisions, which
  /// would make every working copy a full one.
  /// - Parameter isMountPoint: whether something is to be mounted on it, so that copy-on-write is not its own affair.
  package func buildFolder(isMountPoint: Bool = false, _ steps: Steps) throws(StorageError) {
    let path = try target()
    // What is made is held from then on: whatever happens to its name, nothing else is given away.
    var held = try FileStatus.ifPresent(path) == nil ? nil : openTarget()
    let isNew = held == nil
    if isNew {
      try makeParents(of: path, steps)
      try steps.run(
        "make directory '\(path)'",
        undo: { () throws(StorageError) in try remove(path) }
      ) { () throws(StorageError) in held = try make(path, mode: 0o711) }
    }
    try setAttributes(of: held, path, isNew: isNew, isMountPoint: isMountPoint, steps)
    guard driver.usesQubesLayout else { return }
    if driver == .fileReflink, pool.lifecycle.setupCheck {
      try steps.check("check that '\(path)' can share blocks between files") {
        () throws(StorageError) in
        if let held { try requireReflink(in: held) }
      }
    }
    for name in ["appvms", "vm-templates"] {
      let folder = held
      if !isNew, try folder?.status(name)?.kind == .folder { continue }
      try steps.run(
        "make directory '\(path.appending(name))'",
        undo: { () throws(StorageError) in
          if isNew { try folder?.removeFolder(name) }
        }
      ) { () throws(StorageError) in
        try folder?.makeFolder(name, mode: 0o711)
        try folder?.sync()
      }
    }
  }

  private func makeParents(of path: Path, _ steps: Steps) throws(StorageError) {
    var missing: [Path] = []
    var parent = path.parent
    while parent.text != "/", parent.text != ".", try FileStatus.ifPresent(parent) == nil {
      missing.append(parent)
      parent = parent.parent
    }
    for folder in missing.reversed() {
      try steps.run(
        "make directory '\(folder)'",
        undo: { () throws(StorageError) in try remove(folder) }
      ) { () throws(StorageError) in
        _ = try make(folder, mode: 0o777 & ~Process.originalFileModeMask)
      }
    }
  }

  /// Makes a folder in one that is there, and opens it; one that is there by now is opened as it is.
  /// - Throws: where a symbolic link has taken the place of either.
  private func make(_ path: Path, mode: UInt32) throws(StorageError) -> Folder {
    let parent = try Folder(opening: path.parent)
    try parent.makeFolder(path.lastComponent, mode: mode)
    try parent.sync()
    return try parent.folder(path.lastComponent)
  }

  private func remove(_ path: Path) throws(StorageError) {
    try Folder(opening: path.parent).removeFolder(path.lastComponent)
  }

  /// - Parameter folder: the folder; nil where it is only told what would be done with it.
  private func setAttributes(
    of folder: Folder?, _ path: Path, isNew: Bool, isMountPoint: Bool, _ steps: Steps
  ) throws(StorageError) {
    let wanted = pool.target.permissions
    let present = isNew ? nil : try folder?.descriptor.status()
    let hasOwner =
      (wanted.owner ?? present?.owner) == present?.owner
      && (wanted.group ?? present?.group) == present?.group
    if !hasOwner {
      try steps.run("set owner of '\(path)'") { () throws(StorageError) in
        try folder?.descriptor.setOwner(wanted.owner, group: wanted.group)
      }
    }
    if let mode = wanted.mode, mode != present?.mode {
      try steps.run("set mode of '\(path)' to 0\(String(mode, radix: 8))") {
        () throws(StorageError) in try folder?.descriptor.setMode(mode)
      }
    }
    if let label = wanted.label {
      try steps.run("set label of '\(path)' to '\(label)'") { () throws(StorageError) in
        // Where the kernel has no labels there is nothing to set.
        guard let folder, try folder.descriptor.label() != nil else { return }
        try folder.descriptor.setLabel(label)
      }
    }
    if !isMountPoint { try setCopyOnWrite(of: folder, path, isNew: isNew, steps) }
    guard steps.changesSomething else { return }
    try steps.run("bring '\(path)' to disk") { () throws(StorageError) in try folder?.sync() }
  }

  /// Does what the definition says about copy-on-write on Btrfs.
  /// - Parameters:
  ///   - held: the folder at the path; nil for what is there when it is done.
  ///   - isNew: whether the folder was made just now, and holds nothing.
  package func setCopyOnWrite(of held: Folder?, _ path: Path, isNew: Bool, _ steps: Steps)
    throws(StorageError)
  {
    let keepsRevisions =
      driver.usesQubesLayout || pool.lifecycle.effectiveRevisionsToKeep != .disabled
    if pool.copyOnWrite == false, keepsRevisions {
      throw StorageError(
        .badInput, "pool '\(pool.name)'",
        "copy-on-write cannot be turned off for a pool that keeps revisions")
    }
    let wanted = pool.copyOnWrite ?? (keepsRevisions || !isNew ? nil : false)
    guard let wanted else { return }
    let isExplicit = pool.copyOnWrite != nil
    try steps.run("turn copy-on-write of '\(path)' \(wanted ? "on" : "off") if it is on Btrfs") {
      () throws(StorageError) in
      let folder = if let held { held } else { try openTarget() }
      guard try FileSystem(of: folder).isBtrfs else {
        guard isExplicit else { return }
        throw StorageError(
          .unsupported, "pool '\(pool.name)'",
          "copy-on-write can only be chosen on Btrfs, which '\(path)' is not on")
      }
      try folder.descriptor.setCopyOnWrite(wanted)
    }
  }

  /// Removes the pool's folder, which must hold no volume and not be a mount point.
  package func deleteFolder(_ steps: Steps) throws(StorageError) {
    let folder: Folder
    do throws(StorageError) { folder = try openTarget() } catch {
      var error = error
      error.problem = "failed to remove pool '\(pool.target.path?.text ?? "")'"
      if error.isAbsence { error.missing = .pool }
      throw error
    }
    let path = folder.path
    if try folder.descriptor.status().isMountRoot == true {
      throw StorageError(
        .busy, "pool '\(pool.name)'", "failed to remove pool '\(path)': it is a mount point")
    }
    let own =
      [VolumeFiles.privateFolder] + (driver.usesQubesLayout ? ["appvms", "vm-templates"] : [])
    var undecodable = 0
    let present = try folder.entries(undecodable: &undecodable).map(\.name)
    var isEmpty = undecodable == 0 && present.allSatisfy(own.contains)
    let known = try traces(in: folder)
    for name in own where isEmpty { isEmpty = try !holdsFiles(name, in: folder, besides: known) }
    guard isEmpty else {
      throw StorageError(
        .busy, "pool '\(pool.name)'", "failed to remove pool '\(path)'",
        reason: "Directory not empty", hint: try strangers().first.map { "No volume: \($0)." })
    }
    try steps.run("remove directory '\(path)'") { () throws(StorageError) in
      for name in try traces(in: folder) { try folder.remove(name) }
      for name in own { try removeEmptyTree(name, in: folder) }
      let parent = try Folder(opening: path.parent)
      try parent.requireIdentity(of: path.lastComponent, with: folder.descriptor)
      try parent.removeFolder(path.lastComponent)
      try parent.sync()
    }
  }

  /// What stays of volumes that are gone: the file for locks, and marks of sessions.
  private func traces(in folder: Folder) throws(StorageError) -> [String] {
    func files(_ name: String) throws(StorageError) -> [String] {
      guard let inner = try folder.folderIfPresent(name) else { return [] }
      var found: [String] = []
      for entry in try inner.entries() {
        let below = "\(name)/\(entry.name)"
        found += entry.kind == .folder ? try files(below) : [below]
      }
      return found
    }
    return [SharedFolder.lockFile] + (try files(SharedFolder.started))
  }

  private func holdsFiles(_ name: String, in folder: Folder, besides traces: [String])
    throws(StorageError) -> Bool
  {
    guard let inner = try folder.folderIfPresent(name) else { return false }
    for entry in try inner.entries() {
      let below = "\(name)/\(entry.name)"
      guard !traces.contains(below) else { continue }
      guard try inner.status(entry.name)?.kind == .folder else { return true }
      if try holdsFiles(below, in: folder, besides: traces) { return true }
    }
    return false
  }

  private func removeEmptyTree(_ name: String, in folder: Folder) throws(StorageError) {
    guard let inner = try folder.folderIfPresent(name) else { return }
    for entry in try inner.entries() { try removeEmptyTree(entry.name, in: inner) }
    try folder.removeFolder(name)
  }
}

extension Folder {
  /// Whether two files in the folder can share blocks, found by trying with two files without names.
  func supportsReflink() throws(StorageError) -> Bool {
    guard let source = try openScratch(), let target = try openScratch() else { return false }
    try source.write([UInt8](repeating: 1, count: 4096))
    return try Copy.reflink(source, to: target)
  }
}
