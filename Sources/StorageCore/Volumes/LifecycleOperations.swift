import StorageModel
import StorageOS

extension Storage {
  /// Starts a volume.
  /// - Returns: also the path of its device.
  package func startVolume(_ text: String, in poolText: String?) throws(StorageError)
    -> (Change, ActivePool, Volume, Path)
  {
    var device: (Volume, Path)?
    let (change, pool, name) = try changeVolume(text, in: poolText) {
      pool, backend, volume, steps throws(StorageError) in
      let transition = try volume.transition(.start)
      guard volume.name.components.allSatisfy({ $0.utf8.count <= 200 }) else {
        throw StorageError(.badInput, volume.subject, "its name is longer than 200 bytes")
      }
      if volume.properties.ephemeral {
        throw StorageError(
          .unsupported, volume.subject,
          "is ephemeral: encryption with a throw-away key is not supported here, and it is never"
            + " started in clear")
      }
      try checkUnused(volume, backend)
      for action in transition.actions {
        try perform(action, on: volume, in: pool, backend, steps)
      }
      try pool.started.insert(volume.name, steps)
      device = (volume, backend.devicePath(of: volume))
    }
    guard let device else {
      throw StorageError(.failure, "volume '\(name)'", "was not started")
    }
    return (change, pool, device.0, device.1)
  }

  /// Stops a volume: commits its session, or drops it.
  /// - Returns: a change without effect where it was stopped already.
  package func stopVolume(_ text: String, in poolText: String?, discard: Bool)
    throws(StorageError) -> (Change, ActivePool, VolumeName)
  {
    try changeVolume(text, in: poolText) { pool, backend, volume, steps throws(StorageError) in
      let transition = try volume.transition(discard ? .discard : .stop)
      if volume.state != .clean { try checkUnused(volume, backend) }
      for action in transition.actions {
        try perform(action, on: volume, in: pool, backend, steps)
      }
      try pool.started.remove(volume.name, steps)
    }
  }

  /// Reverts a volume to a revision, the newest where none is named.
  /// - Returns: also the revision.
  package func revertVolume(
    _ text: String, in poolText: String?, to identifier: String?, discard: Bool
  ) throws(StorageError) -> (Change, ActivePool, VolumeName, Revision) {
    var reverted: Revision?
    let (change, pool, name) = try changeVolume(text, in: poolText) {
      pool, backend, volume, steps throws(StorageError) in
      let transition = try volume.transition(discard ? .revertDiscarding : .revert)
      let revision = try self.revision(identifier, of: volume, backend)
      reverted = revision
      try checkUnused(volume, backend, committed: .anyone)
      // With --discard the backend drops the working copy itself, once nothing else can fail.
      try backend.revert(volume, to: revision, steps)
      if transition.actions.contains(.dropWorkingCopy) {
        try backend.dropWorkingCopy(of: volume, steps)
      }
      try pool.started.remove(volume.name, steps)
    }
    guard let reverted else {
      throw StorageError(.failure, "volume '\(name)'", "was not reverted")
    }
    return (change, pool, name, reverted)
  }

  private func revision(
    _ identifier: String?, of volume: Volume, _ backend: any LifecycleBackend
  ) throws(StorageError) -> Revision {
    let revisions = try backend.revisions(of: volume).map(\.revision)
    guard let newest = revisions.last else {
      throw StorageError(.notFound, volume.subject, "has no revisions")
    }
    guard let identifier else { return newest }
    guard
      let found = revisions.first(where: { $0.identifier == identifier || $0.suffix == identifier })
    else {
      let known = revisions.map(\.identifier).joined(separator: ", ")
      throw StorageError(
        .notFound, volume.subject, "has no revision '\(identifier)' (there are: \(known))")
    }
    return found
  }

  private func perform(
    _ action: LifecycleAction, on volume: Volume, in pool: ActivePool,
    _ backend: any LifecycleBackend, _ steps: Steps
  ) throws(StorageError) {
    switch action {
    case .makeWorkingCopy: try backend.makeWorkingCopy(of: volume, steps)
    case .makeEmptyWorkingCopy: try backend.makeEmptyWorkingCopy(of: volume, steps)
    case .copySource: try copySource(to: volume, in: pool, backend, steps)
    case .exposeCommitted: try backend.exposeCommitted(of: volume, steps)
    case .concealCommitted: try backend.concealCommitted(of: volume, steps)
    case .commit: try backend.commit(volume, steps)
    case .dropWorkingCopy: try backend.dropWorkingCopy(of: volume, steps)
    case .dropRevisions: try backend.dropRevisions(of: volume, steps)
    case .create, .revert, .resizeCommitted, .resizeWorkingCopy, .replaceCommitted, .remove:
      throw StorageError(.failure, volume.subject, "cannot do '\(action.rawValue)' by itself")
    }
  }

  private func copySource(
    to volume: Volume, in pool: ActivePool, _ backend: any LifecycleBackend, _ steps: Steps
  ) throws(StorageError) {
    guard let name = volume.properties.source else {
      throw StorageError(.badInput, volume.subject, "snap_on_start needs a source")
    }
    try locked(locks.volume(name, of: pool.name, .shared)) { () throws(StorageError) in
      guard let source = try pool.volume(name), source.hasCommitted || source.state == .running
      else {
        throw StorageError(.notFound, volume.subject, "its source '\(name)' has no committed state")
      }
      guard !source.hasUnreadableRecord else {
        throw StorageError(.badInput, source.subject, source.problem ?? "has an unreadable record")
      }
      _ = try source.transition(.export)
      try backend.copySource(source, to: volume, steps)
    }
  }

