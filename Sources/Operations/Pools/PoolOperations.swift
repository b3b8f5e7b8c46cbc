import Definitions
import StorageBackend
import StorageHost
import StorageModel
import StorageOS

extension Storage {
  /// Defines a pool, or changes the definition of one.
  ///
  /// - Parameters:
  ///   - uuidIsGiven: whether the document named the UUID; without one an existing pool of that name is an error.
  ///   - ifNotExists: succeed without a change where the pool is defined just so.
  /// - Throws: `exists` with libvirt's words, naming the other pool; with `ifNotExists` the differing fields.
  package func define(
    _ pool: PoolDefinition, uuidIsGiven: Bool, notation: DefinitionNotation, ifNotExists: Bool
  ) throws(StorageError) -> Change {
    try define(
      pool, uuidIsGiven: uuidIsGiven, notation: notation, ifNotExists: ifNotExists, edit: nil)
  }

  func define(
    _ pool: PoolDefinition, uuidIsGiven: Bool, notation: DefinitionNotation, ifNotExists: Bool,
    edit: PoolEdit?
  ) throws(StorageError) -> Change {
    try checkLegal(pool)
    return try locked(locks.definitions()) { () throws(StorageError) in
      // Some may be coming about just now that are defined nowhere; they are asked for first, because whoever ends a
      // start meanwhile is active before it is forgotten there.
      let starting = try poolsBeingStarted()
      let all = try store.forDecision()
      var pool = pool
      let present = try store.pool(pool.name)
      if let edit { try checkUnchanged(present, since: edit) }
      if let present {
        if ifNotExists, let persistent = present.persistent, present.origin != .builtIn {
          if !uuidIsGiven { pool.uuid = persistent.uuid }
          let fields = persistent.differences(from: pool)
          guard fields.isEmpty else {
            throw StorageError(
              .exists, "pool '\(pool.name)'",
              "is defined otherwise: differs in \(fields.joined(separator: ", "))")
          }
          return Change(isChanged: false, told: [])
        }
        if present.origin == .builtIn, present.isActive, !uuidIsGiven {
          pool.uuid = present.definition.uuid
        }
        if edit == nil, uuidIsGiven, present.persistent == pool,
          present.origin.notation == notation
        {
          return .none
        }
        try checkReplaces(present, by: pool, uuidIsGiven: uuidIsGiven, notation: notation)
      }
      try checkUUID(pool, beside: all + starting)
      try SourceConflicts.check(pool, against: all + starting, on: host)
      return try change { steps throws(StorageError) in
        switch notation {
        case .document: try store.write(pool, steps)
        case .section:
          if let edit {
            try store.writeSection(pool.name, edit.text, steps)
          } else {
            try store.writeSection(pool, steps)
          }
        }
      }
    }
  }

  private func checkReplaces(
    _ present: PoolRecord, by pool: PoolDefinition, uuidIsGiven: Bool, notation: DefinitionNotation
  ) throws(StorageError) {
    switch (present.origin, notation) {
    case (.section, .document), (.document, .section):
      throw StorageError(
        .exists, "pool '\(pool.name)'", "is already defined in \(present.origin.place)")
    // It gives way, also while it is active: what is defined holds from the next start.
    case (.builtIn, _): return
    case (.section, .section): return
    default: break
    }
    guard uuidIsGiven, pool.uuid == present.definition.uuid else {
      throw StorageError(
        .exists, "pool '\(pool.name)'",
        "operation failed: pool '\(pool.name)' already exists with uuid \(present.definition.uuid)")
    }
    guard present.definition.type == pool.type || !present.isActive else {
      throw StorageError(
        .busy, "pool '\(pool.name)'", "its type cannot change while it is active")
    }
  }

  func checkLegal(_ pool: PoolDefinition) throws(StorageError) {
    let type = pool.lifecycle.driver.type
    if pool.lifecycle.driver.isQubes, pool.type != type {
      throw StorageError(
        .badInput, "pool '\(pool.name)'",
        "driver '\(pool.lifecycle.driver.rawValue)' is for pools of type '\(type.rawValue)', not '\(pool.type.rawValue)'"
      )
    }
    guard (pool.lifecycle.driver == .thin) == (pool.lifecycle.thinPool != nil) else {
      throw StorageError(
        .badInput, "pool '\(pool.name)'", "driver 'lvm_thin' and a thin pool go together")
    }
    if pool.lifecycle.process != nil { _ = try backend(for: pool) }
    if let name = pool.lifecycle.callback { _ = try CallbackConfiguration(name, on: host) }
    // A type that cannot be used here can be defined all the same.
    let kept = pool.lifecycle.effectiveRevisionsToKeep
    if kept != .disabled || pool.lifecycle.ephemeralVolatile, let backend = try? backend(for: pool)
    {
      if !backend.can(.revisions) {
        throw StorageError(
          .badInput, "pool '\(pool.name)'",
          "volumes of pools \(backend.description.kind) change in place and keep no revisions")
      }
      if let problem = backend.description.refusal(of: kept) {
        throw StorageError(.badInput, "pool '\(pool.name)'", "\(problem), not \(kept.number)")
      }
    }
    if pool.copyOnWrite == false, pool.lifecycle.effectiveRevisionsToKeep != .disabled {
      throw StorageError(
        .badInput, "pool '\(pool.name)'",
        "copy-on-write cannot be turned off for a pool that keeps revisions")
    }
  }

