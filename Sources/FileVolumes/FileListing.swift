import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS

/// Looking at volumes. Nothing here follows a symbolic link or a backing file.
extension FileBackend {
  package func namesToList() throws(StorageError) -> NamesToList {
    let folder = try folder()
    var all = NamesToList()
    let recorded = try recordedNames(in: folder, warnings: &all.warnings)
    all.recorded = recorded ?? []
    all.knowsRecords = recorded != nil
    all.names = try candidates(in: folder, warnings: &all.warnings)
    // Volumes that keep no state have nothing but their record, and in Qubes' layout one can be found by two files.
    guard !all.recorded.isEmpty || driver.usesQubesLayout else { return all }
    var seen: Set<VolumeName> = []
    all.names.removeAll { !seen.insert($0).inserted }
    all.names += all.recorded.subtracting(seen)
    return all
  }

  package func look(at names: [VolumeName], of all: NamesToList) throws(StorageError) -> [Volume] {
    let folder = try folder()
    var volumes: [Volume] = Parallel.compactMap(names) { name in
      do throws(StorageError) {
        return try describe(name, in: folder, hasRecord: all.hasRecord(name))
      } catch {
        // It hides nothing of the others, and is shown as what it is: not known.
        return unknown(name, error)
      }
    }
    recogniseSnapshots(among: &volumes, in: folder)
    return volumes
  }

  /// A volume whose name is there and that could not be looked at.
  private func unknown(_ name: VolumeName, _ error: StorageError) -> Volume {
    var definition = VolumeDefinition(name: name)
    definition.key = path(of: name).text
    definition.target.path = path(of: name)
    var volume = Volume(
      definition: definition, properties: definition.lifecycle.resolved(with: pool.lifecycle),
      hasCommitted: true, hasWorkingCopy: false, problem: error.text)
    volume.failure = error
    return volume
  }

  package func volumeNames() throws(StorageError) -> [VolumeName] {
    let folder = try folder()
    var warnings: [String] = []
    let found = try candidates(in: folder, warnings: &warnings)
    let recorded = try recordedNames(in: folder)
    guard !recorded.isEmpty || driver.usesQubesLayout else { return found }
    var names = Set(found)
    // Of volumes without a file there are few; a record alone may be a left-over.
    for name in recorded where !names.contains(name) {
      if try describe(name, in: folder, hasRecord: true) != nil { names.insert(name) }
    }
    return Array(names)
  }

  package func namesWithWorkingCopy(
    among names: [VolumeName]
  ) throws(StorageError) -> Set<VolumeName> {
    let folder = try folder()
    guard !driver.usesQubesLayout else {
      return try self.names(names) { name throws(StorageError) in
        try folder.status(files(name).sidePath(files(name).working)) != nil
      }
    }
    // Most volumes of a plain pool have nothing of their own there.
    guard let records = try folder.folderIfPresent(VolumeFiles.records) else { return [] }
    let own = Set(try records.entries().filter { $0.kind == .folder }.map { ByteString($0.name) })
    return try self.names(names.filter { own.contains($0.text) }) { name throws(StorageError) in
      try records.status("\(name)/\(files(name).working)") != nil
    }
  }

  private func names(
    _ names: [VolumeName], where fits: (VolumeName) throws(StorageError) -> Bool
  ) throws(StorageError) -> Set<VolumeName> {
    var found: Set<VolumeName> = []
    for name in names where try fits(name) { found.insert(name) }
    return found
  }

  package func volume(_ name: VolumeName) throws(StorageError) -> Volume? {
    guard !isOwnFile(name.text), driver.usesQubesLayout || name.components.count == 1 else {
      return nil
    }
    let folder = try folder()
    let found: Volume?
    do throws(StorageError) { found = try describe(name, in: folder, hasRecord: nil) } catch {
      // No file can have that name.
      guard error.isTooLongName else { throw error }
      return nil
    }
    guard let found else { return nil }
    var recognised = [found]
    recogniseSnapshots(among: &recognised, in: folder)
    var volume = recognised[0]
    // Opened only where there can be a label: an open file keeps others from proving that nobody uses it.
    let labels = host.sys.appending("fs/selinux/enforce")
    if volume.hasCommitted, try FileStatus.ifPresent(labels) != nil {
      do throws(StorageError) {
        let file = try folder.openIfPresent(files(name).committedPath)
        volume.definition.target.permissions.label = try file?.label()
      } catch {
        volume.failure = volume.failure ?? error
      }
    }
    return volume
  }

