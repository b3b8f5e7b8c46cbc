import StorageModel
import StorageOS

/// Import and export of volumes' contents.
extension Storage {
  /// Replaces a volume's content by what `source` gives; the old state becomes a revision.
  ///
  /// - Parameters:
  ///   - size: how many bytes must come; nil means the size of a regular file, else the volume's present size.
  ///   - sectorSize: the sectors that the content is made for; nil means those of a device, else the usual ones.
  /// - Throws: `badInput` where more or fewer bytes come; then nothing has changed.
  package func importVolume(
    _ text: String, in poolText: String?, from source: Descriptor, size: ImportSize,
    sectorSize: ByteCount? = nil
  ) throws(StorageError) -> (Change, ActivePool, VolumeName) {
    try changeVolume(text, in: poolText) { pool, backend, volume, steps throws(StorageError) in
      _ = try volume.transition(.importData)
      let status = try source.status()
      if let path = volume.definition.target.path,
        (try? FileStatus(following: path))?.identity == status.identity
      {
        throw StorageError(.badInput, source.path.text, "is the volume itself")
      }
      let present = volume.definition.physical ?? volume.capacity
      let expected: ByteCount
      switch size {
      case .exactly(let size): expected = size
      case .keep: expected = present
      case .automatic: expected = status.kind == .regular ? status.size : present
      }
      if status.kind == .regular, status.size != expected {
        let problem = status.size < expected ? "not enough data" : "too much data"
        throw StorageError(
          .badInput, source.path.text,
          "\(problem): has \(status.size.bytes) bytes, expected \(expected.bytes)")
      }
      var sectors = sectorSize ?? SectorSize.usual
      if sectorSize == nil, status.kind == .blockDevice {
        sectors = try source.geometry().logicalSector
      }
      if volume.definition.kind == .block {
        try SectorSize.check(sectors, fits: volume.sectorSize ?? SectorSize.usual, volume.subject)
      }
      try checkIsNoBase(volume, in: pool)
      try checkUnused(volume, backend, committed: .anyone, steps)
      try backend.replaceCommitted(of: volume, size: expected, steps) {
        target throws(StorageError) in
        var transfer = Transfer(from: source, to: target, progress: steps.progress)
        transfer.amount = .exactly(expected)
        try transfer.run()
      }
      if sectors != volume.sectorSize ?? SectorSize.usual {
        try backend.setSectorSize(
          sectors == SectorSize.usual ? nil : sectors, of: volume, steps)
      }
    }
  }

  /// What an import's input must measure.
  package enum ImportSize: Sendable {
    /// A file's own size; of a pipe the volume's present size.
    case automatic
    /// The volume's present size.
    case keep
    case exactly(ByteCount)
  }

  /// Opens the committed state of a volume, or a revision, and hands it to `body`.
  ///
  /// A state that keeps revisions is never changed in place, so no lock is held while it is read; one that is
  /// changed in place stays locked for reading.
  package func export(
    _ text: String, in poolText: String?, revision identifier: String?,
    _ body: (Descriptor) throws(StorageError) -> Void
  ) throws(StorageError) -> (ActivePool, VolumeName) {
    let (found, first) = try volume(text, in: poolText)
    var lock = isDryRun ? nil : try locks.volume(first.name, of: found.name, .shared)
    let backend = try found.contentBackend()
    guard let volume = try found.volume(first.name) else {
      throw StorageError(
        .notFound, "failed to get vol '\(text)'",
        "Storage volume not found: no storage vol with matching name '\(first.name)'")
    }
    _ = try volume.transition(.export)
    let revision = try identifier.map { identifier throws(StorageError) in
      try self.revision(identifier, of: volume, in: found)
    }
    let state = try backend.openCommitted(volume, revision: revision)
    let steps = Steps()
    if volume.properties.kind == .inPlace {
      try checkUnused(volume, backend, committed: .writers, claiming: .reading, steps)
    } else {
      lock = nil
    }
    try withExtendedLifetime((lock, steps)) { () throws(StorageError) in try body(state) }
    return (found, volume.name)
  }

  /// Refuses to write an export over a file of an active pool, or among a pool's own files.
  package func checkExportTarget(_ target: Path) throws(StorageError) {
    let path = Process.realPath(target) ?? target
    for pool in try store.all().pools where pool.isActive {
      guard let folder = pool.definition.target.path, pool.definition.type.hasTarget,
        SourceConflicts.isSameOrBelow(path.parent, folder)
      else { continue }
      let isNew = (try? FileStatus(following: path)) == nil
      guard isNew, !SourceConflicts.isSameOrBelow(path.parent, folder.appending(".cistern")) else {
        throw StorageError(
          .exists, path.text, "belongs to pool '\(pool.name)'; import into a volume instead")
      }
    }
  }
}
