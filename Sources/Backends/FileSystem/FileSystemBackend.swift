import FileVolumes
import MountedFolders
import Mounts
import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// Pools of type fs: a file system on a device, or in an image file.
package struct FileSystemBackend: MountedBackend {
  package static let type = PoolType.fs

  package let pool: PoolDefinition
  package let host: HostFolders
  package let secrets: any SecretSource

  package init(_ pool: PoolDefinition, host: HostFolders, secrets: any SecretSource) {
    self.pool = pool
    self.host = host
    self.secrets = secrets
  }

  /// The one source device.
  func device() throws(StorageError) -> Path {
    guard pool.source.devices.count <= 1 else {
      throw StorageError(.badInput, subject, "expected exactly 1 device for the storage pool")
    }
    guard let device = pool.source.devices.first?.path, !device.text.isEmpty else {
      throw StorageError(.badInput, subject, "missing source device")
    }
    return device
  }

  var format: String { pool.source.format ?? "auto" }

  package func mounting() throws(StorageError) -> Mounting {
    Mounting(
      source: try device().text, target: try target(),
      type: format == "auto" ? nil : FileSystemKind.kernelType(of: format),
      options: ["nodev", "nosuid", "noexec"] + pool.mountOptions)
  }

  package func checkSource() throws(StorageError) {
    let device = try device()
    do throws(StorageError) {
      let kind = try FileStatus(following: device).kind
      guard kind == .blockDevice || kind == .regular else {
        throw StorageError(.badInput, subject, "'\(device)' is neither a device nor an image file")
      }
    } catch {
      guard error.subject == device.text else { throw error }
      var error = error
      error.subject = subject
      error.problem = "cannot find device '\(device)'"
      throw error
    }
  }

  package func mount(_ mounting: Mounting) throws(StorageError) {
    do throws(StorageError) {
      // A file system that must be repaired first takes its time.
      try mounting.mount(timeout: max(host.answerTimeout, 300))
    } catch {
      // ENODEV: the kernel has no such file system.
      guard error.number == 19 else { throw error }
      var error = error
      error.code = .unsupported
      error.reason = "the kernel has no file system '\(mounting.type ?? format)'"
      throw error
    }
  }

  // MARK: Which mount is the pool's

  package func sourceIdentity() throws(StorageError) -> String? {
    guard let status = try FileStatus.ifPresent(known: device()) else { return nil }
    return status.kind == .blockDevice ? "\(status.device)" : nil
  }

  /// Compares devices, not names: a device has many.
  ///
  /// Where the name in the definition is gone, the number that the
  /// device had when it was mounted counts.
  package func isOwn(_ mount: Mount) throws(StorageError) -> Bool {
    guard mount.root.text == "/" || mount.type == "btrfs", !mount.isRemote else { return false }
    let source = Path(verbatim: mount.source)
    guard let status = try FileStatus.ifPresent(known: device()) else {
      guard let marked = try markedIdentity(), !marked.isEmpty else { return false }
      if mount.device == marked { return true }
      return try number(of: source).map { "\($0)" } == marked
    }
    if status.kind == .blockDevice {
      if mount.device == "\(status.device)" { return true }
      guard mount.device.hasPrefix("0:"), let mounted = try number(of: source) else { return false }
      if mounted == status.device { return true }
      return try areOfOneBtrfs(mounted, status.device)
    }
    let loops = try OpenFiles.loopsBacked(by: status.identity, sys: host.sys)
    return loops.contains { "/dev/\($0)" == mount.source }
  }

  private func number(of path: Path) throws(StorageError) -> DeviceNumber? {
    guard path.isAbsolute, let status = try FileStatus.ifPresent(known: path),
      status.kind == .blockDevice
    else { return nil }
    return status.device
  }

  /// Whether two devices belong to one Btrfs, which is mounted by any of its devices
  /// (`/sys/fs/btrfs/UUID/devices/NAME`).
  private func areOfOneBtrfs(_ left: DeviceNumber, _ right: DeviceNumber) throws(StorageError)
    -> Bool
  {
    guard let first = try DeviceUse.kernelName(of: left, sys: host.sys),
      let second = try DeviceUse.kernelName(of: right, sys: host.sys)
    else { return false }
    let all = host.sys.appending("fs/btrfs")
    for name in try SysFile.names(in: all) where name.contains("-") {
      let names = try SysFile.names(in: all.appending(name).appending("devices"))
      if names.contains(first), names.contains(second) { return true }
    }
    return false
  }

  // MARK: Build

  package func build(overwrite: OverwritePolicy, _ steps: Steps) throws(StorageError) {
    if case .other(let mount) = try occupation() { throw covered(by: mount) }
    if overwrite == .unspecified { return try buildFolder(isMountPoint: true, steps) }
    // Everything that can be refused is, before the folder is made.
    let make = try planFileSystem(overwrite)
    try buildFolder(isMountPoint: true, steps)
    try make(steps)
  }
}
