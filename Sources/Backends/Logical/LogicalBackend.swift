import BlockVolumes
import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS
import VolumeGroups

/// Pools of type logical whose volumes change in place: any logical volume of the group.
package struct LogicalBackend: GroupBackend, BuildingBackend, ExtendingBackend, SharingBackend,
  RenamingBackend
{
  package static let type = PoolType.logical

  package let pool: PoolDefinition
  package let host: HostFolders
  package let report: GroupReport

  package static func serves(_ pool: PoolDefinition) -> Bool {
    pool.type == .logical && pool.lifecycle.driver != .thin
  }

  package init(_ pool: PoolDefinition, host: HostFolders, secrets: any SecretSource) {
    self.pool = pool
    self.host = host
    report = GroupReport(LogicalBackend.groupName(of: pool))
  }

  package func start(_ steps: Steps) throws(StorageError) {
    let group: VolumeGroup
    do throws(StorageError) { group = try report.group() } catch {
      guard error.code == .notFound else { throw error }
      throw StorageError(
        .notFound, "pool '\(pool.name)'", "cannot find logical volume group name '\(groupName)'")
    }
    try LVM.requireDeviceMapper()
    try checkDevices(steps)
    // What was active before is not this command's to take back.
    let wasActive = group.volumes.values.contains(where: \.isActive)
    try steps.run(
      "run vgchange --activate y \(group.name)",
      undo: { () throws(StorageError) in if !wasActive { try deactivate() } }
    ) { () throws(StorageError) in
      do throws(StorageError) {
        try report.change("vgchange", ["--activate", "y", groupName], of: nil)
      } catch {
        guard group.isPartial else {
          if !wasActive { try deactivate() }
          throw error
        }
        // All others are active now.
        steps.warnOnce(
          "partial", "pool '\(pool.name)': volumes on the missing device are not active")
      }
    }
  }

  private func deactivate() throws(StorageError) {
    try report.change("vgchange", ["--activate", "n", groupName], of: nil)
  }

  /// As libvirt: one of the definition's devices must be a member, the others are only worth a warning.
  private func checkDevices(_ steps: Steps) throws(StorageError) {
    let wanted = pool.source.devices.map(\.path)
    guard !wanted.isEmpty else { return }
    let members = try memberDevices()
    var missing: [Path] = []
    for path in wanted {
      let number = try FileStatus.ifPresent(path)?.device
      if !(number.map(members.contains) ?? false) { missing.append(path) }
    }
    guard missing.count < wanted.count else {
      throw StorageError(
        .notFound, "pool '\(pool.name)'",
        "cannot find any matching source devices for logical volume group '\(groupName)'")
    }
    for path in missing {
      steps.warnOnce(
        "missing-device", "pool '\(pool.name)': '\(path)' is no part of volume group '\(groupName)'"
      )
    }
  }

  package func stop(_ steps: Steps) throws(StorageError) {
    try refuseIfOpen(report.group()) { _ in true }
    try steps.run("run vgchange --activate n \(groupName)") { () throws(StorageError) in
      try deactivate()
    }
  }

  package func checkReachable() throws(StorageError) { _ = try report.group() }

  package func sizes() throws(StorageError) -> PoolSizes {
    let group = try report.group()
    return PoolSizes(
      capacity: group.size, allocation: group.size - group.free, available: group.free)
  }

  package func build(overwrite: OverwritePolicy, _ steps: Steps) throws(StorageError) {
    try buildGroup(overwrite: overwrite, steps)
  }

  package func delete(_ steps: Steps) throws(StorageError) { try deleteGroup(steps) }
}
