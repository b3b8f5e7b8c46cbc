/// The sizes that a volume can have; what is asked for is rounded up to the next of them.
package enum SizeRule: Equatable, Sendable {
  case any
  /// What is in front of the content, a header, and the content together are a multiple of the unit.
  case multiples(of: ByteCount, header: ByteCount = 0)
  /// Whole cylinders, as images of format `vpc` describe disks.
  case cylinders

  /// The next size from `size` on; as it is where there is none.
  package func roundedUp(_ size: ByteCount) -> ByteCount {
    switch self {
    case .any: return size
    case .multiples(let unit, let header):
      guard let whole = size.adding(header) else { return size }
      return whole.roundedUp(to: unit) - header
    case .cylinders: return DiskGeometry.roundedUp(size)
    }
  }
}

/// Cylinders, heads and sectors per track, as the specification of VHD chooses them ("Virtual Hard Disk Image Format
/// Specification", appendix "CHS calculation").
private struct DiskGeometry {
  private static let sector: Int64 = 512
  /// The most sectors that a geometry can tell; images of more have just the size asked for.
  private static let mostSectors: Int64 = 65535 * 16 * 255

  let cylinders: Int64
  let heads: Int64
  let sectors: Int64

  var size: Int64 { cylinders * heads * sectors }

  init(of total: Int64) {
    var tracks: Int64
    if total >= 65535 * 16 * 63 {
      (heads, sectors) = (16, 255)
      tracks = total / sectors
    } else {
      var (heads, sectors): (Int64, Int64)
      sectors = 17
      tracks = total / sectors
      heads = max((tracks + 1023) / 1024, 4)
      for more in [31, 63] as [Int64] where tracks >= heads * 1024 || heads > 16 {
        (heads, sectors) = (16, more)
        tracks = total / sectors
      }
      (self.heads, self.sectors) = (heads, sectors)
    }
    cylinders = tracks / heads
  }

  /// The smallest size of a whole geometry that holds `size`, found as qemu-img finds it: sector by sector.
  static func roundedUp(_ size: ByteCount) -> ByteCount {
    let wanted = size.roundedUp(to: ByteCount(sector)).bytes / sector
    guard wanted < mostSectors else { return ByteCount(wanted * sector) }
    var total = wanted
    while total < mostSectors {
      let geometry = DiskGeometry(of: total)
      if geometry.size >= wanted { return ByteCount(geometry.size * sector) }
      total += 1
    }
    return ByteCount(wanted * sector)
  }
}
