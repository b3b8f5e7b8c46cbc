/// The fourteen kinds of pool, by the word that stands in `<pool type='…'>`.
package enum PoolType: String, CaseIterable, Sendable {
  case dir, fs, netfs, logical, disk, iscsi
  case iscsiDirect = "iscsi-direct"
  case scsi, mpath, rbd, sheepdog, gluster, zfs, vstorage

  /// The parts of `<source>` that a type reads and prints.
  package struct SourceParts: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }
    package static let host = SourceParts(rawValue: 1)
    package static let device = SourceParts(rawValue: 2)
    package static let dir = SourceParts(rawValue: 4)
    package static let adapter = SourceParts(rawValue: 8)
    package static let name = SourceParts(rawValue: 16)
    package static let initiatorIQN = SourceParts(rawValue: 32)
    package static let network = SourceParts(rawValue: 64)
  }

  /// Which parts of `<source>` mean something for this type.
  package var sourceParts: SourceParts {
    switch self {
    case .dir, .mpath: return []
    case .fs, .disk: return .device
    case .netfs: return [.host, .dir]
    case .logical: return [.name, .device]
    case .iscsi, .iscsiDirect: return [.host, .device, .initiatorIQN]
    case .scsi: return .adapter
    case .rbd: return [.host, .name, .network]
    case .sheepdog: return [.host, .name, .network]
    case .gluster: return [.host, .name, .dir, .network]
    case .zfs: return [.name, .device]
    case .vstorage: return .name
    }
  }

  /// Whether `<target>` is read and printed.
  package var hasTarget: Bool { ![.rbd, .sheepdog, .gluster, .iscsiDirect].contains(self) }

  /// Whether sources of this type can be looked for: on a server, or among the machine's disks.
  ///
  /// Source: `virsh find-storage-pool-sources` of libvirt 9.0, which refuses the others.
  package var hasDiscoverableSources: Bool {
    [.netfs, .logical, .iscsi, .iscsiDirect, .gluster].contains(self)
  }

  /// Whether `<source><name>` may stand in for a missing `<name>`, and the other way round.
  package var sourceNameNamesPool: Bool {
    [.logical, .rbd, .sheepdog, .gluster, .zfs, .vstorage].contains(self)
  }

  /// The words of `<source><format type='…'>` in libvirt's order, the default first in use but not
  /// necessarily in this list; nil where the type has no source formats.
  package var sourceFormats: (words: [String], standard: String)? {
    switch self {
    case .fs:
      return (
        [
          "auto", "ext2", "ext3", "ext4", "ufs", "iso9660", "udf", "gfs", "gfs2", "vfat", "hfs+",
          "xfs", "ocfs2", "vmfs",
          // libvirt has no words for these, and reaches them by `auto` only.
          "btrfs", "f2fs",
        ], "auto"
      )
    case .netfs: return (["auto", "nfs", "glusterfs", "cifs"], "auto")
    case .disk:
      return (["unknown", "dos", "dvh", "gpt", "mac", "bsd", "pc98", "sun", "lvm2"], "unknown")
    case .logical: return (["unknown", "lvm2"], "lvm2")
    default: return nil
    }
  }

  /// What `<target><format type='…'>` of a volume may say in this kind of pool.
  package var volumeFormats: VolumeFormatSet {
    switch self {
    case .dir, .fs, .netfs, .rbd, .gluster, .vstorage: return .images
    case .disk: return .partitions
    default: return .none
    }
  }
}

/// The families of volume formats.
package enum VolumeFormatSet: Sendable {
  /// Disk image formats; the default is raw.
  case images
  /// Partition types; the default is `none`.
  case partitions
  /// No format element at all.
  case none
}
