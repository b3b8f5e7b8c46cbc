import BlockVolumes
import Signatures
import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// Reaching, making and destroying the dataset of a pool.
extension DatasetBackend {
  /// Finds the dataset; where its zpool is not imported and the definition names devices, it is imported from those.
  package func start(_ steps: Steps) throws(StorageError) {
    if try !reach(steps) { try steps.run("find dataset '\(container)'") {} }
  }

  /// Sees to it that the dataset can be reached.
  /// - Returns: whether that took an import.
  private func reach(_ steps: Steps) throws(StorageError) -> Bool {
    datasets.report.forget()
    do throws(StorageError) {
      _ = try datasets.report.tree()
      return false
    } catch {
      guard error.code == .notFound else { throw error }
      guard try !hasZpool(), !pool.source.devices.isEmpty else {
        throw StorageError(
          .notFound, "pool '\(pool.name)'", "cannot find dataset '\(container)'",
          reason: error.reason, hint: NextCommand.hint("pool-build", pool.name.text))
      }
    }
    let words = ["import", "-N"] + pool.source.devices.flatMap { ["-d", $0.path.text] } + [zpool]
    try steps.run(
      "run zpool \(words.joined(separator: " "))",
      undo: { () throws(StorageError) in try export() }
    ) { () throws(StorageError) in
      try changeZpool("zpool import", words)
      try setImported(true)
    }
    try steps.check("find dataset '\(container)'") { () throws(StorageError) in
      _ = try datasets.report.tree()
    }
    return true
  }

  /// Exports the zpool where this pool's start has imported it; one that was there before stays.
  package func stop(_ steps: Steps) throws(StorageError) {
    guard try isImported() else { return }
    try steps.run("run zpool export \(zpool)") { () throws(StorageError) in try export() }
  }

  private func export() throws(StorageError) {
    do throws(StorageError) {
      try retried { () throws(StorageError) in
        try changeZpool("zpool export", ["export", zpool])
      }
    } catch { if error.code != .notFound { throw error } }
    try setImported(false)
  }

  private func changeZpool(_ place: StaticString, _ words: [String]) throws(StorageError) {
    datasets.report.forget()
    try ZFSTools.change(ZFSTools.zpool, words, place: place, subject: "zpool '\(zpool)'")
  }

  /// Whether the zpool is there, whatever is in it.
  private func hasZpool() throws(StorageError) -> Bool {
    do throws(StorageError) {
      _ = try ZFSTools.ask(
        ZFSTools.zpool, ["list", "-Hp", "-o", "name", zpool], subject: "zpool '\(zpool)'")
      return true
    } catch {
      if error.code == .notFound { return false }
      throw error
    }
  }

  /// The file that says that this pool has imported its zpool, in this boot.
  private func mark() throws(StorageError) -> Path {
    try host.currentBoot().appending("zpools").appending("\(pool.uuid)")
  }

  private func isImported() throws(StorageError) -> Bool {
    try FileStatus.ifPresent(mark()) != nil
  }

  private func setImported(_ isImported: Bool) throws(StorageError) {
    let mark = try mark()
    if isImported {
      try HostFolders.make(mark.parent).write(Array("\(zpool)\n".utf8), to: mark.lastComponent)
    } else {
      _ = try Folder.ifPresent(mark.parent)?.remove(mark.lastComponent)
    }
  }

  // MARK: Making and destroying

  /// Makes the zpool of the definition's devices, or the dataset in a zpool that is there.
  package func build(overwrite: OverwritePolicy, _ steps: Steps) throws(StorageError) {
    var isThere = true
    do throws(StorageError) { _ = try datasets.report.tree() } catch {
      guard error.code == .notFound else { throw error }
      isThere = false
    }
    // As Qubes' driver marks a container that is there.
    if isThere, isQubes {
      return try steps.run("make dataset '\(container)' one of Qubes' pools") {
        () throws(StorageError) in
        let words = ["set", "\(UserProperty.isPool)=true", "volmode=dev", container]
        try datasets.report.change("zfs set", words, subject: datasets.report.subject)
      }
    }
    guard !isThere else {
      throw StorageError(
        .exists, "pool '\(pool.name)'",
        "Storage pool already built: dataset '\(container)' is there")
    }
    if try !hasZpool() { try buildZpool(overwrite: overwrite, steps) }
    guard container != zpool || isQubes else { return }
    let options =
      ["mountpoint=none", "volmode=dev"] + (isQubes ? ["\(UserProperty.isPool)=true"] : [])
    guard container != zpool else { return }
    let words = ["create", "-p"] + options.flatMap { ["-o", $0] } + [container]
    try steps.run(
      "run zfs \(words.joined(separator: " "))",
      undo: { () throws(StorageError) in
        try datasets.report.change(
          "zfs destroy", ["destroy", container], subject: datasets.report.subject)
      }
    ) { () throws(StorageError) in
      try datasets.report.change("zfs create", words, subject: datasets.report.subject)
    }
  }

