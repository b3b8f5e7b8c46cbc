import Signatures
import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// Making and destroying the partition table.
extension DiskBackend {
  /// How much at both ends of a disk can tell of an older use.
  private static let edge = ByteCount.mebibyte

  /// Makes an empty table; what the definition calls unknown becomes dos, as in libvirt.
  ///
  /// Without `overwrite` a disk that holds anything is refused.
  package func build(overwrite: OverwritePolicy, _ steps: Steps) throws(StorageError) {
    let wanted = pool.source.format ?? "unknown"
    guard let label = wanted == "unknown" ? .dos : DiskLabel(rawValue: wanted) else {
      throw StorageError(
        .unsupported, "pool '\(pool.name)'",
        "a disk label of type '\(wanted)' cannot be made here: expected dos, gpt")
    }
    try claimingDisk { disk throws(StorageError) in
      try checkTakesPartitions(disk)
      if overwrite != .overwrite {
        try refuse(try Signature.all(on: disk), on: disk.path, label)
      }
      try steps.run("make a \(label.rawValue) disk label on '\(disk.path)'") {
        () throws(StorageError) in
        try clear(disk)
        let table = try PartitionTable(of: disk, readOnly: false)
        try table.create(label)
        try table.write()
      }
    }
  }

  /// Destroys the table, and with it what tells where the volumes are.
  package func delete(_ steps: Steps) throws(StorageError) {
    try claimingDisk { disk throws(StorageError) in
      try steps.run("remove the disk label of '\(disk.path)'") { () throws(StorageError) in
        // A label that cannot be read has partitions that nothing is known of.
        let identities = (try? PartitionTable(of: disk, readOnly: true).layout()).map { layout in
          layout.partitions.map { layout.identity(of: $0) }
        }
        try clear(disk)
        for identity in identities ?? [] { try setRecord(nil, identity: identity) }
      }
    }
  }

  /// Zeroes both ends of the disk, once the kernel shows no partitions any more.
  private func clear(_ disk: Descriptor) throws(StorageError) {
    let view = try kernelView(of: disk)
    for partition in try view.partitions() { try view.remove(partition, on: disk) }
    let size = try disk.geometry().size
    let edge = min(Self.edge, size)
    try disk.zeroDevice(from: 0, to: edge)
    try disk.zeroDevice(from: size - edge, to: size)
    try disk.flushDevice()
  }

  /// Opens the disk so that nobody can use it or a partition of it meanwhile.
  /// - Throws: `busy`, naming who does.
  private func claimingDisk(_ body: (Descriptor) throws(StorageError) -> Void) throws(StorageError)
  {
    let disk = try openDisk { path throws(StorageError) in
      do throws(StorageError) { return try Descriptor(claiming: path) } catch {
        guard error.code == .busy else { throw error }
        let status = try FileStatus(following: path)
        let users = try DeviceUse.holders(
          of: status.device, countingReaders: false, proc: host.proc, sys: host.sys)
        let names = users.isEmpty ? "another process" : users.joined(separator: ", ")
        throw StorageError(
          .busy, "pool '\(pool.name)'", "device '\(path)' is in use by \(names)")
      }
    }
    guard try !disk.geometry().isReadOnly else {
      throw StorageError(.permission, disk.path.text, "is read-only")
    }
    let lock = try lock(disk, .exclusive)
    try withExtendedLifetime(lock) { () throws(StorageError) in try body(disk) }
  }

  /// Refuses a disk that holds anything, in libvirt's words.
  private func refuse(_ found: [Signature], on disk: Path, _ label: DiskLabel)
    throws(StorageError)
  {
    guard !found.isEmpty else { return }
    if found.contains(Signature(.partitionTable, label.rawValue)) {
      throw StorageError(
        .exists, "pool '\(pool.name)'",
        "Storage pool already built: Device '\(disk)' already formatted using '\(label.rawValue)'")
    }
    throw StorageError(
      .exists, "pool '\(pool.name)'",
      "Storage pool already built: Format of device '\(disk)' does not match the expected format"
        + " '\(label.rawValue)', forced overwrite is necessary",
      reason: "it holds \(found.map { "'\($0.type)'" }.joined(separator: ", "))")
  }
}
