import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// Making a volume's content unreadable.
extension FileBackend {
  /// Wipes every revision, which are removed, and the committed state: they hold the same content.
  ///
  /// The record says that the content is partly destroyed until all of it is.
  /// A raw volume keeps its file. Any other gets a new, empty image of the same format, size and options in its
  /// place first; then the old file is overwritten under another name, and removed. An overlay becomes an empty image
  /// of its own. What has the content is overwritten whatever other names it has.
  /// - Throws: `unsupported` where a state keeps its data in other files, which would stay as they are.
  package func wipe(_ volume: Volume, _ algorithm: WipeAlgorithm, _ steps: Steps)
    throws(StorageError)
  {
    let files = files(volume.name)
    if algorithm.needsScrub { _ = try Program.scrub.path() }
    let isRaw =
      volume.definition.target.format?.isRaw != false && volume.definition.target.encryption == nil
    let path = path(of: volume.name)
    let revisions = try revisions(of: volume).map(\.revision)
    if !isRaw {
      let states = revisions.map { files.sidePath(files.revisionName($0)) }
      try checkHoldData([files.committedPath] + states, of: volume)
    }
    let recipe = isRaw ? nil : try emptyImage(of: volume)
    let folder = pool.target.path ?? Path("/")
    let ways =
      revisions.map {
        "\(told(algorithm, folder.appending(files.sidePath(files.revisionName($0))))) and remove it"
      }
      + (recipe.map { ["run \($0.told(path))", "\(told(algorithm, path)), as it was"] }
        ?? [told(algorithm, path)])
    try steps.run(ways.joined(separator: "; ")) { () throws(StorageError) in
      // First, so that the volume is not taken for wiped while one is there.
      func wipeRevisions() throws(StorageError) {
        try Steps.prepare { () throws(StorageError) in
          for revision in revisions {
            let side = try side(of: files)
            let name = files.revisionName(revision)
            let links = try side.status(name)?.links ?? 1
            if algorithm != .trim || links > 1 {
              try overwrite(name, in: side, algorithm, steps.progress)
            }
            try remove([revision], of: files, in: side)
          }
        }
      }
      if let recipe {
        try replace(volume, files, by: recipe, algorithm, steps) { () throws(StorageError) in
          try begin(.wipe, of: files)
          try wipeRevisions()
        }
        return try setUnfinished(nil, of: files)
      }
      if let precache = files.precache { try self.folder().remove(files.sidePath(precache)) }
      try checkStillUnused(volume.name, steps)
      let size = volume.definition.physical ?? volume.capacity
      try changeContent(of: files, as: .wipe, size: size) { () throws(StorageError) in
        try wipeRevisions()
        try overwrite(files.committed, in: home(of: files), algorithm, steps.progress)
        return nil
      }
    }
  }

  /// Refuses images whose data is in other files: wiped, they would only not tell any more where it is.
  private func checkHoldData(_ states: [String], of volume: Volume) throws(StorageError) {
    let folder = try folder()
    for state in states {
      guard let file = try folder.openIfPresent(state) else { continue }
      let facts = try ImageProbe.probe(
        file, size: file.status().size, as: volume.definition.target.format)
      guard facts.hasDataElsewhere else { continue }
      let names = facts.references.filter { $0.role != .base }.map { "'\($0.name)'" }
      throw StorageError(
        .unsupported, volume.subject,
        "keeps its data in other files" + (names.isEmpty ? "" : ": ")
          + names.joined(separator: ", "),
        hint: "Wipe those, with --force; what refers to them can then no longer be used.")
    }
  }

  private func told(_ algorithm: WipeAlgorithm, _ path: Path) -> String {
    switch algorithm {
    case .zero: return "overwrite '\(path)' with zeroes"
    case .trim: return "give back the blocks of '\(path)'"
    default:
      return "run \(Program.scrub.commandLine(algorithm.scrubArguments(path.text)))"
    }
  }

  /// Overwrites a file in place; its size stays.
  private func overwrite(
    _ name: String, in folder: Folder, _ algorithm: WipeAlgorithm, _ progress: Progress?
  ) throws(StorageError) {
    let file = try folder.openForWriting(name)
    switch algorithm {
    case .zero: try file.overwriteWithZeroes(progress: progress)
    case .trim: try file.discardAll()
    default:
      // scrub(1) wants a file of at least one byte.
      let size = try file.status().size
      guard size > 0 else { return }
      // How far it is, scrub tells nobody.
      progress?.begin("wipe", total: size)
      try Program.scrub.run(
        algorithm.scrubArguments(file.pathForChild), on: file.path.text,
        keeping: [file])
      progress?.finish(size.bytes, moved: size.bytes)
    }
    try mark(file)
    try file.sync()
  }

