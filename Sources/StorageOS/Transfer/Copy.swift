import CStorageShim
import Glibc
import StorageModel

extension Descriptor {
  /// Whether the file has any data that is not a hole, by SEEK_DATA; a file of a file system without it always
  /// has, unless it is empty.
  package func hasData() throws(StorageError) -> Bool {
    guard shim_seek_data(number, 0) < 0 else { return true }
    return errno == ENXIO ? false : try status().size > 0
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

  /// Makes the empty regular file `target` equal to the regular file `source`, whatever file systems they are on, by
  /// the fastest way there is: FICLONE, then copy_file_range(2) hole by hole, then through memory.
  ///
  /// This is what a clone, a working copy and a revert call, inside `Folder.makeFile`, which brings the file to disk
  /// and gives it its name afterwards:
  /// `try Copy.contents(of: state, to: file, progress: steps.progress)`. Takes at most a few MiB of memory. The
  /// target's size is set first, so a full disk is noticed while copying, at the latest by the sync after it.
  /// - Parameter progress: whom to tell; nothing is told of a reflink, which takes no time.
  /// - Returns: how it was done.
  /// - Throws: also `interrupted` where the process was asked to stop; then the target is of no use any more.
  @discardableResult
  package static func contents(
    of source: Descriptor, to target: Descriptor, progress: Progress? = nil
  ) throws(StorageError) -> Method {
    if try reflink(source, to: target) { return .reflink }
    try data(of: source, to: target, progress: progress)
    return .sparse
  }

  /// Copies every data segment of `source` to the same place in the empty file `target`.
  package static func data(
    of source: Descriptor, to target: Descriptor, progress: Progress? = nil
  ) throws(StorageError) {
    var copy = SparseCopy(source, to: target, progress: progress)
    try copy.run()
  }

  static func write(_ bytes: ArraySlice<UInt8>, to target: Descriptor, at offset: Int64)
    throws(StorageError)
  {
    SystemCall.willChange("pwrite")
    var done = 0
    while done < bytes.count {
      done += try SystemCall.run(target.path.text, "cannot write") {
        bytes.dropFirst(done).withUnsafeBytes {
          pwrite(target.number, $0.baseAddress, $0.count, Int(offset) + done)
        }
      }
    }
  }
}
