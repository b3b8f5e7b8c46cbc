import StorageHost
import StorageModel

/// What is needed to make and to mount a file system of one of the definition's formats.
struct FileSystemKind: Sendable {
  /// The program that makes one.
  let program: Program
  /// Its arguments before the device; all of them let it ask nobody, since what was there has been looked at.
  let arguments: [String]
  /// What libblkid calls such a file system, where that is another word.
  var signature: String?

  /// Those that some program in Debian makes.
  ///
  /// Missing are iso9660, which is made of files; gfs, vmfs and ufs, which
  /// nothing makes. gfs2 and ocfs2 are made for one machine alone, since a cluster has more to say than a definition
  /// can. Sources: the manual page of each program.
  private static let all: [ByteString: FileSystemKind] = [
    "ext2": ext("ext2"), "ext3": ext("ext3"), "ext4": ext("ext4"),
    "xfs": FileSystemKind(Program("mkfs.xfs", package: "xfsprogs"), ["-f", "-q"]),
    "btrfs": FileSystemKind(Program("mkfs.btrfs", package: "btrfs-progs"), ["-f", "-q"]),
    "f2fs": FileSystemKind(Program("mkfs.f2fs", package: "f2fs-tools"), ["-f", "-q"]),
    // -I: on a whole disk, too.
    "vfat": FileSystemKind(Program("mkfs.vfat", package: "dosfstools"), ["-I"]),
    "udf": FileSystemKind(Program("mkfs.udf", package: "udftools"), []),
    "hfs+": FileSystemKind(
      Program("mkfs.hfsplus", package: "hfsprogs"), [], signature: "hfsplus"),
    "gfs2": FileSystemKind(
      Program("mkfs.gfs2", package: "gfs2-utils"), ["-O", "-q", "-p", "lock_nolock"]),
    "ocfs2": FileSystemKind(
      Program("mkfs.ocfs2", package: "ocfs2-tools"), ["-F", "-q", "-M", "local"]),
  ]

  private init(_ program: Program, _ arguments: [String], signature: String? = nil) {
    self.program = program
    self.arguments = arguments
    self.signature = signature
  }

  private static func ext(_ word: String) -> FileSystemKind {
    FileSystemKind(Program("mkfs.\(word)", package: "e2fsprogs"), ["-F", "-q"])
  }

  /// What makes file systems of a format; nil where nothing does.
  static func named(_ format: String) -> FileSystemKind? { all[format] }

  /// The kernel's word for a format of the definition.
  static func kernelType(of format: String) -> String { format == "hfs+" ? "hfsplus" : format }
}
