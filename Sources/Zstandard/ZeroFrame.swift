import StorageModel

/// A Zstandard frame that stands for a run of zeroes in a few bytes: each of its blocks repeats one zero.
///
/// Any decoder of Zstandard reads it. Source of the form: RFC 8878, 3.1.1: a window of 128 KiB, a content size of
/// 8 bytes, no checksum, then blocks of type RLE.
enum ZeroFrame {
  /// How many zeroes a block repeats at most: as large as the window.
  private static let block: Int64 = 128 << 10
  /// How many zeroes one frame stands for at most, so that all of it can be looked at at once.
  static let largest: Int64 = 1 << 30
  /// How many bytes a frame has at most.
  static let longest = 14 + 4 * Int(largest / block)

  /// Magic number, descriptor (content size of 8 bytes), window.
  private static let beginning: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0xc0, 7 << 3]

  /// The frame of `count` zeroes, 1 to `largest`.
  static func frame(of count: Int64) -> [UInt8] {
    var bytes = beginning
    for shift in stride(from: 0, to: 64, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: count >> Int64(shift)))
    }
    var left = count
    while left > 0 {
      let part = min(left, block)
      left -= part
      let header = UInt32(part) << 3 | 1 << 1 | (left == 0 ? 1 : 0)
      bytes += [0, 8, 16].map { UInt8(truncatingIfNeeded: header >> UInt32($0)) }
      bytes.append(0)
    }
    return bytes
  }

  /// Whether a frame may be one of these; a few bytes are enough to say no.
  static func mayBegin(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= beginning.count && zip(bytes, beginning).allSatisfy { $0 == $1 }
  }

  /// Reads a frame.
  /// - Returns: how many zeroes it stands for and how many bytes it has; nil where it is no such frame, or not whole.
  static func read(_ bytes: UnsafeRawBufferPointer) -> (zeroes: Int64, length: Int)? {
    guard mayBegin(bytes), bytes.count >= 14 else { return nil }
    var count: UInt64 = 0
    for place in (6..<14).reversed() { count = count << 8 | UInt64(bytes[place]) }
    var sum: UInt64 = 0
    var place = 14
    while place + 4 <= bytes.count {
      let header =
        UInt32(bytes[place]) | UInt32(bytes[place + 1]) << 8 | UInt32(bytes[place + 2]) << 16
      guard header >> 1 & 3 == 1, bytes[place + 3] == 0, header >> 3 <= UInt32(block) else {
        return nil
      }
      sum += UInt64(header >> 3)
      place += 4
      if header & 1 == 1 {
        return sum == count && sum > 0 ? (Int64(sum), place) : nil
      }
    }
    return nil
  }
}
