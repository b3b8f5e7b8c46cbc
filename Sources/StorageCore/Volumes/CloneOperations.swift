import StorageModel
import StorageOS

/// Making volumes from others.
extension Storage {
  /// Makes a volume with the committed content of another, which may be in another pool.
  ///
  /// What the request leaves out is as in the source: capacity, and how much of it has blocks. An overlay's clone
  /// stands alone. The source is locked for reading meanwhile, and refused while somebody writes to it.
  /// - Throws: `exists` where a volume of that name is there already.
  package func createVolume(
    _ request: VolumeDefinition, in poolText: String, from sourceText: String,
    in sourcePoolText: String?, _ options: CreationOptions
  ) throws(StorageError) -> Change {
    let found = try activePool(poolText)
    let (sourcePool, first) = try volume(sourceText, in: sourcePoolText)
    guard !(sourcePool.name == found.name && first.name == request.name) else {
      throw alreadyInUse(request.name)
    }
    let wanted = [
      Locks.Wanted(pool: found.name, volume: request.name, mode: .exclusive),
      Locks.Wanted(pool: sourcePool.name, volume: first.name, mode: .shared),
    ]
    return try locked(locks.volumes(wanted)) { () throws(StorageError) in
      let pool = try activePool(found.name.text)
      guard let backend = pool.backend as? any CloningBackend else {
        throw StorageError(
          .unsupported, "",
          "storage pool does not support volume creation from an existing volume")
      }
      if !isDryRun, let backend = backend as? any ContentBackend {
        try backend.sweep(request.name, Steps())
      }
      return try change { steps throws(StorageError) in
        let source = try content(of: first.name, in: sourcePool, steps)
        guard try pool.volume(request.name) == nil else { throw alreadyInUse(request.name) }
        let volume = try completed(request, from: source.volume, options, in: pool, backend)
        try backend.create(volume, from: source, options, steps)
      }
    }
  }

  private func alreadyInUse(_ name: VolumeName) -> StorageError {
    StorageError(
      .exists, "volume '\(name)'", "storage volume name '\(name)' already in use.")
  }

  /// The committed state of a volume, open for reading.
  private func content(of name: VolumeName, in pool: ActivePool, _ steps: Steps)
    throws(StorageError) -> VolumeContent
  {
    guard let volume = try activePool(pool.name.text).volume(name) else {
      throw StorageError(
        .notFound, "failed to get vol '\(name)'",
        "Storage volume not found: no storage vol with matching name '\(name)'")
    }
    if volume.definition.kind == .dir {
      throw StorageError(.unsupported, volume.subject, "is a directory, not an image")
    }
    if let problem = volume.problem { throw StorageError(.badInput, volume.subject, problem) }
    let backend = try pool.contentBackend()
    _ = try volume.transition(.export)
    let descriptor = try backend.openCommitted(volume, revision: nil)
    if volume.properties.kind == .inPlace {
      try checkUnused(volume, backend, committed: .writers, claiming: .reading, steps)
    }
    try checkChain(of: volume)
    return VolumeContent(volume, descriptor)
  }

  /// A request with what it leaves out, checked.
  private func completed(
    _ request: VolumeDefinition, from source: Volume, _ options: CreationOptions,
    in pool: ActivePool, _ backend: any CloningBackend
  ) throws(StorageError) -> VolumeDefinition {
    var request = request
    let definition = source.definition
    // Whatever is below the source shows through; a new volume from it stands alone.
    if let backing = request.backingStore, backing.path != definition.backingStore?.path {
      throw StorageError(
        .badInput, "volume '\(request.name)'", "a different backing store cannot be specified.")
    }
    request.backingStore = nil
    request.capacity = max(request.capacity ?? 0, source.capacity)
    if request.allocation == nil { request.allocation = definition.allocation }
    return try checked(request, options, in: pool, backend)
  }
}
