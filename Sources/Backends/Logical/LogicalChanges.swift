import BlockVolumes
import StorageConf
import StorageCore
import StorageModel
import StorageOS
import VolumeGroups

/// Making, resizing and removing volumes; their records, which are tags.
extension LogicalBackend {
  package func record(of name: VolumeName) throws(StorageError) -> VolumeRecord? {
    guard let volume = try report.group(showing: name).volumes[name.text] else { return nil }
    return try RecordTag.record(in: volume.tags)
  }

  package func setRecord(_ record: VolumeRecord?, of name: VolumeName) throws(StorageError) {
    let present = try report.group(showing: name).volumes[name.text]?.tags ?? []
    let old = present.filter { $0.hasPrefix("cistern:volume") }
    let new = try record.flatMap { record throws(StorageError) in
      record == VolumeRecord() ? nil : try RecordTag.tag(record, of: nil)
    }
    guard old != (new.map { [$0] } ?? []) else { return }
    let words = old.flatMap { ["--deltag", $0] } + (new.map { ["--addtag", $0] } ?? [])
    try report.change("lvchange", words + [full(name.text)], of: name)
  }

  package func setProperties(_ settings: LifecycleSettings, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  {
    let mode = settings.isWritable == false ? "r" : "rw"
    try steps.run("run lvchange --permission \(mode) \(full(volume.name.text))") {
      () throws(StorageError) in
      if (settings.isWritable != false) != volume.properties.isWritable {
        try report.change(
          "lvchange", ["--permission", mode, full(volume.name.text)], of: volume.name)
      }
      // LVM's own permission says whether it can be written.
      var record = try self.record(of: volume.name) ?? VolumeRecord()
      record.lifecycle = settings
      record.lifecycle.isWritable = nil
      try setRecord(record, of: volume.name)
    }
  }

  package func exposeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try requireWhole(volume)
    guard let found = try report.group(showing: volume.name).volumes[volume.name.text],
      !found.isActive
    else { return }
    try steps.run("activate volume '\(volume.name)'") { () throws(StorageError) in
      try activate(found, of: volume.name)
    }
  }

  package func openCommitted(_ volume: Volume, revision: Revision?) throws(StorageError)
    -> Descriptor
  {
    guard revision == nil else {
      throw StorageError(.unsupported, volume.subject, "changes in place and keeps no revisions")
    }
    try requireWhole(volume)
    if let found = try report.group(showing: volume.name).volumes[volume.name.text] {
      try activate(found, of: volume.name)
    }
    return try Descriptor(readingDevice: path(of: volume.name))
  }

