import CStorageShim
import Glibc
import StorageModel

/// What statx(2) says about a file.
package struct FileStatus: Sendable {
  package enum Kind: Sendable { case regular, folder, symbolicLink, blockDevice, other }

  /// Which file it is: two statuses of the same file have equal identities.
  package struct Identity: Hashable, Sendable {
    package let device: UInt64
    package let inode: UInt64
  }

  package let kind: Kind
  package let identity: Identity
  /// Which device a device node stands for; of other files it means nothing.
  package let device: DeviceNumber
  package let size: ByteCount
  /// Space taken: blocks of 512 bytes, as st_blocks counts.
  package let allocated: ByteCount
  /// Permission bits, 0 to 0o7777.
  package let mode: UInt32
  /// As `mode`, of what a copy has too: without set-user-ID, set-group-ID and the sticky bit.
  package var permissions: UInt32 { mode & 0o777 }
  package let owner: UInt32
  package let group: UInt32
  package let links: UInt32
  package let timestamps: Timestamps
  /// Whether the file is the root of a mount; nil where the kernel (before 5.8) does not say.
  package let isMountRoot: Bool?
  /// The mount that the file was reached by, as `Mount.identifier`; nil where the kernel (before 5.8) does not say.
  package let mount: Int?

  /// The status of an open file.
  package init(of descriptor: Descriptor) throws(StorageError) {
    try self.init(
      descriptor: descriptor.number, name: "", follow: false, described: descriptor.path)
  }

  /// The status of a path, following symbolic links.
  package init(following path: Path) throws(StorageError) {
    try self.init(descriptor: AT_FDCWD, name: path.text, follow: true, described: path)
  }

  /// The status of a path, following symbolic links; nil where nothing is there.
  package static func ifPresent(_ path: Path) throws(StorageError) -> FileStatus? {
    do throws(StorageError) { return try FileStatus(following: path) } catch {
      if error.isAbsence { return nil }
      throw error
    }
  }

  /// The status of a path as this machine knows it, following symbolic links.
  ///
  /// No server is asked, so it never waits for one that is gone; which file it is, is right all the same.
  package init(known path: Path) throws(StorageError) {
    try self.init(
      descriptor: AT_FDCWD, name: path.text, follow: true, isCached: true, described: path)
  }

  /// The status of a path as this machine knows it, following symbolic links; nil where nothing is there.
  package static func ifPresent(known path: Path) throws(StorageError) -> FileStatus? {
    do throws(StorageError) { return try FileStatus(known: path) } catch {
      if error.isAbsence { return nil }
      throw error
    }
  }

  init(
    descriptor: Int32, name: String, follow: Bool, isCached: Bool = false,
    described: @autoclosure () -> Path
  ) throws(StorageError) {
    var raw = shim_status()
    let how = (follow ? SHIM_FOLLOW : 0) | (isCached ? SHIM_CACHED : 0)
    try SystemCall.run(described().text, "cannot read file status") {
      shim_status(descriptor, name, Int32(how), &raw)
    }
    self.init(raw)
  }

  private init(_ raw: shim_status) {
    switch raw.mode & S_IFMT {
    case S_IFREG: kind = .regular
    case S_IFDIR: kind = .folder
    case S_IFLNK: kind = .symbolicLink
    case S_IFBLK: kind = .blockDevice
    default: kind = .other
    }
    identity = Identity(
      device: UInt64(raw.dev_major) << 32 | UInt64(raw.dev_minor), inode: raw.inode)
    device = DeviceNumber(major: raw.rdev_major, minor: raw.rdev_minor)
    size = ByteCount(exactly: raw.size) ?? .maximum
    allocated =
      ByteCount(exactly: raw.blocks.multipliedReportingOverflow(by: 512).partialValue) ?? 0
    mode = raw.mode & 0o7777
    owner = raw.uid
    group = raw.gid
    links = raw.nlink
    timestamps = Timestamps(
      access: Timestamp(seconds: raw.atime, nanoseconds: Int32(raw.atime_nsec)),
      modification: Timestamp(seconds: raw.mtime, nanoseconds: Int32(raw.mtime_nsec)),
      change: Timestamp(seconds: raw.ctime, nanoseconds: Int32(raw.ctime_nsec)),
      birth: raw.has_btime == 0
        ? nil : Timestamp(seconds: raw.btime, nanoseconds: Int32(raw.btime_nsec)))
    isMountRoot = raw.is_mount_root < 0 ? nil : raw.is_mount_root == 1
    mount = raw.mount == 0 ? nil : Int(raw.mount)
  }
}
