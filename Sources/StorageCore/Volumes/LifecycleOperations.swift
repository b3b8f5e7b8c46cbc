import StorageModel
import StorageOS

extension Storage {
  /// Starts volumes of one pool: all of them, or none.
  ///
  /// A volume can start from another one of the list: from the state that was committed before.
  /// - Returns: also each volume with the path of its device, in the order asked for.
  package func startVolumes(_ texts: [String], in poolText: String?) throws(StorageError)
    -> (Change, ActivePool, [(volume: Volume, device: Path)])
  {
    try withVolumes(texts, in: poolText) { pool, backend, names throws(StorageError) in
      var started: [(volume: Volume, device: Path)] = []
      let change = try self.change { steps throws(StorageError) in
        for name in names {
          let volume = try changeable(name, in: pool)
          try start(volume, in: pool, backend, steps)
          started.append((volume, backend.devicePath(of: volume)))
        }
      }
      return (change, pool, started)
    }
  }

  private func start(
    _ volume: Volume, in pool: ActivePool, _ backend: any ContentBackend, _ steps: Steps
  ) throws(StorageError) {
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
    if volume.properties.isWritable, volume.properties.kind.savesState {
      try checkIsNoBase(volume, in: pool)
    }
    try checkUnused(volume, backend, claiming: nil, steps)
    for action in transition.actions {
      try perform(action, on: volume, in: pool, backend, steps)
    }
    try pool.started.insert(volume.name, steps)
  }

  /// What became of one of several volumes that were to be stopped.
  package struct Stopped: Sendable {
    package let volume: VolumeName
    /// nil where it failed; without effect where it was stopped already.
    package fileprivate(set) var change: Change?
    package let error: StorageError?
  }

  /// Stops volumes of one pool: commits their sessions, or drops them.
  ///
  /// Each is a change of its own: one that fails keeps none of the others from being stopped.
  package func stopVolumes(_ texts: [String], in poolText: String?, discard: Bool)
    throws(StorageError) -> (ActivePool, [Stopped])
  {
    try withVolumes(texts, in: poolText) { pool, backend, names throws(StorageError) in
      var results: [Stopped] = []
      for name in names {
        do throws(StorageError) {
          let change = try self.change { steps throws(StorageError) in
            try stop(changeable(name, in: pool), in: pool, backend, discard: discard, steps)
          }
          results.append(Stopped(volume: name, change: change, error: nil))
        } catch {
          results.append(Stopped(volume: name, change: nil, error: error))
        }
      }
      if let last = results.lastIndex(where: { $0.change != nil }),
        let backend = backend as? any LifecycleBackend
      {
        let ending = try self.change { steps in backend.finishCommits(steps) }
        results[last].change?.warnings += ending.warnings
      }
      return (pool, results)
    }
  }

  private func stop(
    _ volume: Volume, in pool: ActivePool, _ backend: any ContentBackend, discard: Bool,
    _ steps: Steps
  ) throws(StorageError) {
    let transition = try volume.transition(discard ? .discard : .stop)
    if volume.state != .clean {
      if !discard, volume.properties.kind != .inPlace, volume.properties.kind.savesState {
        try checkIsNoBase(volume, in: pool)
      }
      try checkUnused(volume, backend, steps)
    }
    for action in transition.actions {
      try perform(action, on: volume, in: pool, backend, steps)
    }
    try pool.started.remove(volume.name, steps)
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
      let revision = try self.revision(identifier, of: volume, in: pool)
      reverted = revision
      try checkIsNoBase(volume, in: pool)
      try checkUnused(volume, backend, committed: .anyone, steps)
      let backend = try pool.lifecycleBackend()
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

  /// The revision of an identifier, or the newest where none is given.
  func revision(
    _ identifier: String?, of volume: Volume, in pool: ActivePool
  ) throws(StorageError) -> Revision {
    let revisions = try pool.lifecycleBackend().revisions(of: volume).map(\.revision)
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
    _ content: any ContentBackend, _ steps: Steps
  ) throws(StorageError) {
    switch action {
    case .exposeCommitted: return try content.exposeCommitted(of: volume, steps)
    case .concealCommitted: return try content.concealCommitted(of: volume, steps)
    // Where there is no history there is none to drop.
    case .dropRevisions where !(content is any LifecycleBackend): return
    default: break
    }
    let backend = try pool.lifecycleBackend()
    switch action {
    case .makeWorkingCopy: try backend.makeWorkingCopy(of: volume, steps)
    case .makeEmptyWorkingCopy: try backend.makeEmptyWorkingCopy(of: volume, steps)
    case .continueWorkingCopy: try backend.continueWorkingCopy(of: volume, steps)
    case .copySource: try copySource(to: volume, in: pool, backend, steps)
    case .commit: try backend.commit(volume, steps)
    case .dropWorkingCopy: try backend.dropWorkingCopy(of: volume, steps)
    case .dropRevisions: try backend.dropRevisions(of: volume, steps)
    case .create, .revert, .resizeCommitted, .resizeWorkingCopy, .replaceCommitted, .remove,
      .exposeCommitted, .concealCommitted:
      throw StorageError(.failure, volume.subject, "cannot do '\(action.rawValue)' by itself")
    }
  }

  private func copySource(
    to volume: Volume, in pool: ActivePool, _ backend: any LifecycleBackend, _ steps: Steps
  ) throws(StorageError) {
    guard let name = volume.properties.source else {
      throw StorageError(.badInput, volume.subject, "snap_on_start needs a source")
    }
    let lock = pool.locked.contains(name) ? nil : try locks(name, of: pool.name)
    try withExtendedLifetime(lock) { () throws(StorageError) in
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

  private func locks(_ source: VolumeName, of pool: PoolName) throws(StorageError) -> FileLock? {
    isDryRun ? nil : try locks.volume(source, of: pool, .shared)
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
      try LifecycleRules.check(settings, of: volume.name, in: pool) {
        name throws(StorageError) in try pool.volume(name)
      }
      if old.kind.savesState != new.kind.savesState {
        try changeSaving(
          of: volume, to: settings, saves: new.kind.savesState, in: pool,
          pool.lifecycleBackend(), steps)
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
    guard volume.definition.target.format?.isRaw != false else {
      throw StorageError(
        .unsupported, volume.subject, "only raw volumes can begin or end to keep state")
    }
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
    try checkIsNoBase(volume, in: pool)
    try checkUnused(volume, backend, committed: .anyone, steps)
    try backend.setProperties(settings, of: volume, steps)
    try backend.removeCommitted(of: volume, steps)
  }
}