  /// Sets a life-cycle property.
  package func setProperty(
    _ property: String, to value: String, of text: String, in poolText: String?
  ) throws(StorageError) -> (Change, ActivePool, VolumeName) {
    try changeVolume(text, in: poolText) { pool, backend, volume, steps throws(StorageError) in
      var settings = volume.definition.lifecycle
      try settings.set(property, to: value)
      let new = settings.resolved(with: pool.definition.lifecycle)
      let old = volume.properties
      guard settings != volume.definition.lifecycle else { return }
      let togglesRevisions =
        (old.revisionsToKeep == .disabled) != (new.revisionsToKeep == .disabled)
      let isRetention = property == "revisions_to_keep" && !togglesRevisions
      _ = try volume.transition(isRetention ? .configureRetention : .configure)
      try LifecycleRules.check(settings, of: volume.name, in: pool.definition) {
        name throws(StorageError) in try pool.volume(name)
      }
      if old.kind.savesState != new.kind.savesState {
        try changeSaving(
          of: volume, to: settings, saves: new.kind.savesState, in: pool, backend, steps)
      } else {
        try backend.setProperties(settings, of: volume, steps)
      }
    }
  }

  /// A volume that begins to keep state gets an empty one; one that ends must have nothing to lose.
  ///
  /// The file is there before the record says so, and goes after it: at every instant the volume is one or the
  /// other.
  private func changeSaving(
    of volume: Volume, to settings: LifecycleSettings, saves: Bool, in pool: ActivePool,
    _ backend: any LifecycleBackend, _ steps: Steps
  ) throws(StorageError) {
    if saves {
      try backend.makeCommitted(of: volume, steps)
      return try backend.setProperties(settings, of: volume, steps)
    }
    guard try pool.dependents(of: volume.name).isEmpty else {
      throw StorageError(
        .busy, volume.subject, "is the source of other volumes and must keep its state")
    }
    guard try backend.revisions(of: volume).isEmpty, try !backend.hasData(volume) else {
      throw StorageError(
        .busy, volume.subject,
        "holds data that would be lost; delete it and create it anew to stop keeping state")
    }
    try checkUnused(volume, backend, committed: .anyone)
    try backend.setProperties(settings, of: volume, steps)
    try backend.removeCommitted(of: volume, steps)
  }

  // MARK: Import and export

  /// Replaces a volume's content by what `source` gives; the old state becomes a revision.
  ///
  /// - Parameters:
  ///   - size: how many bytes must come; nil means the size of a regular file, else the volume's present size.
  /// - Throws: `badInput` where more or fewer bytes come; then nothing has changed.
  package func importVolume(
    _ text: String, in poolText: String?, from source: Descriptor, size: ImportSize
  ) throws(StorageError) -> (Change, ActivePool, VolumeName) {
    try changeVolume(text, in: poolText) { _, backend, volume, steps throws(StorageError) in
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
      try checkUnused(volume, backend, committed: .anyone)
      try backend.replaceCommitted(of: volume, steps) { target throws(StorageError) in
        if status.kind == .regular {
          try Copy.contents(of: source, to: target)
        } else {
          try Stream.fill(target, from: source, size: expected)
        }
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
    let backend = try found.lifecycleBackend()
    guard let volume = try found.volume(first.name) else {
      throw StorageError(
        .notFound, "failed to get vol '\(text)'",
        "Storage volume not found: no storage vol with matching name '\(first.name)'")
    }
    _ = try volume.transition(.export)
    let revision = try identifier.map { identifier throws(StorageError) in
      try self.revision(identifier, of: volume, backend)
    }
    let state = try backend.openCommitted(volume, revision: revision)
    if volume.properties.kind == .inPlace {
      try checkUnused(volume, backend, committed: .writers)
    } else {
      lock = nil
    }
    try withExtendedLifetime(lock) { () throws(StorageError) in try body(state) }
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

  // MARK: Check

  /// The left-overs of a pool, and whether each was removed.
  package func check(_ poolText: String, repair: Bool) throws(StorageError)
    -> (pool: PoolName, findings: [(Finding, repaired: Bool)], told: [String])
  {
    try withPool(poolText, .exclusive) { pool, backend throws(StorageError) in
      guard let backend = backend as? any CheckingBackend else {
        throw StorageError(
          .unsupported, "pool '\(pool.name)'",
          "pools of type '\(pool.definition.type.rawValue)' cannot be checked")
      }
      let started = try StartedVolumes(host: host, pool: pool.name)
      let steps = Steps(isDryRun: isDryRun)
      var results = try findings(backend, started)
      // Removing one thing can show another to be of no use.
      var removed: [(Finding, repaired: Bool)] = []
      while repair, results.contains(where: \.kind.isRepairable) {
        for finding in results where finding.kind.isRepairable {
          if finding.kind == .staleMarker, let volume = finding.volume {
            try started.remove(volume, steps)
          } else {
            try backend.repair(finding, steps)
          }
          removed.append((finding, !isDryRun))
        }
        results = isDryRun ? [] : try findings(backend, started)
      }
      let open = results.map { ($0, repaired: false) }
      return (pool.name, removed + open, steps.told)
    }
  }

  private func findings(_ backend: any CheckingBackend, _ started: StartedVolumes)
    throws(StorageError) -> [Finding]
  {
    let running = try started.all()
    var found = try backend.findings(isStarted: running.contains)
    for name in running {
      var volume = try backend.volume(name)
      volume?.isStarted = true
      guard volume?.state != .running else { continue }
      found.append(Finding(.staleMarker, started.file(name), volume: name))
    }
    return found
  }
}
