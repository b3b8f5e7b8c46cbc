/// A UUID, printed in lower case as 8-4-4-4-12.
package struct StorageUUID: Hashable, Sendable, CustomStringConvertible {
  /// The 16 bytes in the order they are printed.
  package let bytes: [UInt8]

  /// Reads 32 hexadecimal digits as libvirt does: hyphens and spaces may stand before and between the
  /// pairs, white space also around the whole.
  package init?(_ text: String) {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
    func digit(_ byte: UInt8) -> UInt8? {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): return byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): return byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): return byte - UInt8(ascii: "A") + 10
      default: return nil
      }
    }
    var rest = Array(text.utf8)[...]
    rest = rest.drop(while: isSpace)
    var bytes: [UInt8] = []
    while bytes.count < 16 {
      rest = rest.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: " ") }
      guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit)
      else { return nil }
      bytes.append(high << 4 | low)
    }
    guard rest.allSatisfy(isSpace) else { return nil }
    self.bytes = bytes
  }

  /// A fresh random UUID (version 4).
  package static func random() -> StorageUUID {
    var generator = SystemRandomNumberGenerator()
    var bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
    bytes[6] = bytes[6] & 0x0f | 0x40
    bytes[8] = bytes[8] & 0x3f | 0x80
    return StorageUUID(bytes: bytes)
  }

  /// A UUID that is always the same for the same text (version 8, two FNV-1a hashes), for pools whose
  /// notation has no UUID.
  package static func derived(from text: String) -> StorageUUID {
    func hash(_ seed: UInt64) -> UInt64 {
      text.utf8.reduce(seed) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
    let halves = [hash(0xcbf2_9ce4_8422_2325), hash(0x8422_2325_cbf2_9ce4)]
    var bytes = halves.flatMap { half in
      (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * $0)) }
    }
    bytes[6] = bytes[6] & 0x0f | 0x80
    bytes[8] = bytes[8] & 0x3f | 0x80
    return StorageUUID(bytes: bytes)
  }

  package var description: String {
    let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { hex[$0].joined() }.joined(separator: "-")
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }
}
