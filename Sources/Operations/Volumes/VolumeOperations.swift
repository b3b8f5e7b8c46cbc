import Definitions
import StorageBackend
import StorageModel
import StorageOS

extension Storage {
  /// A volume's document as it would be kept: key and path as given, or else as they would be.
  ///
  /// Nothing is made or checked beyond the document; the pool need not be started.
  package func normalised(_ request: VolumeDefinition, in poolText: String) throws(StorageError)
    -> VolumeDefinition
  {
    let pool = try store.pool(matching: poolText).definition
    var volume = request
    // Of a type that cannot be used here the path is what it would be elsewhere.
    let path =
      (try? backend(for: pool))?.path(of: volume.name)
      ?? pool.target.path?.appending(volume.name.text)
    volume.target.path = volume.target.path ?? path
    volume.key = volume.key ?? volume.target.path?.text
    return volume
  }

  /// Makes a volume.
  /// - Parameter ifNotExists: succeed without a change where a volume of that name satisfies the request.
  /// - Throws: `exists` where it is there already; with `ifNotExists` naming the differing fields.
  package func createVolume(
    _ request: VolumeDefinition, in poolText: String, ifNotExists: Bool, _ options: CreationOptions
  ) throws(StorageError) -> Change {
    let found = try activePool(poolText)
    while true {
      let base = try baseVolume(of: request, in: found)
      var wanted = [Locks.Wanted].making(request, in: found.name)
      if let (pool, volume) = base {
        wanted.append(.init(pool: pool.name, volume: volume.name, mode: .shared))
      }
      var result: Change?
      try withLocks(wanted) { held throws(StorageError) in
        let pool = try held.pool(found.name)
        // Another volume can have its path by now.
        let locked = try baseVolume(of: request, in: pool)
        guard locked?.0.name == base?.0.name, locked?.1.name == base?.1.name else { return }
        result = try createVolume(request, in: pool, ifNotExists: ifNotExists, options)
      }
      if let result { return result }
    }
  }

  private func createVolume(
    _ request: VolumeDefinition, in pool: ActivePool, ifNotExists: Bool, _ options: CreationOptions
  ) throws(StorageError) -> Change {
    let backend = try pool.backend.required(.createVolumes)
    if !isDryRun, let backend = backend.able(to: .transferVolumes) {
      try backend.sweep(request.name, Steps())
    }
    return try change { steps throws(StorageError) in
      let request = try withBase(request, options, in: pool, backend, steps)
      let (plan, _) = try plan(request, options, in: pool, backend)
      if let present = try pool.volume(request.name) {
        return try checkExisting(present, satisfies: plan.volume, ifNotExists: ifNotExists)
      }
      try creating(plan, in: pool, steps) { () throws(StorageError) in
        try backend.create(plan, steps)
      }
    }
  }

  // MARK: The image below a new overlay

  /// The volume that a new overlay's backing store is; nil where it is none of an active pool.
  func baseVolume(of request: VolumeDefinition, in pool: ActivePool) throws(StorageError)
    -> (ActivePool, Volume)?
  {
    guard let path = basePath(of: request, in: pool) else { return nil }
    return try volume(at: path)
  }

  /// The path of a new overlay's backing store; nil where it has none that is a file.
  private func basePath(of request: VolumeDefinition, in pool: ActivePool) -> Path? {
    guard let backing = request.backingStore,
      !BackingReference(path: backing.path).isSpecial
    else { return nil }
    return Path(
      BackingReference(path: backing.path).resolved(beside: pool.backend.path(of: request.name)))
  }

  /// Checks the image below a new overlay, and completes what the request leaves to it: its format is the one on
  /// record, else raw as in libvirt; a size of 0 or none is its size.
  func withBase(
    _ request: VolumeDefinition, _ options: CreationOptions, in pool: ActivePool,
    _ backend: any VolumeBackend, _ steps: Steps
  ) throws(StorageError) -> VolumeDefinition {
    guard let backing = request.backingStore else {
      guard !options.backingIsRelative else {
        throw StorageError(
          .usage, "volume '\(request.name)'", "has no backing store that could be named relatively")
      }
      return request
    }
    // What a format cannot have is said before the image below is looked for, as libvirt does.
    try CreationRules(
      volume: backend.complete(request), traits: backend.traits, options: options,
      properties: request.lifecycle.resolved(with: pool.definition.lifecycle)
    ).check()
    let subject = "volume '\(request.name)'"
    guard let path = basePath(of: request, in: pool) else {
      throw StorageError(
        .unsupported, subject, "backing store '\(backing.path)' is no local file or device")
    }
    var request = request
    let opened: Descriptor
    do throws(StorageError) {
      let status = try FileStatus(following: path)
      guard status.kind == .regular || status.kind == .blockDevice else {
        throw StorageError(.badInput, "", "is neither a file nor a block device")
      }
      opened = try Descriptor(reading: path)
    } catch {
      throw StorageError(
        error.code == .notFound ? .notFound : error.code, subject,
        "inaccessible backing store volume \(backing.path)", reason: error.reason ?? error.problem)
    }
    let found = try volume(at: path)
    var size: ByteCount?
    if let (basePool, base) = found {
      guard !(basePool.name == pool.name && base.name == request.name) else {
        throw StorageError(.badInput, subject, "cannot be its own backing store")
      }
      try complete(&request, on: base, of: basePool, steps)
      size = try committed(base, in: basePool).definition.capacity
    } else {
      request.backingStore?.format = try format(ofForeign: opened, asked: backing, subject)
    }
    if backend.traits.backing == .images {
      try checkBelow(
        BackingStore(path: path.text, format: request.backingStore?.format), subject, steps)
    }
    if backend.traits.backing == .images, let base = request.backingStore,
      found == nil || base.format?.isRaw == true
    {
      size = try base.capacity(of: opened, subject)
    }
    let asked = request.capacity ?? 0
    if asked == 0 {
      request.capacity = size
    } else if let size, asked < size, backend.traits.backing == .images {
      steps.warn(
        "\(subject) has \(asked.bytes) bytes, fewer than its backing store '\(backing.path)' with"
          + " \(size.bytes): what is behind does not show")
    }
    if options.backingIsRelative {
      guard let base = found, base.0.name == pool.name else {
        throw StorageError(
          .badInput, subject,
          "backing store '\(backing.path)' is no volume of pool '\(pool.name)': it cannot be named relatively"
        )
      }
      request.backingStore?.path = BackingReference.relative(base.1.name)
    }
    return request
  }