  /// Whether the pool is one of Qubes' driver.
  var isQubes: Bool { pool.lifecycle.driver == .zfs }

  private func buildZpool(overwrite: OverwritePolicy, _ steps: Steps) throws(StorageError) {
    let devices = pool.source.devices.map(\.path)
    guard !devices.isEmpty else {
      throw StorageError(
        .badInput, "pool '\(pool.name)'", "missing source devices to make a zpool of")
    }
    for path in devices {
      let found = try Signature.all(on: Descriptor(claiming: path))
      guard overwrite != .overwrite, let first = found.first else { continue }
      throw StorageError(
        .exists, "pool '\(pool.name)'",
        "Format of device '\(path)' does not match the expected format 'zfs_member',"
          + " forced overwrite is necessary",
        reason: "it carries '\(first.type)'")
    }
    // Nothing of a pool of volumes is ever mounted.
    var words = ["create", "-m", "none", "-O", "volmode=dev"]
    if isQubes, container == zpool { words += ["-O", "\(UserProperty.isPool)=true"] }
    if overwrite == .overwrite { words.append("-f") }
    words += [zpool] + devices.map(\.text)
    try steps.run(
      "run zpool \(words.joined(separator: " "))",
      undo: { () throws(StorageError) in try changeZpool("zpool destroy", ["destroy", zpool]) }
    ) { () throws(StorageError) in
      try changeZpool("zpool create", words)
      try setImported(true)
    }
  }

  /// Destroys the dataset, and the zpool where that is the dataset, if there is nothing in it any more.
  package func delete(_ steps: Steps) throws(StorageError) {
    // The start of a pool imports its zpool, and the end exports it.
    let isToBeImported = try reach(steps)
    guard !steps.isDryRun || !isToBeImported else {
      return try steps.run("destroy '\(container)', if it is empty") {}
    }
    let tree = try datasets.report.tree()
    let others = tree.datasets.values.filter { !Remembered.isFolder($0, in: container) }
    let snapshots = tree.snapshots.values.flatMap { $0 }
    if let one = (others + snapshots).map(\.name).min() {
      throw StorageError(
        .busy, "pool '\(pool.name)'", "failed to remove dataset '\(container)': it holds '\(one)'"
      )
    }
    if container == zpool {
      try steps.run("run zpool destroy \(zpool)") { () throws(StorageError) in
        try changeZpool("zpool destroy", ["destroy", zpool])
        try setImported(false)
      }
    } else {
      try steps.run("run zfs destroy -r \(container)") { () throws(StorageError) in
        try datasets.report.change(
          "zfs destroy", ["destroy", "-r", container], subject: datasets.report.subject)
      }
    }
  }
}

/// The file systems, never mounted and always empty, that hold records of volumes without a zvol, and the folders that
/// Qubes' driver and this one have beside the volumes.
enum Remembered {
  /// Below it each record is a file system of the volume's name.
  static let folder = ".cistern"
  /// What Qubes' driver keeps for itself, and marks imports in.
  static let importing = ".importing"
  private static let folders = [folder, importing, ".exported", ".tmp"]

  /// Whether a dataset is only such a folder, without anything that anybody could want back.
  static func isFolder(_ dataset: Dataset, in container: String) -> Bool {
    guard dataset.kind == .filesystem,
      let name = dataset.name.without(prefix: container + "/").map(String.init)
    else { return false }
    return folders.contains(name) || dataset.madeFor == dataset.name
  }

  /// Whether a name is not a volume's.
  static func owns(_ name: String) -> Bool {
    folders.contains { name == $0 || name.hasPrefix($0 + "/") }
  }
}
