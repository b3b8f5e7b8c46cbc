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
  private func volumeBackend(_ backend: any PoolBackend, for operation: String)
    throws(StorageError) -> any VolumeBackend
  {
    guard let backend = backend as? any VolumeBackend else {
      throw StorageError(.unsupported, "", "storage pool does not support \(operation)")
    }
    return backend
  }

  /// Makes a volume.
  /// - Parameters:
  ///   - ifNotExists: succeed without a change where a volume of that name satisfies the request.
  ///   - preallocateMetadata: as `--prealloc-metadata` of virsh.
  /// - Throws: `exists` where it is there already; with `ifNotExists` naming the differing fields.
  package func createVolume(
    _ request: VolumeDefinition, in poolText: String, ifNotExists: Bool, preallocateMetadata: Bool
  ) throws(StorageError) -> Change {
    let found = try activePool(poolText)
    return try locked(locks.pool(found.name, .shared)) { () throws(StorageError) in
      let pool = try activePool(found.name.text)
      return try locked(locks.volume(request.name, of: pool.name, .exclusive)) {
        () throws(StorageError) in
        let backend = try volumeBackend(pool.backend, for: "volume creation")
        if !isDryRun, let backend = backend as? any ContentBackend {
          try backend.sweep(request.name, Steps())
        }
        let volume = try checked(request, in: pool, backend)
        if let present = try pool.volume(request.name) {
          return try existing(present, satisfies: volume, ifNotExists: ifNotExists)
        }
        if preallocateMetadata {
          throw StorageError(
            .badInput, "volume '\(request.name)'",
            "metadata preallocation is not supported for raw volumes")
        }
        return try change { steps throws(StorageError) in try backend.create(volume, steps) }
      }
    }
  }

  private func checked(
    _ request: VolumeDefinition, in pool: ActivePool, _ backend: any VolumeBackend
  ) throws(StorageError) -> VolumeDefinition {
    var volume = try backend.plan(request)
    try LifecycleRules.check(volume.lifecycle, of: volume.name, in: pool) {
      name throws(StorageError) in try pool.volume(name)
    }
    let properties = volume.lifecycle.resolved(with: pool.definition.lifecycle)
    if properties.kind == .snapshot { return volume }
    if volume.capacity == nil, let source = properties.source {
      volume.capacity = try pool.volume(source)?.capacity
    }
    guard let capacity = volume.capacity else {
      throw StorageError(.badInput, "volume '\(volume.name)'", "missing capacity element")
    }
    guard capacity > 0 || !pool.definition.lifecycle.driver.usesQubesLayout else {
      throw StorageError(.badInput, "volume '\(volume.name)'", "capacity must be above 0")
    }
    return volume
  }

  private func existing(
    _ present: Volume, satisfies request: VolumeDefinition, ifNotExists: Bool
  ) throws(StorageError) -> Change {
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
    return Change(isChanged: false, told: [])
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
      try checkUnused(volume, backend, committed: .anyone)
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
      let format = volume.definition.target.format ?? .raw
      guard format == .raw || VolumeFormat.partitions.contains(format) else {
        throw StorageError(
          .unsupported, volume.subject,
          "volumes of format '\(format.rawValue)' cannot be resized here"
        )
      }
      let target = try newSize(resize, of: volume)
      result = target
      if target < volume.capacity {
        guard shrink else {
          throw StorageError(
            .badInput, volume.subject,
            "Can't shrink capacity below current capacity unless shrink flag explicitly specified")
        }
        try checkUnused(volume, backend, committed: .anyone)
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
