import StorageCore
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
    let isNew = (try? FileStatus(following: path)) == nil
    if isNew {
      try makeParents(of: path, steps)
      try steps.run(
        "make directory '\(path)'",
        undo: { () throws(StorageError) in
          try Folder(opening: path.parent).removeFolder(path.lastComponent)
        }
      ) { () throws(StorageError) in
        let parent = try Folder(opening: path.parent)
        try parent.makeFolder(path.lastComponent, mode: 0o711)
        try parent.sync()
      }
    } else {
      _ = try openTarget()
    }
    try setAttributes(path, isNew: isNew, isMountPoint: isMountPoint, steps)
    guard driver.usesQubesLayout else { return }
    if driver == .fileReflink, pool.lifecycle.setupCheck {
      try steps.run("check that '\(path)' can share blocks between files") {
        () throws(StorageError) in try requireReflink(in: openTarget())
      }
    }
    for name in ["appvms", "vm-templates"] {
      try steps.run(
        "make directory '\(path.appending(name))'",
        undo: { () throws(StorageError) in
          if isNew { try openTarget().removeFolder(name) }
        }
      ) { () throws(StorageError) in
        let folder = try openTarget()
        try folder.makeFolder(name, mode: 0o711)
        try folder.sync()
      }
    }
  }

  private func makeParents(of path: Path, _ steps: Steps) throws(StorageError) {
    var missing: [Path] = []
    var parent = path.parent
    while (try? FileStatus(following: parent)) == nil, parent.text != "/", parent.text != "." {
      missing.append(parent)
      parent = parent.parent
    }
    for folder in missing.reversed() {
      try steps.run(
        "make directory '\(folder)'",
        undo: { () throws(StorageError) in
          try Folder(opening: folder.parent).removeFolder(folder.lastComponent)
        }
      ) { () throws(StorageError) in
        let parent = try Folder(opening: folder.parent)
        try parent.makeFolder(
          folder.lastComponent, mode: 0o777 & ~Process.originalFileModeMask)
        try parent.sync()
      }
    }
  }

  private func setAttributes(_ path: Path, isNew: Bool, isMountPoint: Bool, _ steps: Steps)
    throws(StorageError)
  {
    let wanted = pool.target.permissions
    if wanted.owner != nil || wanted.group != nil {
      try steps.run("set owner of '\(path)'") { () throws(StorageError) in
        try openTarget().descriptor.setOwner(wanted.owner, group: wanted.group)
      }
    }
    if let mode = wanted.mode {
      try steps.run("set mode of '\(path)' to 0\(String(mode, radix: 8))") {
        () throws(StorageError) in try openTarget().descriptor.setMode(mode)
      }
    }
    if let label = wanted.label {
      try steps.run("set label of '\(path)' to '\(label)'") { () throws(StorageError) in
        // Where the kernel has no labels there is nothing to set.
        let folder = try openTarget()
        guard folder.descriptor.label() != nil else { return }
        try folder.descriptor.setLabel(label)
      }
    }
    if !isMountPoint { try setCopyOnWrite(path, isNew: isNew, steps) }
    try steps.run("bring '\(path)' to disk") { () throws(StorageError) in try openTarget().sync() }
  }

  /// Does what the definition says about copy-on-write on Btrfs.
  /// - Parameter isNew: whether the folder was made just now, and holds nothing.
  package func setCopyOnWrite(_ path: Path, isNew: Bool, _ steps: Steps) throws(StorageError) {
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
      let folder = try openTarget()
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
      throw error
    }
    let path = folder.path
    if try folder.descriptor.status().isMountRoot == true {
      throw StorageError(
        .busy, "pool '\(pool.name)'", "failed to remove pool '\(path)': it is a mount point")
    }
    let own =
      [VolumeFiles.privateFolder] + (driver.usesQubesLayout ? ["appvms", "vm-templates"] : [])
    let foreign = try folder.entries().map(\.name).filter { !own.contains($0) }
    var isEmpty = foreign.isEmpty
    for name in own where isEmpty { isEmpty = try !holdsFiles(name, in: folder) }
    guard isEmpty else {
      throw StorageError(
        .exists, "pool '\(pool.name)'", "failed to remove pool '\(path)'",
        reason: "Directory not empty")
    }
    try steps.run("remove directory '\(path)'") { () throws(StorageError) in
      for name in own { try removeEmptyTree(name, in: folder) }
      let parent = try Folder(opening: path.parent)
      try parent.removeFolder(path.lastComponent)
      try parent.sync()
    }
  }

  private func holdsFiles(_ name: String, in folder: Folder) throws(StorageError) -> Bool {
    guard let inner = try folder.folderIfPresent(name) else { return false }
    for entry in try inner.entries() {
      guard try inner.status(entry.name)?.kind == .folder else { return true }
      if try holdsFiles(entry.name, in: inner) { return true }
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
