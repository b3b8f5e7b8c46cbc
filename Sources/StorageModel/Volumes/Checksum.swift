/// The SHA-256 of a volume's content.
package struct Checksum: Hashable, Sendable, CustomStringConvertible {
  /// 64 hexadecimal digits in lower case, as sha256sum prints them.
  package let description: String

  /// The sum of 32 bytes.
  package init(_ bytes: [UInt8]) {
    let digits = Array("0123456789abcdef")
    description = String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }

  /// Reads a sum as sha256sum prints it, in any case; `sha256:` may stand before it.
  /// - Returns: nil for anything else.
  package init?(_ text: String) {
    let lower = text.lowercasedASCII
    let digits = lower.without(prefix: "sha256:").map(String.init) ?? lower
    guard digits.utf8.count == 64,
      digits.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
    else { return nil }
    description = digits
  }
}