  /// Refuses what could never be started, and warns of what cannot be as long as no pool has it.
  private func checkBelow(_ base: BackingStore, _ subject: String, _ steps: Steps)
    throws(StorageError)
  {
    let chain = backingChain(from: base, above: [])
    try checkChain(chain.filter { !$0.isForeign }, subject, steps)
    guard let first = chain.first(where: \.isForeign) else { return }
    if let problem = first.problem {
      throw StorageError(
        .badInput, subject, "its backing store '\(first.path)' cannot be used: \(problem)")
    }
    steps.warn(
      "\(subject): its backing store '\(first.path)' is not a volume of an active pool; before a pool has"
        + " it, the volume can be neither started nor copied")
  }

  /// Completes the format of an overlay's base, and refuses one that changes.
  private func complete(
    _ request: inout VolumeDefinition, on base: Volume, of basePool: ActivePool, _ steps: Steps
  ) throws(StorageError) {
    guard let backing = request.backingStore else { return }
    let subject = "volume '\(request.name)'"
    let known = base.definition.target.format ?? .raw
    request.backingStore?.format = try format(
      of: base, in: basePool, known, asked: backing, subject, steps)
    if base.properties.isWritable, base.properties.kind.savesState, base.state != .clean {
      throw StorageError(
        .busy, subject, "its backing store is started: the next stop would change what it shows")
    }
    if base.unfinished != nil, let contradiction = base.contradiction {
      throw contradiction.refusal(base.subject)
    }
    if let backend = basePool.backend.able(to: .readVolumes) {
      try checkUnused(base, backend, committed: .writers, claiming: .reading, steps)
    }
  }

  /// The format in which an overlay reads its base: the one on record, whatever is asked for; else what is asked for,
  /// which must be what the base looks like.
  private func format(
    of base: Volume, in pool: ActivePool, _ known: VolumeFormat, asked backing: BackingStore,
    _ subject: String, _ steps: Steps
  ) throws(StorageError) -> VolumeFormat {
    let asked = backing.format
    guard let asked, asked != known, !(asked.isRaw && known.isRaw) else {
      guard asked == nil, !base.hasRecordedFormat, !known.isRaw else { return known }
      throw StorageError(
        .badInput, subject,
        "backing store '\(backing.path)' looks like \(known.rawValue), but no format is on record",
        hint: saying(known))
    }
    let difference =
      "backing store '\(backing.path)' is of format \(known.rawValue), not \(asked.rawValue)"
    guard base.hasRecordedFormat else {
      let record = NextCommand.line("vol-set", base.name, "format", asked.rawValue, in: pool.name)
      throw StorageError(
        .badInput, subject, difference,
        hint: saying(known)
          + (asked.isRaw ? " If it is \(asked.rawValue), put that on record first: \(record)" : ""))
    }
    guard asked.isRaw else { throw StorageError(.badInput, subject, difference) }
    // Many a script says raw of everything.
    steps.warn("\(subject): \(difference): the format on record is taken")
    return known
  }

  /// The format of a base that is no volume: the one asked for, or raw where it looks like nothing else.
  private func format(ofForeign image: Descriptor, asked backing: BackingStore, _ subject: String)
    throws(StorageError) -> VolumeFormat
  {
    if let asked = backing.format { return asked }
    guard let size = try image.contentSize() else { return .raw }
    let facts = try ImageProbe.probe(image, size: size)
    guard facts.format.isRaw else {
      throw StorageError(
        .badInput, subject,
        "backing store '\(backing.path)' looks like \(facts.format.rawValue), but no format is on record",
        hint: saying(facts.format))
    }
    return .raw
  }

