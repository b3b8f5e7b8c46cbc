import BlockVolumes
import StorageConf
import StorageCore
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
  private func describe(_ family: ThinFamily, lookUp: (VolumeName) -> ThinFamily?) -> Volume? {
    let settings = family.record?.lifecycle ?? LifecycleSettings()
    var properties = settings.resolved(with: pool.lifecycle)
    let kind = properties.kind
    var problem = family.recordProblem ?? family.record?.unfinished?.problem
    let working = family.working(kind)
    let committed = kind == .volatile || kind == .snapshot ? nil : family.committed
    let source = properties.source.flatMap(lookUp)?.committed
    if kind.savesState, committed == nil {
      guard working != nil || problem != nil else { return nil }
      problem = problem ?? "committed state '\(node(family.name.text))' is missing"
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
        problem = problem ?? error.text
      }
    }
    var volume = Volume(
      definition: definition, properties: properties, hasCommitted: committed != nil,
      hasWorkingCopy: working != nil, problem: problem)
    volume.hasUnreadableRecord = family.recordProblem != nil
    volume.hasRecordedFormat = true
    volume.sectorSize = sector
    volume.isOwnDevice = properties.kind == .inPlace
    // LVM follows renames: a source that was committed since has another origin's name.
    if let working, properties.snapOnStart { volume.isOutdated = working.origin != source?.name }
    return volume
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
