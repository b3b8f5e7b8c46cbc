import CStorageShim
import Glibc
import StorageModel

/// Facts about the file system a folder is on.
package struct FileSystem: Sendable {
  package let sizes: PoolSizes
  package let isBtrfs: Bool
  /// Whether it is /proc.
  package let isProc: Bool
  /// Whether it has no disk below it: tmpfs or ramfs.
  package let isInMemory: Bool
  /// Whether the file server, as those of CIFS do, lets nobody rename a file over one that is open.
  package let refusesToReplaceOpenFiles: Bool

  /// Asks fstatvfs(3) and fstatfs(2).
  ///
  /// Available is what an ordinary user may still write (f_bavail).
  package init(of folder: Folder) throws(StorageError) {
    var raw = statvfs()
    try SystemCall.run(folder.path.text, "cannot read file system statistics") {
      fstatvfs(folder.descriptor.number, &raw)
    }
    func bytes(_ blocks: UInt) -> ByteCount {
      let (product, overflow) = UInt64(blocks).multipliedReportingOverflow(by: UInt64(raw.f_frsize))
      return overflow ? .maximum : ByteCount(exactly: product) ?? .maximum
    }
    let capacity = bytes(raw.f_blocks)
    sizes = PoolSizes(
      capacity: capacity, allocation: capacity - bytes(raw.f_bfree), available: bytes(raw.f_bavail))
    var magic: UInt64 = 0
    let isKnown = shim_file_system_magic(folder.descriptor.number, &magic) == 0
    // Numbers of <linux/magic.h>.
    isProc = isKnown && magic == 0x9FA0
    isBtrfs = isKnown && magic == 0x9123_683E
    isInMemory = isKnown && (magic == 0x0102_1994 || magic == 0x8584_58F6)
    refusesToReplaceOpenFiles = isKnown && FileSystem.isCIFS(magic)
  }

  /// Whether that is the number of CIFS, whatever version of its protocol is spoken.
  fileprivate static func isCIFS(_ magic: UInt64) -> Bool {
    magic == 0xFF53_4D42 || magic == 0xFE53_4D42
  }
}

extension Descriptor {
  /// Whether it is on a server of CIFS, as far as the kernel says.
  var isOnCIFS: Bool {
    var magic: UInt64 = 0
    return shim_file_system_magic(number, &magic) == 0 && FileSystem.isCIFS(magic)
  }

  /// Whether Btrfs copy-on-write is off for the file or for new files in the folder; nil without such flags.
  package func copyOnWriteIsOff() -> Bool? {
    var flags: UInt32 = 0
    guard shim_get_inode_flags(number, &flags) == 0 else { return nil }
    return flags & shim_nocow_flag() != 0
  }

  /// Turns copy-on-write on or off (inode flag FS_NOCOW_FL); works on folders and empty files.
  package func setCopyOnWrite(_ on: Bool) throws(StorageError) {
    var flags: UInt32 = 0
    try SystemCall.run(path.text, "cannot read inode flags") {
      shim_get_inode_flags(number, &flags)
    }
    let wanted = on ? flags & ~shim_nocow_flag() : flags | shim_nocow_flag()
    guard wanted != flags else { return }
    SystemCall.willChange("ioctl FS_IOC_SETFLAGS")
    try SystemCall.run(path.text, "cannot turn copy-on-write \(on ? "on" : "off")") {
      shim_set_inode_flags(number, wanted)
    }
  }
}
