import StorageModel

/// The partition tables that can be changed here.
enum DiskLabel: String, CaseIterable, Sendable {
  case dos, gpt

  /// The last partition number there can be.
  var lastNumber: Int { self == .gpt ? 128 : 60 }
}

/// What is where on a disk, and what is free.
struct DiskLayout: Equatable, Sendable {
  /// Partitions begin and end at multiples of this, as every tool of today does it, whatever the sectors are.
  static let alignment = ByteCount.mebibyte

  let label: DiskLabel
  /// The label's own identifier; nil where it has none.
  let identifier: String?
  let sector: ByteCount
  /// Where partitions may begin, and where the last must end.
  let begin: ByteCount
  let end: ByteCount
  /// By number.
  let partitions: [Partition]

  var container: Partition? { partitions.first { $0.isContainer } }

  /// A part of the disk that a new partition could take.
  struct Gap: Equatable, Sendable {
    let start: ByteCount
    let end: ByteCount
    /// Whether it lies in the extended partition.
    let isNested: Bool
    var size: ByteCount { end - start }
  }

  /// The free parts, in order; aligned, so that all of each can be used.
  var gaps: [Gap] {
    var limit = end
    if label == .dos {
      // A dos label has 32 bits for a sector's number.
      limit = min(limit, ByteCount(Int64(UInt32.max).saturated(times: sector.bytes)))
    }
    var found = gaps(
      between: partitions.filter { !$0.isNested }, from: max(begin, Self.alignment), to: limit,
      isNested: false)
    if let container {
      found += gaps(
        between: partitions.filter(\.isNested), from: container.start, to: container.end,
        isNested: true)
    }
    return found.sorted { $0.start < $1.start }
  }

  private func gaps(
    between partitions: [Partition], from begin: ByteCount, to end: ByteCount, isNested: Bool
  ) -> [Gap] {
    var found: [Gap] = []
    var position = begin
    // The table of a logical partition lies before it.
    let ahead: ByteCount = isNested ? sector : 0
    func add(to limit: ByteCount) {
      let start = (position + ahead).roundedUp(to: Self.alignment)
      let stop = limit.roundedDown(to: Self.alignment)
      if stop > start { found.append(Gap(start: start, end: stop, isNested: isNested)) }
    }
    for partition in partitions.sorted(by: { $0.start < $1.start }) {
      // So does that of the one behind, which may be as far ahead as partitions are aligned.
      add(to: isNested ? partition.start - Self.alignment : partition.start)
      position = max(position, partition.end)
    }
    add(to: end)
    return found
  }

  /// The numbers that the next partition may get: the lowest free one, and, where there is an extended partition,
  /// that of the next logical one; the one that other tools would give first.
  /// - Throws: in libvirt's words where there is none.
  func nextNumbers(for format: VolumeFormat) throws(StorageError) -> [Int] {
    let used = Set(partitions.map(\.number))
    if label == .gpt {
      guard format != .extended else {
        throw StorageError(.badInput, "", "Invalid partition type: gpt has no extended partitions")
      }
      guard let number = (1...label.lastNumber).first(where: { !used.contains($0) }) else {
        throw StorageError(.noSpace, "", "the partition table has no entry left")
      }
      return [number]
    }
    let primary = (1...4).first { !used.contains($0) }
    if format == .extended {
      guard container == nil else {
        throw StorageError(.exists, "", "extended partition already exists")
      }
      guard let primary else {
        throw StorageError(.noSpace, "", "no primary partition available")
      }
      return [primary]
    }
    var numbers = primary.map { [$0] } ?? []
    if container != nil {
      let next = (partitions.filter(\.isNested).map(\.number).max() ?? 4) + 1
      if next <= label.lastNumber { numbers.append(next) }
    }
    guard !numbers.isEmpty else {
      throw StorageError(
        .noSpace, "", "no extended partition found and no primary partition available")
    }
    return numbers
  }

  /// Where a new partition of that number and size goes: into the smallest free part that holds it.
  func place(number: Int, size: ByteCount) throws(StorageError) -> Gap {
    let isNested = label == .dos && number > 4
    let fitting = gaps.filter { $0.isNested == isNested && $0.size >= size }
    guard let gap = fitting.min(by: { ($0.size, $0.start) < ($1.size, $1.start) }) else {
      let largest = gaps.filter { $0.isNested == isNested }.map(\.size).max() ?? 0
      throw StorageError(
        .noSpace, "", "no large enough free extent",
        reason: "\(size.bytes) bytes are needed, the largest has \(largest.bytes)")
    }
    return Gap(start: gap.start, end: gap.start + size, isNested: isNested)
  }

  /// The most a partition can have where it begins.
  func room(for partition: Partition) -> ByteCount {
    var limit = partition.isNested ? container?.end ?? end : end
    if label == .dos, !partition.isNested {
      limit = min(limit, ByteCount(Int64(UInt32.max).saturated(times: sector.bytes)))
    }
    for other in partitions
    where other.number != partition.number && other.isNested == partition.isNested
      && other.start >= partition.end
    {
      // The next logical partition's own table lies before it.
      limit = min(limit, other.isNested ? other.start - Self.alignment : other.start)
    }
    return limit.roundedDown(to: Self.alignment) - partition.start
  }

  /// What tells a partition from all others: GPT gives each an identifier; a dos label has one itself, and the place
  /// on the disk tells its partitions apart, whose numbers can change.
  func identity(of partition: Partition) -> String {
    if let uuid = partition.uuid, label == .gpt { return "gpt-\(uuid)" }
    return "dos-\(identifier ?? "none")-\(partition.start.bytes)"
  }
}

extension ByteCount {
  /// The last multiple of `unit` that is not above.
  func roundedDown(to unit: ByteCount) -> ByteCount { ByteCount(bytes - bytes % unit.bytes) }
}

extension Int64 {
  fileprivate func saturated(times other: Int64) -> Int64 {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? Int64.max : product
  }
}