  /// How the empty image is made that takes the place of one that is wiped.
  private func emptyImage(of volume: Volume) throws(StorageError) -> ImageRecipe {
    var empty = volume.definition
    empty.capacity = try volume.knownCapacity()
    empty.backingStore = nil
    empty.allocation = 0
    empty.target.compat = empty.target.foundCompat
    return try recipe(CreationPlan(empty, passphrase: secrets.passphrase(of: empty)))
  }

  /// Puts an empty image in the place of the committed state, which is destroyed.
  /// - Parameter begin: called when the image is made, before anything is destroyed.
  private func replace(
    _ volume: Volume, _ files: VolumeFiles, by recipe: ImageRecipe, _ algorithm: WipeAlgorithm,
    _ steps: Steps, begin: () throws(StorageError) -> Void
  ) throws(StorageError) {
    let path = path(of: volume.name)
    let home = try home(of: files)
    guard let old = try home.status(files.committed) else { return }
    // What an interrupted wipe has not come to.
    try endWipe(of: files, algorithm, steps)
    let side = try side(of: files, making: true)
    // Another name for the old file, under which what an interruption leaves is known to be unwanted.
    try home.link(files.committed, to: VolumeFiles.wiping, in: side)
    var isReplaced = false
    var failure: StorageError?
    do throws(StorageError) {
      try home.makeFile(
        files.committed, mode: old.permissions, replacing: true,
        temporaryPrefix: VolumeFiles.newFilePrefix,
        naming: { rename throws(StorageError) in
          try checkStillUnused(volume.name, steps)
          try begin()
          try decide(
            volume.name, steps,
            undo: { () throws(StorageError) in
              try side.rename(VolumeFiles.wiping, to: files.committed, in: home)
            },
            rename)
          isReplaced = true
        }
      ) { file throws(StorageError) in
        try file.adopt(old)
        try recipe.make(in: file, volume.subject, for: path)
        try mark(file)
      }
    } catch {
      guard isReplaced else {
        throw error.undone { () throws(StorageError) in
          try side.remove(VolumeFiles.wiping)
          try removeEmptyRecordFolders(of: files)
        }
      }
      // The new image has the name: the old one is still to be wiped.
      failure = error
    }
    try endWipe(of: files, algorithm, steps)
    if let failure { throw failure }
  }

  /// Overwrites and removes what a wipe has put an empty image in the place of; nothing where there is no such file.
  ///
  /// Where it is still the committed state as well, only its second name goes.
  func endWipe(of files: VolumeFiles, _ algorithm: WipeAlgorithm, _ steps: Steps)
    throws(StorageError)
  {
    guard let side = try sideIfPresent(of: files), let old = try side.status(VolumeFiles.wiping)
    else { return }
    let isReplaced = try folder().status(files.committedPath)?.identity != old.identity
    // Blocks that no other name keeps go back with the file.
    if isReplaced, algorithm != .trim || old.links > 1 {
      try overwrite(VolumeFiles.wiping, in: side, algorithm, steps.progress)
    }
    try side.remove(VolumeFiles.wiping)
    try side.sync()
  }

  package func foreignNames(of volume: Volume) throws(StorageError) -> Int {
    let files = files(volume.name)
    let folder = try folder()
    var side = try revisions(of: volume).map { files.revisionName($0.revision) } + [files.pruning]
    if files.isPlain { side.append(VolumeFiles.wiping) }
    var states: [FileStatus.Identity: (names: Int, own: Int)] = [:]
    for name in [files.committedPath] + side.map(files.sidePath) {
      guard let file = try folder.status(name) else { continue }
      states[file.identity, default: (Int(file.links), 0)].own += 1
    }
    return states.values.reduce(0) { $0 + max(0, $1.names - $1.own) }
  }
}

extension WipeAlgorithm {
  fileprivate var needsScrub: Bool { self != .zero && self != .trim }

  /// `-f`: also a file that scrub has marked as done.
  fileprivate func scrubArguments(_ path: String) -> [String] { ["-f", "-p", rawValue, path] }
}
