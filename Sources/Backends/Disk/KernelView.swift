import StorageModel
import StorageOS

/// How the kernel's partitions of a disk differ from its partition table.
///
/// Many kernels read the table themselves, when a disk appears and when they are asked to. A kernel without
/// partition parsers, and one that missed a change, is told of each partition; both end up the same.
struct KernelView {
  /// One thing to tell the kernel.
  enum Difference: Equatable {
    case missing(Partition)
    case foreign(DeviceUse.Partition)
    case resized(Partition)

    var number: Int {
      switch self {
      case .missing(let partition), .resized(let partition): return partition.number
      case .foreign(let partition): return partition.number
      }
    }
  }

  let disk: DeviceNumber
  let sys: Path

  /// What the kernel knows.
  func partitions() throws(StorageError) -> [DeviceUse.Partition] {
    try DeviceUse.partitions(of: disk, sys: sys)
  }

  /// What to tell the kernel, in the order to tell it.
  func differences(from layout: DiskLayout) throws(StorageError) -> [Difference] {
    let known = try partitions()
    var found: [Difference] = known.compactMap { partition in
      let entry = layout.partitions.first { $0.number == partition.number }
      guard let entry, entry.start == partition.start else { return .foreign(partition) }
      // Of an extended partition the kernel shows the first sectors only, so that nothing else is written to it.
      return entry.isContainer || entry.size == partition.size ? nil : .resized(entry)
    }
    for entry in layout.partitions
    where !known.contains(where: { $0.number == entry.number && $0.start == entry.start }) {
      found.append(.missing(entry))
    }
    return found
  }

  /// Makes the kernel's partitions those of the table, with their nodes.
  /// - Parameters:
  ///   - device: the open disk.
  ///   - only: the numbers to look at; nil for all.
  /// - Throws: `busy` where a partition that is not in the table is in use.
  func follow(_ layout: DiskLayout, on device: Descriptor, only numbers: Set<Int>? = nil)
    throws(StorageError)
  {
    for difference in try differences(from: layout)
    where numbers?.contains(difference.number) ?? true {
      switch difference {
      case .foreign(let partition): try remove(partition, on: device)
      case .missing(let partition): try add(partition, of: layout, on: device)
      case .resized(let partition):
        try device.resizeKernelPartition(
          partition.number, from: partition.start, size: partition.size)
      }
    }
  }

  private func add(_ partition: Partition, of layout: DiskLayout, on device: Descriptor)
    throws(StorageError)
  {
    let shown =
      partition.isContainer ? min(partition.size, max(1024, layout.sector)) : partition.size
    try device.addKernelPartition(partition.number, from: partition.start, size: shown)
    guard let known = try partitions().first(where: { $0.number == partition.number }) else {
      return
    }
    try makeNode(of: known)
  }

  /// Makes the kernel forget a partition.
  func remove(_ partition: DeviceUse.Partition, on device: Descriptor) throws(StorageError) {
    try device.removeKernelPartition(partition.number)
    // Where nobody else removes the node it would stand for whatever gets the number next.
    let node = Path("/dev").appending(partition.name)
    guard let status = try FileStatus.ifPresent(node), status.kind == .blockDevice,
      status.device == partition.device
    else { return }
    try Folder(opening: node.parent).remove(node.lastComponent)
  }

  /// Makes the node of a partition where the kernel does not: in a container whose /dev is no devtmpfs.
  private func makeNode(of partition: DeviceUse.Partition) throws(StorageError) {
    let folder = try Folder(opening: Path("/dev"))
    if let present = try folder.status(partition.name) {
      guard present.kind != .blockDevice || present.device != partition.device else { return }
      try folder.remove(partition.name)
    }
    try folder.makeBlockNode(partition.name, for: partition.device)
  }
}
