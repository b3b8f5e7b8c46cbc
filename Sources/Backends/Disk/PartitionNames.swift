import StorageModel

/// What partitions are called.
struct PartitionNames: Equatable, Sendable {
  /// What comes before the number.
  private let prefix: String

  /// - Parameters:
  ///   - disk: the last part of the disk's own path, links followed: `sda`, `nvme0n1`, `mmcblk0`, `loop0`.
  ///   - separator: whether a `p` stands before the number; nil: as the kernel does it, after a digit.
  init(disk: String, separator: Bool?) {
    let endsInDigit = disk.utf8.last.map { (0x30...0x39).contains($0) } ?? false
    prefix = (separator ?? endsInDigit) ? disk + "p" : disk
  }

  func name(_ number: Int) -> String { "\(prefix)\(number)" }

  /// The number in a name of this form; nil for any other name.
  func number(in name: String) -> Int? {
    guard let digits = name.without(prefix: prefix), !digits.isEmpty, !digits.hasPrefix("0"),
      digits.unicodeScalars.allSatisfy(\.isASCIIDigit), let number = Int(digits)
    else { return nil }
    return number
  }
}
