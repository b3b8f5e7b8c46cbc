import StorageBackend
import StorageModel
import StorageOS

/// Making volumes of what comes from outside.
extension Storage {
  /// Makes a volume with the content that `source` gives from its position on.
  ///
  /// It is there with all of its content or not at all. Without a capacity in the request it is as large as the disk in
  /// the content, else at least that. An image of a format other than raw is taken as it is, where the request names
  /// that format.
  /// - Parameter ifNotExists: succeed without a change, and without reading anything, where a volume of that name
  ///   satisfies the request.
  /// - Throws: `exists` where it is there already; `badInput` for content that is not what is asked for.
  package func importNewVolume(
    _ request: VolumeDefinition, in poolText: String, from source: Descriptor,
    ifNotExists: Bool, _ options: ImportOptions
  ) throws(StorageError) -> (Change, ActivePool, ImportResult) {
    let found = try activePool(poolText)
    return try withLocks(.making(request, in: found.name)) { held throws(StorageError) in
      let pool = try held.pool(found.name)
      _ = try pool.backend.required(.createVolumes)
      let backend = try pool.backend.required(.createWithContent)
      if !isDryRun, let backend = backend.able(to: .transferVolumes) {
        try backend.sweep(request.name, Steps())
      }
      var result = ImportResult()
      let change = try change { steps throws(StorageError) in
        if let present = try pool.volume(request.name) {
          let satisfies = try ifNotExists ? self.asked(request, in: backend) : request
          return try checkExisting(present, satisfies: satisfies, ifNotExists: ifNotExists)
        }
        let input = try ImportInput(source, options, present: nil, isDryRun: isDryRun)
        result.wasCompressed = input.isCompressed
        let (plan, size) = try self.plan(request, for: input, source, options, in: pool, backend)
        let content = NewContent(
          .writing(named: source.path.text) { target, progress throws(StorageError) in
            var transfer = input.transfer(to: target)
            transfer.progress = progress
            let (done, sum) = try transfer.run(options.check, of: source.path.text)
            result.sum = sum
            try input.checkIsNotAmbiguous()
            return try capacity(
              of: target, done.size, request, source.path, backend.traits, steps)
          }, size: size, capacity: size)
        try creating(plan, in: pool, steps) { () throws(StorageError) in
          try backend.create(plan, with: content, steps)
        }
      }
      return (change, pool, result)
    }
  }

  /// What is asked of a volume that is there, with a size that it can have.
  func asked(_ request: VolumeDefinition, in backend: any VolumeBackend)
    throws(StorageError) -> VolumeDefinition
  {
    var request = request
    if let capacity = request.capacity {
      request.capacity = try backend.sizeRule(of: backend.complete(request)).roundedUp(capacity)
    }
    return request
  }

  /// - Returns: also how many bytes come; 0 where only their end will tell, which it can for files.
  private func plan(
    _ request: VolumeDefinition, for input: ImportInput, _ source: Descriptor,
    _ options: ImportOptions, in pool: ActivePool, _ backend: any CloningBackend
  ) throws(StorageError) -> (CreationPlan, ByteCount) {
    var request = request
    let subject = "volume '\(request.name)'"
    var size = input.expected
    if size == nil, !input.isCompressed, let content = try source.contentSize() {
      size = content - source.position
    }
    // A rehearsal reads nothing of a stream, which may be compressed.
    if size == nil, backend.traits.areDevices || !input.isCompressed && !input.isUntold {
      throw StorageError(
        .usage, subject, "nothing tells how much comes from '\(source.path)'",
        hint: "Say it with --size.")
    }
    if request.target.format?.isRaw != false, let size {
      try checkRoom(request.capacity, for: size, source.path)
      request.capacity = request.capacity ?? size
    }
    if !backend.traits.areDevices { request.allocation = request.allocation ?? 0 }
    var creation = CreationOptions()
    creation.sectorSize = options.sectorSize
    if creation.sectorSize == nil { creation.sectorSize = try SectorSize.ofContent(source) }
    let (plan, _) = try plan(request, hasContent: true, creation, in: pool, backend)
    if backend.traits.areDevices {
      try SectorSize.check(creation.sectorSize, fits: backend.sectorSize(), subject)
    }
    return (plan, size ?? 0)
  }

  /// How large the disk in new content is.
  /// - Throws: `badInput` where the content is not of the format that was asked for, needs other files, or has no room.
  private func capacity(
    of target: Descriptor, _ size: ByteCount, _ request: VolumeDefinition, _ source: Path,
    _ traits: VolumeTraits, _ steps: Steps
  ) throws(StorageError) -> ByteCount {
    func refused(_ problem: String, _ hint: String? = nil) -> StorageError {
      StorageError(.badInput, source.text, problem, hint: hint)
    }
    let facts = try ImageProbe.probe(target, size: size, as: request.target.format)
    let looks = facts.format.rawValue
    guard let format = request.target.format, !format.isRaw else {
      // Recorded as raw for good, a guest would get the image itself as its disk.
      guard request.target.format != nil || facts.format.isRaw else {
        let canBeOne =
          traits.formats.contains(facts.format) && facts.obstacle == nil && facts.backing == nil
        throw refused(
          "looks like \(looks)",
          canBeOne
            ? "Say what the volume is to be: --format \(looks), or --format raw for a disk of these bytes."
            : "For a disk of these bytes say --format raw.")
      }
      if request.target.format == nil, let encryption = facts.encryption {
        steps.warn(
          ContentAcceptance.warning(
            source, isEncryptedBy: encryption, for: "volume '\(request.name)'"))
      }
      try checkRoom(request.capacity, for: size, source)
      return size
    }
    guard facts.format == format else {
      throw refused("is not of format \(format.rawValue), but looks like \(looks)")
    }
    if let problem = facts.problem { throw refused(problem) }
    if let backing = facts.backing { throw refused("needs another file, '\(backing.path)'") }
    if facts.features.contains(.externalDataFile) {
      throw refused("keeps its data in another file")
    }
    let capacity = facts.capacity ?? size
    try checkRoom(request.capacity, for: capacity, source)
    return capacity
  }

  private func checkRoom(_ asked: ByteCount?, for capacity: ByteCount, _ source: Path)
    throws(StorageError)
  {
    guard let asked, asked < capacity else { return }
    throw StorageError(
      .badInput, source.text,
      "holds a disk of \(capacity.bytes) bytes, more than the \(asked.bytes) asked for")
  }
}
