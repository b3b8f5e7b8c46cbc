import BlockVolumes
import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS

/// Pools of type zfs as libvirt has them: zvols of a dataset, which change in place.
package struct ZFSBackend: DatasetBackend, BuildingBackend, SharingBackend, RenamingBackend {
  package static let type = PoolType.zfs

  package let pool: PoolDefinition
  package let host: HostFolders
  package let datasets: Datasets

  package static func serves(_ pool: PoolDefinition) -> Bool {
    pool.type == .zfs && pool.lifecycle.driver != .zfs
  }

  package init(_ pool: PoolDefinition, host: HostFolders, secrets: any SecretSource) {
    self.pool = pool
    self.host = host
    datasets = Datasets(pool, host: host)
  }
}

// MARK: Listing

extension ZFSBackend {
  package func volumes() throws(StorageError) -> VolumeListing {
    let tree = try datasets.report.tree()
    var listing = VolumeListing()
    for (name, dataset) in tree.datasets where dataset.kind == .volume {
      guard let name = VolumeName(found: name.text), !Remembered.owns(name.text) else { continue }
      listing.volumes.append(try describe(name, dataset))
    }
    return listing
  }

  package func volumeNames() throws(StorageError) -> [VolumeName] {
    try datasets.report.tree().datasets.filter { $0.value.kind == .volume }
      .compactMap { VolumeName(found: $0.key.text) }.filter { !Remembered.owns($0.text) }
  }

  package func volume(_ name: VolumeName) throws(StorageError) -> Volume? {
    guard !Remembered.owns(name.text), let zvol = try datasets.report.tree().zvol(name) else {
      return nil
    }
    return try describe(name, zvol)
  }

  private func describe(_ name: VolumeName, _ zvol: Dataset) throws(StorageError) -> Volume {
    var record: VolumeRecord?
    var trouble = Trouble()
    var isUnreadable = false
    do throws(StorageError) { record = try RecordProperty.record(zvol.record) } catch {
      trouble.note(error)
      isUnreadable = true
    }
    var definition = VolumeDefinition(name: name, lifecycle: record?.lifecycle ?? .init())
    definition.kind = .block
    definition.key = datasets.nodes.link(zvol.name).text
    definition.target.path = datasets.nodes.link(zvol.name)
    (definition.capacity, definition.physical) = (zvol.size, zvol.size)
    // What is reserved besides is for ZFS's own notes on the blocks.
    definition.allocation = min(zvol.size, max(zvol.referenced, zvol.reserved))
    var sector: ByteCount?
    do throws(StorageError) {
      if let node = try datasets.nodes.node(zvol.name) {
        definition.target.path = node
        sector = try fill(&definition, from: node)
      }
    } catch {
      trouble.note(error)
    }
    var volume = Volume(
      definition: definition, properties: definition.lifecycle.resolved(with: pool.lifecycle),
      hasCommitted: true, hasWorkingCopy: false, problem: trouble.problem)
    volume.take(record?.unfinished, in: pool.name)
    volume.isOwnDevice = true
    volume.hasRecordedFormat = true
    volume.failure = trouble.failure
    volume.hasUnreadableRecord = isUnreadable
    volume.sectorSize = sector
    return volume
  }

  package func record(of name: VolumeName) throws(StorageError) -> VolumeRecord? {
    try RecordProperty.record(datasets.report.tree().zvol(name)?.record)
  }

  package func setRecord(_ record: VolumeRecord?, of name: VolumeName) throws(StorageError) {
    let present = try datasets.report.tree().zvol(name)?.record
    let text = try record.flatMap { record throws(StorageError) in try RecordProperty.text(record) }
    guard text != present else { return }
    try setProperty(UserProperty.record, to: text, of: full(name), name)
  }
}

// MARK: Changes

extension ZFSBackend {
  package var traits: VolumeTraits {
    var traits = VolumeTraits([.raw])
    traits.areDevices = true
    return traits
  }

  package func sizeRule(of volume: VolumeDefinition) throws(StorageError) -> SizeRule {
    .multiples(of: try datasets.report.tree().zvol(volume.name)?.block ?? ZvolBlock.size)
  }

  package func complete(_ request: VolumeDefinition) throws(StorageError) -> VolumeDefinition {
    var volume = request
    try checkName(volume.name)
    volume.kind = .block
    if volume.target.format?.isRaw == true { volume.target.format = nil }
    return volume
  }

  package func create(_ plan: CreationPlan, _ steps: Steps) throws(StorageError) {
    try make(plan, VolumeRecord(lifecycle: plan.volume.lifecycle), steps)
    try setDevicePermissions(of: plan.volume, steps)
  }

