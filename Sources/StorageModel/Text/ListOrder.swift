/// The order in which virsh lists names: without regard to the case of A to Z, otherwise by bytes.
///
/// The keys of all names are one piece of memory, because a list may have a hundred thousand.
package enum ListOrder {
  /// The places of names, in that order; equal names stay as they were.
  package static func order(of names: [String]) -> [Int] {
    var keys: [UInt8] = []
    var starts = [0]
    starts.reserveCapacity(names.count + 1)
    for name in names {
      keys += name.utf8.lazy.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
      starts.append(keys.count)
    }
    return keys.withUnsafeBytes { keys in
      starts.withUnsafeBufferPointer { starts in
        names.indices.sorted { left, right in
          switch compare(
            keys[starts[left]..<starts[left + 1]], keys[starts[right]..<starts[right + 1]])
          {
          case 0: names[left] == names[right] ? left < right : names[left] < names[right]
          case let difference: difference < 0
          }
        }
      }
    }
  }

  /// Negative where `left` comes first, positive where `right` does.
  private static func compare(
    _ left: Slice<UnsafeRawBufferPointer>, _ right: Slice<UnsafeRawBufferPointer>
  ) -> Int {
    let (mine, theirs) = (
      UnsafeRawBufferPointer(rebasing: left), UnsafeRawBufferPointer(rebasing: right)
    )
    let common = min(mine.count, theirs.count)
    var index = 0
    // Eight at a time: names in one folder often begin alike.
    while index + 8 <= common {
      let (first, second) = (
        mine.loadUnaligned(fromByteOffset: index, as: UInt64.self).bigEndian,
        theirs.loadUnaligned(fromByteOffset: index, as: UInt64.self).bigEndian
      )
      if first != second { return first < second ? -1 : 1 }
      index += 8
    }
    while index < common {
      if mine[index] != theirs[index] { return mine[index] < theirs[index] ? -1 : 1 }
      index += 1
    }
    return mine.count - theirs.count
  }
}