  /// Whether a name in a plain pool is one of the toolkit's own.
  func isOwnFile(_ text: String) -> Bool {
    // What all of them begin with: of ten thousand names nearly none does.
    guard text.hasPrefix(VolumeFiles.privateFolder) else { return false }
    return text == VolumeFiles.privateFolder || text.hasPrefix(VolumeFiles.privateFolder + "/")
      || text.hasPrefix(VolumeFiles.newFilePrefix)
  }

  // MARK: Names

  /// Calls `body` for everything in the folders of Qubes' layout that is no folder: with the folder that it is in, its
  /// name there, and its path below the pool's folder.
  func forEachQubesFile(
    in folder: Folder, prefix: String = "", depth: Int = 0,
    _ body: (Folder, String, String) throws(StorageError) -> Void
  ) throws(StorageError) {
    for entry in try folder.entries() where entry.name != VolumeFiles.privateFolder {
      if entry.kind == .folder {
        guard depth < 4 else { continue }
        try forEachQubesFile(
          in: folder.folder(entry.name), prefix: prefix + entry.name + "/", depth: depth + 1, body)
      } else {
        try body(folder, entry.name, prefix + entry.name)
      }
    }
  }

  /// The names that may be volumes, from the folder's entries.
  private func candidates(in folder: Folder, warnings: inout [String]) throws(StorageError)
    -> [VolumeName]
  {
    guard driver.usesQubesLayout else {
      var found: [VolumeName] = []
      for entry in try entries(of: folder, warnings: &warnings) where !isOwnFile(entry.name) {
        if VolumeFiles.belongsToFileSystem(entry) { continue }
        if entry.kind == .symbolicLink {
          warnings.append(
            "'\(folder.path.appending(entry.name))' is a symbolic link; not followed")
        } else if let name = candidate(entry, in: folder, warnings: &warnings) {
          found.append(name)
        }
      }
      return found
    }
    return try qubesCandidates(in: folder, prefix: "", depth: 0, warnings: &warnings)
  }

  /// A folder's entries; names that are not UTF-8 are told.
  private func entries(of folder: Folder, warnings: inout [String]) throws(StorageError)
    -> [Folder.Entry]
  {
    var undecodable = 0
    let entries = try folder.entries(undecodable: &undecodable)
    if undecodable > 0 {
      warnings.append("\(undecodable) files have names that are not UTF-8; not listed")
    }
    return entries
  }

  /// The name of an entry that may be a volume; what can be none is told.
  private func candidate(_ entry: Folder.Entry, in folder: Folder, warnings: inout [String])
    -> VolumeName?
  {
    guard let name = VolumeName(found: entry.name) else {
      warnings.append(
        "'\(folder.path.appending(entry.name))' has a control character in its name; not listed")
      return nil
    }
    guard entry.kind != .other, entry.kind != .blockDevice else {
      warnings.append(
        "'\(folder.path.appending(entry.name))' is a socket, a FIFO or a device node; not listed")
      return nil
    }
    return name
  }

  private func qubesCandidates(
    in folder: Folder, prefix: String, depth: Int, warnings: inout [String]
  ) throws(StorageError) -> [VolumeName] {
    var found: [VolumeName] = []
    for entry in try entries(of: folder, warnings: &warnings)
    where entry.name != VolumeFiles.privateFolder {
      guard candidate(entry, in: folder, warnings: &warnings) != nil else { continue }
      if entry.name.hasSuffix(".img"), entry.kind == .symbolicLink || entry.kind == .folder {
        let kind = entry.kind == .folder ? "directory; not listed" : "symbolic link; not followed"
        warnings.append("'\(folder.path.appending(entry.name))' is a \(kind)")
      }
      if entry.kind == .folder, depth < 4 {
        let inner: Folder
        do throws(StorageError) { inner = try folder.folder(entry.name) } catch {
          // A folder that cannot be read hides its volumes, not those of the others.
          warnings.append("volumes are hidden: \(error.text)")
          continue
        }
        found += try qubesCandidates(
          in: inner, prefix: prefix + entry.name + "/", depth: depth + 1, warnings: &warnings)
      } else if entry.kind == .regular || entry.kind == nil {
        var file = prefix + entry.name
        // With revisions disabled a started volume has its working copy's name only.
        if let stem = file.without(suffix: "-dirty.img") { file = stem + ".img" }
        if let name = VolumeFiles.qubesVolume(ofFile: file) { found.append(name) }
      }
    }
    return found
  }