  /// Removes a pool's definition, also one that cannot be understood; its data stays.
  /// - Returns: also its name; nil for a section that is called as no pool can be.
  package func undefine(_ text: String) throws(StorageError) -> (Change, PoolName?) {
    let found: PoolRecord
    do throws(StorageError) { found = try store.pool(matching: text) } catch {
      let problem = error
      return try locked(locks.definitions()) { () throws(StorageError) in
        try undefineUnreadable(text, problem)
      }
    }
    return try locked(locks.pool(found.name, .exclusive)) { () throws(StorageError) in
      try locked(locks.definitions()) { () throws(StorageError) in
        guard let pool = try store.pool(found.name) else { throw PoolStore.notFound(text) }
        guard !pool.isActive else { throw stillActive(pool.name) }
        let done = try change { steps throws(StorageError) in
          try store.remove(pool.name, at: pool.origin, steps)
        }
        return (done, pool.name)
      }
    }
  }

  /// Removes a definition by its place alone, or by both where it stands in two; throws `error` where there is none.
  private func undefineUnreadable(_ text: String, _ error: StorageError) throws(StorageError)
    -> (Change, PoolName?)
  {
    guard error.code == .badInput || error.missing == .pool else { throw error }
    let origins = try store.placesOfUnreadable(text)
    guard !origins.isEmpty else { throw error }
    let name = try? PoolName(text)
    let done = try change { steps throws(StorageError) in
      for origin in origins {
        if let name {
          try store.remove(name, at: origin, steps)
        } else {
          try store.remove(text, at: origin, steps)
        }
      }
    }
    return (done, name)
  }

  package func build(_ text: String, overwrite: OverwritePolicy) throws(StorageError) -> Change {
    try withPool(text, .exclusive) { pool, backend throws(StorageError) in
      guard !pool.isActive else { throw invalid(pool.name, "is already active") }
      let done = try change { steps throws(StorageError) in
        try build(pool.definition, backend, overwrite: overwrite, steps)
      }
      tell(.created, of: pool.name)
      return done
    }
  }

  private func build(
    _ pool: PoolDefinition, _ backend: any PoolBackend, overwrite: OverwritePolicy, _ steps: Steps
  ) throws(StorageError) {
    // As in libvirt: of a pool that nobody can make nothing is left to make.
    guard let backend = backend.able(to: .build) else { return }
    try callbacks(of: pool, backend)?.run(.beforePoolBuild, steps)
    try backend.build(overwrite: overwrite, steps)
  }

  /// Starts a pool.
  ///
  /// Refused where an active pool shares its storage.
  /// - Parameters:
  ///   - building: how to build it before; nil where it is not to be built. What was built goes again where the
  ///     start fails.
  ///   - ifInactive: succeed without a change where it is active already.
  package func start(
    _ text: String, building: OverwritePolicy? = nil, ifInactive: Bool = false
  ) throws(StorageError) -> Change {
    try withPool(text, .exclusive) { pool, backend throws(StorageError) in
      if pool.isActive, ifInactive { return .none }
      guard !pool.isActive else { throw invalid(pool.name, "is already active") }
      return try starting(
        pool.definition,
        check: { all throws(StorageError) in
          try SourceConflicts.check(
            pool.definition, against: all.filter(\.isActive), on: host)
        }
      ) { () throws(StorageError) in
        try start(pool.definition, backend, building: building)
      }
    }
  }

  private func start(
    _ pool: PoolDefinition, _ backend: any PoolBackend, building: OverwritePolicy?,
    isDefined: Bool = true
  ) throws(StorageError) -> Change {
    try change { steps throws(StorageError) in
      if let building { try build(pool, backend, overwrite: building, steps) }
      try callbacks(of: pool, backend)?.run(.beforePoolStart, steps)
      // A command killed in between must leave a pool that can be named and stopped.
      let isMarkedFirst = !isDefined && backend.can(.attach)
      if isMarkedFirst {
        try store.setLive(pool, steps) { () throws(StorageError) in
          try store.clearLive(pool.name, Steps())
        }
      }
      // In a dry run nothing was built that could be looked at.
      if isDryRun, building != nil {
        try steps.run("start pool '\(pool.name)'") {}
      } else {
        try backend.start(steps)
      }
      if !isMarkedFirst { try store.setLive(pool, steps) }
    }
  }

