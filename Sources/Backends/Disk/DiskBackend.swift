import BlockVolumes
import Signatures
import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// Pools of type disk: a disk with a partition table, whose partitions are the volumes.
package struct DiskBackend: BlockBackend, NamingBackend, BuildingBackend, SourceBackend,
  CheckingBackend, CloningBackend
{
  package static let type = PoolType.disk

  package let pool: PoolDefinition
  package let host: HostFolders

  package init(_ pool: PoolDefinition, host: HostFolders, secrets: any SecretSource) {
    self.pool = pool
    self.host = host
  }

  // MARK: The disk

  /// The path of the pool's disk.
  func diskPath() throws(StorageError) -> Path {
    guard let device = pool.source.devices.first, pool.source.devices.count == 1 else {
      throw StorageError(
        .badInput, "pool '\(pool.name)'", "expected exactly 1 device for the storage pool")
    }
    return device.path
  }

  /// Opens the disk.
  /// - Throws: in libvirt's words where it is not there.
  func openDisk(_ open: (Path) throws(StorageError) -> Descriptor) throws(StorageError)
    -> Descriptor
  {
    let path = try diskPath()
    let disk: Descriptor
    do throws(StorageError) { disk = try open(path) } catch {
      guard error.isAbsence || error.isDeviceGone else { throw error }
      throw StorageError(
        .notFound, "pool '\(pool.name)'", "device path '\(path)' doesn't exist")
    }
    guard try disk.geometry().size > 0 else {
      throw StorageError(
        .notFound, "pool '\(pool.name)'", "device '\(path)' has no medium or is gone")
    }
    return disk
  }

  /// Reads the partition table, while nobody changes it.
  func table() throws(StorageError) -> PartitionTable {
    let disk = try openDisk { path throws(StorageError) in try Descriptor(readingDevice: path) }
    let lock = try lock(disk, .shared)
    return try PartitionTable(of: disk, readOnly: true, lock)
  }

  /// What is on the disk.
  func layout() throws(StorageError) -> DiskLayout { try table().layout() }

  /// Opens the disk to change its table, with all others who do locked out until the result goes.
  func tableForChange() throws(StorageError) -> PartitionTable {
    let disk = try openDisk { path throws(StorageError) in try Descriptor(changing: path) }
    guard try !disk.geometry().isReadOnly else {
      throw StorageError(.permission, disk.path.text, "is read-only")
    }
    let lock = try lock(disk, .exclusive)
    return try PartitionTable(of: disk, readOnly: false, lock)
  }

  /// Locks an open disk for as long as it is open and the result is held: first among these commands, in which whoever
  /// waits to change it is not kept out by readers that follow each other, then against other programs.
  /// - Returns: nil where a reader does without the first.
  /// - Throws: `lockTimeout`.
  func lock(_ disk: Descriptor, _ mode: FileLock.Mode) throws(StorageError) -> FileLock? {
    let terms =
      mode == .shared ? host.lockTerms.forReading.leavingNoTrace : host.lockTerms
    let lock: FileLock?
    do throws(StorageError) {
      lock = try host.lock("disk \(disk.status().device)", mode, terms)
    } catch {
      guard error.code == .lockTimeout else { throw error }
      throw StorageError(.lockTimeout, "device '\(disk.path)'", error.problem)
    }
    try disk.lockDevice(exclusive: mode == .exclusive, timeout: terms.timeout)
    return lock
  }

  /// Refuses a disk of device mapper's: of such a one the kernel makes no partitions, also when it is told (BLKPG).
  func checkTakesPartitions(_ disk: Descriptor) throws(StorageError) {
    let device = try disk.status().device
    guard try SysFile.text(host.sys.appending("dev/block/\(device)/dm/name")) == nil
    else {
      throw StorageError(
        .unsupported, "pool '\(pool.name)'",
        "device '\(disk.path)' is of device mapper, which has no partitions")
    }
  }

  func kernelView(of disk: Descriptor) throws(StorageError) -> KernelView {
    KernelView(disk: try disk.status().device, sys: host.sys)
  }

  /// What the partitions are called.
  func names() throws(StorageError) -> PartitionNames {
    let path = try diskPath()
    // A multipath map's partitions are called after the map, not after the kernel's number for it.
    let real = try Process.realPath(path) ?? path
    let disk = real.lastComponent.hasPrefix("dm-") ? path.lastComponent : real.lastComponent
    return PartitionNames(disk: disk, separator: pool.source.devices.first?.partSeparator)
  }

  // MARK: State

  package func checkReachable() throws(StorageError) { _ = try layout() }

  /// Checks the label, and tells the kernel what it does not know: not every kernel reads partition tables.
  package func start(_ steps: Steps) throws(StorageError) {
    let table = try table()
    try checkTakesPartitions(table.device)
    try checkLabel(of: table)
    let layout = try table.layout()
    let view = try kernelView(of: table.device)
    let differences = try view.differences(from: layout)
    guard !differences.isEmpty else {
      return try steps.run("read the partition table of '\(table.device.path)'") {}
    }
    let numbers = differences.map { "\($0.number)" }.joined(separator: ", ")
    try steps.run("tell the kernel of partitions \(numbers) of '\(table.device.path)'") {
      () throws(StorageError) in try view.follow(layout, on: table.device)
    }
  }

  /// Leaves everything as it is: the kernel's partitions are the machine's, and others may use them.
  package func stop(_ steps: Steps) throws(StorageError) {}

  /// Refuses a label that is not the one of the definition; without one either will do.
  private func checkLabel(of table: PartitionTable) throws(StorageError) {
    let path = table.device.path
    let wanted = pool.source.format ?? "unknown"
    guard let label = table.label else {
      guard try Signature.all(on: table.device).isEmpty else { throw mismatch(path, wanted) }
      throw StorageError(
        .badInput, "pool '\(pool.name)'",
        "Storage pool probe failed: Device '\(path)' is unrecognized, requires build",
        hint: NextCommand.hint("pool-build", pool.name.text))
    }
    guard wanted == "unknown" || wanted == label else { throw mismatch(path, wanted) }
  }

  private func mismatch(_ path: Path, _ wanted: String) -> StorageError {
    StorageError(
      .busy, "pool '\(pool.name)'",
      "Requested operation is not valid: Format of device '\(path)' does not match the expected"
        + " format '\(wanted)'")
  }

  // MARK: Facts

  /// Capacity is the disk's; available is what new partitions can take.
  package func sizes() throws(StorageError) -> PoolSizes {
    let table = try table()
    let layout = try table.layout()
    let available = layout.gaps.reduce(ByteCount.zero) { $0 + $1.size }
    let allocation = layout.partitions.filter { !$0.isContainer }
      .reduce(ByteCount.zero) { $0 + $1.size }
    return PoolSizes(
      capacity: table.geometry.size, allocation: allocation, available: available)
  }

  package func foundSource() throws(StorageError) -> PoolSource {
    var source = pool.source
    let layout = try layout()
    if source.format == "unknown" || source.format == nil {
      source.format = layout.label.rawValue
    }
    if !source.devices.isEmpty {
      source.devices[0].freeExtents = layout.gaps.map {
        PoolSource.FreeExtent(start: $0.start, end: $0.end)
      }
    }
    return source
  }
}
