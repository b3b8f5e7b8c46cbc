import StorageBackend
import StorageModel
import StorageOS

extension Storage {
  /// Gives a stopped volume another name in its pool; its content, its revisions and what is recorded of it go with it.
  /// - Throws: `exists` where the name is taken; `busy` while the volume is started, in use, or what others are made
  ///   from; `unsupported` in pools whose volumes cannot be called otherwise.
  package func renameVolume(_ text: String, to newText: String, in poolText: String?)
    throws(StorageError) -> (Change, ActivePool, old: VolumeName, new: VolumeName)
  {
    let (found, first) = try volume(text, in: poolText)
    let name = try found.definition.volumeName(newText)
    let wanted = [first.name, name].map {
      Locks.Wanted(pool: found.name, volume: $0, mode: .exclusive)
    }
    return try withLocks(wanted) { held throws(StorageError) in
      let pool = try held.pool(found.name)
      let backend = try pool.backend.required(.renameVolumes, "pool '\(pool.name)'")
      let content = try pool.contentBackend()
      if !isDryRun {
        for name in [first.name, name] { try content.sweep(name, Steps()) }
      }
      // A directory can be renamed, too.
      let volume = try changeable(first.name, in: pool, deleting: true)
      guard !volume.hasUnreadableRecord else {
        throw StorageError(
          .badInput, volume.subject, volume.problem ?? "has an unreadable record")
      }
      guard name != first.name else { return (.none, pool, name, name) }
      guard try pool.volume(name) == nil else {
        throw StorageError(
          .exists, "volume '\(name)'", "storage volume '\(name)' exists already")
      }
      try checkNothingRemains(of: name, in: pool)
      _ = try volume.transition(.rename)
      let change = try self.change { steps throws(StorageError) in
        try checkIsNoSource(volume, in: pool, onlyKnown: true, steps)
        if volume.definition.kind == .dir {
          try checkIsNoPool(volume)
        } else {
          try checkIsNoBase(volume, in: pool, tellingDoubts: true, steps)
          try checkUnused(volume, content, committed: .anyone, steps)
        }
        try backend.rename(volume, to: name, steps)
      }
      return (change, pool, first.name, name)
    }
  }
}
