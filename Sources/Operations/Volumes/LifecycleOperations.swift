import StorageBackend
import StorageModel
import StorageOS

extension Storage {
  /// Starts volumes of one pool: all of them, or none.
  ///
  /// A volume can start from another one of the list: from the state that was committed before.
  /// - Parameter ifStopped: whether one that is started already is a success, and left as it is.
  /// - Returns: also each volume with the path of its device, in the order asked for.
  package func startVolumes(_ texts: [String], in poolText: String?, ifStopped: Bool = false)
    throws(StorageError) -> (Change, ActivePool, [(volume: Volume, device: Path)])
  {
    var volumes: [Volume] = []
    return try withVolumes(
      texts, in: poolText, for: .readVolumes,
      and: { pool, names throws(StorageError) in
        volumes = try names.map { name throws(StorageError) in try changeable(name, in: pool) }
        return Set(volumes.compactMap { $0.properties.snapOnStart ? $0.properties.source : nil })
      }
    ) { pool, backend, names throws(StorageError) in
      var started: [(volume: Volume, device: Path)] = []
      let change = try self.change { steps throws(StorageError) in
        for volume in volumes {
          if !ifStopped || volume.state != .running {
            try start(volume, in: pool, backend, steps)
          }
          started.append((volume, backend.devicePath(of: volume)))
        }
      }
      return (change, pool, started)
    }
  }

  private func start(
    _ volume: Volume, in pool: ActivePool, _ backend: any ReadingBackend, _ steps: Steps
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
    try checkChain(of: volume, in: pool, steps)
    if volume.properties.isWritable, volume.properties.kind.savesState {
      try checkIsNoBase(volume, in: pool, onlyKnown: true, steps)
    }
    try checkUnused(volume, backend, claiming: nil, steps)
    let callbacks = try callbacks(of: pool)
    try callbacks?.run(.beforeStart, of: volume.definition, steps)
    for action in transition.actions {
      try perform(action, on: volume, in: pool, backend, steps)
    }
    // Nobody has to stop what cannot change, and any number of machines start it at a time.
    if !backend.description.isReadOnly { try pool.started.insert(volume.name, steps) }
    try callbacks?.run(.afterStart, of: volume.definition, steps)
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
  /// Each is a change of its own: one that fails keeps none of the others from being stopped. Where the process is
  /// asked to stop, that volume and those after it are left as they are, and the last result is of that one.
  /// Forced, those that were started on another host are stopped all the same.
  package func stopVolumes(
    _ texts: [String], in poolText: String?, discard: Bool
  ) throws(StorageError) -> (ActivePool, [Stopped]) {
    try withVolumes(texts, in: poolText, for: .readVolumes) {
      pool, backend, names throws(StorageError) in
      var results: [Stopped] = []
      for name in names where results.last?.error?.code != .interrupted {
        do throws(StorageError) {
          try Interruption.check()
          let change = try self.change { steps throws(StorageError) in
            var volume = try changeable(name, in: pool)
            if isForced { volume.otherHost = nil }
            try stop(volume, in: pool, backend, discard: discard, steps)
          }
          results.append(Stopped(volume: name, change: change, error: nil))
        } catch {
          results.append(Stopped(volume: name, change: nil, error: error))
        }
      }
      if let last = results.lastIndex(where: { $0.change != nil }),
        let backend = backend.able(to: .revisions)
      {
        let ending = try self.change { steps in backend.finishCommits(steps) }
        results[last].change?.warnings += ending.warnings
      }
      return (pool, results)
    }
  }

  private func stop(
    _ volume: Volume, in pool: ActivePool, _ backend: any ReadingBackend, discard: Bool,
    _ steps: Steps
  ) throws(StorageError) {
    if try pool.started.takeLoss(of: volume.name, steps) {
      throw StorageError(
        .busy, volume.subject,
        "somebody else has ended its session and discarded what was written")
    }
    let transition = try volume.transition(discard ? .discard : .stop)
    let callbacks = try callbacks(of: pool)
    if volume.state != .clean {
      if !discard, volume.properties.kind != .inPlace, volume.properties.kind.savesState {
        try checkIsNoBase(volume, in: pool, steps)
      }
      try checkUnused(volume, backend, steps)
    }
    for action in transition.actions {
      try perform(action, on: volume, in: pool, backend, steps)
    }
    func endSession() throws(StorageError) {
      try pool.started.remove(
        volume.name, discarding: discard && volume.properties.kind.savesState, steps)
    }
    // Where nothing else had to be done this is all of it.
    try steps.canBeUndone ? endSession() : Steps.finish(endSession)
    // A volume that is stopped already has no such event.
    if steps.changesSomething { try callbacks?.run(.afterStop, of: volume.definition, steps) }
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
      try checkIsNoBase(volume, in: pool, steps)
      try checkUnused(volume, backend, committed: .anyone, steps)
      try checkFormat(of: revision, of: volume, in: pool, backend)
      try checkChain(of: committed(volume, in: pool, revision: revision), in: pool, steps)
      let backend = try pool.lifecycleBackend()
      // Whatever interrupts it, a session is there as long as nothing is reverted.
      try backend.revert(volume, to: revision, steps)
      if transition.actions.contains(.dropWorkingCopy) {
        try Steps.finish { () throws(StorageError) in
          try backend.dropWorkingCopy(of: volume, steps)
        }
      }
      try Steps.finish { () throws(StorageError) in
        try pool.started.remove(volume.name, discarding: true, steps)
      }
    }
    guard let reverted else {
      throw StorageError(.failure, "volume '\(name)'", "was not reverted")
    }
    return (change, pool, name, reverted)
  }

