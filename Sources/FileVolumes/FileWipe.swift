import StorageCore
import StorageHost
import StorageModel
import StorageOS

/// Making a volume's content unreadable.
extension FileBackend {
  /// Wipes the committed state and every revision, which are removed: they hold the same content.
  ///
  /// A raw volume keeps its file. Any other gets a new, empty image of the same format, size and options in its
  /// place first; then the old file is overwritten under its temporary name, and removed. An overlay becomes an
  /// empty image of its own.
  package func wipe(_ volume: Volume, _ algorithm: WipeAlgorithm, _ steps: Steps)
    throws(StorageError)
  {
    let files = files(volume.name)
    if algorithm.needsScrub { _ = try Program.scrub.path() }
    let isRaw =
      volume.definition.target.format?.isRaw != false && volume.definition.target.encryption == nil
    if isRaw {
      try steps.run(told(algorithm, path(of: volume.name))) { () throws(StorageError) in
        try prepareChange(of: files)
        let home = try home(of: files)
        try overwrite(files.committed, in: home, algorithm, steps.progress)
      }
    } else {
      try replaceByEmptyImage(volume, files, algorithm, steps)
    }
    let revisions = try revisions(of: volume)
    guard !revisions.isEmpty else { return }
    let side = try side(of: files)
    for facts in revisions {
      let name = files.revisionName(facts.revision)
      try steps.run("\(told(algorithm, side.path.appending(name))) and remove it") {
        () throws(StorageError) in
        if algorithm != .trim { try overwrite(name, in: side, algorithm, steps.progress) }
        try side.remove(name)
        try side.sync()
      }
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
        algorithm.scrubArguments("/proc/self/fd/\(file.number)"), on: file.path.text,
        keeping: [file])
      progress?.finish(size.bytes, moved: size.bytes)
    }
    try file.sync()
  }

  private func replaceByEmptyImage(
    _ volume: Volume, _ files: VolumeFiles, _ algorithm: WipeAlgorithm, _ steps: Steps
  ) throws(StorageError) {
    var empty = volume.definition
    empty.backingStore = nil
    empty.allocation = 0
    let isOldVersion = empty.target.format == .qcow2 && empty.target.compat == nil
    if isOldVersion { empty.target.compat = "0.10" }
    let recipe = try recipe(empty, CreationOptions())
    let path = path(of: volume.name)
    try steps.run("run \(recipe.told(path)); \(told(algorithm, path)), as it was") {
      () throws(StorageError) in
      let home = try home(of: files)
      guard let old = try home.status(files.committed) else { return }
      let prefix = files.isPlain ? VolumeFiles.newFilePrefix : files.committed
      let doomed = "\(prefix)~\(randomSuffix())"
      // Another name for the old file, under which what an interruption leaves is known to be unwanted.
      try home.link(files.committed, to: doomed, in: home)
      try home.makeFile(
        files.committed, mode: old.mode, replacing: true, named: true, temporaryPrefix: prefix
      ) { file throws(StorageError) in
        try file.adopt(old)
        try recipe.make(in: file, of: home, volume.subject, for: path)
      }
      let links = try home.status(doomed)?.links ?? 1
      // A state that a started snapshot still reads from is not this command's to destroy.
      if links == 1, algorithm != .trim {
        try overwrite(doomed, in: home, algorithm, steps.progress)
      }
      try home.remove(doomed)
      try home.sync()
    }
  }
}

extension WipeAlgorithm {
  fileprivate var needsScrub: Bool { self != .zero && self != .trim }

  /// `-f`: also a file that scrub has marked as done.
  fileprivate func scrubArguments(_ path: String) -> [String] { ["-f", "-p", rawValue, path] }
}
