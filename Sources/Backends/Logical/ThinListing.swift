import BlockVolumes
import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS
import VolumeGroups

extension ThinBackend {
  /// The logical volumes of one volume, as they are now; none where nothing of it is there.
  func family(_ name: VolumeName) throws(StorageError) -> ThinFamily {
    try report.group(showing: name).family(name, inThinPool: thin) ?? ThinFamily(name)
  }

  package func volumes() throws(StorageError) -> VolumeListing {
    let group = try report.group()
    _ = try thinPool(in: group)
    let families = group.families(inThinPool: thin)
    return VolumeListing(
      volumes: families.values.compactMap { family in
        describe(family) { families[$0] }
      })
  }

  package func volumeNames() throws(StorageError) -> [VolumeName] {
    try report.group().families(inThinPool: thin).values.filter { family in
      family.committed != nil || family.snap != nil || family.record != nil
        || family.recordProblem != nil
    }.map(\.name)
  }

  package func volume(_ name: VolumeName) throws(StorageError) -> Volume? {
    let group = try report.group(showing: name)
    guard let family = group.family(name, inThinPool: thin) else { return nil }
    return describe(family) { group.family($0, inThinPool: thin) }
  }

  /// - Parameter lookUp: finds another volume, for the size of a snapshot's source.
  func describe(_ family: ThinFamily, lookUp: (VolumeName) -> ThinFamily?) -> Volume? {
    let settings = family.record?.lifecycle ?? LifecycleSettings()
    var properties = settings.resolved(with: pool.lifecycle)
    let kind = properties.kind
    var trouble = Trouble()
    trouble.note(family.recordProblem)
    let working = family.working(kind)
    let committed = kind == .volatile || kind == .snapshot ? nil : family.committed
    let source = properties.source.flatMap(lookUp)?.committed
    if kind.savesState, committed == nil {
      guard working != nil || trouble.problem != nil else { return nil }
      trouble.note("committed state '\(node(family.name.text))' is missing")
    }
    // As in pools of files: what was begun before revisions were disabled must be ended first.
    if working != nil, kind == .inPlace { properties.revisionsToKeep = .count(0) }
    var definition = VolumeDefinition(name: family.name, lifecycle: settings)
    definition.kind = .block
    definition.target.path = node(family.name.text)
    let shown = working ?? committed
    definition.key = (committed ?? working)?.uuid ?? node(family.name.text).text
    definition.capacity = shown?.size ?? source?.size ?? family.record?.size ?? 0
    definition.allocation = shown?.used ?? 0
    var sector: ByteCount?
    if let shown, shown.isActive {
      definition.physical = shown.size
      do throws(StorageError) { sector = try fill(&definition, from: node(shown.name)) } catch {
        trouble.note(error)
      }
    }
    var volume = Volume(
      definition: definition, properties: properties, hasCommitted: committed != nil,
      hasWorkingCopy: working != nil, problem: trouble.problem)
    volume.failure = trouble.failure
    volume.hasUnreadableRecord = family.recordProblem != nil
    volume.hasRecordedFormat = true
    volume.sectorSize = sector
    volume.isOwnDevice = properties.kind == .inPlace
    volume.hasRecord = family.record != nil || family.recordProblem != nil
    if family.recordProblem == nil { volume.contradiction = contradiction(of: volume, family) }
    volume.take(family.record?.unfinished, in: pool.name)
    // LVM follows renames: a source that was committed since has another origin's name.
    if let working, properties.snapOnStart { volume.isOutdated = working.origin != source?.name }
    return volume
  }

  /// Where the logical volumes contradict the record.
  private func contradiction(of volume: Volume, _ family: ThinFamily) -> Contradiction? {
    let kind = volume.properties.kind
    guard !family.isBeingNamed else { return nil }
    if let current = family.current, !kind.savesState {
      // A volatile volume's device has that name. One that Qubes' driver left cannot be told from content.
      let isOwn =
        kind == .volatile && (current.tags.contains(StateTag.made) || current.dataFill == 0)
      if isOwn { return nil }
      return .unexpectedContent(
        of: family.name, in: pool.name, snaps: volume.properties.snapOnStart,
        at: node(current.name))
    }
    guard kind == .origin || kind == .originSnapshot, let snap = family.snap else { return nil }
    guard let committed = family.committed else {
      return .loneWorkingCopy(of: family.name, in: pool.name, at: node(snap.name))
    }
    // LVM follows renames of the state that a working copy is a snapshot of; one that was committed while its session
    // went on is a snapshot of the working copy.
    guard kind == .origin, snap.origin != committed.name, committed.origin != snap.name else {
      return nil
    }
    return .changedState(
      of: family.name, in: pool.name, committed: node(committed.name), working: node(snap.name))
  }

  package func devicePath(of volume: Volume) -> Path {
    switch volume.properties.kind {
    case .volatile, .inPlace: return node(volume.name.text)
    case .origin, .snapshot, .originSnapshot: return node("\(volume.name)-snap")
    }
  }

  /// Those of the device, and of the committed state where that is another one.
  package func holders(of volume: Volume, committed: FileUsers) throws(StorageError) -> [String] {
    var found: [String] = []
    let device = devicePath(of: volume)
    let group = try report.group(showing: volume.name)
    for path in Set([device, path(of: volume.name)]).sorted() {
      guard let open = group.volumes[path.lastComponent], open.isOpen else { continue }
      found += try holders(of: open, countingReaders: path == device || committed == .anyone)
    }
    return found
  }
}
