import StorageBackend
import StorageConf
import StorageModel
import StorageOS

/// The marks of started volumes in a pool's own folder: a file for each.
struct SessionMarks: Sendable {
  private let backend: any FolderBackend
  private let target: Path

  /// Nil for pools without a place for them.
  init?(_ pool: PoolDefinition, _ backend: any PoolBackend) {
    guard let backend = backend.able(to: .shareFolder), let target = pool.target.path else {
      return nil
    }
    self.backend = backend
    self.target = target
  }

  /// The name of a volume's file, in its folder.
  static func file(_ name: VolumeName) -> String { "\(name).started" }

  func path(_ name: VolumeName) -> Path { target.appending(place(name)) }

  private func place(_ name: VolumeName) -> String {
    "\(SharedFolder.started)/\(SessionMarks.file(name))"
  }

  /// What is known of a volume's sessions; nil where nothing is.
  func record(of name: VolumeName) throws(StorageError) -> SessionRecord? {
    try read(place(name), in: backend.folder())
  }

  /// What is known, of all volumes.
  func all() throws(StorageError) -> [(VolumeName, SessionRecord)] {
    guard let folder = try backend.folder().folderIfPresent(SharedFolder.started) else { return [] }
    var found: [(VolumeName, SessionRecord)] = []
    for (name, file) in try SessionMarks.files(in: folder) {
      // One can have been removed since.
      if let record = try read(file, in: folder) { found.append((name, record)) }
    }
    return found
  }

  private func read(_ file: String, in folder: Folder) throws(StorageError) -> SessionRecord? {
    guard let opened = try folder.openIfPresent(file) else { return nil }
    let bytes = try opened.readAll(limit: 65536)
    do throws(ConfProblem) { return try SessionRecord.read(bytes, file: opened.path.text) } catch {
      throw StorageError(.badInput, "", error.text)
    }
  }

  /// Writes what is known.
  ///
  /// Never waits for the disk: what a loss of power takes away has ended with it.
  func write(_ record: SessionRecord, for name: VolumeName) throws(StorageError) {
    let text: String
    do throws(ConfProblem) { text = try record.text(file: path(name).text) } catch {
      throw StorageError(.badInput, "", error.text)
    }
    let folder = try backend.folder()
    let heritage = Heritage(of: try folder.descriptor.status())
    let file = Path(place(name))
    try folder.makeFolders(file.parent.text, heritage)
      .replace(file.lastComponent, with: text, heritage: heritage)
  }

  func remove(_ name: VolumeName) throws(StorageError) {
    try backend.folder().remove(place(name))
  }

  /// The volumes that have a file in a folder, and the files; names can be nested.
  static func files(in folder: Folder, prefix: String = "") throws(StorageError) -> [(
    VolumeName, String
  )] {
    var found: [(VolumeName, String)] = []
    for entry in try folder.entries() {
      if entry.kind == .folder {
        let inner = try folder.folder(entry.name)
        for (name, file) in try files(in: inner, prefix: prefix + entry.name + "/") {
          found.append((name, "\(entry.name)/\(file)"))
        }
      } else if let last = entry.name.without(suffix: ".started"),
        let name = VolumeName(found: prefix + last)
      {
        found.append((name, entry.name))
      }
    }
    return found
  }
}
