import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS

/// Pools whose volumes are block devices: partitions, logical volumes, units of a SCSI host, multipath maps.
///
/// What such volumes have in common is here: what the device tells, who uses it, its content and how that is
/// overwritten. A kind of pool adds which volumes there are (`volume`, `volumes`), the path of a volume's device
/// (`path(of:)`), and where its record is kept. The state that changes is the device itself; a kind of pool with
/// revisions implements the life cycle's other half.
package protocol BlockBackend: BuiltInBackend, WipingBackend {
  var pool: PoolDefinition { get }
  var host: HostFolders { get }

  /// What the pool remembers of a volume; nil where nothing is. Pools without a place of their own use
  /// `StateRecords`.
  func record(of name: VolumeName) throws(StorageError) -> VolumeRecord?
  /// Remembers it, durably before this returns; nil forgets it.
  func setRecord(_ record: VolumeRecord?, of name: VolumeName) throws(StorageError)
  /// Refuses a volume that has no content of its own; unless a kind of pool says otherwise all have.
  /// - Parameter verb: what was to be done with it.
  func checkContent(of volume: Volume, to verb: String) throws(StorageError)
}

extension BlockBackend {
  package func targetPermissions() -> Permissions? { nil }

  package func checkContent(of volume: Volume, to verb: String) throws(StorageError) {}

  package func devicePath(of volume: Volume) -> Path { path(of: volume.name) }

  /// Gives the device of a new volume the owner, the group and the mode that are wanted.
  package func setDevicePermissions(of volume: VolumeDefinition, _ steps: Steps)
    throws(StorageError)
  {
    let wanted = volume.target.permissions
    guard wanted.mode != nil || wanted.owner != nil || wanted.group != nil else { return }
    try steps.run("set permissions of '\(path(of: volume.name))'") { () throws(StorageError) in
      let device = try Descriptor(readingDevice: path(of: volume.name))
      try device.setOwner(wanted.owner, group: wanted.group)
      if let mode = wanted.mode { try device.setMode(mode) }
    }
  }

  /// The device is there anyhow.
  package func exposeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try checkContent(of: volume, to: "use")
  }

  package func concealCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {}

  package func sweep(_ name: VolumeName, _ steps: Steps) throws(StorageError) {}

  package func setProperties(_ settings: LifecycleSettings, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  {
    let before = try record(of: volume.name)
    try steps.run(
      "record the properties of volume '\(volume.name)'",
      undo: { () throws(StorageError) in try setRecord(before, of: volume.name) }
    ) { () throws(StorageError) in
      var record = before ?? VolumeRecord()
      record.lifecycle = settings
      try setRecord(record, of: volume.name)
    }
  }

  /// Devices built on the volume, mounts, swap and loop devices always count; of processes those that write, or
  /// all.
  package func holders(of volume: Volume, committed: FileUsers) throws(StorageError) -> [String] {
    // What has no device is used by nobody.
    guard let status = try FileStatus.ifPresent(knownPath(of: volume)), status.kind == .blockDevice
    else { return [] }
    return try DeviceUse.holders(
      of: status.device, countingReaders: committed == .anyone, proc: host.proc, sys: host.sys)
  }

  /// Where the volume's device was found when the volume was looked up; looking again could fail, which is no absence.
  private func knownPath(of volume: Volume) -> Path {
    volume.definition.target.path ?? path(of: volume.name)
  }

  package func claim(_ volume: Volume, for use: ImageLock.Use) throws(StorageError)
    -> [FileClaim]
  {
    let device: Descriptor
    do throws(StorageError) {
      device = try Descriptor(readingDevice: knownPath(of: volume))
    } catch {
      // What has no device can still be deleted.
      if error.isAbsence || error.isDeviceGone { return [] }
      throw error
    }
    guard try ImageLock.claim(device, for: use) else {
      throw StorageError(.busy, volume.subject, "is in use by a running QEMU")
    }
    return [FileClaim(device, for: use)]
  }

  package func openCommitted(_ volume: Volume, revision: Revision?) throws(StorageError)
    -> Descriptor
  {
    guard revision == nil else {
      throw StorageError(.unsupported, volume.subject, "changes in place and keeps no revisions")
    }
    try checkContent(of: volume, to: "use")
    return try Descriptor(readingDevice: path(of: volume.name))
  }
}
