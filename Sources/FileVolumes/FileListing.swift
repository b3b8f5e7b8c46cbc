import StorageConf
import StorageCore
import StorageHost
import StorageModel
import StorageOS

/// Looking at volumes. Nothing here follows a symbolic link or a backing file.
extension FileBackend {
  package func volumes() throws(StorageError) -> VolumeListing {
    let folder = try folder()
    var listing = VolumeListing()
    let recorded = Set(try recordedNames(in: folder))
    var seen: Set<VolumeName> = []
    let found = try candidates(in: folder, listing: &listing).filter { seen.insert($0).inserted }
    // Volumes that keep no state have nothing but their record.
    let names = found + recorded.subtracting(seen)
    listing.volumes = Parallel.compactMap(names) { name in
      describe(name, in: folder, hasRecord: recorded.contains(name))
    }
    return listing
  }

  package func volumeNames() throws(StorageError) -> [VolumeName] {
    let folder = try folder()
    var listing = VolumeListing()
    let found = try candidates(in: folder, listing: &listing)
    let recorded = try recordedNames(in: folder)
    guard !recorded.isEmpty || driver.usesQubesLayout else { return found }
    var names = Set(found)
    // Of volumes without a file there are few; a record alone may be a left-over.
    for name in recorded where !names.contains(name) {
      if describe(name, in: folder, hasRecord: true) != nil { names.insert(name) }
    }
    return Array(names)
  }

  package func namesWithWorkingCopy(
    among names: [VolumeName]
  ) throws(StorageError) -> Set<VolumeName> {
    func has(_ path: String, in folder: Folder) -> Bool {
      ((try? folder.status(path)) ?? nil) != nil
    }
    let folder = try folder()
    guard !driver.usesQubesLayout else {
      return Set(names.filter { has(files($0).sidePath(files($0).working), in: folder) })
    }
    // Most volumes of a plain pool have nothing of their own there.
    guard let records = try folder.folderIfPresent(VolumeFiles.records) else { return [] }
    let own = Set(try records.entries().map(\.name))
    return Set(
      names.filter { own.contains($0.text) && has("\($0)/\(files($0).working)", in: records) })
  }

  package func volume(_ name: VolumeName) throws(StorageError) -> Volume? {
    guard !isOwnFile(name.text), driver.usesQubesLayout || name.components.count == 1 else {
      return nil
    }
    let folder = try folder()
    guard var volume = describe(name, in: folder, hasRecord: nil) else { return nil }
    // Opened only where there can be a label: an open file keeps others from proving that nobody uses it.
    if volume.hasCommitted,
      (try? FileStatus(following: host.sys.appending("fs/selinux/enforce"))) != nil
    {
      let file = try? folder.openIfPresent(files(name).committedPath)
      volume.definition.target.permissions.label = file?.label()
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

  /// The names that may be volumes, from the folder's entries.
  private func candidates(in folder: Folder, listing: inout VolumeListing) throws(StorageError)
    -> [VolumeName]
  {
    guard driver.usesQubesLayout else {
      var found: [VolumeName] = []
      var undecodable = 0
      let entries = try folder.entries(undecodable: &undecodable)
      if undecodable > 0 {
        listing.warnings.append("\(undecodable) files have names that are not UTF-8; not listed")
      }
      for entry in entries where !isOwnFile(entry.name) {
        if entry.kind == .symbolicLink {
          listing.warnings.append(
            "'\(folder.path.appending(entry.name))' is a symbolic link; not followed")
        } else if VolumeFiles.belongsToFileSystem(entry) {
          continue
        } else if entry.kind != .other, let name = VolumeName(found: entry.name) {
          found.append(name)
        }
      }
      return found
    }
    return try qubesCandidates(in: folder, prefix: "", depth: 0)
  }

  private func qubesCandidates(in folder: Folder, prefix: String, depth: Int) throws(StorageError)
    -> [VolumeName]
  {
    var found: [VolumeName] = []
    for entry in try folder.entries() where entry.name != VolumeFiles.privateFolder {
      if entry.kind == .folder, depth < 4 {
        // A folder that cannot be read hides its volumes, not those of the others.
        guard let inner = try? folder.folder(entry.name) else { continue }
        found += try qubesCandidates(
          in: inner, prefix: prefix + entry.name + "/", depth: depth + 1)
      } else if entry.kind == .regular || entry.kind == nil {
        var file = prefix + entry.name
        // With revisions disabled a started volume has its working copy's name only.
        if file.hasSuffix("-dirty.img") { file = String(file.dropLast(10)) + ".img" }
        if let name = VolumeFiles.qubesVolume(ofFile: file) { found.append(name) }
      }
    }
    return found
  }

  /// The names that have a record, nested ones included.
  func recordedNames(in folder: Folder) throws(StorageError) -> [VolumeName] {
    guard let records = try folder.folderIfPresent(VolumeFiles.records) else { return [] }
    return try recordedNames(below: records, prefix: "")
  }

  private func recordedNames(below folder: Folder, prefix: String) throws(StorageError)
    -> [VolumeName]
  {
    var found: [VolumeName] = []
    for entry in try folder.entries() where entry.kind == .folder {
      let text = prefix + entry.name
      if driver.usesQubesLayout {
        let inner = try folder.folder(entry.name)
        found += try recordedNames(below: inner, prefix: text + "/")
        guard try inner.status(VolumeFiles.record) != nil else { continue }
      }
      if let name = VolumeName(found: text) { found.append(name) }
    }
    return found
  }
}
