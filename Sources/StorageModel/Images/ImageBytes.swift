/// Why looking at a header stops.
enum ProbeStop: Error, Equatable {
  /// These bytes are needed and not read yet.
  case missing(offset: Int64, count: Int)
  /// The header is not sound.
  case broken(String)
}

/// The parts of a file that were read so far, with bounds-checked access.
///
/// Asking for bytes that were not read names them instead, so that the readers of headers do no I/O
/// themselves and are run again once the bytes are there.
struct ImageBytes {
  /// The file's size.
  let size: Int64
  private var blocks: [Block] = []

  private struct Block {
    var offset: Int64
    /// How much was asked for; what was not delivered does not exist.
    var wanted: Int
    var bytes: [UInt8]
  }

  init(size: ByteCount) { self.size = size.bytes }

  mutating func add(_ bytes: [UInt8], at offset: Int64, wanted: Int) {
    blocks.append(Block(offset: offset, wanted: wanted, bytes: bytes))
  }

  /// `count` bytes from `offset`.
  /// - Parameter ahead: how much to read where the bytes are not here yet, if that is more than `count`.
  func bytes(
    at offset: Int64, count: Int, ahead: Int = 0
  ) throws(ProbeStop) -> ArraySlice<UInt8> {
    guard offset >= 0, count >= 0, Int64(count) <= size, offset <= size - Int64(count) else {
      throw .broken("the header is cut off")
    }
    guard count > 0 else { return [] }
    for block in blocks {
      guard block.wanted >= count, offset >= block.offset,
        offset - block.offset <= Int64(block.wanted - count)
      else { continue }
      let start = Int(offset - block.offset)
      guard block.bytes.count - count >= start else { throw .broken("the file ends early") }
      return block.bytes[start..<start + count]
    }
    throw .missing(offset: offset, count: Int(min(Int64(max(count, ahead)), size - offset)))
  }

  /// Whether `magic` stands at `offset`; not where the file is too short.
  func has(_ magic: [UInt8], at offset: Int64) throws(ProbeStop) -> Bool {
    guard size >= Int64(magic.count), offset <= size - Int64(magic.count) else { return false }
    return try bytes(at: offset, count: magic.count).elementsEqual(magic)
  }

  func byte(_ offset: Int64) throws(ProbeStop) -> UInt8 {
    try bytes(at: offset, count: 1).first ?? 0
  }

  /// An unsigned number, most significant byte first.
  func big<Number: FixedWidthInteger & UnsignedInteger>(
    _ offset: Int64, as type: Number.Type = Number.self
  ) throws(ProbeStop) -> Number {
    try bytes(at: offset, count: Number.bitWidth / 8).reduce(0) { $0 << 8 | Number($1) }
  }

  /// An unsigned number, least significant byte first.
  func little<Number: FixedWidthInteger & UnsignedInteger>(
    _ offset: Int64, as type: Number.Type = Number.self
  ) throws(ProbeStop) -> Number {
    try bytes(at: offset, count: Number.bitWidth / 8).reversed().reduce(0) { $0 << 8 | Number($1) }
  }

  /// A size from a header, `number` units of `unit` bytes.
  static func size(
    _ number: UInt64, unit: UInt64 = 1
  ) throws(ProbeStop) -> ByteCount {
    let (bytes, overflow) = number.multipliedReportingOverflow(by: unit)
    guard !overflow, let size = ByteCount(exactly: bytes) else {
      throw .broken("the size in the header is too large")
    }
    return size
  }

  /// A file's name from a header, up to its first NUL byte.
  ///
  /// - Throws: for text that no line of output and no XML document could hold.
  static func name(_ bytes: ArraySlice<UInt8>) throws(ProbeStop) -> String {
    let part = bytes.prefix { $0 != 0 }
    guard let text = String(validating: part, as: UTF8.self) else {
      throw .broken("a name in the header is not valid UTF-8")
    }
    guard !text.hasControlCharacter else {
      throw .broken("a name in the header has control characters")
    }
    return text
  }

  /// The last part of a path in UTF-16 as Windows writes it; nil where it is none.
  static func windowsName(_ bytes: ArraySlice<UInt8>, littleEndian: Bool) -> String? {
    let bytes = Array(bytes)
    let units = stride(from: 0, to: bytes.count - 1, by: 2).map { index in
      littleEndian
        ? UInt16(bytes[index]) | UInt16(bytes[index + 1]) << 8
        : UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1])
    }
    let text = String(decoding: units.prefix { $0 != 0 }, as: UTF16.self)
    guard !text.hasControlCharacter,
      let last = text.split(whereSeparator: { $0 == "\\" || $0 == "/" }).last
    else { return nil }
    return String(last)
  }
}
