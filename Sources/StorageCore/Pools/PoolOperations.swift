import StorageModel
import StorageOS

/// Which notation a definition is kept in.
package enum DefinitionNotation: Sendable { case document, section }

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
      let (all, _) = try store.all()
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
        try checkReplaces(present, by: pool, uuidIsGiven: uuidIsGiven, notation: notation)
      }
      try checkUUID(pool, beside: all)
      try SourceConflicts.check(pool, against: all)
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
    case (.builtIn, _) where !present.isActive: return
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

  private func checkLegal(_ pool: PoolDefinition) throws(StorageError) {
    let type: PoolType = pool.lifecycle.driver == .thin ? .logical : .dir
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
    if pool.lifecycle.driver == .file, pool.lifecycle.effectiveRevisionsToKeep.number > 1 {
      throw StorageError(
        .badInput, "pool '\(pool.name)'",
        "driver 'file' keeps at most 1 revision, not \(pool.lifecycle.effectiveRevisionsToKeep.number)"
      )
    }
    // A type that cannot be used here can be defined all the same.
    if pool.lifecycle.effectiveRevisionsToKeep != .disabled || pool.lifecycle.ephemeralVolatile,
      let backend = try? makeBackend(pool, host), !(backend is any LifecycleBackend)
    {
      throw StorageError(
        .badInput, "pool '\(pool.name)'",
        "volumes of pools of type '\(pool.type.rawValue)' change in place and keep no revisions")
    }
    if pool.copyOnWrite == false, pool.lifecycle.effectiveRevisionsToKeep != .disabled {
      throw StorageError(
        .badInput, "pool '\(pool.name)'",
        "copy-on-write cannot be turned off for a pool that keeps revisions")
    }
  }

  /// Removes a pool's definition, also one that cannot be read; its data stays.
  package func undefine(_ text: String) throws(StorageError) -> Change {
    try locked(locks.definitions()) { () throws(StorageError) in
      let found = try definedPool(text)
      return try locked(locks.pool(found.name, .exclusive)) { () throws(StorageError) in
        let (name, origin, isActive) = try definedPool(text)
        guard !isActive else { throw invalid(name, "is still active") }
        guard origin != .builtIn else {
          throw StorageError(
            .unsupported, "pool '\(name)'",
            "is built in and has no definition to remove; define a pool of that name to replace it")
        }
        return try change { steps throws(StorageError) in
          try store.remove(name, at: origin, steps)
        }
      }
    }
  }

  private func definedPool(_ text: String) throws(StorageError)
    -> (name: PoolName, origin: DefinitionOrigin, isActive: Bool)
  {
    do throws(StorageError) {
      let pool = try store.pool(matching: text)
      return (pool.name, pool.origin, pool.isActive)
    } catch {
      guard error.code == .badInput, let name = try? PoolName(text),
        let origin = store.placeOfUnreadable(name)
      else { throw error }
      return (name, origin, false)
    }
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
    guard let backend = backend as? any BuildingBackend else {
      throw StorageError(
        .unsupported, "pool '\(pool.name)'", "storage pool does not support pool creation")
    }
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
    try locked(locks.definitions()) { () throws(StorageError) in
      try withPool(text, .exclusive) { pool, backend throws(StorageError) in
        if pool.isActive, ifInactive { return .none }
        guard !pool.isActive else { throw invalid(pool.name, "is already active") }
        try SourceConflicts.check(
          pool.definition, against: try store.all().pools.filter(\.isActive))
        return try start(pool.definition, backend, building: building)
      }
    }
  }

  private func start(
    _ pool: PoolDefinition, _ backend: any PoolBackend, building: OverwritePolicy?,
    isDefined: Bool = true
  ) throws(StorageError) -> Change {
    try change { steps throws(StorageError) in
      if let building { try build(pool, backend, overwrite: building, steps) }
      // A command killed in between must leave a pool that can be named and stopped.
      let isMarkedFirst = !isDefined && backend is any AttachingBackend
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
    let backend = try makeBackend(pool, host)
    return try locked(locks.definitions()) { () throws(StorageError) in
      try locked(locks.pool(pool.name, .exclusive)) { () throws(StorageError) in
        let all = try store.all().pools
        try checkMayBeCreated(pool, uuidIsGiven: uuidIsGiven, beside: all)
        try SourceConflicts.check(pool, against: all)
        return try start(pool, backend, building: building, isDefined: false)
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
      let markers = try StartedVolumes(host: host, pool: pool.name)
      let started = try markers.all()
      var isLost = false
      do throws(StorageError) { try backend.checkReachable() } catch { isLost = true }
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

  /// Destroys a pool's storage; the definition stays.
  package func deletePool(_ text: String) throws(StorageError) -> Change {
    try withPool(text, .exclusive) { pool, backend throws(StorageError) in
      guard !pool.isActive else { throw invalid(pool.name, "is still active") }
      guard let backend = backend as? any BuildingBackend else {
        throw StorageError(
          .unsupported, "pool '\(pool.name)'", "pool does not support pool deletion")
      }
      let done = try change { steps throws(StorageError) in try backend.delete(steps) }
      tell(.deleted, of: pool.name)
      return done
    }
  }

  /// Checks that an active pool can be reached.
  ///
  /// Unlike libvirt's, nothing is stopped where it cannot.
  package func refresh(_ text: String) throws(StorageError) -> Change {
    try withPool(text, nil) { pool, backend throws(StorageError) in
      guard pool.isActive else { throw invalid(pool.name, "is not active") }
      try backend.checkReachable()
      tell(.refreshed, of: pool.name)
      return Change(isChanged: false, told: [])
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
  func withPool<Value>(
    _ text: String, _ mode: FileLock.Mode?,
    _ body: (PoolRecord, any PoolBackend) throws(StorageError) -> Value
  ) throws(StorageError) -> Value {
    let found = try store.pool(matching: text)
    guard let mode else { return try body(found, makeBackend(found.definition, host)) }
    return try locked(locks.pool(found.name, mode)) { () throws(StorageError) in
      // Read again: whoever held the lock before may have changed it.
      guard let pool = try store.pool(found.name) else { throw PoolStore.notFound(text) }
      return try body(pool, makeBackend(pool.definition, host))
    }
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
