import StorageModel

/// One logical volume, as LVM reports it.
package struct LogicalVolume: Equatable, Sendable {
  package let name: String
  package let uuid: String
  package let size: ByteCount
  /// The volume it is a snapshot of, by its present name; nil for none, and for one that is gone.
  package let origin: String?
  /// The thin pool it lies in.
  package let thinPool: String?
  /// How full it is, of a thin volume, an old snapshot or a thin pool, in hundredths of a per cent; nil while it is
  /// not active, and for others.
  package let dataFill: Int?
  /// The same for the metadata of a thin pool.
  package let metadataFill: Int?
  /// The size of a thin pool's metadata; nil for others.
  package let metadataSize: ByteCount?
  /// Of a thin pool the number of its last change, as LVM has it; of a thin volume that of the pool before it was
  /// made; nil for others.
  package let transaction: UInt64?
  package let tags: [String]
  package var segments: [Segment]
  /// `lv_attr` (lvs(8)): ten characters.
  package let attributes: [UInt8]
  /// Whether its device is suspended: who reads it waits until it is resumed.
  ///
  /// The attributes do not tell where the device does not agree with LVM's metadata, as between a change of both.
  package let isSuspended: Bool
  /// Whether it is part of another volume, or LVM's own.
  package let isInternal: Bool

  /// A run of its extents with one mapping.
  package struct Segment: Equatable, Sendable {
    /// LVM's word: `linear`, `striped`, `raid1`, `thin`, `thin-pool`.
    package let type: String
    package let ranges: [Range]
  }

  /// Extents of a physical volume, or of an internal volume.
  package struct Range: Equatable, Sendable {
    package let device: String
    package let first: Int64
    package let last: Int64
  }

  package var type: String { segments.first?.type ?? "" }
  package var isThinPool: Bool { type == "thin-pool" }
  package var isThin: Bool { type == "thin" }
  /// An old snapshot, whose blocks are copied at the first change of its origin.
  package var isOldSnapshot: Bool { attributes.first.map { "sS".utf8.contains($0) } ?? false }
  package var isActive: Bool { attribute(4) == UInt8(ascii: "a") }
  /// Whether its device was made and not given what it consists of, which nobody can use, by a command that was killed.
  package var isHalfMade: Bool {
    !isSuspended && (attribute(4).map { "diX".utf8.contains($0) } ?? false)
  }
  /// Whether it is an old snapshot that was too small, and lost.
  package var isOverflown: Bool { attribute(4).map { "IS".utf8.contains($0) } ?? false }
  package var isOpen: Bool { attribute(5) == UInt8(ascii: "o") }
  package var isReadOnly: Bool { attribute(1) == UInt8(ascii: "r") }
  /// Whether a device that it lies on is missing.
  package var isPartial: Bool { attribute(8) == UInt8(ascii: "p") }
  /// Whether it cannot be used for that: not so where its other devices hold all of it, and it is active.
  package var isBroken: Bool {
    isPartial && !(isActive && type.hasPrefix("raid") && !type.hasPrefix("raid0"))
  }

  /// The space it takes: what is written of a thin volume, of others all.
  package var used: ByteCount {
    guard isThin || isOldSnapshot else { return size }
    return part(of: size, dataFill ?? 0)
  }

  private func attribute(_ index: Int) -> UInt8? {
    index < attributes.count ? attributes[index] : nil
  }
}

/// So many hundredths of a per cent of a size, rounded down.
package func part(of size: ByteCount, _ hundredths: Int) -> ByteCount {
  let whole = size.bytes / 10_000 * Int64(hundredths)
  let rest = size.bytes % 10_000 * Int64(hundredths) / 10_000
  return ByteCount(exactly: UInt64(whole + rest)) ?? 0
}

extension LogicalVolume {
  /// The fields of a report that a volume is read from.
  static let fields: [ReportField] = [
    .name, .uuid, .size, .origin, .thinPool, .dataFill, .metadataFill, .metadataSize, .transaction,
    .tags, .segmentType, .segmentRanges, .attributes, .suspended,
  ]

  /// Reads a row of `lvs -a`, one for each segment.
  init?(row: ReportRow) {
    func optional(_ field: ReportField) -> String? {
      let name = row[field]
      return name.isEmpty ? nil : unbracketed(name)
    }
    let shown = row[.name]
    guard let size = row.size(.size), !shown.isEmpty else { return nil }
    name = unbracketed(shown)
    isInternal = name != shown
    uuid = row[.uuid]
    self.size = size
    origin = optional(.origin)
    thinPool = optional(.thinPool)
    dataFill = hundredths(row[.dataFill])
    metadataFill = hundredths(row[.metadataFill])
    metadataSize = row.size(.metadataSize)
    transaction = UInt64(row[.transaction])
    tags = words(row[.tags][...], UInt8(ascii: ",")).map(String.init)
    attributes = Array(row[.attributes].utf8)
    isSuspended = row[.suspended] == "suspended"
    let ranges = words(row[.segmentRanges][...], UInt8(ascii: " ")).compactMap(Range.init)
    segments = [Segment(type: row[.segmentType], ranges: ranges)]
  }
}

extension LogicalVolume.Range {
  /// Reads `/dev/sda:0-24`.
  fileprivate init?(_ text: Substring) {
    guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
    let numbers = words(text[text.utf8.index(after: colon)...], UInt8(ascii: "-"))
    guard numbers.count == 2, let first = Int64(numbers[0]), let last = Int64(numbers[1]) else {
      return nil
    }
    self.init(device: String(text[..<colon]), first: first, last: last)
  }
}

/// What stands between separators that are ASCII.
private func words(_ text: Substring, _ separator: UInt8) -> [Substring] {
  text.isEmpty ? [] : text.utf8.split(separator: separator).map(Substring.init)
}

/// LVM puts names of internal volumes into brackets.
private func unbracketed(_ name: String) -> String {
  name.without(brackets: "[", "]")
}

/// Reads `12.34` as 1234.
private func hundredths(_ text: String) -> Int? {
  guard !text.isEmpty else { return nil }
  let parts = text.split(separator: ".", omittingEmptySubsequences: false)
  guard parts.count == 2, let whole = Int(parts[0]), let rest = Int(parts[1]),
    parts[1].utf8.count == 2
  else { return nil }
  return whole * 100 + rest
}
