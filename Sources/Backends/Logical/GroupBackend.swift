import BlockVolumes
import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS
import VolumeGroups

/// Pools whose volumes are logical volumes of one group.
package protocol GroupBackend:
  BlockBackend, NamingBackend, SourceFindingBackend, DegradableBackend
{
  /// The group, by this instance's one report.
  var report: GroupReport { get }
}

extension GroupBackend {
  package var groupName: String { report.name }

  /// The name of the group that a pool's definition means.
  static func groupName(of pool: PoolDefinition) -> String { pool.source.name ?? pool.name.text }

  /// LVM's words for a volume: `GROUP/NAME`.
  func full(_ name: String) -> String { "\(groupName)/\(name)" }

  /// The node that LVM keeps for an active volume.
  func node(_ name: String) -> Path { Path("/dev/\(groupName)/\(name)") }

  package func path(of name: VolumeName) -> Path { node(name.text) }

  package func impairment() throws(StorageError) -> String? {
    try report.knownGroup().isPartial ? "volume group '\(groupName)' lacks a device" : nil
  }

  /// Both `/dev/GROUP/NAME` and device mapper's `/dev/mapper/GROUP-NAME`, in which dashes of names are doubled.
  package func volumeName(forPath path: Path) -> VolumeName? {
    if let name = path.relative(to: Path("/dev/\(groupName)")), !name.contains("/") {
      return VolumeName(found: name)
    }
    guard let mapped = path.relative(to: Path("/dev/mapper")) else { return nil }
    let prefix = LVMName.doubled(groupName) + "-"
    guard let rest = mapped.without(prefix: prefix) else { return nil }
    let name = rest.replacing("--", by: "-")
    return LVMName.doubled(name) == rest[...] ? VolumeName(found: name) : nil
  }

  /// Refuses what no new volume can be called.
  /// - Parameter room: bytes to leave for endings.
  func check(_ name: VolumeName, room: Int) throws(StorageError) {
    guard let problem = LVMName.refusal(ofVolume: name.text, in: groupName, room: room) else {
      return
    }
    throw StorageError(.badInput, "", problem)
  }

  /// Who holds an open volume.
  ///
  /// LVM's report tells whether anybody does; only then it is worth to look at every process.
  func holders(of volume: LogicalVolume, countingReaders: Bool) throws(StorageError) -> [String] {
    guard volume.isOpen, let status = try FileStatus.ifPresent(node(volume.name)),
      status.kind == .blockDevice
    else { return [] }
    return try DeviceUse.holders(
      of: status.device, countingReaders: countingReaders, proc: host.proc, sys: host.sys)
  }

  /// Looks whether a running QEMU has the volume, and lets go of it again: LVM removes nothing that is open.
  package func claim(_ volume: Volume, for use: ImageLock.Use) throws(StorageError) -> [FileClaim] {
    let device: Descriptor
    do throws(StorageError) {
      device = try Descriptor(readingDevice: devicePath(of: volume))
    } catch {
      // What is not active has no device that anybody could have open.
      guard error.isAbsence || error.isDeviceGone else { throw error }
      return []
    }
    guard try ImageLock.claim(device, for: use) else {
      throw StorageError(.busy, volume.subject, "is in use by a running QEMU")
    }
    return []
  }

  /// The size of the sectors that a new volume has: that of the group's devices, which LVM lets all have the same
  /// (lvm.conf(5), devices/allow_mixed_block_sizes).
  package func sectorSize() throws(StorageError) -> ByteCount {
    for device in try memberDevices() {
      if let size = try DeviceUse.sectorSize(of: device, sys: host.sys) { return size }
    }
    return SectorSize.usual
  }

  /// The group's devices, in LVM's order, by the numbers that tell them whatever path names them.
  func memberDevices() throws(StorageError) -> [DeviceNumber] {
    var found: [DeviceNumber] = []
    for path in try PhysicalVolume.devices(of: groupName) {
      if let status = try FileStatus.ifPresent(path) { found.append(status.device) }
    }
    return found
  }

  /// What is wrong in a group that lacks a device: each volume that lies on it, or the group where none does.
  func missingDevices(of group: VolumeGroup, _ isMeant: (LogicalVolume) -> Bool) -> [Finding] {
    guard group.isPartial else { return [] }
    let advice =
      "none: bring it back (vgextend --restoremissing \(groupName) DEVICE), or give up what is on it:"
      + " \(VolumeGroup.givingUp(groupName))"
    let volumes = group.volumes.values.filter { $0.isPartial && isMeant($0) }
    guard !volumes.isEmpty else {
      return [
        Finding(.missingDevice, Path("/dev/\(groupName)"), volume: nil, advice: advice)
      ]
    }
    return volumes.map {
      Finding(
        .missingDevice, node($0.name), volume: VolumeName(found: $0.name), advice: advice)
    }
  }

  /// Resumes a device that a command of LVM's has suspended and, because it was killed, not resumed; as LVM's metadata
  /// have it.
  ///
  /// None is of a command that is still running: a report waits for who is just changing the group.
  func resume(_ finding: Finding, _ steps: Steps) throws(StorageError) {
    let name = full(finding.path.lastComponent)
    try steps.run("resume '\(name)'") { () throws(StorageError) in
      try report.change("lvchange", ["--refresh", name], of: nil)
    }
  }

  /// Makes sure that a volume has its node.
  func activate(_ volume: LogicalVolume, of name: VolumeName) throws(StorageError) {
    guard !volume.isActive else { return }
    try report.change(
      "lvchange", ["--activate", "y", "--ignoreactivationskip", full(volume.name)], of: name)
  }

  /// Removes volumes of the group that belong to one of the pool.
  ///
  /// Of one whose device is half made LVM takes only that away, with the error that another device is in use (seen with
  /// 2.03.16); so its device is made first.
  func remove(_ names: [String], of volume: VolumeName, options: [String] = [])
    throws(StorageError)
  {
    for name in names {
      guard let found = try report.knownGroup().volumes[name], found.isHalfMade else { continue }
      // Where it cannot be made, LVM says itself what it does not remove.
      try? activate(found, of: volume)
    }
    var rest = names[...]
    while !rest.isEmpty {
      let some = rest.prefix(LVM.mostOperands)
      try report.change("lvremove", ["--yes", "--force"] + options + some.map(full), of: volume)
      rest = rest.dropFirst(some.count)
    }
  }

  /// Refuses while a volume of the group that `isMeant` picks is open, naming what holds it.
  func refuseIfOpen(
    _ group: VolumeGroup, _ isMeant: (LogicalVolume) -> Bool
  ) throws(StorageError) {
    for volume in group.volumes.values.sorted(by: { $0.name < $1.name })
    where volume.isOpen && !volume.isInternal && !volume.isThinPool && isMeant(volume) {
      let holders = try holders(of: volume, countingReaders: true)
      let names = holders.isEmpty ? "another process" : holders.joined(separator: ", ")
      throw StorageError(.busy, "volume '\(volume.name)'", "is in use by \(names)")
    }
  }

  package static func findSources(_ query: PoolSource?, host: HostFolders) throws(StorageError)
    -> [PoolSource]
  {
    var sources: [PoolSource] = []
    for volume in try PhysicalVolume.all() {
      guard let group = volume.group else { continue }
      let device = PoolSource.Device(path: volume.device)
      if let index = sources.firstIndex(where: { $0.name == group }) {
        sources[index].devices.append(device)
      } else {
        var source = PoolSource()
        source.name = group
        source.format = "lvm2"
        source.devices = [device]
        sources.append(source)
      }
    }
    return sources
  }
}
