import CFdisk
import StorageModel
import StorageOS

/// One entry of a partition table.
struct Partition: Equatable, Sendable {
  /// As the kernel counts, from 1.
  var number: Int
  var start: ByteCount
  var size: ByteCount
  /// Whether it is an extended partition, which holds the logical ones.
  var isContainer = false
  /// Whether it is a logical partition inside the extended one.
  var isNested = false
  /// The label's own word for what it holds: a GUID, or a number in hexadecimal.
  var type: String
  /// Of GPT its own identifier.
  var uuid: String?

  var end: ByteCount { start + size }
}

/// The partition table of an open disk, read and changed through libfdisk.
///
/// Changes are made in memory; `write` brings them to the disk. The kernel is told separately.
final class PartitionTable {
  let device: Descriptor
  let geometry: DeviceGeometry
  private let disk: OpaquePointer
  private let lock: FileLock?

  /// Reads the table.
  /// - Parameter lock: what is held for as long as the table is.
  /// - Throws: `unsupported` where libfdisk is missing, naming its package.
  init(of device: Descriptor, readOnly: Bool, _ lock: FileLock? = nil) throws(StorageError) {
    var problem = [CChar](repeating: 0, count: 256)
    guard shim_fdisk_load(&problem, problem.count) == 0 else {
      let text = problem.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      throw StorageError(
        .unsupported, "", "cannot load libfdisk: \(String(decoding: text, as: UTF8.self))",
        reason: "install the package libfdisk1")
    }
    self.device = device
    self.lock = lock
    geometry = try device.geometry()
    var opened: OpaquePointer?
    try SystemCall.run(device.path.text, "cannot read the partition table") {
      opened = shim_fdisk_open(device.number, device.path.text, readOnly ? 1 : 0)
      return opened == nil ? -1 : 0
    }
    guard let opened else {
      throw StorageError(.failure, device.path.text, "cannot read the partition table")
    }
    disk = opened
  }

  deinit { shim_fdisk_close(disk) }

  /// The label in libfdisk's words: `gpt`, `dos`, `sun`, `bsd`, `sgi`; nil where there is none that it knows.
  var label: String? { shim_fdisk_label(disk).map { String(cString: $0) } }

  /// What the label says and what is free.
  /// - Throws: `unsupported` for labels that nothing is known of here.
  func layout() throws(StorageError) -> DiskLayout {
    guard let word = label, let label = DiskLabel(rawValue: word) else {
      throw StorageError(
        .unsupported, device.path.text,
        "has a disk label of type '\(label ?? "unknown")': only dos and gpt can be used")
    }
    var found: [Partition] = []
    let sector = geometry.logicalSector.bytes
    let result = withUnsafeMutablePointer(to: &found) { list in
      shim_fdisk_partitions(
        disk,
        { context, entry in
          guard let entry else { return }
          let text = { (bytes: UnsafeRawBufferPointer) in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
          }
          // Positions are in sectors of the disk until the next line.
          let uuid = withUnsafeBytes(of: entry.pointee.uuid, text).lowercased()
          context?.assumingMemoryBound(to: [Partition].self).pointee.append(
            Partition(
              number: Int(entry.pointee.number),
              start: ByteCount(exactly: entry.pointee.start) ?? .maximum,
              size: ByteCount(exactly: entry.pointee.size) ?? .maximum,
              isContainer: entry.pointee.is_container != 0,
              isNested: entry.pointee.is_nested != 0,
              type: withUnsafeBytes(of: entry.pointee.type, text).lowercased(),
              uuid: uuid.isEmpty ? nil : uuid))
        }, list)
    }
    try check(result, "cannot read the partitions")
    func bytes(_ sectors: Int64) throws(StorageError) -> ByteCount {
      let (bytes, overflow) = sectors.multipliedReportingOverflow(by: sector)
      guard !overflow else {
        throw StorageError(.badInput, device.path.text, "its partition table makes no sense")
      }
      return ByteCount(bytes)
    }
    for index in found.indices {
      found[index].start = try bytes(found[index].start.bytes)
      found[index].size = try bytes(found[index].size.bytes)
    }
    let first = Int64(clamping: shim_fdisk_first_sector(disk))
    let last = Int64(clamping: shim_fdisk_last_sector(disk))
    return DiskLayout(
      label: label, identifier: shim_fdisk_identifier(disk).map { String(cString: $0) },
      sector: geometry.logicalSector, begin: try bytes(first), end: try bytes(last + 1),
      partitions: found.sorted { $0.number < $1.number })
  }

  // MARK: Changing

  /// Begins an empty table.
  func create(_ label: DiskLabel) throws(StorageError) {
    try check(shim_fdisk_create_label(disk, label.rawValue), "cannot make a disk label")
  }

  func add(_ partition: Partition) throws(StorageError) {
    let sector = geometry.logicalSector.bytes
    var entry = shim_fdisk_partition()
    entry.number = Int32(partition.number)
    entry.start = UInt64(partition.start.bytes / sector)
    entry.size = UInt64(partition.size.bytes / sector)
    withUnsafeMutableBytes(of: &entry.type) { $0.fill(with: partition.type) }
    withUnsafeMutableBytes(of: &entry.uuid) { $0.fill(with: partition.uuid?.uppercased() ?? "") }
    try check(shim_fdisk_add(disk, &entry), "cannot add partition \(partition.number)")
  }

  func remove(_ number: Int) throws(StorageError) {
    try check(shim_fdisk_remove(disk, Int32(number)), "cannot remove partition \(number)")
  }

  func resize(_ number: Int, to size: ByteCount) throws(StorageError) {
    let sectors = UInt64(size.bytes / geometry.logicalSector.bytes)
    try check(
      shim_fdisk_resize(disk, Int32(number), sectors), "cannot resize partition \(number)")
  }

  /// Brings the table to the disk.
  func write() throws(StorageError) {
    SystemCall.willChange("fdisk_write_disklabel")
    try check(shim_fdisk_write(disk), "cannot write the partition table")
    try device.sync()
  }

  /// Turns a negative errno into an error, with what libfdisk said or the system's reason.
  private func check(_ result: Int32, _ problem: String) throws(StorageError) {
    guard result < 0 else { return }
    var error = StorageError(errno: -result, device.path.text, problem)
    let message = String(cString: shim_fdisk_message(disk))
    if !message.isEmpty {
      error.reason = message.withoutFullStop
    }
    throw error
  }
}

extension UnsafeMutableRawBufferPointer {
  /// Puts a text at the start, with a zero behind it; what does not fit is left out.
  fileprivate func fill(with text: String) {
    let bytes = Array(text.utf8.prefix(count - 1)) + [0]
    copyBytes(from: bytes)
  }
}