  package func strangers() throws(StorageError) -> [String] {
    var warnings: [String] = []
    let folder = try folder()
    _ = try candidates(in: folder, warnings: &warnings)
    do throws(StorageError) {
      warnings +=
        driver.usesQubesLayout
        ? try others(in: folder) + strangersAmongRecords(in: folder)
        : try strangersBesideRecords(in: folder)
    } catch {
      // The findings tell where somebody may not look.
      guard error.code == .permission else { throw error }
    }
    return warnings
  }

  /// What lies in the folders of records and belongs to no volume, in a plain pool.
  private func strangersBesideRecords(in folder: Folder) throws(StorageError) -> [String] {
    var found: [String] = []
    for name in try recordedNames(in: folder) {
      let files = files(name)
      guard try recordObstacle(of: files, in: folder) == nil,
        let side = try sideIfPresent(of: files)
      else { continue }
      for entry in try side.entries()
      where !files.isReserved(entry.name) && entry.kind != .symbolicLink {
        found.append("'\(side.path.appending(entry.name))' is none of a volume's files")
      }
    }
    return found.sorted()
  }

  /// What lies in the folders of records and belongs to no record, where records lie in folders that are called as the
  /// volumes are.
  private func strangersAmongRecords(in folder: Folder) throws(StorageError) -> [String] {
    func walk(_ folder: Folder) throws(StorageError) -> [String] {
      var found: [String] = []
      for entry in try folder.entries() {
        if entry.kind == .folder {
          found += try walk(folder.folder(entry.name))
        } else if !VolumeFiles.isBesideRecord(entry.name) || entry.kind == .symbolicLink {
          found.append("'\(folder.path.appending(entry.name))' is none of a volume's files")
        }
      }
      return found
    }
    guard let records = try folder.folderIfPresent(VolumeFiles.records) else { return [] }
    return try walk(records).sorted()
  }

  /// What lies in the folders of Qubes' layout and is called as no file of a volume, in one line: Qubes keeps icons and
  /// settings there, too.
  private func others(in folder: Folder) throws(StorageError) -> [String] {
    var found: [String] = []
    try forEachQubesFile(in: folder) { _, _, file in
      let isKnown =
        VolumeFiles.qubesOwner(ofFile: file) != nil || VolumeFiles.qubesVolume(ofFile: file) != nil
        || file.hasSuffix("-cow.img") || file.hasSuffix("-cow.img.old")
      if !isKnown { found.append(file) }
    }
    guard let first = found.min() else { return [] }
    let more = found.count == 1 ? "is called" : "and \(found.count - 1) more are called"
    return ["'\(folder.path.appending(first))' \(more) as no file of a volume; not listed"]
  }

  /// The names that have a record; nil where this user may not see them, which is said.
  private func recordedNames(in folder: Folder, warnings: inout [String]) throws(StorageError)
    -> Set<VolumeName>?
  {
    do throws(StorageError) { return Set(try recordedNames(in: folder)) } catch {
      guard error.code == .permission else { throw error }
      warnings.append(
        "\(error.text); volumes that have nothing but a record are not listed")
      return nil
    }
  }

  /// The names that have a record, nested ones included, or something else in its place.
  func recordedNames(in folder: Folder) throws(StorageError) -> [VolumeName] {
    guard let records = try folder.folderIfPresent(VolumeFiles.records) else { return [] }
    return try recordedNames(below: records, prefix: "")
  }

  private func recordedNames(below folder: Folder, prefix: String) throws(StorageError)
    -> [VolumeName]
  {
    var found: [VolumeName] = []
    for entry in try folder.entries() where entry.kind == .folder || prefix.isEmpty {
      let text = prefix + entry.name
      if driver.usesQubesLayout, entry.kind == .folder {
        let inner = try folder.folder(entry.name)
        found += try recordedNames(below: inner, prefix: text + "/")
        // A folder of that name is that of a record further below.
        guard let record = try inner.status(VolumeFiles.record), record.kind != .folder else {
          continue
        }
      }
      if let name = VolumeName(found: text) { found.append(name) }
    }
    return found
  }
}
