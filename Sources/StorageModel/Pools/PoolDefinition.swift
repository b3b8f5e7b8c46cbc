/// A pool as an administrator defines it, whichever notation it was written in.
package struct PoolDefinition: Equatable, Sendable {
  package var type: PoolType
  package var name: PoolName
  package var uuid: StorageUUID
  /// `<features><cow state='yes|no'/>`: copy-on-write on Btrfs; nil where nothing was said.
  package var copyOnWrite: Bool?
  package var source: PoolSource
  package var target: PoolTarget
  /// `<refresh><volume allocation='…'/>`; nil where nothing was said.
  package var volumeRefreshAllocation: RefreshAllocation?
  /// Extra `mount -o` options, in order (namespace `fs`).
  package var mountOptions: [String] = []
  /// Ceph configuration options, in order (namespace `rbd`).
  package var rbdOptions: [RBDOption] = []
  /// What volumes of this pool start from where they say nothing themselves.
  package var lifecycle: PoolLifecycle

  package init(
    type: PoolType, name: PoolName, uuid: StorageUUID, copyOnWrite: Bool? = nil,
    source: PoolSource = PoolSource(), target: PoolTarget = PoolTarget(),
    lifecycle: PoolLifecycle = PoolLifecycle()
  ) {
    self.type = type
    self.name = name
    self.uuid = uuid
    self.copyOnWrite = copyOnWrite
    self.source = source
    self.target = target
    self.lifecycle = lifecycle
  }

  package enum RefreshAllocation: String, Sendable { case `default`, capacity }

  package struct RBDOption: Equatable, Sendable {
    package var name: String
    package var value: String
    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }
}

/// The life-cycle defaults of a pool, which libvirt has no words for.
package struct PoolLifecycle: Equatable, Sendable {
  /// How what belongs to volumes is named and laid out.
  package var driver: FileDriver
  /// The driver process that works with the pool, in place of what is built in; `driver` is plain then.
  package var process: PoolProcess?
  /// Which entry of the file of callbacks says what commands run at the pool's events; nil for none.
  package var callback: String?
  /// The thin pool that the volumes of a logical pool with driver `lvm_thin` are in; nil for all others.
  package var thinPool: String?
  /// Revisions kept of a volume that does not say; nil means the driver's own default.
  package var revisionsToKeep: RevisionsToKeep?
  /// Whether volatile volumes are ephemeral (encrypted with a throw-away key) unless they say otherwise.
  package var ephemeralVolatile: Bool
  /// Whether a pool of driver `file-reflink` must be on a file system with reflinks.
  package var setupCheck: Bool

  package init(
    driver: FileDriver = .plain, process: PoolProcess? = nil, callback: String? = nil,
    thinPool: String? = nil,
    revisionsToKeep: RevisionsToKeep? = nil,
    ephemeralVolatile: Bool = false, setupCheck: Bool = true
  ) {
    self.driver = driver
    self.process = process
    self.callback = callback
    self.thinPool = thinPool
    self.revisionsToKeep = revisionsToKeep
    self.ephemeralVolatile = ephemeralVolatile
    self.setupCheck = setupCheck
  }

  /// What users call the driver.
  package var driverWord: String { process?.name.text ?? driver.rawValue }

  /// What a volume without an own setting keeps: the pool's setting, else the driver's default.
  package var effectiveRevisionsToKeep: RevisionsToKeep {
    revisionsToKeep ?? (driver == .plain || driver == .kernels ? .disabled : .count(1))
  }
}

/// The driver process that a pool is for.
package struct PoolProcess: Equatable, Sendable {
  package var name: DriverName
  /// What the definition says to it; what that means is the driver's affair.
  package var options: [ByteString: String]

  package init(_ name: DriverName, options: [ByteString: String] = [:]) {
    self.name = name
    self.options = options
  }
}

/// The layouts of what a pool keeps for its volumes.
package enum FileDriver: String, CaseIterable, Sendable {
  /// libvirt's: `NAME` in the folder, everything else in the hidden `.cistern`.
  case plain
  /// Qubes' layout, reflinks where the file system has them.
  case xen
  /// Qubes' layout, reflinks where the file system has them.
  case file
  /// Qubes' layout, reflinks required unless `setup_check` is off.
  case fileReflink = "file-reflink"
  /// Qubes' layout of thin logical volumes, for pools of type logical.
  case thin = "lvm_thin"
  /// Qubes' folders of kernels, `NAME/modules.img`, which are read and never changed.
  case kernels = "linux-kernel"
  /// Qubes' layout of zvols and their snapshots, for pools of type zfs.
  case zfs

  /// Whether files are named `VID.img`, `VID-dirty.img`, `VID.img.N@TIME` and may be nested.
  package var usesQubesLayout: Bool { [.xen, .file, .fileReflink].contains(self) }
  /// Whether it is one of Qubes' drivers of folders, which are pools of type dir.
  package var isFolderOfQubes: Bool { usesQubesLayout || self == .kernels }
  /// Whether it is one of Qubes' drivers.
  package var isQubes: Bool { self != .plain }
  /// The type of the pools that it is for.
  package var type: PoolType {
    switch self {
    case .thin: return .logical
    case .zfs: return .zfs
    case .plain, .xen, .file, .fileReflink, .kernels: return .dir
    }
  }
}

