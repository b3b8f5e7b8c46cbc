/// The headers of the formats besides qcow. Sources: libvirt's table of magic numbers, QEMU's headers,
/// Microsoft's VHD and VHDX specifications, the LUKS 1 and LUKS 2 on-disk formats.
extension ImageProbe {
  /// VHD with a copy of its footer at the start: growing and differencing disks.
  ///
  /// All numbers are big-endian.
  static func vpc(_ bytes: ImageBytes, into facts: inout ImageFacts) throws(ProbeStop) {
    let version = try bytes.big(12, as: UInt32.self)
    guard version == 0x10000 else { throw unknownVersion("vpc", version) }
    facts.format = .vpc
    let kind = try bytes.big(60, as: UInt32.self)
    guard (2...4).contains(kind) else { throw .broken("unknown disk type \(kind)") }
    facts.capacity = try ImageBytes.size(bytes.big(48))
    guard try bytes.big(64) == checksum(bytes.bytes(at: 0, count: 512)) else {
      throw .broken("the header's checksum is wrong")
    }
    if kind == 4 { try vpcParent(bytes, into: &facts) }
  }

  /// The parent of a differencing disk, from its second header; QEMU would read the difference as a whole disk.
  private static func vpcParent(_ bytes: ImageBytes, into facts: inout ImageFacts) throws(ProbeStop)
  {
    let start = try ImageBytes.size(bytes.big(16)).bytes
    guard start <= bytes.size - 1024, try bytes.has(Array("cxsparse".utf8), at: start) else {
      throw .broken("the second header is not where it should be")
    }
    facts.backing = ImageBytes.windowsName(
      try bytes.bytes(at: start + 64, count: 512), littleEndian: false
    ).map { BackingReference(path: $0) }
    throw difference(facts)
  }

  /// The problem of an image that is only what differs from another, in a format of which QEMU reads no other image.
  static func difference(_ facts: ImageFacts) -> ProbeStop {
    .broken("is a difference to another image" + (facts.backing.map { " '\($0.path)'" } ?? ""))
  }

  /// A VHD footer's checksum: the complement of the sum of all its bytes but the checksum's own four.
  private static func checksum(_ footer: ArraySlice<UInt8>) -> UInt32 {
    ~footer.enumerated().reduce(UInt32(0)) { sum, item in
      (64..<68).contains(item.offset) ? sum : sum &+ UInt32(item.element)
    }
  }

  /// VHD of fixed size, which has a footer only.
  ///
  /// Where it is not declared, it is looked for only where the file's size is whole sectors but not whole 4 KiB
  /// blocks. That is what a disk of whole blocks plus one sector of footer gives; it costs usual raw images no read;
  /// and above all no guest can write into the last sector of a usual raw disk what makes the host take the disk for
  /// another format.
  static func fixedVPC(
    _ bytes: ImageBytes, isDeclared: Bool = false, into facts: inout ImageFacts
  ) throws(ProbeStop) {
    guard bytes.size >= 1024, bytes.size % 512 == 0, isDeclared || bytes.size % 4096 != 0 else {
      return
    }
    let start = bytes.size - 512
    let footer: ArraySlice<UInt8>
    do { footer = try bytes.bytes(at: start, count: 512) } catch {
      if case .broken = error { return }
      throw error
    }
    guard footer.starts(with: "conectix".utf8),
      try bytes.big(start + 12, as: UInt32.self) == 0x10000,
      try bytes.big(start + 60, as: UInt32.self) == 2
    else { return }
    let size = try bytes.big(start + 48, as: UInt64.self)
    guard try bytes.big(start + 64) == checksum(footer), size <= UInt64(start) else { return }
    facts.format = .vpc
    facts.capacity = try ImageBytes.size(size)
  }

  static func vdi(_ bytes: ImageBytes, into facts: inout ImageFacts) throws(ProbeStop) {
    let version = try bytes.little(68, as: UInt32.self)
    guard version == 0x10001 else { throw unknownVersion("vdi", version) }
    facts.format = .vdi
    let size = try ImageBytes.size(bytes.little(368))
    let block = UInt64(try bytes.little(376, as: UInt32.self))
    let blocks = UInt64(try bytes.little(384, as: UInt32.self))
    // Both factors have 32 bits.
    guard UInt64(size.bytes) <= block * blocks else {
      throw .broken("the disk is larger than its \(blocks) blocks of \(block) bytes")
    }
    facts.capacity = size
    guard try bytes.little(76, as: UInt32.self) != 4,
      try bytes.bytes(at: 440, count: 16).allSatisfy({ $0 == 0 })
    else { throw difference(facts) }
  }

