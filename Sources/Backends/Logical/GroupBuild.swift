import BlockVolumes
import Signatures
import StorageBackend
import StorageModel
import StorageOS
import VolumeGroups

/// Making, extending and destroying volume groups.
extension GroupBackend {
  /// Makes the group of the definition's devices.
  ///
  /// A device that carries anything is refused unless it may be overwritten; a member of a group always is.
  func buildGroup(overwrite: OverwritePolicy, _ steps: Steps) throws(StorageError) {
    let devices = pool.source.devices.map(\.path)
    guard !devices.isEmpty else {
      throw StorageError(
        .badInput, "pool '\(pool.name)'", "missing source devices to make a volume group of")
    }
    guard LVMName.isLegal(groupName) else {
      throw StorageError(
        .badInput, "pool '\(pool.name)'",
        "'\(groupName)' is no name of a volume group: expected letters, digits and '+_.-'")
    }
    guard try !groupExists() else {
      throw StorageError(
        .exists, "pool '\(pool.name)'",
        "Storage pool already built: volume group '\(groupName)' is there")
    }
    try prepare(devices, overwrite: overwrite, steps)
    try steps.run(
      "run vgcreate \(groupName) \(devices.map(\.text).joined(separator: " "))",
      undo: { () throws(StorageError) in
        try report.change("vgremove", ["--yes", groupName], of: nil)
      }
    ) { () throws(StorageError) in
      try report.change("vgcreate", ["--yes", groupName] + devices.map(\.text), of: nil)
    }
  }

  /// Whether a group of that name is there, whoever it belongs to.
  func groupExists() throws(StorageError) -> Bool {
    do throws(StorageError) { _ = try report.group() } catch {
      if error.code == .notFound { return false }
      throw error
    }
    return true
  }

  /// Adds devices to the group.
  package func extend(by devices: [Path], overwrite: OverwritePolicy, _ steps: Steps)
    throws(StorageError)
  {
    _ = try report.group()
    try prepare(devices, overwrite: overwrite, steps)
    try steps.run("run vgextend \(groupName) \(devices.map(\.text).joined(separator: " "))") {
      () throws(StorageError) in
      try report.change("vgextend", ["--yes", groupName] + devices.map(\.text), of: nil)
    }
  }

  /// Makes physical volumes of devices.
  private func prepare(_ devices: [Path], overwrite: OverwritePolicy, _ steps: Steps)
    throws(StorageError)
  {
    let members = try PhysicalVolume.all()
    for path in devices {
      let device = try Descriptor(claiming: path)
      let status = try device.status()
      var group: String?
      for member in members where group == nil {
        let number = try FileStatus.ifPresent(member.device)?.device
        if member.device == path || number == status.device { group = member.group }
      }
      if let group {
        throw StorageError(
          .busy, path.text, "belongs to volume group '\(group)'",
          hint: "Take it out first: vgreduce \(group) \(path)")
      }
      let found = try Signature.all(on: device)
      if overwrite != .overwrite, let first = found.first {
        throw refusal(of: path, carrying: first)
      }
    }
    for path in devices {
      try steps.run(
        "run pvcreate \(path)",
        undo: { () throws(StorageError) in
          try report.change("pvremove", ["--yes", path.text], of: nil)
        }
      ) { () throws(StorageError) in
        try zeroEnds(of: path)
        try report.change("pvcreate", ["--yes", path.text], of: nil)
      }
    }
  }

  /// In libvirt's words.
  private func refusal(of path: Path, carrying signature: Signature) -> StorageError {
    guard signature.type == "LVM2_member" else {
      return StorageError(
        .exists, "pool '\(pool.name)'",
        "Format of device '\(path)' does not match the expected format 'LVM2_member',"
          + " forced overwrite is necessary",
        reason: "it carries '\(signature.type)'")
    }
    return StorageError(
      .exists, "pool '\(pool.name)'",
      "Storage pool already built: Device '\(path)' already formatted using 'LVM2_member'")
  }

  /// Both ends of a device: old labels and tables would be found again later.
  private func zeroEnds(of path: Path) throws(StorageError) {
    let device = try Descriptor(claiming: path)
    let size = try device.geometry().size
    let end: ByteCount = min(.mebibyte, size)
    try device.zeroDevice(from: 0, to: end)
    if size > end { try device.zeroDevice(from: max(end, size - .mebibyte), to: size) }
    try device.sync()
  }

  /// Removes the group with all its volumes, and the marks on the definition's devices.
  func deleteGroup(_ steps: Steps) throws(StorageError) {
    let group = try report.group()
    // The missing device would bring the group back when it comes back itself.
    guard !group.isPartial else {
      throw StorageError(
        .busy, "pool '\(pool.name)'", "volume group '\(groupName)' lacks a device",
        hint: "Bring it back, or give up what is on it: \(VolumeGroup.givingUp(groupName))")
    }
    try refuseIfOpen(group) { _ in true }
    // Only what this group's devices are marked as is removed: others may have been taken by somebody else.
    let members = try memberDevices()
    try steps.run("run vgremove --force \(groupName)") { () throws(StorageError) in
      try report.change("vgremove", ["--yes", "--force", groupName], of: nil)
    }
    for device in pool.source.devices.map(\.path) {
      guard let number = try FileStatus.ifPresent(device)?.device, members.contains(number)
      else { continue }
      try steps.run("run pvremove \(device)") { () throws(StorageError) in
        try report.change("pvremove", ["--yes", device.text], of: nil)
      }
    }
  }
}