/// How many revisions of a volume are kept.
package enum RevisionsToKeep: Hashable, Sendable {
  /// −1: no working copy and no revisions; the volume itself is the device.
  case disabled
  /// 0 or more; the newest stay.
  case count(Int)

  /// Reads −1, 0 or a positive number.
  package init?(_ text: String) {
    guard let number = Int(text), number >= -1, number <= 1_000_000 else { return nil }
    self = number == -1 ? .disabled : .count(number)
  }

  /// The number as users write it.
  package var number: Int {
    switch self {
    case .disabled: return -1
    case .count(let count): return count
    }
  }
}

/// Where a pool's storage comes from.
package struct PoolSource: Equatable, Sendable {
  package var hosts: [Host] = []
  package var devices: [Device] = []
  package var dir: Path?
  package var adapter: Adapter?
  package var name: String?
  package var initiatorIQN: String?
  /// A word of the type's source formats; nil where the type has none.
  package var format: String?
  package var authentication: Authentication?
  package var protocolVersion: String?
  package var vendor: String?
  package var product: String?

  package init() {}

  package struct Host: Equatable, Sendable {
    package var name: String
    /// 0 means not given, as in libvirt.
    package var port: Int
    package init(name: String, port: Int = 0) {
      self.name = name
      self.port = port
    }
  }

  package struct Device: Equatable, Sendable {
    package var path: Path
    package var partSeparator: Bool?
    /// Parts of the device that no volume takes, in order (output only).
    package var freeExtents: [FreeExtent] = []
    package init(path: Path, partSeparator: Bool? = nil) {
      self.path = path
      self.partSeparator = partSeparator
    }
  }

  /// A part of a device, from a byte up to but not including another.
  package struct FreeExtent: Equatable, Sendable {
    package var start: ByteCount
    package var end: ByteCount
    package init(start: ByteCount, end: ByteCount) {
      self.start = start
      self.end = end
    }
  }

  package enum Adapter: Equatable, Sendable {
    case scsiHost(name: String)
    case scsiHostParent(address: PCIAddress, uniqueID: Int)
    case fibreChannelHost(FibreChannel)
  }

  package struct PCIAddress: Equatable, Sendable {
    package var domain: Int
    package var bus: Int
    package var slot: Int
    package var function: Int
    package init(domain: Int, bus: Int, slot: Int, function: Int) {
      self.domain = domain
      self.bus = bus
      self.slot = slot
      self.function = function
    }
  }

  package struct FibreChannel: Equatable, Sendable {
    package var parent: String?
    package var managed: Bool?
    package var parentWWNN: String?
    package var parentWWPN: String?
    package var parentFabricWWN: String?
    package var wwnn: String
    package var wwpn: String
    package init(wwnn: String, wwpn: String) {
      self.wwnn = wwnn
      self.wwpn = wwpn
    }
  }

  package struct Authentication: Equatable, Sendable {
    /// `cifs` is none of libvirt's.
    package enum Kind: String, Sendable { case chap, ceph, cifs }
    package var kind: Kind
    package var username: String
    package var secret: SecretReference
    /// `<secret type='…'>`: kept and printed again, otherwise without meaning here.
    package var secretType: String?
    package init(kind: Kind, username: String, secret: SecretReference) {
      self.kind = kind
      self.username = username
      self.secret = secret
    }
  }
}

/// Which secret unlocks something: exactly one of the two.
package enum SecretReference: Equatable, Sendable {
  case uuid(StorageUUID)
  case usage(String)
}

/// Where a pool's volumes appear on the host.
package struct PoolTarget: Equatable, Sendable {
  package var path: Path?
  package var permissions: Permissions
  package init(path: Path? = nil, permissions: Permissions = Permissions()) {
    self.path = path
    self.permissions = permissions
  }
}

extension PoolDefinition {
  /// Whether a volume's name can have parts with `/` between them: a path in Qubes' file layout, a dataset of ZFS.
  package var allowsNestedNames: Bool { lifecycle.driver.usesQubesLayout || type == .zfs }

  /// A name for a new volume of the pool.
  /// - Throws: `badInput` for one that no volume of it can have.
  package func volumeName(_ text: String) throws(StorageError) -> VolumeName {
    do throws(NameProblem) {
      return try VolumeName(text, nested: allowsNestedNames)
    } catch {
      throw StorageError(.badInput, "", "volume \(error.text)")
    }
  }
}

/// Sizes of a whole pool.
package struct PoolSizes: Equatable, Sendable {
  package var capacity: ByteCount = 0
  package var allocation: ByteCount = 0
  /// What an ordinary user may still write (not counting blocks reserved for root).
  package var available: ByteCount = 0
  package init(capacity: ByteCount = 0, allocation: ByteCount = 0, available: ByteCount = 0) {
    self.capacity = capacity
    self.allocation = allocation
    self.available = available
  }
}

/// Mode, owner, group and label; nil means "not said".
package struct Permissions: Equatable, Sendable {
  /// Permission bits, 0 to 0o777.
  package var mode: UInt32?
  package var owner: UInt32?
  package var group: UInt32?
  package var label: String?

  package init(
    mode: UInt32? = nil, owner: UInt32? = nil, group: UInt32? = nil, label: String? = nil
  ) {
    self.mode = mode
    self.owner = owner
    self.group = group
    self.label = label
  }

  package var isEmpty: Bool { self == Permissions() }
}
