/// The headers of qcow and qcow2, all numbers big-endian. Source: QEMU's specification of the formats.
extension ImageProbe {
  /// The longest name of an image below that QEMU accepts.
  private static let longestName: UInt32 = 1023

  static func qcow(_ bytes: ImageBytes, into facts: inout ImageFacts) throws(ProbeStop) {
    facts.format = .qcow
    let clusterBits = try bytes.byte(32)
    guard (9...16).contains(clusterBits) else {
      throw .broken("cluster bits \(clusterBits) are not in 9 to 16")
    }
    let tableBits = try bytes.byte(33)
    guard (6...13).contains(tableBits) else {
      throw .broken("L2 table bits \(tableBits) are not in 6 to 13")
    }
    facts.encryption = try cipher(bytes.big(36), most: 1)
    let size = try ImageBytes.size(bytes.big(24))
    facts.capacity = size
    try checkTable(bytes, size: size, bits: UInt64(clusterBits) + UInt64(tableBits))
    let offset = try bytes.big(8, as: UInt64.self)
    let length = try bytes.big(16, as: UInt32.self)
    // The name lies between the header and the L1 table, wherever that is; no cluster bounds it.
    let limit = UInt64(bytes.size)
    facts.backing = try backing(bytes, offset: offset, length: length, limit: limit)
  }

  /// Refuses a size whose L1 table the file does not hold: of qcow the header does not say how large that is, and QEMU
  /// writes it whole.
  private static func checkTable(_ bytes: ImageBytes, size: ByteCount, bits: UInt64)
    throws(ProbeStop)
  {
    let covered = UInt64(1) << bits
    let entries = (UInt64(size.bytes) + covered - 1) / covered
    guard entries <= UInt64(Int32.max) / 8 else {
      throw .broken("the L1 table has \(entries) entries")
    }
    let (end, isOver) = try bytes.big(40, as: UInt64.self).addingReportingOverflow(entries * 8)
    guard !isOver, end <= UInt64(bytes.size) else {
      throw .broken("the L1 table for the disk's size lies outside the file")
    }
  }

  static func qcow2(
    _ bytes: ImageBytes, version: UInt32, into facts: inout ImageFacts
  ) throws(ProbeStop) {
    facts.format = .qcow2
    facts.compat = version == 2 ? "0.10" : "1.1"
    let clusterBits = try bytes.big(20, as: UInt32.self)
    guard (9...21).contains(clusterBits) else {
      throw .broken("cluster bits \(clusterBits) are not in 9 to 21")
    }
    let cluster = UInt64(1) << UInt64(clusterBits)
    facts.clusterSize = try ImageBytes.size(cluster)
    if version == 3 { facts.features = try features(bytes) }
    facts.encryption = try cipher(bytes.big(32), most: 2)
    let headerLength = version == 2 ? 72 : UInt64(try bytes.big(100, as: UInt32.self))
    guard headerLength <= cluster, version == 2 || headerLength >= 104 else {
      throw .broken("header length \(headerLength) is not in 104 to \(cluster)")
    }
    // What it refers to first: that is wanted of an image that is not sound, too.
    try references(bytes, cluster: cluster, headerLength: headerLength, into: &facts)
    let size = try ImageBytes.size(bytes.big(24))
    facts.capacity = size
    try checkTables(bytes, size: size, clusterBits: clusterBits, features: facts.features)
    if version == 3 { try compression(bytes, headerLength: headerLength, into: &facts) }
  }

  private static func references(
    _ bytes: ImageBytes, cluster: UInt64, headerLength: UInt64, into facts: inout ImageFacts
  ) throws(ProbeStop) {
    let offset = try bytes.big(8, as: UInt64.self)
    let length = try bytes.big(16, as: UInt32.self)
    guard offset == 0 || offset >= headerLength else {
      throw .broken("the backing file's name lies inside the header")
    }
    guard offset <= cluster else {
      throw .broken("the backing file's name lies outside the header's cluster")
    }
    facts.backing = try backing(bytes, offset: offset, length: length, limit: cluster)
    let end = offset == 0 ? cluster : min(offset, cluster)
    try extensions(bytes, from: headerLength, to: end, into: &facts)
  }

  private static func cipher(
    _ method: UInt32, most: UInt32
  ) throws(ProbeStop) -> Encryption.Format? {
    guard method <= most else { throw .broken("unknown encryption method \(method)") }
    return method == 0 ? nil : method == 1 ? .qcow : .luks
  }

  private static func features(_ bytes: ImageBytes) throws(ProbeStop) -> ImageFacts.Features {
    let incompatible = try bytes.big(72, as: UInt64.self)
    let compatible = try bytes.big(80, as: UInt64.self)
    let autoclear = try bytes.big(88, as: UInt64.self)
    guard incompatible < 1 << 5 else {
      throw .broken("unknown incompatible features 0x\(String(incompatible & ~0x1f, radix: 16))")
    }
    var features: ImageFacts.Features = []
    if incompatible & 1 != 0 { features.insert(.dirty) }
    if incompatible & 2 != 0 { features.insert(.corrupt) }
    if incompatible & 4 != 0 { features.insert(.externalDataFile) }
    if incompatible & 16 != 0 { features.insert(.extendedL2) }
    if compatible & 1 != 0 { features.insert(.lazyRefcounts) }
    if autoclear & 2 != 0 { features.insert(.rawExternalData) }
    return features
  }

