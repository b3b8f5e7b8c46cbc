import StorageHost
import StorageModel
import StorageOS

/// Which volumes were started this boot: an empty file each in the runtime folder.
package struct StartedVolumes: Sendable {
  private let folder: Path

  package init(host: HostFolders, pool: PoolName) throws(StorageError) {
    folder = try host.currentBoot().appending("started").appending(pool.text)
  }

  package func contains(_ name: VolumeName) -> Bool {
    (try? FileStatus(following: file(name))) != nil
  }

  /// All of them, by name.
  package func all() -> [VolumeName] {
    names(in: folder, prefix: "").sorted()
  }

  package func insert(_ name: VolumeName, _ steps: Steps) throws(StorageError) {
    let file = file(name)
    try steps.run("mark volume '\(name)' as started in '\(file)'") { () throws(StorageError) in
      try HostFolders.make(file.parent).write("", to: file.lastComponent)
    }
  }

  package func remove(_ name: VolumeName, _ steps: Steps) throws(StorageError) {
    guard contains(name) else { return }
    let file = file(name)
    try steps.run("unmark volume '\(name)' as started in '\(file)'") { () throws(StorageError) in
      try Folder(opening: file.parent).remove(file.lastComponent)
    }
  }

  /// The file that marks a volume.
  package func file(_ name: VolumeName) -> Path { folder.appending("\(name).started") }

  private func names(in folder: Path, prefix: String) -> [VolumeName] {
    guard let entries = try? Folder(opening: folder).entries() else { return [] }
    return entries.flatMap { entry -> [VolumeName] in
      if entry.kind == .folder {
        return names(in: folder.appending(entry.name), prefix: prefix + entry.name + "/")
      }
      guard entry.name.hasSuffix(".started") else { return [] }
      return VolumeName(found: prefix + entry.name.dropLast(8)).map { [$0] } ?? []
    }
  }
}
