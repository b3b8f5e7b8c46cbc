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
    let path =
      (try? makeBackend(pool, host))?.path(of: volume.name)
      ?? pool.target.path?.appending(volume.name.text)
    volume.target.path = volume.target.path ?? path
    volume.key = volume.key ?? volume.target.path?.text
    return volume
  }

  /// The backend, where volumes can be made; `operation` is what is wanted, in libvirt's words.
  func volumeBackend(_ backend: any PoolBackend, for operation: String)
    throws(StorageError) -> any VolumeBackend
  {
    guard let backend = backend as? any VolumeBackend else {
      throw StorageError(.unsupported, "", "storage pool does not support \(operation)")
    }
    return backend
  }

  /// Makes a volume.
  /// - Parameter ifNotExists: succeed without a change where a volume of that name satisfies the request.
  /// - Throws: `exists` where it is there already; with `ifNotExists` naming the differing fields.
  package func createVolume(
    _ request: VolumeDefinition, in poolText: String, ifNotExists: Bool, _ options: CreationOptions
  ) throws(StorageError) -> Change {
    let found = try activePool(poolText)
    let base = try baseVolume(of: request, in: found)
    var wanted = [Locks.Wanted(pool: found.name, volume: request.name, mode: .exclusive)]
    if let base { wanted.append(.init(pool: base.0.name, volume: base.1.name, mode: .shared)) }
    return try locked(locks.volumes(wanted)) { () throws(StorageError) in
      let pool = try activePool(found.name.text)
      let backend = try volumeBackend(pool.backend, for: "volume creation")
      if !isDryRun, let backend = backend as? any ContentBackend {
        try backend.sweep(request.name, Steps())
      }
      return try change { steps throws(StorageError) in
        // What a format cannot have is said before the image below is looked for, as libvirt does.
        if request.backingStore != nil { _ = try backend.plan(request, options) }
        let request = try withBase(request, in: pool, steps)
        let volume = try checked(request, options, in: pool, backend)
        if let present = try pool.volume(request.name) {
          return try checkExisting(present, satisfies: volume, ifNotExists: ifNotExists)
        }
        try backend.create(volume, options, steps)
      }
    }
  }

  func checked(
    _ request: VolumeDefinition, _ options: CreationOptions, in pool: ActivePool,
    _ backend: any VolumeBackend
  ) throws(StorageError) -> VolumeDefinition {
    var request = request
    let properties = request.lifecycle.resolved(with: pool.definition.lifecycle)
    let source = try properties.source.flatMap { name throws(StorageError) in
      try pool.volume(name)
    }
    if properties.snapOnStart, let format = source?.definition.target.format {
      guard request.target.format == nil || request.target.format == format else {
        throw StorageError(
          .badInput, "volume '\(request.name)'",
          "has the format of its source, which is \(format.rawValue)")
      }
      request.target.format = format
    }
    var volume = try backend.plan(request, options)
    try LifecycleRules.check(volume.lifecycle, of: volume.name, in: pool) {
      name throws(StorageError) in try pool.volume(name)
    }
    if properties.kind == .snapshot || volume.target.format == .dir { return volume }
    if volume.capacity == nil { volume.capacity = source?.capacity }
    guard volume.capacity != nil || volume.backingStore != nil else {
      throw StorageError(.badInput, "volume '\(volume.name)'", "missing capacity element")
    }
    guard volume.capacity != 0 || !pool.definition.lifecycle.driver.usesQubesLayout else {
      throw StorageError(.badInput, "volume '\(volume.name)'", "capacity must be above 0")
    }
    return volume
  }

  // MARK: The image below a new overlay

  /// The volume that a new overlay's backing store is; nil where it is none of an active pool.
  private func baseVolume(of request: VolumeDefinition, in pool: ActivePool) throws(StorageError)
    -> (ActivePool, Volume)?
  {
    guard let path = basePath(of: request, in: pool) else { return nil }
    return try volume(atPath: path.text)
  }

  /// The path of a new overlay's backing store; nil where it has none that is a file.
  private func basePath(of request: VolumeDefinition, in pool: ActivePool) -> Path? {
    guard let backing = request.backingStore,
      !BackingReference(path: backing.path).isSpecial
    else { return nil }
    return Path(
      BackingReference(path: backing.path).resolved(beside: pool.backend.path(of: request.name)))
  }

  /// Checks the image below a new overlay, and completes its format: the one on record, else raw as in libvirt.
  private func withBase(_ request: VolumeDefinition, in pool: ActivePool, _ steps: Steps)
    throws(StorageError) -> VolumeDefinition
  {
    guard let backing = request.backingStore else { return request }
    let subject = "volume '\(request.name)'"
    guard let path = basePath(of: request, in: pool) else {
      throw StorageError(
        .unsupported, subject, "backing store '\(backing.path)' is no local file or device")
    }
    var request = request
    do throws(StorageError) {
      let status = try FileStatus(following: path)
      guard status.kind == .regular || status.kind == .blockDevice else {
        throw StorageError(.badInput, "", "is neither a file nor a block device")
      }
      _ = try Descriptor(reading: path)
    } catch {
      throw StorageError(
        error.code == .notFound ? .notFound : error.code, subject,
        "inaccessible backing store volume \(backing.path)", reason: error.reason ?? error.problem)
    }
    guard let (basePool, base) = try volume(atPath: path.text) else {
      request.backingStore?.format = backing.format ?? .raw
      return request
    }
    guard !(basePool.name == pool.name && base.name == request.name) else {
      throw StorageError(.badInput, subject, "cannot be its own backing store")
    }
    let known = base.definition.target.format ?? .raw
    // Documents that name no format mean raw, as do those that name it; what is on record is the truth.
    if backing.format?.isRaw != false {
      request.backingStore?.format = base.hasRecordedFormat ? known : .raw
      if !base.hasRecordedFormat, !known.isRaw {
        steps.warnOnce(
          "backing-format",
          "\(base.subject) looks like \(known.rawValue), but no other format than raw is given for the"
            + " backing store: it is taken as raw")
      }
    } else if let format = backing.format, base.hasRecordedFormat, format != known {
      throw StorageError(
        .badInput, subject,
        "backing store '\(backing.path)' is of format \(known.rawValue), not \(format.rawValue)")
    }
    if base.properties.isWritable, base.properties.kind.savesState, base.state != .clean {
      throw StorageError(
        .busy, subject, "its backing store is started: the next stop would change what it shows")
    }
    if let backend = basePool.backend as? any ContentBackend {
      try checkUnused(base, backend, committed: .writers, claiming: .reading, steps)
    }
    return request
  }

  /// - Throws: `exists`, unless the volume satisfies the request and that is enough.
  private func checkExisting(
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
      ("backing store", request.backingStore?.path == present.definition.backingStore?.path),
      ("lifecycle", request.lifecycle.isEmpty || request.lifecycle == present.definition.lifecycle),
    ]
    let differing = fields.filter { !$0.1 }.map(\.0)
    guard differing.isEmpty else {
      throw StorageError(
        .exists, "volume '\(request.name)'",
        "exists otherwise: differs in \(differing.joined(separator: ", "))")
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
      if let dependent = try pool.dependents(of: volume.name).first {
        throw StorageError(.busy, volume.subject, "is the source of volume '\(dependent)'")
      }
      try checkIsNoBase(volume, in: pool)
      try checkUnused(volume, backend, committed: .anyone, steps)
      try volumeBackend(pool.backend, for: "vol deletion").delete(volume, steps)
      try pool.started.remove(volume.name, steps)
    }
  }

  /// How a new size is meant.
  package enum Resize: Sendable {
    case to(ByteCount)
    case by(ByteCount)
    /// Less by that much.
    case less(ByteCount)
  }

  /// Changes a volume's size: of the working copy while it is started, else of what is committed.
  /// - Returns: also the new size. The same size is a success without a change.
  package func resizeVolume(
    _ text: String, in poolText: String?, _ resize: Resize, allocate: Bool, shrink: Bool
  ) throws(StorageError) -> (Change, ActivePool, VolumeName, ByteCount) {
    var result: ByteCount = 0
    let (change, pool, name) = try changeVolume(text, in: poolText) {
      pool, backend, volume, steps throws(StorageError) in
      let transition = try volume.transition(.resize)
      let resizing = try volumeBackend(pool.backend, for: "changing of volume capacity")
      let target = try newSize(resize, of: volume)
      result = target
      if target < volume.capacity {
        guard shrink else {
          let allocation = volume.definition.allocation ?? 0
          throw StorageError(
            .badInput, volume.subject,
            target < allocation
              ? "can't shrink capacity below existing allocation"
              : "Can't shrink capacity below current capacity unless shrink flag explicitly specified"
          )
        }
        try checkIsNoBase(volume, in: pool)
      }
      // A raw file can grow under a running machine; an image's tables cannot change under one, and are changed by
      // a program that makes its own claim.
      let encryption = volume.definition.target.encryption?.format
      let isRaw =
        volume.definition.target.format?.isRaw != false
        && (encryption == nil || encryption == .luks2)
      if target < volume.capacity || !isRaw {
        try checkUnused(
          volume, backend, committed: .anyone, claiming: isRaw ? .changing : nil, steps)
      }
      if target == volume.capacity, !allocate { return }
      if allocate, target > volume.capacity,
        try pool.backend.sizes().available < target - volume.capacity
      {
        throw StorageError(.noSpace, volume.subject, "Not enough space left in storage pool")
      }
      try resizing.resize(
        volume, to: target, allocate: allocate,
        working: transition.actions.contains(.resizeWorkingCopy), steps)
    }
    return (change, pool, name, result)
  }

  private func newSize(_ resize: Resize, of volume: Volume) throws(StorageError) -> ByteCount {
    switch resize {
    case .to(let size): return size
    case .by(let more):
      guard let size = volume.capacity.adding(more) else {
        throw StorageError(
          .badInput, volume.subject, "numerical overflow: value too large: \(more.bytes)")
      }
      return size
    case .less(let less):
      guard less <= volume.capacity else {
        throw StorageError(
          .badInput, volume.subject,
          "cannot shrink by \(less.bytes) bytes: it has \(volume.capacity.bytes)")
      }
      return volume.capacity - less
    }
  }
}

extension ActivePool {
  /// The volumes that start from `source`, by name.
  func dependents(of source: VolumeName) throws(StorageError) -> [VolumeName] {
    guard let backend = backend as? any LifecycleBackend else { return [] }
    return try backend.dependents(of: source).sorted()
  }
}