  package func plan(_ request: VolumeDefinition, _ options: CreationOptions)
    throws(StorageError) -> VolumeDefinition
  {
    var volume = request
    try check(volume.name, room: 0)
    guard volume.target.format?.isRaw != false else {
      throw StorageError(
        .unsupported, "volume '\(volume.name)'",
        "logical volumes are raw, not \(volume.target.format?.rawValue ?? "")")
    }
    guard volume.target.encryption == nil else {
      throw StorageError(
        .unsupported, "volume '\(volume.name)'", "encryption is not supported in this pool")
    }
    guard !options.preallocatesMetadata else {
      throw StorageError(
        .badInput, "volume '\(volume.name)'", "metadata preallocation only available with qcow2")
    }
    guard volume.capacity != 0 else {
      throw StorageError(.badInput, "volume '\(volume.name)'", "capacity must be above 0")
    }
    volume.kind = .block
    volume.target.format = nil
    if let capacity = volume.capacity {
      volume.capacity = capacity.roundedUp(to: try report.group().extent)
    }
    if let backing = volume.backingStore {
      guard let base = try baseVolume(backing) else {
        throw StorageError(
          .badInput, "volume '\(volume.name)'",
          "its backing store '\(backing.path)' is no volume of group '\(groupName)'")
      }
      let size = base.size
      guard (volume.capacity ?? size) == size else {
        throw StorageError(
          .badInput, "volume '\(volume.name)'",
          "a snapshot has the size of its origin, which is \(size.bytes) bytes")
      }
      volume.capacity = size
    }
    return volume
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
  package func create(_ volume: VolumeDefinition, _ options: CreationOptions, _ steps: Steps)
    throws(StorageError)
  {
    try make(volume, saying: nil, steps)
  }

  /// - Parameter record: what the volume says of itself from its first instant on.
  private func make(_ volume: VolumeDefinition, saying record: VolumeRecord?, _ steps: Steps)
    throws(StorageError)
  {
    var words = try creation(of: volume)
    if let record { words = try ["--addtag", RecordTag.tag(record, of: nil)] + words }
    try steps.run(
      "run lvcreate \(words.joined(separator: " "))",
      undo: { () throws(StorageError) in try remove(volume.name) }
    ) { () throws(StorageError) in
      try report.change("lvcreate", ["--yes"] + words, of: volume.name)
    }
    try setPermissions(of: volume, steps)
  }

  private func creation(of volume: VolumeDefinition) throws(StorageError) -> [String] {
    let name = ["--name", volume.name.text]
    let capacity = volume.capacity ?? 0
    let size = "\(capacity.bytes)b"
    if let backing = volume.backingStore, let base = try baseVolume(backing) {
      let snapshot = name + ["--snapshot"]
      if base.isThin {
        return snapshot + ["--setactivationskip", "n", "--activate", "y", full(base.name)]
      }
      // What it can hold of the origin's changes; all of them where nothing was said.
      let room = min(capacity, max(volume.allocation ?? capacity, .mebibyte))
      return snapshot + ["--size", "\(room.bytes)b", full(base.name)]
    }
    if let allocation = volume.allocation, allocation < capacity, let thin = try onlyThinPool() {
      return name + ["--type", "thin", "--virtualsize", size, "--thinpool", full(thin.name)]
    }
    return name + ["--type", "linear", "--wipesignatures", "y", "--size", size, groupName]
  }

  private func setPermissions(of volume: VolumeDefinition, _ steps: Steps) throws(StorageError) {
    let wanted = volume.target.permissions
    guard wanted.mode != nil || wanted.owner != nil || wanted.group != nil else { return }
    try steps.run("set permissions of '\(path(of: volume.name))'") { () throws(StorageError) in
      let device = try Descriptor(readingDevice: path(of: volume.name))
      try device.setOwner(wanted.owner, group: wanted.group)
      if let mode = wanted.mode { try device.setMode(mode) }
    }
  }

  func remove(_ name: VolumeName) throws(StorageError) {
    // Freed space of ordinary volumes is given back to the devices below.
    try report.change(
      "lvremove", ["--yes", "--force", "--config", "devices/issue_discards=1", full(name.text)],
      of: name)
  }

  package func delete(_ volume: Volume, _ steps: Steps) throws(StorageError) {
    let group = try report.group(showing: volume.name)
    let snapshots = group.volumes.values.filter {
      $0.origin == volume.name.text && $0.isOldSnapshot
    }
    if let snapshot = snapshots.map(\.name).min() {
      // LVM would remove them with it.
      throw StorageError(.busy, volume.subject, "is the origin of snapshot '\(snapshot)'")
    }
    try steps.run("run lvremove \(full(volume.name.text))") { () throws(StorageError) in
      try remove(volume.name)
    }
  }

  package func resize(
    _ volume: Volume, to capacity: ByteCount, allocate: Bool, working: Bool, _ steps: Steps
  ) throws(StorageError) {
    let group = try report.group(showing: volume.name)
    guard let found = group.volumes[volume.name.text], !found.isOldSnapshot else {
      throw StorageError(.unsupported, volume.subject, "has the size of its origin; resize that")
    }
    guard !allocate || !found.isThin else {
      throw StorageError(
        .unsupported, volume.subject, "thin volumes get blocks when they are written")
    }
    guard capacity > 0 else {
      throw StorageError(.badInput, volume.subject, "capacity must be above 0")
    }
    guard capacity.roundedUp(to: group.extent) != found.size else { return }
    let words = ["--size", "\(capacity.bytes)b", full(volume.name.text)]
    try steps.run("run lvresize \(words.joined(separator: " "))") { () throws(StorageError) in
      try report.change("lvresize", ["--yes", "--force"] + words, of: volume.name)
    }
  }

  package func create(
    _ volume: VolumeDefinition, from source: VolumeContent, _ options: CreationOptions,
    _ steps: Steps
  ) throws(StorageError) {
    guard !options.requiresReflink else {
      throw StorageError(
        .unsupported, "volume '\(volume.name)'", "logical volumes have no reflinks")
    }
    // A thin volume's clone shares its blocks.
    if let origin = try thinOrigin(of: source), origin.size == volume.capacity {
      let words =
        ["--name", volume.name.text, "--snapshot", "--setactivationskip", "n"]
        + ["--activate", "y", full(origin.name)]
      return try steps.run(
        "run lvcreate \(words.joined(separator: " "))",
        undo: { () throws(StorageError) in try remove(volume.name) }
      ) { () throws(StorageError) in
        try report.change("lvcreate", ["--yes"] + words, of: volume.name)
      }
    }
    // Wherever this is cut, what is left says that its content is not whole.
    var record = VolumeRecord()
    record.unfinished = .create
    try make(volume, saying: record, steps)
    try copyContent(of: source, to: volume.name, steps)
  }

  private func thinOrigin(of source: VolumeContent) throws(StorageError) -> LogicalVolume? {
    guard let path = source.volume.definition.target.path, let name = volumeName(forPath: path),
      let found = try report.group().volumes[name.text], found.isThin,
      found.uuid == source.volume.definition.key
    else { return nil }
    return found
  }
}
