import StorageBackend
import StorageModel
import StorageOS

extension Storage {
  /// Which volume another one gets its content from.
  package struct VolumeSource: Sendable {
    package var volume: String
    package var pool: String?
    package var revision: String?

    package init(_ volume: String, in pool: String?, revision: String? = nil) {
      self.volume = volume
      self.pool = pool
      self.revision = revision
    }
  }

  /// Replaces a volume's content by that of another volume, which may be in another pool; the old state becomes a
  /// revision.
  ///
  /// Blocks are shared where the pool can. The source is locked for reading meanwhile, and refused while somebody writes
  /// to it.
  /// - Throws: `badInput` where the two are of different formats, or encrypted otherwise.
  package func importVolume(_ text: String, in poolText: String?, from source: VolumeSource)
    throws(StorageError) -> (Change, ActivePool, VolumeName)
  {
    let (found, first) = try volume(text, in: poolText)
    let (sourcePool, other) = try volume(source.volume, in: source.pool ?? poolText)
    guard !(sourcePool.name == found.name && other.name == first.name) else {
      throw StorageError(.badInput, other.subject, "is the volume itself")
    }
    let wanted = [
      Locks.Wanted(pool: found.name, volume: first.name, mode: .exclusive),
      Locks.Wanted(pool: sourcePool.name, volume: other.name, mode: .shared),
    ]
    return try withLocks(wanted) { held throws(StorageError) in
      let pool = try held.pool(found.name)
      let sourcePool = try held.pool(sourcePool.name)
      let backend = try pool.contentBackend()
      if !isDryRun { try backend.sweep(first.name, Steps()) }
      let volume = try changeable(first.name, in: pool)
      _ = try volume.transition(.importData)
      let change = try self.change { steps throws(StorageError) in
        var options = CreationOptions()
        options.revision = source.revision
        let content = try content(of: other.name, in: sourcePool, options, steps)
        try checkFits(content, volume)
        try checkIsNoBase(volume, in: pool, steps)
        try checkUnused(volume, backend, committed: .anyone, steps)
        let callbacks = try callbacks(of: pool)
        try callbacks?.run(.beforeImport, of: volume.definition, telling: [other.name.text], steps)
        var isShared = false
        if let sharing = backend.able(to: .revisions) {
          isShared = try sharing.replaceCommitted(of: volume, sharing: content, steps)
        }
        if !isShared {
          let size = try content.descriptor.contentSize() ?? content.volume.capacity
          try backend.replaceCommitted(of: volume, size: size, steps) {
            target throws(StorageError) in
            try Copy.contents(of: content.descriptor, to: target, progress: steps.progress)
          }
        }
        let sectors = content.volume.sectorSize ?? SectorSize.usual
        if sectors != volume.sectorSize ?? SectorSize.usual {
          try backend.setSectorSize(
            sectors == SectorSize.usual ? nil : sectors, of: volume, steps)
        }
        try callbacks?.run(.afterImport, of: volume.definition, telling: [other.name.text], steps)
      }
      return (change, pool, first.name)
    }
  }

  /// Refuses content that would not be what is recorded of the volume.
  private func checkFits(_ content: VolumeContent, _ volume: Volume) throws(StorageError) {
    let (from, to) = (content.volume.definition, volume.definition)
    let format = to.kind == .block ? .raw : to.target.format ?? .raw
    func refused(_ problem: String) -> StorageError {
      StorageError(
        .badInput, volume.subject, problem,
        hint: "Make a new volume of it with vol-create-from, which converts.")
    }
    guard content.format == format || content.format.isRaw && format.isRaw else {
      throw refused(
        "is of format \(format.rawValue), but \(content.volume.subject) of \(content.format.rawValue)"
      )
    }
    guard from.target.encryption == to.target.encryption else {
      throw refused("is not encrypted as \(content.volume.subject) is, with the same secret")
    }
    guard from.backingStore == nil else {
      throw refused("cannot become an overlay: \(content.volume.subject) is one")
    }
    if to.kind == .block {
      do throws(StorageError) {
        try SectorSize.check(
          content.volume.sectorSize, fits: volume.sectorSize ?? SectorSize.usual, volume.subject)
      } catch {
        // What a volume's content is made for is on record, and not said.
        var error = error
        error.hint = nil
        throw error
      }
    }
  }
}
