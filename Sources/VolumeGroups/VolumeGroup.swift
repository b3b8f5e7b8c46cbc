import StorageModel

/// One volume group with its volumes, as one report tells of them.
package struct VolumeGroup: Sendable {
  /// The command that gives up the devices of a group that are not there, with all that lies on them.
  package static func givingUp(_ group: String) -> String {
    "vgreduce --removemissing --force \(group)"
  }

  package let name: String
  package let size: ByteCount
  package let free: ByteCount
  package let extent: ByteCount
  /// Whether a physical volume is missing.
  package let isPartial: Bool
  /// All volumes by name, internal ones included.
  package let volumes: [ByteString: LogicalVolume]

  /// Reads a group.
  ///
  /// Costs one report, of a group without volumes two. Where a group cannot be read the reason is LVM's.
  /// - Throws: `notFound` where there is none of that name; `unsupported` for one that belongs to another system, is
  ///   exported, or is shared between machines.
  package init(reading name: String) throws(StorageError) {
    let subject = "volume group '\(name)'"
    let rows: [ReportRow]
    do throws(StorageError) {
      // Not sorted: nobody asks for an order.
      var found = try LVM.report(
        "lvs", LogicalVolume.fields + VolumeGroup.fields, ["--unbuffered", "-a", name],
        subject: subject)
      if found.isEmpty {
        found = try LVM.report("vgs", VolumeGroup.fields, [name], subject: subject)
      }
      rows = found
    } catch {
      throw VolumeGroup.explained(error, subject)
    }
    try self.init(name, rows: rows)
  }

  /// Reads the rows of a report, one for each segment of each volume, or one without a volume.
  package init(_ name: String, rows: [ReportRow]) throws(StorageError) {
    let subject = "volume group '\(name)'"
    guard let first = rows.first else {
      throw StorageError(.notFound, subject, "is not there")
    }
    let attributes = Array(first[.groupAttributes].utf8)
    guard let extent = first.size(.extentSize), extent > 0,
      let size = first.extents(.extents, of: extent),
      let free = first.extents(.freeExtents, of: extent), attributes.count >= 6
    else { throw StorageError(.failure, subject, "LVM's report cannot be understood") }
    if "cs".utf8.contains(attributes[5]) {
      throw StorageError(
        .unsupported, subject, "is shared between machines: not supported here")
    }
    if attributes[2] == UInt8(ascii: "x") {
      throw StorageError(
        .unsupported, subject, "is exported", hint: "Take it back with 'vgimport'.")
    }
    self.name = name
    self.size = size
    self.free = free
    self.extent = extent
    isPartial = attributes[3] == UInt8(ascii: "p")
    var volumes: [ByteString: LogicalVolume] = [:]
    volumes.reserveCapacity(rows.count)
    for row in rows {
      guard let volume = LogicalVolume(row: row) else { continue }
      if volumes[volume.name] != nil {
        volumes[volume.name]?.segments += volume.segments
      } else {
        volumes[volume.name] = volume
      }
    }
    self.volumes = volumes
  }

  /// Numbers of extents, because a size costs LVM three times as much in each row.
  private static let fields: [ReportField] = [
    .groupAttributes, .extents, .freeExtents, .extentSize,
  ]

  /// What keeps a group from being read, in words that say what to do.
  private static func explained(_ error: StorageError, _ subject: String) -> StorageError {
    var error = error
    let reason = error.reason ?? ""
    if error.code == .notFound {
      error.problem = "is not there"
      error.reason = nil
    } else if reason.lowercased().contains("with system id") {
      error.problem = "belongs to another system"
    } else if reason.lowercased().contains("is exported") {
      error = StorageError(
        .unsupported, subject, "is exported", hint: "Take it back with 'vgimport'.")
    }
    return error
  }

  /// The physical volumes that something lies on, as far as they are there.
  package var devices: [Path] {
    let ranges = volumes.values.flatMap(\.segments).flatMap(\.ranges)
    return Set(ranges.map(\.device).filter { $0.hasPrefix("/") }.map { Path($0) }).sorted()
  }

  /// The parts of physical volumes that a volume lies on, in order; those of thin volumes are their pool's.
  package func ranges(of volume: LogicalVolume) -> [LogicalVolume.Range] {
    var found: [LogicalVolume.Range] = []
    // LVM's own nesting is a few levels deep.
    func collect(_ volume: LogicalVolume, depth: Int) {
      for range in volume.segments.flatMap(\.ranges) {
        guard let inner = volumes[range.device], depth < 8 else {
          if range.device.hasPrefix("/") { found.append(range) }
          continue
        }
        collect(inner, depth: depth + 1)
      }
    }
    collect(volume, depth: 0)
    return found
  }
}

extension ReportRow {
  /// The size of the extents that a field counts.
  fileprivate func extents(_ field: ReportField, of size: ByteCount) -> ByteCount? {
    guard let count = UInt64(self[field]) else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: UInt64(size.bytes))
    return overflow ? nil : ByteCount(exactly: bytes)
  }
}

/// A device that belongs, or could belong, to a volume group.
package struct PhysicalVolume: Sendable {
  package let device: Path
  /// nil where it is in none.
  package let group: String?

  /// All of them, in LVM's order.
  package static func all() throws(StorageError) -> [PhysicalVolume] {
    try LVM.report("pvs", [.device, .group], [], subject: "").compactMap { row in
      let (device, group) = (row[.device], row[.group])
      guard device.hasPrefix("/") else { return nil }
      return PhysicalVolume(device: Path(device), group: group.isEmpty ? nil : group)
    }
  }

  /// The devices of one group, in LVM's order, as far as they are there.
  package static func devices(of group: String) throws(StorageError) -> [Path] {
    try all().filter { $0.group == group }.map(\.device)
  }
}
