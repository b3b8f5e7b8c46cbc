import CStorageShim
import Glibc
import StorageModel

/// An open file, closed when the last reference goes.
///
/// Knows the path it was opened by, only to name it in errors.
package final class Descriptor: Sendable {
  /// The flag of open(2) for reading.
  package static let readOnly = O_RDONLY
  /// The flags of open(2) for adding lines to a file, which is made if it is not there.
  package static let appending = O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK
  package let number: Int32
  package let path: Path
  /// Whether whoever opened it knows that nothing but zeroes can be read from it, as from a new thin volume: zeroes
  /// need not be written there.
  package let readsAsZeroes: Bool

  /// Takes over an open descriptor.
  package init(owning number: Int32, path: Path, readsAsZeroes: Bool = false) {
    self.number = number
    self.path = path
    self.readsAsZeroes = readsAsZeroes
  }

  /// As openat(2), with O_CLOEXEC.
  ///
  /// A device that is claimed is tried some more times: whoever looks for a free loop device claims others for an
  /// instant (LOOP_CONFIGURE).
  static func open(_ name: String, in folder: Int32 = AT_FDCWD, flags: Int32, mode: UInt32)
    -> Int32
  {
    var rest = flags & O_EXCL != 0 && flags & O_CREAT == 0 ? 5 : 0
    while true {
      let number = shim_open(folder, name, flags | O_CLOEXEC, mode)
      guard number < 0, errno == EBUSY, rest > 0 else { return number }
      rest -= 1
      usleep(20_000)
    }
  }

  /// Opens `path` by open(2), following symbolic links; O_CLOEXEC is always added.
  package convenience init(
    opening path: Path, flags: Int32, mode: UInt32 = 0, problem: String = "cannot open",
    readsAsZeroes: Bool = false
  ) throws(StorageError) {
    let number = try SystemCall.run(path.text, problem) {
      Descriptor.open(path.text, flags: flags, mode: mode)
    }
    self.init(owning: number, path: path, readsAsZeroes: readsAsZeroes)
  }

  /// Opens a file for reading.
  ///
  /// Never blocks on a FIFO without a writer.
  package convenience init(reading path: Path) throws(StorageError) {
    try self.init(opening: path, flags: O_RDONLY | O_NOCTTY | O_NONBLOCK)
  }

  /// Opens a file or a device for reading and writing.
  package convenience init(writing path: Path) throws(StorageError) {
    try self.init(opening: path, flags: O_RDWR | O_NOCTTY | O_NONBLOCK)
  }

  /// A file in memory of that size, which takes none: nothing but zeroes can be read from it (memfd_create(2)).
  package convenience init(hole size: ByteCount) throws(StorageError) {
    let number = try SystemCall.run("", "cannot make a file in memory") {
      shim_memory_file("hole")
    }
    self.init(owning: number, path: Path("a hole"))
    try setSize(size)
  }

  /// A file without a name, which is gone when it is closed (O_TMPFILE).
  package convenience init(namelessIn folder: Path) throws(StorageError) {
    let number = try SystemCall.run(folder.text, "cannot make a file in it") {
      shim_open(AT_FDCWD, folder.text, shim_o_tmpfile | O_RDWR | O_CLOEXEC, 0o600)
    }
    self.init(owning: number, path: folder)
  }

  /// The same open file, by the path that users know it by.
  package func renamed(_ path: Path) throws(StorageError) -> Descriptor {
    let copy = try SystemCall.run(path.text, "cannot be held open") {
      fcntl(number, F_DUPFD_CLOEXEC, 0)
    }
    return Descriptor(owning: copy, path: path)
  }

  deinit { close(number) }

  /// The file's status.
  package func status() throws(StorageError) -> FileStatus { try FileStatus(of: self) }

  /// Up to `count` bytes from `offset`; fewer only at the end of the file.
  package func read(at offset: Int64, count: Int) throws(StorageError) -> [UInt8] {
    var failure: StorageError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = 0
      while filled < count {
        let got = pread(
          number, buffer.baseAddress.map { $0 + filled }, count - filled, Int(offset) + filled)
        if got < 0 {
          let code = errno
          if code == EINTR { continue }
          failure = StorageError(errno: code, path.text, "cannot read")
          return
        }
        if got == 0 { return }
        filled += got
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Everything from the start to the end.
  /// - Parameter limit: more bytes than this are an error.
  package func readAll(limit: Int) throws(StorageError) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
      let got = try SystemCall.run(path.text, "cannot read") {
        Glibc.read(number, &chunk, chunk.count)
      }
      if got == 0 { return bytes }
      bytes += chunk[..<got]
      guard bytes.count <= limit else {
        throw StorageError(.badInput, path.text, "is larger than \(limit) bytes")
      }
    }
  }

  /// Writes all of `bytes` at the current position.
  package func write(_ bytes: [UInt8]) throws(StorageError) {
    var done = 0
    while done < bytes.count {
      done += try SystemCall.run(path.text, "cannot write") {
        bytes[done...].withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
      }
    }
  }

  /// Sets the length: grows with a hole, or cuts.
  package func setSize(_ size: ByteCount) throws(StorageError) {
    SystemCall.willChange("ftruncate")
    try SystemCall.run(path.text, "cannot set size to \(size.bytes) bytes") {
      ftruncate(number, Int(size.bytes))
    }
  }

  /// Makes sure that the range has blocks behind it, growing the file where needed.
  ///
  /// File systems without fallocate(2) get zeroes written by posix_fallocate(3).
  package func allocate(from start: ByteCount = 0, to end: ByteCount) throws(StorageError) {
    guard end > start else { return }
    SystemCall.willChange("fallocate")
    while true {
      let code = posix_fallocate(number, Int(start.bytes), Int(end.bytes - start.bytes))
      if code == 0 { return }
      if code == EINTR { continue }
      throw StorageError(
        errno: code, "", "cannot allocate \(end.bytes - start.bytes) bytes in file '\(path)'")
    }
  }

  /// Gives the first bytes of a file that is in use blocks where they have none; what is in them stays.
  ///
  /// Never by writing, as posix_fallocate(3) does where a file system has no fallocate(2): somebody else may write
  /// there at the same moment.
  package func fillHoles(to end: ByteCount) throws(StorageError) {
    guard end > 0 else { return }
    SystemCall.willChange("fallocate")
    while shim_fill_holes(number, end.bytes) != 0 {
      guard errno != EINTR else { continue }
      throw StorageError(errno: errno, "", "cannot allocate \(end.bytes) bytes in file '\(path)'")
    }
  }

  /// Sets permission bits.
  package func setMode(_ mode: UInt32) throws(StorageError) {
    SystemCall.willChange("fchmod")
    try SystemCall.run(path.text, "cannot set mode to 0\(String(mode, radix: 8))") {
      fchmod(number, mode)
    }
  }

  /// Sets owner and group; nil leaves one as it is.
  package func setOwner(_ owner: UInt32?, group: UInt32?) throws(StorageError) {
    guard owner != nil || group != nil else { return }
    SystemCall.willChange("fchown")
    try SystemCall.run(
      path.text,
      "cannot set owner to \(owner.map(String.init) ?? "-"):\(group.map(String.init) ?? "-")"
    ) {
      fchown(number, owner ?? UInt32.max, group ?? UInt32.max)
    }
  }

  /// Sets the SELinux label (extended attribute security.selinux).
  package func setLabel(_ label: String) throws(StorageError) {
    SystemCall.willChange("fsetxattr")
    try SystemCall.run(path.text, "cannot set label '\(label)'") {
      shim_set_label(number, label, label.utf8.count + 1)
    }
  }

  /// The SELinux label, nil where there is none or the kernel has no labels.
  package func label() throws(StorageError) -> String? {
    var value = [CChar](repeating: 0, count: 1024)
    var length = 0
    do throws(StorageError) {
      length = Int(
        try SystemCall.run(path.text, "cannot read label") {
          shim_get_label(number, &value, value.count)
        })
    } catch {
      guard error.number == ENODATA || error.number == EOPNOTSUPP else { throw error }
    }
    guard length > 0 else { return nil }
    return String(decoding: value[..<length].prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
  }

  /// Sets the modification time; the access time stays.
  package func setModificationTime(_ time: Timestamp) throws(StorageError) {
    SystemCall.willChange("futimens")
    // UTIME_OMIT of <sys/stat.h>, which Swift does not import.
    var times = [
      timespec(tv_sec: 0, tv_nsec: (1 << 30) - 2),
      timespec(tv_sec: Int(time.seconds), tv_nsec: Int(time.nanoseconds)),
    ]
    try SystemCall.run(path.text, "cannot set modification time") { futimens(number, &times) }
  }

  /// Waits until the file's data and size are on disk.
  package func syncData() throws(StorageError) {
    SystemCall.willChange("fdatasync")
    try SystemCall.run(path.text, "cannot write to disk") { fdatasync(number) }
  }

  /// Waits until the file and its metadata, or a folder's entries, are on disk.
  package func sync() throws(StorageError) {
    SystemCall.willChange("fsync")
    try SystemCall.run(path.text, "cannot write to disk") { fsync(number) }
  }

  /// The same behind a change that is made, whatever comes of this: an error says so.
  package func confirm() throws(StorageError) {
    do throws(StorageError) { try sync() } catch {
      var error = error
      error.made = .uncertain
      throw error
    }
  }
}
