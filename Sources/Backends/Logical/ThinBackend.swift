import BlockVolumes
import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS
import VolumeGroups

/// Pools of type logical with driver `lvm_thin`: the volumes of one thin pool, with the whole life cycle.
package struct ThinBackend: GroupBackend, BuildingBackend, ExtendingBackend {
  package static let type = PoolType.logical

  package let pool: PoolDefinition
  package let host: HostFolders
  package let report: GroupReport
  let thin: String

  package static func serves(_ pool: PoolDefinition) -> Bool {
    pool.type == .logical && pool.lifecycle.driver == .thin
  }

  package init(_ pool: PoolDefinition, host: HostFolders, secrets: any SecretSource) {
    self.pool = pool
    self.host = host
    report = GroupReport(ThinBackend.groupName(of: pool))
    thin = pool.lifecycle.thinPool ?? ""
  }

  var thinSubject: String { "thin pool '\(groupName)/\(thin)'" }

  /// The thin pool.
  func thinPool(in group: VolumeGroup) throws(StorageError) -> LogicalVolume {
    guard let found = group.volumes[thin] else {
      throw StorageError(
        .notFound, thinSubject, "is not there",
        hint: NextCommand.hint("pool-build", pool.name.text))
    }
    guard found.isThinPool else {
      throw StorageError(.badInput, thinSubject, "is not a thin pool, but of type '\(found.type)'")
    }
    return found
  }

  package func start(_ steps: Steps) throws(StorageError) {
    let found = try thinPool(in: report.group())
    if found.isActive {
      try steps.run("find \(thinSubject)") {}
    } else {
      // Only an active one tells how full it is.
      try steps.run("activate \(thinSubject)") { () throws(StorageError) in
        try report.change("lvchange", ["--activate", "y", full(thin)], of: nil)
      }
    }
    // While a making is cut nothing new can be made in the thin pool, whoever's it is.
    try finishChange(steps)
  }

  /// Nothing is deactivated: others, the root file system among them, can be in the same thin pool.
  package func stop(_ steps: Steps) throws(StorageError) {}

  package func checkReachable() throws(StorageError) { _ = try thinPool(in: report.group()) }

  package func sizes() throws(StorageError) -> PoolSizes {
    let found = try thinPool(in: report.group())
    let used = part(of: found.size, found.dataFill ?? 0)
    return PoolSizes(capacity: found.size, allocation: used, available: found.size - used)
  }

  /// Makes the group of the definition's devices where it is not there, and the thin pool in it where that is not
  /// there; what is there stays as it is.
  package func build(overwrite: OverwritePolicy, _ steps: Steps) throws(StorageError) {
    if try groupExists() {
      let group = try report.group()
      if group.volumes[thin] != nil {
        _ = try thinPool(in: group)
        return
      }
    } else {
      try buildGroup(overwrite: overwrite, steps)
    }
    guard LVMName.refusal(ofVolume: thin, in: groupName, room: 12) == nil else {
      throw StorageError(.badInput, thinSubject, "cannot be called so")
    }
    // Room is left for LVM to let the metadata grow.
    let words = ["--type", "thin-pool", "--extents", "95%FREE", "--name", thin, groupName]
    try steps.run("run lvcreate \(words.joined(separator: " "))") { () throws(StorageError) in
      try report.change("lvcreate", ["--yes"] + words, of: nil)
    }
  }

  /// Removes an empty thin pool; with the definition's devices also the group, where nothing else is in it.
  package func delete(_ steps: Steps) throws(StorageError) {
    let group = try report.group()
    _ = try thinPool(in: group)
    let inside = group.volumes.values.filter { $0.thinPool == thin }.map(\.name)
    if let one = inside.min() {
      throw StorageError(
        .exists, "pool '\(pool.name)'", "failed to remove \(thinSubject): it holds volume '\(one)'")
    }
    let others = group.volumes.values.filter { !$0.isInternal && $0.name != thin }
    if others.isEmpty, !pool.source.devices.isEmpty { return try deleteGroup(steps) }
    try steps.run("run lvremove \(full(thin))") { () throws(StorageError) in
      try report.change("lvremove", ["--yes", full(thin)], of: nil)
    }
  }

  // MARK: Records

  package func record(of name: VolumeName) throws(StorageError) -> VolumeRecord? {
    let group = try report.group(showing: name)
    return try RecordTag.tag(of: name, in: group.volumes[thin]?.tags ?? []).map {
      tag throws(StorageError) in try RecordTag.record(tag)
    }
  }

  /// The records are tags of the thin pool, so that a volume without a state of its own has one too.
  ///
  /// One that says that content is half done is written before the content is: then the state is no longer what it was.
  package func setRecord(_ record: VolumeRecord?, of name: VolumeName) throws(StorageError) {
    let group = try report.group(showing: name)
    let old = RecordTag.tag(of: name, in: group.volumes[thin]?.tags ?? [])
    let new = try record.flatMap { record throws(StorageError) in
      record == VolumeRecord() ? nil : try RecordTag.tag(record, of: name)
    }
    if record?.unfinished != nil { try loseState(of: name, isKnown: true) }
    guard old != new else { return }
    let words = (old.map { ["--deltag", $0] } ?? []) + (new.map { ["--addtag", $0] } ?? [])
    try report.change("lvchange", words + [full(thin)], of: name)
  }
}
