/// VHDX. Source: Microsoft's specification of the format.
extension ImageProbe {
  /// VHDX: the size is found over the region table and the metadata table.
  ///
  /// All numbers are little-endian.
  static func vhdx(_ bytes: ImageBytes, into facts: inout ImageFacts) throws(ProbeStop) {
    facts.format = .vhdx
    // Metadata region 8b7ca206-…, item "virtual disk size" 2fa54224-…, as their bytes are stored.
    let region: [UInt8] = [
      0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b, 0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88,
      0x6e,
    ]
    let item: [UInt8] = [
      0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48, 0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4,
      0xb8,
    ]
    // Item "file parameters" caa16737-…, item "parent locator" a8d35f2d-….
    let parameters: [UInt8] = [
      0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d, 0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7,
      0x6b,
    ]
    let locator: [UInt8] = [
      0x2d, 0x5f, 0xd3, 0xa8, 0x0b, 0xb3, 0x4d, 0x45, 0xab, 0xf7, 0xd3, 0xd8, 0x48, 0x34, 0xab,
      0x0c,
    ]
    let regions = try table(bytes, at: 192 << 10, magic: "regi", countAt: 8, wide: true, first: 16)
    guard let entry = try find(region, in: bytes, at: regions) else {
      throw .broken("the region table names no metadata")
    }
    let start = try ImageBytes.size(bytes.little(entry + 16)).bytes
    guard start >= 1 << 20, start < bytes.size else {
      throw .broken("the metadata lies outside the file")
    }
    let items = try table(bytes, at: start, magic: "metadata", countAt: 10, wide: false, first: 32)
    guard let found = try find(item, in: bytes, at: items) else {
      throw .broken("the metadata has no disk size")
    }
    func place(_ entry: Int64) throws(ProbeStop) -> Int64 {
      try ImageBytes.size(
        UInt64(start) + UInt64(bytes.little(entry + 16, as: UInt32.self))
      ).bytes
    }
    facts.capacity = try ImageBytes.size(bytes.little(place(found)))
    guard let found = try find(parameters, in: bytes, at: items) else {
      throw .broken("the metadata has no file parameters")
    }
    guard try bytes.little(place(found) + 4, as: UInt32.self) & 2 != 0 else { return }
    if let found = try find(locator, in: bytes, at: items) {
      facts.backing = try parent(bytes, at: place(found))
    }
    throw difference(facts)
  }

  /// The relative path in the parent locator of a differencing disk.
  private static func parent(
    _ bytes: ImageBytes, at start: Int64
  ) throws(ProbeStop) -> BackingReference? {
    let count = Int64(try bytes.little(start + 18, as: UInt16.self))
    guard count <= 64 else { throw .broken("the parent locator has \(count) entries") }
    for entry in 0..<count {
      let entry = start + 20 + entry * 12
      func text(_ offset: Int64, _ length: Int64) throws(ProbeStop) -> ArraySlice<UInt8> {
        try bytes.bytes(
          at: start + Int64(bytes.little(entry + offset, as: UInt32.self)),
          count: Int(min(bytes.little(entry + length, as: UInt16.self), 2048)))
      }
      guard try text(0, 8).filter({ $0 != 0 }).elementsEqual("relative_path".utf8) else { continue }
      return ImageBytes.windowsName(try text(4, 10), littleEndian: true).map {
        BackingReference(path: $0)
      }
    }
    return nil
  }

  /// The offsets of a VHDX table's entries, all of 32 bytes, as far as they are in the table's first 4 KiB.
  private static func table(
    _ bytes: ImageBytes, at start: Int64, magic: String, countAt: Int64, wide: Bool, first: Int64
  ) throws(ProbeStop) -> StrideTo<Int64> {
    guard try bytes.bytes(at: start, count: 4096).starts(with: magic.utf8) else {
      throw .broken("no table '\(magic)' where it should be")
    }
    let count =
      wide
      ? Int64(try bytes.little(start + countAt, as: UInt32.self))
      : Int64(try bytes.little(start + countAt, as: UInt16.self))
    guard count <= 2047 else { throw .broken("table '\(magic)' has \(count) entries") }
    let end = min(first + count * 32, 4096 - 31)
    return stride(from: start + first, to: start + end, by: 32)
  }

  private static func find(
    _ identifier: [UInt8], in bytes: ImageBytes, at entries: StrideTo<Int64>
  ) throws(ProbeStop) -> Int64? {
    for entry in entries where try bytes.has(identifier, at: entry) { return entry }
    return nil
  }
}
