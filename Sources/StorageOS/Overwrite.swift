import CStorageShim
import Glibc
import StorageModel

extension Descriptor {
  /// Makes all of the file read as zeroes; its size stays.
  ///
  /// A file with holes becomes one hole. One that has all its blocks gets zeroes written over them, and keeps them.
  /// - Parameter progress: is told of the task `wipe`.
  package func overwriteWithZeroes(progress: Progress? = nil) throws(StorageError) {
    let status = try status()
    progress?.begin("wipe", total: status.size)
    if status.allocated < status.size, try punch(status.size) {
      progress?.finish(status.size.bytes, moved: 0)
      return
    }
    try TransferEnd(self).writeZeroes(0..<status.size.bytes, progress: progress)
    progress?.finish(status.size.bytes, moved: status.size.bytes)
  }

  /// Gives all blocks of the file back; it then reads as zeroes, and its size stays.
  /// - Throws: `unsupported` where the file system cannot.
  package func discardAll() throws(StorageError) {
    guard try punch(status().size) else {
      throw StorageError(.unsupported, path.text, "its file system cannot give blocks back")
    }
  }

  /// Makes the first `size` bytes a hole (fallocate(2), FALLOC_FL_PUNCH_HOLE).
  /// - Returns: false where the file system cannot.
  private func punch(_ size: ByteCount) throws(StorageError) -> Bool {
    guard size > 0 else { return true }
    SystemCall.willChange("fallocate")
    if shim_punch_hole(number, 0, size.bytes) == 0 { return true }
    let code = errno
    if code == EOPNOTSUPP || code == ENOSYS { return false }
    throw StorageError(errno: code, path.text, "cannot give blocks back")
  }
}