  /// Makes a zvol that has its record from its first moment on: of all its size or of none reserved, or of a part.
  private func make(_ plan: CreationPlan, _ record: VolumeRecord, _ steps: Steps)
    throws(StorageError)
  {
    let name = plan.name
    var words = ["create"] + ZvolBlock.option + ["-o", "volmode=dev"]
    if let text = try RecordProperty.text(record) {
      words += ["-o", "\(UserProperty.record)=\(text)"]
    }
    if !plan.isWhole {
      words.append("-s")
      let part = plan.allocation.roundedUp(to: ZvolBlock.size)
      if part > 0 { words += ["-o", "refreservation=\(part.bytes)"] }
    }
    words += ["-V", "\(plan.capacity.bytes)", full(name)]
    try steps.run(
      "run zfs \(words.joined(separator: " "))",
      undo: { () throws(StorageError) in try destroy(full(name), of: name) }
    ) { () throws(StorageError) in
      try makeFolders(above: full(name), of: name)
      try change("zfs create", words, of: name)
      _ = try datasets.nodes.wait(for: full(name), subject: plan.subject)
    }
  }

  package func create(_ plan: CreationPlan, with content: NewContent, _ steps: Steps)
    throws(StorageError)
  {
    var record = VolumeRecord(lifecycle: plan.volume.lifecycle)
    record.unfinished = .create
    try make(plan, record, steps)
    try write(content, to: plan.name, steps)
    try setDevicePermissions(of: plan.volume, steps)
  }

  /// A sparse volume of the same zpool shares blocks; what is to have all its space cannot.
  package func sharing(of source: VolumeContent, with volume: VolumeDefinition)
    throws(StorageError) -> Sharing
  {
    let size = volume.capacity ?? 0
    guard let origin = source.descriptor.zvolDataset(),
      origin.hasPrefix(container + "/"), (volume.allocation ?? size) < size || size == 0
    else { return .impossible("shares blocks only with a volume of the same pool, when sparse") }
    return .onRequest
  }

  /// A clone of a snapshot, which goes with the clone: until then the source cannot be deleted.
  package func create(_ plan: CreationPlan, sharing source: VolumeContent, _ steps: Steps)
    throws(StorageError)
  {
    guard let origin = source.descriptor.zvolDataset() else {
      throw StorageError(.failure, source.volume.subject, "was changed by somebody else meanwhile")
    }
    let snapshot =
      origin.contains(words: "@") ? origin : "\(origin)@cistern-clone-\(SnapshotName.letters())"
    let record = try RecordProperty.text(VolumeRecord(lifecycle: plan.volume.lifecycle))
    let options = record.map { ["-o", "\(UserProperty.record)=\($0)"] } ?? []
    let words = ["clone"] + options + [snapshot, full(plan.name)]
    try steps.run(
      "run zfs \(words.joined(separator: " "))",
      undo: { () throws(StorageError) in try destroy(full(plan.name), of: plan.name) }
    ) { () throws(StorageError) in
      try makeFolders(above: full(plan.name), of: plan.name)
      if snapshot != origin { try change("zfs snapshot", ["snapshot", snapshot], of: plan.name) }
      do throws(StorageError) {
        try change("zfs clone", words, of: plan.name)
      } catch {
        guard snapshot != origin else { throw error }
        throw error.undone { () throws(StorageError) in
          try change("zfs destroy", ["destroy", snapshot], of: plan.name)
        }
      }
      // It stays for as long as the clone needs it.
      if snapshot != origin {
        try change("zfs destroy", ["destroy", "-d", snapshot], of: plan.name)
      }
      if let made = try datasets.report.tree().zvol(plan.name), made.size < plan.capacity {
        try change(
          "zfs set", ["set", "volsize=\(plan.capacity.bytes)", full(plan.name)], of: plan.name)
      }
      _ = try datasets.nodes.wait(for: full(plan.name), subject: plan.subject)
    }
    try setDevicePermissions(of: plan.volume, steps)
  }

  package func delete(_ volume: Volume, _ steps: Steps) throws(StorageError) {
    try refuseDependants(of: volume.name)
    try steps.run("run zfs destroy \(full(volume.name))") { () throws(StorageError) in
      try destroy(full(volume.name), of: volume.name)
    }
  }

  /// One command: the record is a property of the zvol, and goes with it.
  package func rename(_ volume: Volume, to name: VolumeName, _ steps: Steps) throws(StorageError) {
    try checkName(name)
    try steps.run("run zfs rename \(full(volume.name)) \(full(name))") {
      () throws(StorageError) in
      try renameClosed(volume.name, to: name)
    }
  }