  /// How a command is told the format of a backing store.
  private func saying(_ format: VolumeFormat) -> String {
    let word = format.rawValue
    return offers("backing-vol-format")
      ? "Say what it is: --backing-vol-format \(word)."
      : "Say what it is in <backingStore>: <format type='\(word)'/>."
  }

  /// - Throws: `exists`, unless the volume satisfies the request and that is enough.
  func checkExisting(
    _ present: Volume, satisfies request: VolumeDefinition, ifNotExists: Bool
  ) throws(StorageError) {
    guard ifNotExists else {
      throw StorageError(
        .exists, "volume '\(request.name)'", "storage volume '\(request.name)' exists already")
    }
    let target = request.target
    let there = present.definition.target
    let fields: [(String, Bool)] = [
      ("capacity", request.capacity == nil || present.definition.capacity == request.capacity),
      ("format", target.format == nil || target.format == there.format),
      (
        "owner",
        target.permissions.owner == nil || target.permissions.owner == there.permissions.owner
      ),
      (
        "group",
        target.permissions.group == nil || target.permissions.group == there.permissions.group
      ),
      (
        "mode",
        target.permissions.mode == nil || target.permissions.mode == there.permissions.mode
          || there.permissions.mode == nil
      ),
      ("backing store", resolvedBacking(of: request) == resolvedBacking(of: present.definition)),
      ("lifecycle", request.lifecycle.isEmpty || request.lifecycle == present.definition.lifecycle),
    ]
    let differing = fields.filter { !$0.1 }.map(\.0)
    guard differing.isEmpty else {
      throw StorageError(
        .exists, "volume '\(request.name)'",
        "exists otherwise: differs in \(differing.joined(separator: ", "))")
    }
  }

  private func resolvedBacking(of volume: VolumeDefinition) -> String? {
    volume.backingStore.map { backing in
      guard let path = volume.target.path else { return backing.path }
      return BackingReference(path: backing.path).resolved(beside: path)
    }
  }

  /// Deletes a volume with its revisions.
  ///
  /// Refused while it is started, in use, or the source of another.
  package func deleteVolume(_ text: String, in poolText: String?) throws(StorageError)
    -> (Change, ActivePool, VolumeName)
  {
    try changeVolume(text, in: poolText, deleting: true) {
      pool, backend, volume, steps throws(StorageError) in
      // A volume whose committed state is gone can still be cleared away.
      if volume.state != .absent { _ = try volume.transition(.remove) }
      try checkIsNoSource(volume, in: pool, steps)
      if volume.definition.kind == .dir { try checkIsNoPool(volume) }
      try checkIsNoBase(volume, in: pool, steps)
      try checkUnused(volume, backend, committed: .anyone, steps)
      let callbacks = try callbacks(of: pool)
      try pool.backend.required(.deleteVolumes).delete(volume, steps)
      try Steps.finish { () throws(StorageError) in try pool.started.forget(volume.name, steps) }
      try callbacks?.run(.afterDelete, of: volume.definition, steps)
    }
  }

  /// Refuses what would take a volume from those that start from it.
  ///
  /// Where users force it, those that may be there and could not be looked at are told.
  /// - Parameter onlyKnown: whether only those that are known are in the way, for changes by which nothing is lost.
  /// - Throws: `busy`, also where it cannot be told who starts from it, naming what could not be looked at.
  func checkIsNoSource(
    _ volume: Volume, in pool: ActivePool, onlyKnown: Bool = false, _ steps: Steps
  ) throws(StorageError) {
    let dependents = try pool.dependents(of: volume.name)
    if let dependent = dependents.names.min() {
      throw StorageError(.busy, volume.subject, "is the source of volume '\(dependent)'")
    }
    guard !dependents.unread.isEmpty else { return }
    let reasons = Set(dependents.unread.map { ByteString($0.text) }).sorted().map(\.text)
    let doubt =
      "may be the source of others, which cannot be told: \(reasons.joined(separator: "; "))"
    guard isForced || onlyKnown else {
      throw StorageError(
        .busy, volume.subject, doubt,
        hint: offers("force")
          ? "--force does it all the same: what starts from it can then no longer be started." : nil
      )
    }
    steps.warn("\(volume.subject): \(doubt)")
  }

  /// Throws where a folder is that of an active pool, which lies in the one that has it as a volume, or has that below it.
  func checkIsNoPool(_ volume: Volume) throws(StorageError) {
    guard let path = volume.definition.target.path else { return }
    let mounts = try MountTable.snapshot()
    for other in try store.forDecision() where other.isActive {
      guard other.definition.type.hasTarget, let folder = other.definition.target.path,
        try FolderPlace.isSameOrBelow(folder, path, mounts: mounts)
      else { continue }
      throw StorageError(
        .busy, volume.subject, "has the folder of pool '\(other.name)', which is active")
    }
  }
}

extension ActivePool {
  /// The volumes that start from `source`.
  fileprivate func dependents(of source: VolumeName) throws(StorageError) -> Dependents {
    guard let backend = backend.able(to: .revisions) else { return Dependents() }
    return try backend.dependents(of: source)
  }
}
