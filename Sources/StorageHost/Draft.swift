import StorageModel
import StorageOS

/// A text in a file for a program of the user's to change.
///
/// The file (0600) lies in a folder of its own (0700) below `TMPDIR`, so that whatever an editor puts beside it cannot
/// be read by others either, and nobody can put anything else in its place.
package struct Draft: Sendable {
  private let parent: Folder
  private let folder: Folder
  private let name: String
  /// Where the file is.
  package var path: Path { folder.path.appending(name) }

  /// Makes the file.
  /// - Parameters:
  ///   - name: its name, whose ending tells an editor what it is.
  ///   - text: what is in it.
  package init(_ name: String, _ text: [UInt8]) throws(StorageError) {
    let temporary = Path(Process.environment("TMPDIR") ?? "/tmp")
    guard temporary.isAbsolute else {
      throw StorageError(.usage, "TMPDIR", "'\(temporary)' is not an absolute path")
    }
    parent = try Folder(opening: temporary)
    let own = "cistern-\(randomSuffix())"
    guard try parent.makeFolder(own, mode: 0o700) else {
      throw StorageError(.exists, parent.path.appending(own).text, "is there already")
    }
    folder = try parent.folder(own)
    self.name = name
    do throws(StorageError) {
      try folder.create(name, mode: 0o600).write(text)
    } catch {
      throw error.undone { () throws(StorageError) in try remove() }
    }
  }

  /// What is in the file now, also where the editor has put a new one in its place.
  package func text() throws(StorageError) -> [UInt8] {
    guard let file = try folder.openIfPresent(name) else {
      throw StorageError(.notFound, path.text, "the editor has removed it")
    }
    guard try file.status().kind == .regular else {
      throw StorageError(.badInput, path.text, "is not a regular file")
    }
    return try file.readAll(limit: 1 << 20)
  }

  /// Removes the file, what an editor left beside it, and their folder.
  package func remove() throws(StorageError) {
    for entry in try folder.entries() {
      _ =
        entry.kind == .folder
        ? try folder.removeFolder(entry.name) : try folder.remove(entry.name)
    }
    try parent.removeFolder(folder.path.lastComponent)
  }
}