  static func ploop(_ bytes: ImageBytes, into facts: inout ImageFacts) throws(ProbeStop) {
    let version = try bytes.little(16, as: UInt32.self)
    guard version == 2 else { throw unknownVersion("ploop", version) }
    facts.format = .ploop
    guard try bytes.little(28, as: UInt32.self) != 0 else {
      throw .broken("blocks of no sectors")
    }
    facts.capacity = try ImageBytes.size(bytes.little(36), unit: 512)
  }

  static func cow(_ bytes: ImageBytes, into facts: inout ImageFacts) throws(ProbeStop) {
    let version = try bytes.big(4, as: UInt32.self)
    guard version == 2 else { throw unknownVersion("cow", version) }
    facts.format = .cow
    // The name's field, the time, then the size: one read for all.
    _ = try bytes.bytes(at: 0, count: 1048)
    facts.capacity = try ImageBytes.size(bytes.big(1036))
    let name = try ImageBytes.name(bytes.bytes(at: 8, count: 1024))
    if !name.isEmpty { facts.backing = BackingReference(path: name) }
  }

  static func qed(_ bytes: ImageBytes, into facts: inout ImageFacts) throws(ProbeStop) {
    facts.format = .qed
    let cluster = try bytes.little(4, as: UInt32.self)
    guard (4096...64 << 20).contains(cluster), cluster.nonzeroBitCount == 1 else {
      throw .broken("cluster size \(cluster) is no power of two in 4 KiB to 64 MiB")
    }
    let table = try bytes.little(8, as: UInt32.self)
    guard (1...16).contains(table), table.nonzeroBitCount == 1 else {
      throw .broken("table size \(table) is no power of two in 1 to 16")
    }
    let features = try bytes.little(16, as: UInt64.self)
    guard features < 8 else {
      throw .broken("unknown incompatible features 0x\(String(features & ~7, radix: 16))")
    }
    if features & 2 != 0 { facts.features.insert(.dirty) }
    facts.capacity = try ImageBytes.size(bytes.little(48))
    guard features & 1 != 0 else { return }
    let header = UInt64(try bytes.little(12, as: UInt32.self)) * UInt64(cluster)
    let offset = UInt64(try bytes.little(56, as: UInt32.self))
    let length = UInt64(try bytes.little(60, as: UInt32.self))
    guard length <= 1023, offset + length <= header else {
      throw .broken("the backing file's name lies outside the header")
    }
    let name = try ImageBytes.name(bytes.bytes(at: Int64(offset), count: Int(length)))
    guard !name.isEmpty else { return }
    // The only format that QED records is raw.
    facts.backing = BackingReference(path: name, formatText: features & 4 != 0 ? "raw" : nil)
  }

  static func luks(_ bytes: ImageBytes, into facts: inout ImageFacts) throws(ProbeStop) {
    let version = try bytes.big(6, as: UInt16.self)
    switch version {
    case 1:
      facts.encryption = .luks
      let payload = try ImageBytes.size(UInt64(bytes.big(104, as: UInt32.self)), unit: 512)
      guard payload.bytes <= bytes.size else {
        throw .broken("the encrypted data begins behind the file's end")
      }
      facts.capacity = ByteCount(bytes.size - payload.bytes)
    case 2:
      facts.encryption = .luks2
      let header = try bytes.big(8, as: UInt64.self)
      guard (16 << 10...4 << 20).contains(header), header.nonzeroBitCount == 1 else {
        throw .broken("LUKS header of \(header) bytes")
      }
      facts.capacity = try luks2Payload(bytes, header: Int64(header)).map { payload in
        ByteCount(max(0, bytes.size - payload.bytes))
      }
    default: throw unknownVersion("LUKS", UInt32(version))
    }
  }

  /// Where the data of a LUKS 2 volume begins: `offset` of the first segment in the header's JSON text.
  ///
  /// - Returns: nil where the text does not say so within its first 12 KiB, which is all of it unless somebody
  ///   asked cryptsetup for more.
  private static func luks2Payload(_ bytes: ImageBytes, header: Int64) throws(ProbeStop)
    -> ByteCount?
  {
    let count = min(12 << 10, header - 4096, bytes.size - 4096)
    guard count > 0 else { return nil }
    let text = try bytes.bytes(at: 4096, count: Int(count)).prefix { $0 != 0 }
    guard let segments = text.end(of: "\"segments\":"),
      let number = text[segments...].end(of: "\"offset\":\"")
    else { return nil }
    let digits = text[number...].prefix { (48...57).contains($0) }
    return UInt64(String(decoding: digits, as: UTF8.self)).flatMap { ByteCount(exactly: $0) }
  }
}

extension ArraySlice<UInt8> {
  /// The index behind the first occurrence of a text; nil where there is none.
  func end(of text: String) -> Int? {
    let wanted = Array(text.utf8)
    guard count >= wanted.count else { return nil }
    return (startIndex...endIndex - wanted.count).first {
      self[$0..<$0 + wanted.count].elementsEqual(wanted)
    }.map { $0 + wanted.count }
  }
}
