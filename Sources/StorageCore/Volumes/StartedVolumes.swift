import StorageHost
import StorageModel
import StorageOS

/// Which volumes were started this boot: an empty file each in the runtime folder.
package struct StartedVolumes: Sendable {
  private let folder: Path

  package init(host: HostFolders, pool: PoolName) throws(StorageError) {
    folder = try host.currentBoot().appending("started").appending(pool.text)
  }

  /// Whether a volume was started this boot.
  /// - Throws: where that cannot be told.
  package func contains(_ name: VolumeName) throws(StorageError) -> Bool {
    do throws(StorageError) {
      _ = try FileStatus(following: file(name))
      return true
    } catch {
      if error.isAbsence { return false }
      throw error
    }
  }

  /// All of them, by name.
  package func all() throws(StorageError) -> [VolumeName] {
    try names(in: folder, prefix: "").sorted()
  }

  package func insert(_ name: VolumeName, _ steps: Steps) throws(StorageError) {
    let file = file(name)
    try steps.run(
      "mark volume '\(name)' as started in '\(file)'",
      undo: { () throws(StorageError) in
        try Folder(opening: file.parent).remove(file.lastComponent)
      }
    ) { () throws(StorageError) in
      try HostFolders.make(file.parent).write("", to: file.lastComponent)
    }
  }

  package func remove(_ name: VolumeName, _ steps: Steps) throws(StorageError) {
    guard try contains(name) else { return }
    let file = file(name)
    try steps.run("unmark volume '\(name)' as started in '\(file)'") { () throws(StorageError) in
      try Folder(opening: file.parent).remove(file.lastComponent)
    }
  }

  /// The file that marks a volume.
  package func file(_ name: VolumeName) -> Path { folder.appending("\(name).started") }

  private func names(in folder: Path, prefix: String) throws(StorageError) -> [VolumeName] {
    var found: [VolumeName] = []
    let entries: [Folder.Entry]
    do throws(StorageError) { entries = try Folder(opening: folder).entries() } catch {
      if error.isAbsence { return [] }
      throw error
    }
    for entry in entries {
      if entry.kind == .folder {
        found += try names(in: folder.appending(entry.name), prefix: prefix + entry.name + "/")
      } else if entry.name.hasSuffix(".started"),
        let name = VolumeName(found: prefix + entry.name.dropLast(8))
      {
        found.append(name)
      }
    }
    return found
  }
}