  package func resize(
    _ volume: Volume, to capacity: ByteCount, allocate: Bool, working: Bool, _ steps: Steps
  ) throws(StorageError) {
    guard let zvol = try datasets.report.tree().zvol(volume.name) else {
      throw StorageError(.notFound, volume.subject, "has no zvol any more")
    }
    let isSparse = zvol.reserved < zvol.size
    guard !allocate || !isSparse else {
      return try steps.run("run zfs set refreservation=auto \(full(volume.name))") {
        () throws(StorageError) in
        if capacity != zvol.size { try setSize(capacity, of: volume.name) }
        try change("zfs set", ["set", "refreservation=auto", full(volume.name)], of: volume.name)
      }
    }
    guard capacity != zvol.size else { return }
    // Of one that has all its space reserved ZFS changes that with the size.
    try steps.run("run zfs set volsize=\(capacity.bytes) \(full(volume.name))") {
      () throws(StorageError) in try setSize(capacity, of: volume.name)
    }
  }

  private func setSize(_ size: ByteCount, of name: VolumeName) throws(StorageError) {
    try change("zfs set", ["set", "volsize=\(size.bytes)", full(name)], of: name)
  }

  /// As the device is overwritten in place, old blocks stay in snapshots, and where there are none they are free.
  package func checkContent(of volume: Volume, to verb: String) throws(StorageError) {
    guard verb == "wipe", let one = try datasets.report.tree().snapshots[volume.name.text]?.first
    else { return }
    throw StorageError(
      .busy, volume.subject, "has snapshot '\(one.name)', which would keep what is to be wiped",
      hint: "Where nobody wants it: zfs destroy \(one.name.shellQuoted)")
  }
}

extension DatasetBackend {
  /// Gives a zvol another name while nobody has it open: ZFS itself would rename one that is in use.
  func renameClosed(_ old: VolumeName, to new: VolumeName) throws(StorageError) {
    guard let node = try datasets.nodes.node(full(old)) else {
      return try move(old, to: new)
    }
    // Held exclusively, so that nobody who claims it too can come in between.
    let device = try Descriptor(claiming: node)
    let number = try device.status().device
    let holders = try DeviceUse.holders(
      of: number, countingReaders: true, proc: host.proc, sys: host.sys)
    guard holders.isEmpty else {
      throw StorageError(
        .busy, "volume '\(old)'", "is in use by \(holders.joined(separator: ", "))")
    }
    try move(old, to: new)
  }

  private func move(_ old: VolumeName, to new: VolumeName) throws(StorageError) {
    try makeFolders(above: full(new), of: new)
    try change("zfs rename", ["rename", full(old), full(new)], of: old)
    datasets.nodes.forget()
    try Steps.finish { () throws(StorageError) in
      try removeFolders(above: full(old), of: old)
      _ = try datasets.nodes.wait(for: full(new), subject: "volume '\(new)'")
    }
  }
}

// MARK: Left-overs

extension ZFSBackend: CheckingBackend {
  package func findings(of volumes: [Volume], isStarted: (VolumeName) -> Bool)
    throws(StorageError) -> [Finding]
  {
    let tree = try datasets.report.tree()
    return volumes.compactMap { tree.zvol($0.name).flatMap(leftOver) }
  }

  private func leftOver(_ zvol: Dataset) -> Finding? {
    // A record that cannot be read is reported by the listing.
    guard
      let name = zvol.name.without(prefix: container + "/").flatMap({
        VolumeName(found: String($0))
      }),
      let change = (try? RecordProperty.record(zvol.record))?.unfinished
    else { return nil }
    return Finding(change, datasets.nodes.path(zvol.name), volume: name, in: pool.name)
  }

  package func repair(_ finding: Finding, _ steps: Steps) throws(StorageError) {
    guard finding.kind == .unfinishedVolume, let name = finding.volume else { return }
    try steps.run("run zfs destroy \(full(name))") { () throws(StorageError) in
      try destroy(full(name), of: name)
    }
  }

  /// So that a command that was cut can just be typed again.
  package func sweep(_ name: VolumeName, _ steps: Steps) throws(StorageError) {
    guard let finding = try datasets.report.tree().zvol(name).flatMap(leftOver),
      finding.kind.isRepairable
    else { return }
    try repair(finding, steps)
  }

  package func isInUse(_ finding: Finding) throws(StorageError) -> Bool {
    guard let status = try FileStatus.ifPresent(finding.path), status.kind == .blockDevice else {
      return false
    }
    return try !DeviceUse.holders(
      of: status.device, countingReaders: true, proc: host.proc, sys: host.sys
    ).isEmpty
  }
}
