/// Sizes as people write them: an integer and an optional unit.
///
/// Source: libvirt's scaledInteger. Without letters or with `b`, `byte`, `bytes` the number counts bytes;
/// K M G T P E alone or with `iB` are powers of 1024, with `B` powers of 1000. Case does not matter.
package enum ScaledSize {
  /// Why a text is not a size.
  package enum Problem: Error, Equatable {
    /// Not a number at all, negative, or with a fraction.
    case malformed
    case unknownUnit(String)
    /// Above 2^63−1 bytes; holds the number and its unit as written.
    case tooLarge(String)

    /// One line without the subject.
    package var text: String {
      switch self {
      case .malformed:
        return "not a whole number of bytes, with an optional unit such as KiB, MB or G"
      case .unknownUnit(let unit):
        return "unknown suffix '\(unit)': expected B, K, M, G, T, P or E, alone, with B or with iB"
      case .tooLarge(let value): return "numerical overflow: value too large: \(value)"
      }
    }
  }

  /// Reads `text` such as `10`, `10G`, `10 GiB`, `10GB`; blanks around it and a plus before it mean nothing.
  package static func parse(_ text: String) throws(Problem) -> ByteCount {
    // A line's end comes from a file that was read badly, and there is more in it, perhaps.
    guard !text.unicodeScalars.contains(where: { $0.isASCIISpace && $0 != " " }) else {
      throw .malformed
    }
    var trimmed = text.trimmed
    if let rest = trimmed.without(prefix: "+") { trimmed = String(rest) }
    let digits = String(trimmed.unicodeScalars.prefix(while: \.isASCIIDigit))
    return try scale(digits: digits, unit: trimmed.without(prefix: digits)?.trimmed ?? "")
  }

  /// Reads a number and its unit given apart, as in `<capacity unit='G'>10</capacity>`.
  package static func scale(digits: String, unit: String) throws(Problem) -> ByteCount {
    guard !digits.isEmpty, digits.unicodeScalars.allSatisfy(\.isASCIIDigit) else {
      throw .malformed
    }
    let factor = try factor(of: unit)
    guard let number = Int64(digits) else { throw .tooLarge(digits + unit) }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
    guard !overflow else { throw .tooLarge(digits + unit) }
    return ByteCount(bytes)
  }

  private static func factor(of unit: String) throws(Problem) -> Int64 {
    let word = unit.lowercasedASCII
    if ["", "b", "byte", "bytes"].contains(word) { return 1 }
    guard let letter = word.utf8.first, let power = Array("kmgtpe".utf8).firstIndex(of: letter)
    else { throw .unknownUnit(unit) }
    let base: Int64
    switch String(word.unicodeScalars.dropFirst()) {
    case "", "ib": base = 1024
    case "b": base = 1000
    default: throw .unknownUnit(unit)
    }
    return (0...power).reduce(1) { product, _ in product * base }
  }
}
