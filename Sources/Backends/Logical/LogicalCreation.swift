import BlockVolumes
import StorageBackend
import StorageConf
import StorageModel
import StorageOS
import VolumeGroups

/// Making volumes.
extension LogicalBackend {
  package var traits: VolumeTraits {
    var traits = VolumeTraits([.raw])
    traits.areDevices = true
    traits.backing = .snapshots
    traits.encryptions = blockEncryptions
    return traits
  }

  package func sizeRule(of volume: VolumeDefinition) throws(StorageError) -> SizeRule {
    .multiples(of: try report.knownGroup().extent, header: room(beside: volume))
  }

  package func complete(_ request: VolumeDefinition) throws(StorageError) -> VolumeDefinition {
    var volume = request
    try check(volume.name, room: 0)
    volume.kind = .block
    if volume.target.format?.isRaw == true { volume.target.format = nil }
    if let backing = volume.backingStore { try completeSnapshot(&volume, of: backing) }
    return volume
  }

  /// A snapshot has the size of its origin, and is encrypted as that is.
  private func completeSnapshot(_ volume: inout VolumeDefinition, of backing: BackingStore)
    throws(StorageError)
  {
    let subject = "volume '\(volume.name)'"
    guard let base = try baseVolume(backing) else {
      throw StorageError(
        .badInput, subject,
        "its backing store '\(backing.path)' is no volume of group '\(groupName)'")
    }
    let encryption = try RecordTag.record(in: base.tags)?.encryption
    guard volume.target.encryption == nil || volume.target.encryption?.format == encryption?.format
    else {
      throw StorageError(
        .unsupported, subject, "a snapshot has the encryption of its origin, and no other")
    }
    volume.target.encryption = encryption
    let size = base.size - min(base.size, headerSize(of: encryption))
    let wanted = volume.capacity ?? 0
    let extent = try report.knownGroup().extent
    guard wanted == 0 || wanted == size || wanted.roundedUp(to: extent) == base.size
    else {
      throw StorageError(
        .badInput, subject, "a snapshot has the size of its origin, which is \(size.bytes) bytes")
    }
    volume.capacity = size
  }

  /// The volume of this group that a backing store names.
  private func baseVolume(_ backing: BackingStore) throws(StorageError) -> LogicalVolume? {
    guard let name = volumeName(forPath: Path(backing.path)) else { return nil }
    return try report.group().volumes[name.text].flatMap { $0.isInternal ? nil : $0 }
  }

  /// The one thin pool of the group; nil where there is none or where there are several to choose from.
  func onlyThinPool() throws(StorageError) -> LogicalVolume? {
    let pools = try report.group().volumes.values.filter(\.isThinPool)
    return pools.count == 1 ? pools.first : nil
  }

  /// Makes a volume: of a backing store a snapshot; with an allocation below the capacity a thin volume, where the
  /// group has one thin pool; else an ordinary one that takes all its space.
  package func create(_ plan: CreationPlan, _ steps: Steps) throws(StorageError) {
    let volume = plan.volume
    let encrypts = volume.target.encryption != nil && volume.backingStore == nil
    var record = record(ofNew: volume)
    // Without its header an encrypted volume is of no use.
    if encrypts { record.unfinished = .create }
    try make(volume.name, creation(of: volume), record, steps)
    if encrypts { try formatEncrypted(plan, record, steps) }
    try setPermissions(of: volume, steps)
  }

  /// What is to be remembered of a new volume; whether it can be written is LVM's own to say.
  private func record(ofNew volume: VolumeDefinition) -> VolumeRecord {
    var record = VolumeRecord(lifecycle: volume.lifecycle)
    record.lifecycle.isWritable = nil
    record.encryption = volume.target.encryption
    return record
  }

  /// Makes a volume that has its record from its first moment on.
  private func make(
    _ name: VolumeName, _ creation: [String], _ record: VolumeRecord, _ steps: Steps
  ) throws(StorageError) {
    let tag = record == VolumeRecord() ? [] : ["--addtag", try RecordTag.tag(record, of: nil)]
    let words = tag + creation
    try steps.run(
      "run lvcreate \(words.joined(separator: " "))",
      undo: { () throws(StorageError) in try remove(name) }
    ) { () throws(StorageError) in
      try report.change("lvcreate", ["--yes"] + words, of: name)
    }
  }

  private func creation(of volume: VolumeDefinition) throws(StorageError) -> [String] {
    let name = ["--name", volume.name.text]
    let capacity = (volume.capacity ?? 0) + headerSize(of: volume.target.encryption)
    let size = "\(capacity.bytes)b"
    if let backing = volume.backingStore, let base = try baseVolume(backing) {
      if base.isThin { return snapshot(volume.name, of: base) }
      // What it can hold of the origin's changes; all of them where nothing was said.
      let room = min(capacity, max(volume.allocation ?? capacity, .mebibyte))
      return name + ["--snapshot", "--size", "\(room.bytes)b", full(base.name)]
    }
    if let allocation = volume.allocation, allocation < capacity, let thin = try onlyThinPool() {
      return name + ["--type", "thin", "--virtualsize", size, "--thinpool", full(thin.name)]
    }
    return name + ["--type", "linear", "--wipesignatures", "y", "--size", size, groupName]
  }

  /// A thin snapshot, which is active like any other volume.
  private func snapshot(_ name: VolumeName, of origin: LogicalVolume) -> [String] {
    ["--name", name.text, "--snapshot", "--setactivationskip", "n", "--activate", "y"]
      + [full(origin.name)]
  }

  private func setPermissions(of volume: VolumeDefinition, _ steps: Steps) throws(StorageError) {
    // LVM itself writes into a new volume.
    if volume.lifecycle.isWritable == false {
      try steps.run("run lvchange --permission r \(full(volume.name.text))") {
        () throws(StorageError) in
        try report.change(
          "lvchange", ["--permission", "r", full(volume.name.text)], of: volume.name)
      }
    }
    try setDevicePermissions(of: volume, steps)
  }

  package func create(_ plan: CreationPlan, with content: NewContent, _ steps: Steps)
    throws(StorageError)
  {
    var record = record(ofNew: plan.volume)
    record.unfinished = .create
    try make(plan.name, creation(of: plan.volume), record, steps)
    try write(content, to: plan.name, steps)
    try setPermissions(of: plan.volume, steps)
  }

  /// A thin volume's clone shares its blocks.
  package func sharing(of source: VolumeContent, with volume: VolumeDefinition)
    throws(StorageError) -> Sharing
  {
    let size = (volume.capacity ?? 0) + headerSize(of: volume.target.encryption)
    guard let origin = try thinOrigin(of: source), origin.size == size else {
      return .impossible("shares blocks only with a thin volume of the same group and size")
    }
    return .always
  }

  package func create(_ plan: CreationPlan, sharing source: VolumeContent, _ steps: Steps)
    throws(StorageError)
  {
    guard let origin = try thinOrigin(of: source) else {
      throw StorageError(.failure, source.volume.subject, "was changed by somebody else meanwhile")
    }
    try make(plan.name, snapshot(plan.name, of: origin), record(ofNew: plan.volume), steps)
    try setPermissions(of: plan.volume, steps)
  }

  private func thinOrigin(of source: VolumeContent) throws(StorageError) -> LogicalVolume? {
    guard let path = source.volume.definition.target.path, let name = volumeName(forPath: path),
      let found = try report.group().volumes[name.text], found.isThin,
      found.uuid == source.volume.definition.key
    else { return nil }
    return found
  }
}