  /// Refuses a revision from before the volume became what it is: with it the volume would be nothing that is on record.
  private func checkFormat(
    of revision: Revision, of volume: Volume, in pool: ActivePool, _ backend: any ContentBackend
  ) throws(StorageError) {
    guard volume.definition.kind == .file else { return }
    let state = try backend.openCommitted(volume, revision: revision)
    let facts = try ImageProbe.probe(state, size: state.status().size)
    let acceptance = try acceptance(of: state, for: volume, declared: nil, in: pool, backend)
    do throws(StorageError) { try acceptance.requireKind(facts) } catch {
      var refusal = StorageError(
        .badInput, volume.subject, "cannot be reverted to revision \(revision.identifier)",
        reason: error.text)
      if facts.format.isRaw, !acceptance.format.isRaw {
        refusal.hint = NextCommand.hint(
          "vol-set", volume.name.text, "format", "raw", "--pool", pool.name.text)
      }
      throw refusal
    }
  }

  /// The revision of an identifier, or the newest where none is given.
  func revision(
    _ identifier: String?, of volume: Volume, in pool: ActivePool
  ) throws(StorageError) -> Revision {
    try revisionFacts(identifier, of: volume, in: pool).revision
  }

  /// What is known of the revision of an identifier, or of the newest where none is given.
  func revisionFacts(
    _ identifier: String?, of volume: Volume, in pool: ActivePool
  ) throws(StorageError) -> RevisionFacts {
    let revisions = try pool.lifecycleBackend().revisions(of: volume)
    guard let newest = revisions.last else {
      throw StorageError(.notFound, volume.subject, "has no revisions")
    }
    guard let identifier else { return newest }
    let found = revisions.first {
      $0.revision.identifier == identifier || $0.revision.name == identifier
    }
    guard let found else {
      let known = revisions.map(\.revision.identifier).joined(separator: ", ")
      throw StorageError(
        .notFound, volume.subject, "has no revision '\(identifier)' (there are: \(known))")
    }
    return found
  }

  private func perform(
    _ action: LifecycleAction, on volume: Volume, in pool: ActivePool,
    _ content: any ReadingBackend, _ steps: Steps
  ) throws(StorageError) {
    switch action {
    case .exposeCommitted: return try content.exposeCommitted(of: volume, steps)
    case .concealCommitted: return try content.concealCommitted(of: volume, steps)
    // Where there is no history there is none to drop.
    case .dropRevisions where !content.can(.revisions): return
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
    case .create, .revert, .commitCopy, .rename, .resizeCommitted, .resizeWorkingCopy,
      .replaceCommitted, .remove, .exposeCommitted, .concealCommitted:
      throw StorageError(.failure, volume.subject, "cannot do '\(action.rawValue)' by itself")
    }
  }

