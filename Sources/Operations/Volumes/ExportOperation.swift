import Definitions
import StorageBackend
import StorageModel
import StorageOS
import Zstandard

/// A part of a volume's content.
package struct ContentPart: Equatable, Sendable {
  /// Where it begins.
  package var offset: ByteCount
  /// How much of it at most; nil to the end.
  package var length: ByteCount?

  package init(offset: ByteCount = 0, length: ByteCount? = nil) {
    self.offset = offset
    self.length = length
  }

  package static let all = ContentPart()
}

extension Storage {
  /// What is asked of an export.
  package struct ExportOptions: Sendable {
    package var revision: String?
    package var part = ContentPart.all
    package var compresses = false
    package var check = ContentCheck()
    package init() {}
  }

  /// Writes the committed state of a volume, or a revision, or a part of it.
  ///
  /// A state that keeps revisions is never changed in place, so no lock is held while it is read; one that is
  /// changed in place stays locked for reading.
  /// - Parameter named: what users call the output.
  /// - Returns: also the checksum, if it was asked for.
  /// - Throws: `badInput` where the part begins behind the end, or the checksum is not the expected one; then nothing
  ///   has been written.
  package func export(
    _ text: String, in poolText: String?, to output: Transfer.Output, named: String,
    _ options: ExportOptions
  ) throws(StorageError) -> (Change, ActivePool, VolumeName, Checksum?) {
    let (found, first) = try volume(text, in: poolText)
    var lock = try readLock(first.name, of: found)
    let backend = try found.readingBackend()
    guard let volume = try found.volume(first.name) else {
      throw StorageError(
        .notFound, "failed to get vol '\(text)'",
        "Storage volume not found: no storage vol with matching name '\(first.name)'")
    }
    guard volume.definition.kind != .dir else {
      throw StorageError(.unsupported, volume.subject, "is a directory, not an image")
    }
    guard !volume.hasDataElsewhere else {
      throw StorageError(
        .unsupported, volume.subject, volume.problem ?? "",
        hint: "qemu-img convert puts it into one file.")
    }
    _ = try volume.transition(.export)
    let revision = try options.revision.map { identifier throws(StorageError) in
      try self.revision(identifier, of: volume, in: found)
    }
    let state = try backend.openCommitted(volume, revision: revision)
    let size = try state.contentSize() ?? 0
    guard options.part.offset <= size else {
      throw StorageError(
        .badInput, volume.subject,
        "cannot read from byte \(options.part.offset.bytes) on: it has \(size.bytes) bytes")
    }
    var sum: Checksum?
    let change = try change { steps throws(StorageError) in
      if volume.properties.kind == .inPlace {
        try checkUnused(volume, backend, committed: .writers, claiming: .reading, steps)
      } else {
        lock = nil
      }
      let callbacks = try callbacks(of: found)
      try callbacks?.run(.beforeExport, of: volume.definition, steps)
      try withExtendedLifetime(lock) { () throws(StorageError) in
        try steps.run("write '\(state.path)' to '\(named)'") { () throws(StorageError) in
          sum = try deliver(state, to: output, options, steps.progress)
        }
      }
      try callbacks?.run(.afterExport, of: volume.definition, telling: [state.path.text], steps)
    }
    return (change, found, volume.name, sum)
  }

  /// A lock on a volume alone: its pool can be checked and repaired meanwhile, other volumes changed.
  private func readLock(_ name: VolumeName, of pool: ActivePool) throws(StorageError) -> PoolLocks?
  {
    guard !isDryRun else { return nil }
    return try locks.forReading.volume(name, of: pool.name, in: SharedFolder(of: pool.backend))
  }

  private func deliver(
    _ state: Descriptor, to output: Transfer.Output, _ options: ExportOptions,
    _ progress: Progress?
  ) throws(StorageError) -> Checksum? {
    let rest = try (state.contentSize() ?? 0) - options.part.offset
    var sum: Checksum?
    func transfer(to target: Descriptor) -> Transfer {
      var transfer = Transfer(from: state, to: target, progress: progress)
      transfer.sourceStart = options.part.offset
      transfer.amount = .first(min(rest, options.part.length ?? rest))
      return transfer
    }
    try Transfer.deliver(to: output) { target, start, canBeUndone throws(StorageError) in
      var transfer = transfer(to: target)
      if !canBeUndone { try transfer.examine(options.check, of: state.path.text) }
      transfer.targetStart = start
      if options.compresses {
        transfer.encode = { sink throws(StorageError) in try ZstandardEncoder(to: sink) }
      }
      let (result, found) = try transfer.run(
        options.check, of: state.path.text,
        decode: options.compresses
          ? { content throws(StorageError) in
            try ZstandardDecoder(content, named: target.path.text)
          } : nil)
      sum = found
      return result.end
    }
    return sum
  }

  /// Refuses to write an export over a file of an active pool, or among a pool's own files.
  package func checkExportTarget(_ target: Path) throws(StorageError) {
    // A relative path has no parents to climb to.
    let named = target.isAbsolute ? target : try Process.currentFolder().appending(target.text)
    let path = try Process.realPath(named) ?? named
    let mounts = try MountTable.snapshot()
    for pool in try store.forDecision() where pool.isActive {
      guard let folder = pool.definition.target.path, pool.definition.type.hasTarget,
        try FolderPlace.isSameOrBelow(path.parent, folder, mounts: mounts)
      else { continue }
      let isNew = try FileStatus.ifPresent(path) == nil
      let own = folder.appending(SharedFolder.privateFolder)
      guard isNew, try !FolderPlace.isSameOrBelow(path.parent, own, mounts: mounts) else {
        throw StorageError(
          .exists, path.text, "belongs to pool '\(pool.name)'; import into a volume instead")
      }
    }
  }
}