  /// Starts a pool that is defined nowhere, or a defined one that is inactive by another definition; either holds until
  /// the pool is stopped.
  ///
  /// A failure leaves neither a pool nor what was built for it.
  /// - Parameters:
  ///   - uuidIsGiven: whether the document named the UUID; without one an existing pool of that name is an error.
  ///   - building: as for `start`.
  /// - Throws: `exists` or `busy` with libvirt's words.
  package func create(_ pool: PoolDefinition, uuidIsGiven: Bool, building: OverwritePolicy?)
    throws(StorageError) -> Change
  {
    try checkLegal(pool)
    let backend = try backend(for: pool)
    return try locked(locks.pool(pool.name, .exclusive)) { () throws(StorageError) in
      try starting(
        pool,
        check: { all throws(StorageError) in
          try checkMayBeCreated(pool, uuidIsGiven: uuidIsGiven, beside: all)
          try SourceConflicts.check(pool, against: all, on: host)
        }
      ) { () throws(StorageError) in
        try start(pool, backend, building: building, isDefined: false)
      }
    }
  }

  private func checkMayBeCreated(
    _ pool: PoolDefinition, uuidIsGiven: Bool, beside all: [PoolRecord]
  ) throws(StorageError) {
    let subject = "pool '\(pool.name)'"
    // A definition that cannot be read is one all the same.
    if let present = try store.pool(pool.name) {
      let isSame = uuidIsGiven && present.definition.uuid == pool.uuid
      guard isSame || present.origin == .builtIn && !present.isActive else {
        throw StorageError(
          .exists, subject,
          "operation failed: pool '\(pool.name)' already exists with uuid \(present.definition.uuid)"
        )
      }
      guard !present.isActive else {
        throw StorageError(
          .busy, subject,
          "Requested operation is not valid: pool is already active as '\(pool.name)'")
      }
    }
    try checkUUID(pool, beside: all)
  }

  /// Throws where a pool of another name has the UUID.
  private func checkUUID(_ pool: PoolDefinition, beside all: [PoolRecord]) throws(StorageError) {
    guard
      let other = all.first(where: { $0.name != pool.name && $0.definition.uuid == pool.uuid })
    else { return }
    throw StorageError(
      .exists, "pool '\(pool.name)'",
      "operation failed: pool '\(other.name)' is already defined with uuid \(pool.uuid)")
  }

  /// Stops a pool; data and definition stay.
  /// - Parameter ifActive: succeed without a change where it is not active.
  package func destroy(_ text: String, ifActive: Bool = false) throws(StorageError) -> Change {
    try withPool(text, .exclusive) { pool, backend throws(StorageError) in
      if !pool.isActive, ifActive { return .none }
      guard pool.isActive else { throw invalid(pool.name, "is not active") }
      var isLost = false
      do throws(StorageError) { try backend.checkReachable() } catch { isLost = true }
      let markers = try StartedVolumes(host: host, pool: pool.definition, backend: backend)
      let started = try startedVolumes(markers, of: backend, isLost: isLost)
      // Of a pool that is gone nothing is left to be stopped.
      guard started.isEmpty || isLost else {
        throw StorageError(
          .busy, "pool '\(pool.name)'",
          "has started volumes: \(started.map { "'\($0)'" }.joined(separator: ", "))")
      }
      return try change { steps throws(StorageError) in
        if isLost { try backend.abandon(steps) } else { try backend.stop(steps) }
        for volume in started { try markers.remove(volume, steps) }
        try store.clearLive(pool.name, steps)
      }
    }
  }

  /// The volumes that would be in the way of stopping a pool: those started here, and of a pool that would be taken from
  /// others as well those that they have started on this machine.
  private func startedVolumes(
    _ markers: StartedVolumes, of backend: any PoolBackend, isLost: Bool
  ) throws(StorageError) -> [VolumeName] {
    // What lies with the volumes is out of reach with them.
    if isLost, backend.can(.shareFolder) { return [] }
    let isTaken = backend.can(.attach)
    return try markers.all().filter { $0.value.otherHost == nil && ($0.value.isOwn || isTaken) }
      .keys.sorted()
  }