  private func copySource(
    to volume: Volume, in pool: ActivePool, _ backend: any LifecycleBackend, _ steps: Steps
  ) throws(StorageError) {
    guard let name = volume.properties.source else {
      throw StorageError(.badInput, volume.subject, "snap_on_start needs a source")
    }
    guard let source = try pool.volume(name), source.hasCommitted || source.state == .running
    else {
      throw StorageError(.notFound, volume.subject, "its source '\(name)' has no committed state")
    }
    guard !source.hasUnreadableRecord else {
      throw StorageError(.badInput, source.subject, source.problem ?? "has an unreadable record")
    }
    _ = try source.transition(.export)
    try checkChain(of: source, in: pool, steps)
    if volume.properties.kind.savesState {
      try LifecycleRules.checkFormat(
        volume.definition.target.imageFormat, of: volume.name, from: source)
    }
    try backend.copySource(source, to: volume, steps)
  }

  /// Sets a life-cycle property.
  package func setProperty(
    _ property: String, to value: String, of text: String, in poolText: String?
  ) throws(StorageError) -> (Change, ActivePool, VolumeName) {
    let source = property == "source" ? VolumeName(found: value) : nil
    return try changeVolume(text, in: poolText, reading: source.map { [$0] } ?? []) {
      pool, backend, volume, steps throws(StorageError) in
      let said = volume.definition.lifecycle
      let old = volume.properties
      var settings = said
      try settings.set(property, to: value)
      // Who says what a volume starts from has not said that it keeps nothing any more.
      if property != "save_on_stop",
        settings.resolved(with: pool.definition.lifecycle).saveOnStop != old.saveOnStop
      {
        settings.saveOnStop = old.saveOnStop
      }
      let new = settings.resolved(with: pool.definition.lifecycle)
      if property == "save_on_stop", !new.kind.savesState,
        volume.contradiction?.kind == .unexpectedContent
      {
        try finishKeepingNothing(volume, backend, steps)
      }
      guard settings != said else { return }
      // Said once more, what is so by itself is nothing new; a pool's default can be another one tomorrow.
      if new == said.resolved(with: pool.definition.lifecycle), volume.contradiction == nil,
        !["revisions_to_keep", "ephemeral"].contains(property)
      {
        return
      }
      let togglesRevisions =
        (old.revisionsToKeep == .disabled) != (new.revisionsToKeep == .disabled)
      let isRetention = property == "revisions_to_keep" && !togglesRevisions
      _ = try volume.transition(isRetention ? .configureRetention : .configure)
      // What keeps nothing becomes what its source is.
      let format = new.kind.savesState ? volume.definition.target.imageFormat : nil
      try LifecycleRules.check(settings, of: volume.name, format: format, in: pool) {
        name throws(StorageError) in
        try pool.volume(name).map { source throws(StorageError) in
          try committed(source, in: pool)
        }
      }
      if volume.contradiction?.isSettledByProperties == true {
        // Whatever it becomes, what is there stays as it is.
        try backend.setProperties(settings, of: volume, steps)
      } else if old.kind.savesState != new.kind.savesState {
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
    try checkIsNoSource(volume, in: pool, onlyKnown: true, steps)
    guard try backend.revisions(of: volume).isEmpty, try !backend.hasData(volume) else {
      throw StorageError(
        .busy, volume.subject,
        "holds data that would be lost; delete it and create it anew to stop keeping state")
    }
    try checkIsNoBase(volume, in: pool, tellingDoubts: true, steps)
    try checkUnused(volume, backend, committed: .anyone, steps)
    try backend.setProperties(settings, of: volume, steps)
    try backend.removeCommitted(of: volume, steps)
  }

  /// Removes the empty state of a volume that keeps nothing by its record: ending that was interrupted.
  private func finishKeepingNothing(
    _ volume: Volume, _ backend: any ContentBackend, _ steps: Steps
  ) throws(StorageError) {
    guard let contradiction = volume.contradiction, let backend = backend.able(to: .revisions)
    else { return }
    _ = try volume.transition(.configure)
    // As long as the file is there it is the volume's own.
    var volume = volume
    volume.properties.saveOnStop = true
    guard try !backend.hasData(volume) else { throw contradiction.refusal(volume.subject) }
    try checkUnused(volume, backend, committed: .anyone, steps)
    try backend.removeCommitted(of: volume, steps)
  }
}