  /// Refuses tables that QEMU refuses too.
  private static func checkTables(
    _ bytes: ImageBytes, size: ByteCount, clusterBits: UInt32, features: ImageFacts.Features
  ) throws(ProbeStop) {
    let mask = UInt64(1) << UInt64(clusterBits) - 1
    let entries = UInt64(try bytes.big(36, as: UInt32.self))
    guard entries <= 32 << 20 / 8 else { throw .broken("the L1 table has \(entries) entries") }
    let extended = features.contains(.extendedL2)
    guard !extended || clusterBits >= 14 else {
      throw .broken("extended L2 entries with clusters below 16 KiB")
    }
    let covered = UInt64(clusterBits + clusterBits - (extended ? 4 : 3))
    let (last, rest) = UInt64(size.bytes).quotientAndRemainder(dividingBy: UInt64(1) << covered)
    guard last + (rest == 0 ? 0 : 1) <= entries else {
      throw .broken("the L1 table is too small for the disk's size")
    }
    guard try bytes.big(40, as: UInt64.self) & mask == 0 else {
      throw .broken("the L1 table is not at a cluster's start")
    }
    guard try bytes.big(48, as: UInt64.self) & mask == 0 else {
      throw .broken("the reference count table is not at a cluster's start")
    }
    let clusters = UInt64(try bytes.big(56, as: UInt32.self))
    guard clusters > 0, clusters <= (8 << 20) >> UInt64(clusterBits) else {
      throw .broken("the reference count table has \(clusters) clusters")
    }
    let snapshots = try bytes.big(60, as: UInt32.self)
    guard snapshots <= 65536 else { throw .broken("the image has \(snapshots) snapshots") }
    guard try bytes.big(64, as: UInt64.self) & mask == 0 else {
      throw .broken("the snapshot table is not at a cluster's start")
    }
    guard try bytes.big(4, as: UInt32.self) == 3 else { return }
    let order = try bytes.big(96, as: UInt32.self)
    guard order <= 6 else { throw .broken("reference count order \(order) is above 6") }
  }

  private static func compression(
    _ bytes: ImageBytes, headerLength: UInt64, into facts: inout ImageFacts
  ) throws(ProbeStop) {
    let flagged = try bytes.big(72, as: UInt64.self) & 8 != 0
    let kind = headerLength > 104 ? try bytes.byte(104) : 0
    guard kind <= 1, flagged == (kind != 0) else {
      throw .broken("compression type \(kind) does not fit the header's features")
    }
    if kind == 1 { facts.features.insert(.zstd) }
  }

  private static func backing(
    _ bytes: ImageBytes, offset: UInt64, length: UInt32, limit: UInt64
  ) throws(ProbeStop) -> BackingReference? {
    guard offset != 0, length != 0 else { return nil }
    guard length <= longestName else {
      throw .broken("the backing file's name has \(length) bytes, more than \(longestName)")
    }
    guard offset <= limit, UInt64(length) <= limit - offset, let start = Int64(exactly: offset)
    else { throw .broken("the backing file's name lies outside the header's cluster") }
    let name = try ImageBytes.name(bytes.bytes(at: start, count: Int(length)))
    return name.isEmpty ? nil : BackingReference(path: name)
  }

  /// Reads the list of header extensions for the format below and the external data file.
  private static func extensions(
    _ bytes: ImageBytes, from start: UInt64, to end: UInt64, into facts: inout ImageFacts
  ) throws(ProbeStop) {
    // Both ends are within one cluster, so that no sum below overflows.
    var offset = start
    while offset + 8 <= end, Int64(offset) <= bytes.size - 8 {
      _ = try bytes.bytes(at: Int64(offset), count: 8, ahead: 4096)
      let kind = try bytes.big(Int64(offset), as: UInt32.self)
      let length = UInt64(try bytes.big(Int64(offset) + 4, as: UInt32.self))
      offset += 8
      guard kind != 0 else { return }
      guard length <= end - offset else {
        throw .broken("header extension 0x\(String(kind, radix: 16)) is cut off")
      }
      switch kind {
      case 0xe279_2aca:
        guard length <= 15 else { throw .broken("the backing format's name is too long") }
        let format = try ImageBytes.name(bytes.bytes(at: Int64(offset), count: Int(length)))
        if !format.isEmpty { facts.backing?.formatText = format }
      case 0x4441_5441:
        guard length <= UInt64(longestName) else {
          throw .broken("the external data file's name is too long")
        }
        let name = try ImageBytes.name(bytes.bytes(at: Int64(offset), count: Int(length)))
        if facts.features.contains(.externalDataFile), !name.isEmpty { facts.dataFile = name }
      default: break
      }
      offset += (length + 7) & ~7
    }
  }
}
