/// A size or an offset in bytes, 0 to 2^63−1.
///
/// Sizes never travel as bare integers, so that bytes, sectors and counts cannot be mixed up.
package struct ByteCount: Hashable, Comparable, Sendable, ExpressibleByIntegerLiteral {
  /// The number of bytes.
  package let bytes: Int64

  package static let zero: ByteCount = 0
  package static let kibibyte: ByteCount = 1024
  package static let mebibyte: ByteCount = 1_048_576
  package static let gibibyte: ByteCount = 1_073_741_824
  package static let maximum = ByteCount(Int64.max)

  /// Wraps a count of bytes; a negative one is a programming error.
  package init(_ bytes: Int64) {
    precondition(bytes >= 0, "a size cannot be negative")
    self.bytes = bytes
  }

  package init(integerLiteral value: Int64) { self.init(value) }

  /// Wraps a count of bytes that may not fit, as read from a file or given by a kernel.
  /// - Returns: nil above 2^63−1.
  package init?(exactly bytes: UInt64) {
    guard let value = Int64(exactly: bytes) else { return nil }
    self.init(value)
  }

  package static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
  package static func + (left: ByteCount, right: ByteCount) -> ByteCount {
    ByteCount(left.bytes + right.bytes)
  }

  /// The difference, or zero where the right side is larger.
  package static func - (left: ByteCount, right: ByteCount) -> ByteCount {
    ByteCount(max(0, left.bytes - right.bytes))
  }

  /// The sum, or nil where it would exceed 2^63−1.
  package func adding(_ other: ByteCount) -> ByteCount? {
    let (sum, overflow) = bytes.addingReportingOverflow(other.bytes)
    return overflow ? nil : ByteCount(sum)
  }

  /// The next multiple of `unit`, rounded up; the largest multiple that fits where it would overflow.
  package func roundedUp(to unit: ByteCount) -> ByteCount {
    let rest = bytes % unit.bytes
    guard rest != 0 else { return self }
    let (sum, overflow) = bytes.addingReportingOverflow(unit.bytes - rest)
    return overflow ? ByteCount(bytes - rest) : ByteCount(sum)
  }

  /// The size in the largest binary unit that keeps the number at 1 or above, with two decimals: `1.50 GiB`.
  ///
  /// Steps are 1024; units are B, KiB, MiB, GiB, TiB, PiB, EiB. Rounds half up, as the C library prints
  /// a double with two decimals.
  package var displayText: String {
    let (number, unit) = displayParts
    return number + " " + unit
  }

  /// The two columns of `displayText`.
  package var displayParts: (number: String, unit: String) {
    var value = Double(bytes)
    var step = 0
    while value >= 1024, step < ByteCount.units.count - 1 {
      value /= 1024
      step += 1
    }
    return (fixed(value), ByteCount.units[step])
  }

  private static let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
}

/// `value` (not negative) with exactly two decimals, rounded to nearest as printf's `%.2f`.
private func fixed(_ value: Double) -> String {
  // Exact for every value reached here: below 1024, or a whole number of exbibytes.
  let hundredths = (value * 100).rounded(.toNearestOrEven)
  let whole = Int64(hundredths / 100)
  let rest = Int64(hundredths) - whole * 100
  return String(whole) + (rest < 10 ? ".0" : ".") + String(rest)
}
