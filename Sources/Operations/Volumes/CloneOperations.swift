import StorageBackend
import StorageModel
import StorageOS

/// Making volumes from others.
extension Storage {
  /// Makes a volume with the committed content of another, which may be in another pool.
  ///
  /// What the request leaves out is as in the source: capacity, and how much of it has blocks. An overlay's clone
  /// stands alone. The source is locked for reading meanwhile, and refused while somebody writes to it.
  /// - Parameter ifNotExists: succeed without a change, and without reading anything, where a volume of that name
  ///   satisfies the request.
  /// - Throws: `exists` where a volume of that name is there already.
  package func createVolume(
    _ request: VolumeDefinition, in poolText: String, from sourceText: String,
    in sourcePoolText: String?, ifNotExists: Bool = false, _ options: CreationOptions
  ) throws(StorageError) -> Change {
    let found = try activePool(poolText)
    let (sourcePool, first) = try volume(sourceText, in: sourcePoolText)
    guard !(sourcePool.name == found.name && first.name == request.name) else {
      throw alreadyInUse(request.name)
    }
    let base = try baseVolume(of: request, in: found)
    var wanted = [Locks.Wanted].making(request, in: found.name)
    wanted.append(.init(pool: sourcePool.name, volume: first.name, mode: .shared))
    if let base { wanted.append(.init(pool: base.0.name, volume: base.1.name, mode: .shared)) }
    return try withLocks(wanted) { held throws(StorageError) in
      let pool = try held.pool(found.name)
      let sourcePool = try held.pool(sourcePool.name)
      let backend = try pool.backend.required(.cloneVolumes)
      if !isDryRun, let backend = backend.able(to: .transferVolumes) {
        try backend.sweep(request.name, Steps())
      }
      return try change { steps throws(StorageError) in
        if ifNotExists, let present = try pool.volume(request.name) {
          // A copy stands alone, whatever is below the source.
          var asked = try self.asked(request, in: backend)
          asked.backingStore = nil
          return try checkExisting(present, satisfies: asked, ifNotExists: true)
        }
        let source = try content(of: first.name, in: sourcePool, options, steps)
        guard try pool.volume(request.name) == nil else { throw alreadyInUse(request.name) }
        var request = try withBaseOfCopy(
          request, of: source.volume, options, in: pool, backend, steps)
        request.capacity = max(request.capacity ?? 0, source.volume.capacity)
        request.allocation = request.allocation ?? source.volume.definition.allocation
        let (plan, keepsBytes) = try plan(request, from: source, options, in: pool, backend)
        let way = try way(
          of: source, into: plan, keepsBytes: keepsBytes, options, in: pool, backend)
        try creating(plan, in: pool, steps) { () throws(StorageError) in
          switch way {
          case .sharing(let backend): try backend.create(plan, sharing: source, steps)
          case .writing(let content): try backend.create(plan, with: content, steps)
          }
        }
      }
    }
  }

  /// The document of a copy: the volume's own with another name, and what is the copy's alone left out.
  /// - Parameter revision: the revision that is copied; nil for the committed state.
  package func cloneRequest(
    of volume: Volume, in pool: ActivePool, revision: String?, named name: VolumeName
  ) throws(StorageError) -> VolumeDefinition {
    let revision = try revision.map { identifier throws(StorageError) in
      try self.revision(identifier, of: volume, in: pool)
    }
    var request = try committed(volume, in: pool, revision: revision).definition
    request.name = name
    request.key = nil
    request.target.path = nil
    request.target.timestamps = nil
    request.target.permissions = request.target.permissions.givable
    request.physical = nil
    request.target.compat = request.target.foundCompat
    return request
  }

  private func alreadyInUse(_ name: VolumeName) -> StorageError {
    StorageError(
      .exists, "volume '\(name)'", "storage volume name '\(name)' already in use.")
  }

  /// The committed state of a volume, or a revision, open for reading.
  func content(
    of name: VolumeName, in pool: ActivePool, _ options: CreationOptions, _ steps: Steps
  ) throws(StorageError) -> VolumeContent {
    guard let found = try pool.volume(name) else {
      throw StorageError(
        .notFound, "failed to get vol '\(name)'",
        "Storage volume not found: no storage vol with matching name '\(name)'")
    }
    let revision = try options.revision.map { identifier throws(StorageError) in
      try self.revision(identifier, of: found, in: pool)
    }
    let volume = try committed(found, in: pool, revision: revision)
    if volume.definition.kind == .dir {
      throw StorageError(.unsupported, volume.subject, "is a directory, not an image")
    }
    _ = try volume.transition(.export)
    if let problem = volume.problem { throw StorageError(.badInput, volume.subject, problem) }
    let backend = try pool.readingBackend()
    let descriptor = try backend.openCommitted(volume, revision: revision)
    if volume.properties.kind == .inPlace {
      try checkUnused(volume, backend, committed: .writers, claiming: .reading, steps)
    }
    let chain = try checkChain(of: volume, in: pool, flattening: options.flattens, steps)
    if volume.definition.kind == .file {
      try requireFormat(volume.definition.target.format ?? .raw, of: descriptor, volume.subject)
    }
    // Whoever reads the content is given these and follows no name in an image, which could lead elsewhere by then.
    let below = try chain.map { image, format throws(StorageError) in
      let file = try open(image, below: volume)
      try requireFormat(format, of: file, volume.subject)
      return (file: file, format: format)
    }
    return VolumeContent(volume, descriptor, below: below)
  }

  /// Opens an image below an overlay, one that is a volume beneath its own pool's folder.
  private func open(_ image: BackingImage, below volume: Volume) throws(StorageError) -> Descriptor
  {
    guard let pool = image.pool, let name = image.volume else {
      return try Descriptor(reading: Path(image.path))
    }
    let base = try activePool(pool.text)
    guard let found = try base.volume(name) else {
      throw StorageError(
        .notFound, volume.subject, "its backing store '\(image.path)' is not there any more")
    }
    return try base.readingBackend().openCommitted(found, revision: nil)
  }

  /// Sees to it that an open image is what it was when it was looked at by its name.
  private func requireFormat(_ format: VolumeFormat, of file: Descriptor, _ subject: String)
    throws(StorageError)
  {
    guard !format.isRaw else { return }
    let facts = try ImageProbe.probe(file, size: file.status().size, as: format)
    let problem =
      facts.format == format ? facts.obstacle : "is not of format \(format.rawValue)"
    guard let problem else { return }
    throw StorageError(.badInput, subject, "'\(file.path)' cannot be read: \(problem)")
  }

  /// A request without its backing store: whatever is below the source shows through, and a volume made from it stands
  /// alone.
  ///
  /// As in libvirt one that is named must be the source's own, or, where the source has none, one that is there.
  private func withBaseOfCopy(
    _ request: VolumeDefinition, of source: Volume, _ options: CreationOptions,
    in pool: ActivePool, _ backend: any VolumeBackend, _ steps: Steps
  ) throws(StorageError) -> VolumeDefinition {
    guard let named = request.backingStore else { return request }
    if let below = source.definition.backingStore {
      guard named.path == below.path else {
        throw StorageError(
          .badInput, "volume '\(request.name)'", "a different backing store cannot be specified.")
      }
    } else {
      _ = try withBase(request, options, in: pool, backend, Steps())
      steps.warn(
        "volume '\(request.name)' has the content of '\(source.name)' and stands alone: nothing is read"
          + " from the backing store '\(named.path)'")
    }
    var request = request
    request.backingStore = nil
    return request
  }
}
