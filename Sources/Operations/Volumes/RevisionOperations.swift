import StorageBackend
import StorageModel
import StorageOS

/// Changes of single revisions, and commits that end no session.
extension Storage {
  /// Removes one revision of a volume.
  /// - Returns: also the revision.
  /// - Throws: `notFound` where there is no such revision; `busy` for one that is pinned.
  package func deleteRevision(_ identifier: String, of text: String, in poolText: String?)
    throws(StorageError) -> (Change, ActivePool, VolumeName, Revision)
  {
    try changeRevision(identifier, of: text, in: poolText) {
      pool, backend, volume, facts, steps throws(StorageError) in
      guard !facts.isPinned else {
        throw StorageError(
          .busy, volume.subject, "revision \(facts.revision.identifier) is pinned",
          hint: NextCommand.hint(
            "vol-revisions", volume.name.text, "--pool", pool.name.text, "--unpin",
            facts.revision.identifier))
      }
      try backend.removeRevision(facts.revision, of: volume, steps)
    }
  }

  /// Says whether a revision is kept however many newer ones there are.
  ///
  /// Without a change where that is so already.
  /// - Returns: also the revision.
  package func setPinned(
    _ isPinned: Bool, revision identifier: String, of text: String, in poolText: String?
  ) throws(StorageError) -> (Change, ActivePool, VolumeName, Revision) {
    try changeRevision(identifier, of: text, in: poolText) {
      _, backend, volume, facts, steps throws(StorageError) in
      guard facts.isPinned != isPinned else { return }
      try backend.setPinned(isPinned, facts.revision, of: volume, steps)
    }
  }

  private func changeRevision(
    _ identifier: String, of text: String, in poolText: String?,
    _ body: (ActivePool, any LifecycleBackend, Volume, RevisionFacts, Steps)
      throws(StorageError) -> Void
  ) throws(StorageError) -> (Change, ActivePool, VolumeName, Revision) {
    var changed: Revision?
    let (change, pool, name) = try changeVolume(text, in: poolText) {
      pool, _, volume, steps throws(StorageError) in
      let facts = try revisionFacts(identifier, of: volume, in: pool)
      changed = facts.revision
      try body(pool, pool.lifecycleBackend(), volume, facts, steps)
    }
    guard let changed else {
      throw StorageError(.failure, "volume '\(name)'", "its revision was not changed")
    }
    return (change, pool, name, changed)
  }

  /// Makes the present content of a session the committed state, and lets the session go on.
  ///
  /// Without a change where nothing is uncommitted.
  /// - Throws: `unsupported` where the pool cannot copy a volume that is in use in one instant.
  package func commitVolume(_ text: String, in poolText: String?) throws(StorageError)
    -> (Change, ActivePool, VolumeName)
  {
    try changeVolume(text, in: poolText) { pool, _, volume, steps throws(StorageError) in
      let transition = try volume.transition(.commit)
      guard transition.actions.contains(.commitCopy) else { return }
      try checkIsNoBase(volume, in: pool, steps)
      try pool.lifecycleBackend().commitCopy(of: volume, steps)
    }
  }

  /// Replaces the content of a volume by zeroes; the state before becomes a revision where revisions are kept.
  ///
  /// The size stays.
  /// - Throws: `unsupported` for an image that is not raw.
  package func clearVolume(_ text: String, in poolText: String?) throws(StorageError)
    -> (Change, ActivePool, VolumeName)
  {
    try changeVolume(text, in: poolText) { pool, backend, volume, steps throws(StorageError) in
      _ = try volume.transition(.importData)
      let target = volume.definition.target
      guard target.format?.isRaw != false, target.encryption == nil else {
        throw StorageError(
          .unsupported, volume.subject,
          "only raw volumes can be cleared; vol-wipe makes an empty image")
      }
      try checkIsNoBase(volume, in: pool, steps)
      try checkUnused(volume, backend, committed: .anyone, steps)
      let size = volume.definition.physical ?? volume.capacity
      try backend.replaceCommitted(of: volume, size: size, steps) { target throws(StorageError) in
        let isFile = try target.status().kind == .regular
        if isFile { return try target.setSize(size) }
        try target.makeZero(from: 0, count: size, keepingBlocks: false)
      }
    }
  }
}
