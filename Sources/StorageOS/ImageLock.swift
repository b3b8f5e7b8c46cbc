import CStorageShim
import Glibc
import StorageModel

/// QEMU's own claim on an image file, for as long as the descriptor is open.
///
/// QEMU holds shared open-file-description locks on byte 100 + n for each thing it does to an image and on byte
/// 200 + n for each thing that others must not do meanwhile: n is 0 for reading what is consistent, 1 for writing,
/// 2 for writing what changes nothing, 3 for changing the size, 4 for changing its graph. Source: QEMU's
/// documentation of image locking (docs/system/qemu-block-drivers, "Disk image file locking") and measurement.
package enum ImageLock {
  /// What the holder does to the image.
  package enum Use: Sendable {
    /// Reads it while nobody may write.
    case reading
    /// Changes or removes it while nobody may have it at all.
    case changing

    fileprivate var done: [Int] { self == .reading ? [0] : [0, 1, 3] }
    fileprivate var forbidden: [Int] { self == .reading ? [1, 3] : [0, 1, 2, 3] }
  }

  /// Claims the image that `file` is open on.
  /// - Returns: false where somebody else holds what collides; then nothing is claimed.
  /// - Throws: where that cannot be told.
  package static func claim(_ file: Descriptor, for use: Use) throws(StorageError) -> Bool {
    func isFree() throws(StorageError) -> Bool {
      for byte in use.done.map({ 200 + $0 }) + use.forbidden.map({ 100 + $0 })
      where try file.isLocked(atByte: byte) {
        return false
      }
      return true
    }
    guard try isFree() else { return false }
    let bytes = use.done.map { 100 + $0 } + use.forbidden.map { 200 + $0 }
    for byte in bytes { _ = shim_lock_byte(file.number, byte, 0) }
    // Somebody may have come between the look and the claim; whoever looks last sees both.
    guard try isFree() else {
      for byte in bytes { _ = shim_unlock_byte(file.number, byte) }
      return false
    }
    return true
  }
}