  /// Destroys a pool's storage; the definition stays.
  package func deletePool(_ text: String) throws(StorageError) -> Change {
    try withPool(text, .exclusive) { pool, backend throws(StorageError) in
      guard !pool.isActive else { throw stillActive(pool.name) }
      let backend = try backend.required(.deletePool, "pool '\(pool.name)'")
      // Whoever uses the pool by another definition of it is waited for.
      let done = try locked(folderLock(pool.name, backend)) { () throws(StorageError) in
        try change { steps throws(StorageError) in
          let callbacks = try callbacks(of: pool.definition, backend)
          try backend.delete(steps)
          try callbacks?.run(.afterPoolDelete, steps)
        }
      }
      tell(.deleted, of: pool.name)
      return done
    }
  }

  /// Locks everything in the folder of a pool that is not active; nil where there is none.
  private func folderLock(_ pool: PoolName, _ backend: any PoolBackend) throws(StorageError)
    -> PoolLocks?
  {
    guard !backend.can(.attach) else { return nil }
    do throws(StorageError) {
      guard let shared = try SharedFolder(of: backend) else { return nil }
      return try locks.content(of: pool, in: shared, .exclusive)
    } catch {
      guard error.isAbsence else { throw error }
      return nil
    }
  }

  /// Checks that an active pool can be reached, and looks for what is new where that is not seen by itself.
  ///
  /// Unlike libvirt's, nothing is stopped where it cannot.
  package func refresh(_ text: String) throws(StorageError) -> Change {
    try withPool(text, nil) { pool, backend throws(StorageError) in
      guard pool.isActive else { throw notActive(pool) }
      try backend.checkReachable()
      var result = Change.none
      if let backend = backend.able(to: .refresh) {
        result = try change { steps throws(StorageError) in try backend.refresh(steps) }
      }
      tell(.refreshed, of: pool.name)
      return result
    }
  }

  package func setAutostart(_ on: Bool, _ text: String) throws(StorageError) -> Change {
    try locked(locks.definitions()) { () throws(StorageError) in
      let pool = try store.pool(matching: text)
      guard pool.isPersistent else {
        throw StorageError(.unsupported, "pool '\(pool.name)'", "pool has no config file")
      }
      return try change { steps throws(StorageError) in
        try store.setAutostart(on, pool.name, at: pool.origin, steps)
      }
    }
  }

  /// Runs `body` with a pool and its backend, under the pool's lock where `mode` is given.
  /// - Parameter reading: whether that is done without where this user may not take it.
  func withPool<Value>(
    _ text: String, _ mode: FileLock.Mode?, reading: Bool = false,
    _ body: (PoolRecord, any PoolBackend) throws(StorageError) -> Value
  ) throws(StorageError) -> Value {
    let found = try store.pool(matching: text)
    guard let mode else { return try body(found, backend(for: found.definition)) }
    let locks = reading ? self.locks.forReading : self.locks
    return try locked(locks.pool(found.name, mode)) { () throws(StorageError) in
      // Read again: whoever held the lock before may have changed it.
      guard let pool = try store.pool(found.name) else { throw PoolStore.notFound(text) }
      return try body(pool, backend(for: pool.definition))
    }
  }

  /// The refusal of what only an active pool can do.
  func notActive(_ pool: PoolRecord) -> StorageError {
    var error = invalid(pool.name, "is not active")
    error.hint = NextCommand.hint(toUse: pool)
    return error
  }

  /// The refusal of what only an inactive pool can do.
  private func stillActive(_ pool: PoolName) -> StorageError {
    var error = invalid(pool, "is still active")
    error.hint = NextCommand.hint("pool-destroy", pool.text)
    return error
  }

  /// A refusal because of the pool's state, in libvirt's words.
  func invalid(_ pool: PoolName, _ state: String) -> StorageError {
    StorageError(
      .busy, "pool '\(pool)'",
      "Requested operation is not valid: storage pool '\(pool)' \(state)")
  }
}

extension PoolDefinition {
  /// The names of the fields in which this definition and another differ.
  func differences(from other: PoolDefinition) -> [String] {
    let fields: [(String, Bool)] = [
      ("type", type == other.type), ("name", name == other.name), ("uuid", uuid == other.uuid),
      ("features", copyOnWrite == other.copyOnWrite), ("source", source == other.source),
      ("target path", target.path == other.target.path),
      ("permissions", target.permissions == other.target.permissions),
      ("refresh", volumeRefreshAllocation == other.volumeRefreshAllocation),
      ("mount options", mountOptions == other.mountOptions),
      ("rbd options", rbdOptions == other.rbdOptions),
      ("lifecycle", lifecycle == other.lifecycle),
    ]
    return fields.filter { !$0.1 }.map(\.0)
  }
}
