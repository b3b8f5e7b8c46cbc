import CStorageShim
import Glibc
import StorageModel

/// The data and the holes of a part of a file, in order, by SEEK_DATA and SEEK_HOLE (lseek(2)).
///
/// Blocks that were allocated and never written count as holes on ext4, XFS and Btrfs. Where the file system does
/// not know holes, and on block devices, all is data.
final class FileSegments {
  enum Segment: Equatable {
    case data(Range<Int64>)
    case hole(Range<Int64>)
  }

  private let file: Descriptor
  private let end: Int64
  private var position: Int64
  private var knowsHoles = true

  init(_ file: Descriptor, _ range: Range<Int64>) {
    self.file = file
    position = range.lowerBound
    end = range.upperBound
  }

  /// The next segment; nil at the end.
  func next() throws(StorageError) -> Segment? {
    guard position < end else { return nil }
    guard knowsHoles else { return takeData(until: end) }
    let start = shim_seek_data(file.number, position)
    if start < 0 {
      let code = errno
      // ENXIO: nothing but a hole up to the end. EINVAL: no such call here.
      if code == ENXIO { return takeHole(until: end) }
      guard code == EINVAL else {
        throw StorageError(errno: code, file.path.text, "cannot find data")
      }
      knowsHoles = false
      return takeData(until: end)
    }
    if start > position { return takeHole(until: min(start, end)) }
    let hole = try SystemCall.run(file.path.text, "cannot find holes") {
      shim_seek_hole(file.number, position)
    }
    return takeData(until: hole == position ? end : min(hole, end))
  }

  private func takeData(until stop: Int64) -> Segment {
    defer { position = stop }
    return .data(position..<stop)
  }

  private func takeHole(until stop: Int64) -> Segment {
    defer { position = stop }
    return .hole(position..<stop)
  }
}
