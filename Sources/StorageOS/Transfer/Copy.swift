import CStorageShim
import Glibc
import StorageModel

extension Descriptor {
  /// Whether the file has any data that is not a hole, by SEEK_DATA; a file of a file system without it always
  /// has, unless it is empty.
  /// - Parameter start: what is before that does not count.
  package func hasData(from start: ByteCount = 0) throws(StorageError) -> Bool {
    guard shim_seek_data(number, start.bytes) < 0 else { return true }
    let code = errno
    if code == ENXIO { return false }
    guard code == EINVAL else { throw StorageError(errno: code, path.text, "cannot find data") }
    return try status().size > start
  }

  /// Brings a file that is read to disk: some file systems report stale holes for data that is not there yet.
  func flushBeforeReading() throws(StorageError) {
    do throws(StorageError) {
      try SystemCall.run(path.text, "cannot write to disk") { fdatasync(number) }
    } catch {
      // Nothing waits to be written on a file system that takes no writes, or on what knows no such call.
      guard error.number == EROFS || error.number == EINVAL else { throw error }
    }
  }
}

/// Copies the content of files: by reflink, else hole by hole.
package enum Copy {
  /// How a copy was made.
  package enum Method: Sendable { case reflink, sparse }

  /// Makes the empty file `target` share all of `source` by ioctl FICLONE.
  /// - Returns: false where the file systems cannot.
  package static func reflink(_ source: Descriptor, to target: Descriptor) throws(StorageError)
    -> Bool
  {
    SystemCall.willChange("ioctl FICLONE")
    if shim_clone(target.number, source.number) == 0 { return true }
    let code = errno
    // The errno values that mean "not supported here" (ioctl_ficlone(2)).
    if [EBADF, EINVAL, EOPNOTSUPP, EXDEV, ENOTTY, ENOSYS, EPERM, ETXTBSY].contains(code) {
      return false
    }
    throw StorageError(errno: code, target.path.text, "cannot clone from '\(source.path)'")
  }

  /// Makes `target` equal to `source`: see `Transfer`, of which this is the shortest form.
  ///
  /// This is what a clone, a working copy and a revert call, inside `Folder.makeFile`, which brings the file to disk
  /// and gives it its name afterwards:
  /// `try Copy.contents(of: state, to: file, progress: steps.progress)`. The size of an empty file is set first, so
  /// a full disk is noticed while copying, at the latest by the sync after it. Either may be a block device.
  /// - Parameter progress: whom to tell.
  /// - Returns: how it was done.
  /// - Throws: also `interrupted` where the process was asked to stop; then the target is of no use any more.
  @discardableResult
  package static func contents(
    of source: Descriptor, to target: Descriptor, progress: Progress? = nil
  ) throws(StorageError) -> Method {
    let result = try Transfer(from: source, to: target, progress: progress).run()
    return result.isReflink ? .reflink : .sparse
  }
}
