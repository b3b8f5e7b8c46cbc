import Secrets
import StorageBackend
import StorageModel
import StorageOS

/// Deciding how a volume is made, before anything is.
extension Storage {
  /// A request completed and checked, with a size that the volume can have.
  /// - Parameter content: the volume it is made from.
  func plan(
    _ request: VolumeDefinition, from content: VolumeContent? = nil, hasContent: Bool = false,
    _ options: CreationOptions, in pool: ActivePool, _ backend: any VolumeBackend
  ) throws(StorageError) -> (plan: CreationPlan, keepsBytes: Bool) {
    var request = request
    let properties = request.lifecycle.resolved(with: pool.definition.lifecycle)
    let source = try properties.source.flatMap { name throws(StorageError) in
      try pool.volume(name).map { volume throws(StorageError) in
        try committed(volume, in: pool)
      }
    }
    if properties.snapOnStart, let source, let format = source.definition.target.format {
      if let asked = request.target.format {
        try LifecycleRules.checkFormat(asked, of: request.name, from: source)
      }
      request.target.format = format
    }
    var volume = try backend.complete(request)
    try checkNothingRemains(of: request.name, in: pool)
    let rules = CreationRules(
      volume: volume, traits: backend.traits, options: options, properties: properties)
    if content != nil || hasContent { try rules.checkHoldsContent() }
    let opening = try content.map { content throws(StorageError) in
      try secrets(of: content.volume)
    }
    let keepsBytes = content.map { rules.keepsBytes(of: $0, openedWith: opening ?? []) }
    try rules.check(keepsBytes: keepsBytes ?? false)
    if let content, keepsBytes == false { try rules.checkConversion(of: content) }
    try LifecycleRules.check(
      volume.lifecycle, of: volume.name, format: volume.target.format, in: pool
    ) { name throws(StorageError) in try pool.volume(name)
    }
    if keepsBytes == true, volume.target.encryption != nil,
      volume.target.encryption?.secrets.isEmpty == true
    {
      volume.target.encryption?.secrets = opening ?? []
    }
    // What only the content itself will tell is looked at when it has come.
    let isOpen = hasContent && volume.capacity == nil && !backend.traits.areDevices
    if !isOpen { try rules.checkCapacity(from: source) }
    if !isOpen, properties.kind != .snapshot, volume.target.format != .dir {
      let capacity = volume.capacity ?? source?.capacity ?? 0
      // A file that is copied as it is has the size that it has.
      let isAsItIs =
        keepsBytes == true && !backend.traits.areDevices && capacity == content?.volume.capacity
      volume.capacity = isAsItIs ? capacity : try backend.sizeRule(of: volume).roundedUp(capacity)
    }
    // What comes byte by byte needs no passphrase.
    let passphrase = keepsBytes == true ? nil : try secrets.passphrase(of: volume)
    let sectors = options.sectorSize ?? content?.volume.sectorSize
    let plan = CreationPlan(
      volume, preallocatesMetadata: options.preallocatesMetadata,
      savesState: properties.kind.savesState, sectorSize: sectors, passphrase: passphrase)
    return (plan, keepsBytes ?? false)
  }

  /// Refuses a name under which something is left of a volume that is not there any more: it would become one with the new
  /// one, and go with it.
  /// - Throws: `exists`, naming what is left.
  func checkNothingRemains(of name: VolumeName, in pool: ActivePool) throws(StorageError) {
    guard let backend = pool.backend.able(to: .revisions),
      let file = try backend.remains(of: name), try pool.volume(name) == nil
    else { return }
    throw StorageError(
      .exists, file.text, "is left of another volume '\(name)'",
      hint: "It may be all that is left of that: see pool-check \(pool.name).")
  }

  /// The way that the content of a volume goes into a planned one.
  enum ContentWay {
    case sharing(any SharingBackend)
    case writing(NewContent)
  }

  /// - Throws: `unsupported` where blocks must be shared and cannot; `badInput` where content would come among
  ///   sectors of another size.
  func way(
    of source: VolumeContent, into plan: CreationPlan, keepsBytes: Bool,
    _ options: CreationOptions, in pool: ActivePool, _ backend: any CloningBackend
  ) throws(StorageError) -> ContentWay {
    func refused(_ problem: String) -> StorageError {
      StorageError(.unsupported, plan.subject, problem)
    }
    if options.requiresReflink, !keepsBytes {
      throw refused("--reflink needs the same format and options as '\(source.volume.name)' has")
    }
    var sharing = Sharing.impossible(
      "volumes of pools of type '\(pool.definition.type.rawValue)' cannot share blocks")
    if keepsBytes, let backend = backend.able(to: .shareBlocks) {
      sharing = try backend.sharing(of: source, with: plan.volume)
    }
    let isShared: Bool
    switch sharing {
    case .impossible(let reason):
      if options.requiresReflink { throw refused(reason) }
      isShared = false
    case .onRequest: isShared = options.requiresReflink
    case .always: isShared = true
    }
    if backend.traits.areDevices, !isShared || options.sectorSize != nil {
      try SectorSize.check(
        options.sectorSize ?? source.volume.sectorSize, fits: backend.sectorSize(), plan.subject)
    }
    if isShared, let backend = backend.able(to: .shareBlocks) { return .sharing(backend) }
    if keepsBytes {
      let size = try source.descriptor.contentSize() ?? source.volume.capacity
      return .writing(
        NewContent(.copy(source.descriptor), size: size, capacity: source.volume.capacity))
    }
    let conversion = ImageConversion(
      from: source, key: try secrets.passphrase(of: source.volume.definition),
      to: plan.volume, key: plan.passphrase)
    let size = source.volume.capacity
    return .writing(NewContent(.conversion(conversion), size: size, capacity: size))
  }

  /// With which secrets a volume is opened: those on record, else the one whose use is its path; none where there is
  /// neither.
  private func secrets(of volume: Volume) throws(StorageError) -> [SecretReference] {
    guard let encryption = volume.definition.target.encryption else { return [] }
    guard encryption.secrets.isEmpty, let path = volume.definition.target.path else {
      return encryption.secrets
    }
    return try secrets.hasValue(of: .usage(path.text), for: .volume) ? [.usage(path.text)] : []
  }

  /// A volume as its committed state is, or as a revision is, whatever a session that is open has made of its working
  /// copy.
  package func committed(_ volume: Volume, in pool: ActivePool, revision: Revision? = nil)
    throws(StorageError) -> Volume
  {
    guard revision != nil || volume.hasWorkingCopy && volume.hasCommitted,
      let backend = pool.backend.able(to: .revisions)
    else { return volume }
    return try backend.describe(volume, at: revision)
  }
}
