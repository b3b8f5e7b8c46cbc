/// A volume, as a document describes it or as it was found.
package struct VolumeDefinition: Equatable, Sendable {
  /// What kind of object a volume is, in libvirt's words.
  package enum Kind: String, Sendable { case file, block, dir, network, netdir, ploop }

  package var kind: Kind = .file
  package var name: VolumeName
  package var key: String?
  /// Parts of devices the volume lies on (output only).
  package var extents: [Extent] = []
  /// nil where a document leaves it out, which is allowed with a backing store or an input volume.
  package var capacity: ByteCount?
  /// nil means "as much as the capacity".
  package var allocation: ByteCount?
  package var physical: ByteCount?
  package var target: VolumeTarget
  package var backingStore: BackingStore?
  /// Life-cycle properties that differ from the pool's defaults.
  package var lifecycle: LifecycleSettings

  package init(
    name: VolumeName, capacity: ByteCount? = nil, target: VolumeTarget = VolumeTarget(),
    lifecycle: LifecycleSettings = LifecycleSettings()
  ) {
    self.name = name
    self.capacity = capacity
    self.target = target
    self.lifecycle = lifecycle
  }

  package struct Extent: Equatable, Sendable {
    package var device: Path
    package var start: ByteCount
    package var end: ByteCount
    package init(device: Path, start: ByteCount, end: ByteCount) {
      self.device = device
      self.start = start
      self.end = end
    }
  }
}

/// `<target>` of a volume.
package struct VolumeTarget: Equatable, Sendable {
  package var path: Path?
  package var format: VolumeFormat?
  package var permissions = Permissions()
  package var timestamps: Timestamps?
  package var encryption: Encryption?
  /// qcow2 compatibility level such as `1.1`.
  package var compat: String?
  /// `<nocow/>`: accepted, never printed.
  package var noCopyOnWrite = false
  package var clusterSize: ByteCount?
  /// nil where there is no `<features>`; an empty set prints `<features/>`.
  package var features: Set<ImageFeature>?

  package init(path: Path? = nil, format: VolumeFormat? = nil) {
    self.path = path
    self.format = format
  }
}

/// The image a volume is an overlay on.
package struct BackingStore: Equatable, Sendable {
  package var path: String
  /// nil where the image's header names none.
  package var format: VolumeFormat?
  package var permissions = Permissions()
  package var timestamps: Timestamps?
  package init(path: String, format: VolumeFormat? = nil) {
    self.path = path
    self.format = format
  }
}

/// qcow2 features that XML knows, in print order.
package enum ImageFeature: String, CaseIterable, Sendable {
  case lazyRefcounts = "lazy_refcounts"
  case extendedL2 = "extended_l2"
}

/// Formats of volumes: images and, on disk pools, partitions.
///
/// The raw value is the word in XML.
package enum VolumeFormat: String, CaseIterable, Sendable {
  case raw, dir, bochs, cloop, dmg, iso, vpc, vdi, fat, vhd, ploop, cow, qcow, qcow2, qed, vmdk
  /// Kept and copied, never made; libvirt has no word for it.
  case vhdx
  case none, linux, fat16, fat32
  case linuxSwap = "linux-swap"
  case linuxLVM = "linux-lvm"
  case linuxRAID = "linux-raid"
  case extended

  /// Whether it is the disk byte by byte; `iso` and the words for partitions only tell what is in it.
  package var isRaw: Bool {
    self == .raw || self == .iso || VolumeFormat.partitions.contains(self)
  }

  /// Whether qemu-img can read images of the format, by a driver that opens no other file than those that headers are
  /// searched for here (QEMU 7.2).
  package var isReadByQEMU: Bool {
    isWrittenByQEMU || [.raw, .iso, .bochs, .cloop, .dmg, .vhd, .ploop, .vhdx].contains(self)
  }

  /// Whether qemu-img can make images of the format (qemu-img(1), 7.2).
  package var isWrittenByQEMU: Bool { [.qcow, .qcow2, .qed, .vmdk, .vpc, .vdi].contains(self) }

  /// Whether an image of the format can lie on one of any other: qemu-img refuses a base below VDI and VPC, and takes
  /// below VMDK only VMDK, of which differences are never read here.
  package var canHaveBase: Bool { [.qcow, .qcow2, .qed].contains(self) }

  /// Whether qemu-img can name the image below one of the format anew, its content left as it is.
  package var canNameBaseAnew: Bool { [.qcow2, .qed].contains(self) }

  /// The formats that volumes in files can be created in, in libvirt's order.
  package static let creatable: [VolumeFormat] = images.filter {
    $0.isRaw || $0 == .dir || $0.isWrittenByQEMU
  }

  package static let images: [VolumeFormat] = [
    .raw, .dir, .bochs, .cloop, .dmg, .iso, .vpc, .vdi, .fat, .vhd, .ploop, .cow, .qcow, .qcow2,
    .qed,
    .vmdk,
  ]
  package static let partitions: [VolumeFormat] = [
    .none, .linux, .fat16, .fat32, .linuxSwap, .linuxLVM, .linuxRAID, .extended,
  ]
}

/// A moment as seconds and nanoseconds since 1970 UTC.
package struct Timestamp: Hashable, Comparable, Sendable {
  package var seconds: Int64
  package var nanoseconds: Int32
  package init(seconds: Int64, nanoseconds: Int32 = 0) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }
  package static func < (left: Timestamp, right: Timestamp) -> Bool {
    (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
  }
}

/// The four times of a file; birth is nil where the file system keeps none.
package struct Timestamps: Equatable, Sendable {
  package var access: Timestamp
  package var modification: Timestamp
  package var change: Timestamp
  package var birth: Timestamp?
  package init(
    access: Timestamp, modification: Timestamp, change: Timestamp, birth: Timestamp? = nil
  ) {
    self.access = access
    self.modification = modification
    self.change = change
    self.birth = birth
  }
}

/// `<encryption>` of a volume.
package struct Encryption: Equatable, Sendable {
  package enum Format: String, CaseIterable, Sendable {
    case `default`, qcow, luks, luks2
    case luksAny = "luks-any"
  }
  package enum Engine: String, Sendable { case qemu, librbd }
  package struct Cipher: Equatable, Sendable {
    package var name: String
    package var size: Int
    package var mode: String?
    package var hash: String?
    package init(name: String, size: Int, mode: String? = nil, hash: String? = nil) {
      self.name = name
      self.size = size
      self.mode = mode
      self.hash = hash
    }
  }
  package struct IVGenerator: Equatable, Sendable {
    package var name: String
    package var hash: String?
    package init(name: String, hash: String? = nil) {
      self.name = name
      self.hash = hash
    }
  }
  package var format: Format
  package var engine: Engine?
  package var secrets: [SecretReference] = []
  package var cipher: Cipher?
  package var ivGenerator: IVGenerator?
  package init(format: Format) { self.format = format }
}
