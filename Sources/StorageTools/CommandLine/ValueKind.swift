import StorageModel

/// What the value of a parameter is: decides what completes it, and what a mistyped one is compared with.
indirect enum ValueKind: Equatable, Sendable {
  /// Not told by the placeholder, nor said; a test refuses such a parameter.
  case unknown
  /// The user's own text, with nothing to offer.
  case text
  case number
  /// Bytes, or a number with a unit.
  case size
  /// Name or UUID of a pool in one of these states.
  case pool(PoolFilter)
  /// UUID of a pool.
  case poolUUID
  /// Name, key or path of a volume: of the pool that is given, else of any active one.
  case volume(VolumeFilter)
  /// Key or path of a volume.
  case volumePath
  /// UUID of a secret.
  case secret
  /// Number of a revision of the volume that is given.
  case revision
  case file, folder
  /// One of these.
  case words([Word])
  /// Some of these, separated by commas.
  case list([Word])
  /// What depends on the value of another parameter; for a value that is not listed, nothing is offered.
  case dependent(on: String, [ByteString: ValueKind])

  /// Which pools a command takes.
  enum PoolFilter: String, Sendable {
    case any, active, inactive
  }

  /// Which volumes a command takes.
  enum VolumeFilter: String, Sendable {
    case any
    /// Not started.
    case stopped
    /// Started, or with a session that was never stopped.
    case unfinished
  }

  /// A word that can stand as a value.
  struct Word: Equatable, Sendable {
    let text: String
    /// A few words for a completion to show; empty where the word says it all.
    let meaning: String

    init(_ text: String, _ meaning: String = "") {
      self.text = text
      self.meaning = meaning
    }
  }

  /// What a placeholder stands for everywhere; nil where the parameter has to say.
  init?(placeholder: String) {
    switch placeholder {
    case "POOL": self = .pool(.any)
    case "VOLUME": self = .volume(.any)
    case "REVISION": self = .revision
    case "SECRET": self = .secret
    case "FILE", "DEVICE": self = .file
    case "PATH": self = .folder
    case "SIZE": self = .size
    case "N", "SECONDS", "PERCENT": self = .number
    case "NAME", "HOST", "USER", "USAGE", "UUID", "WWN", "VERSION", "IQN", "TARGET": self = .text
    case _ where placeholder.contains("|"):
      self = .words(placeholder.lowercased().split(separator: "|").map { Word(String($0)) })
    default: return nil
    }
  }

  /// The words that can be said outright; none where that takes a look at the machine or at other values.
  var words: [Word] {
    switch self {
    case .words(let words), .list(let words): return words
    default: return []
    }
  }

  /// Whether it names something that has to be there.
  var namesSomething: Bool {
    switch self {
    case .pool, .poolUUID, .volume, .volumePath, .secret, .revision, .file, .folder: return true
    case .dependent(_, let kinds): return kinds.values.contains(where: \.namesSomething)
    case .unknown, .text, .number, .size, .words, .list: return false
    }
  }

  /// The kind in one word, for the description that documents are made from.
  var name: String {
    switch self {
    case .unknown: return "unknown"
    case .text: return "text"
    case .number: return "number"
    case .size: return "size"
    case .pool: return "pool"
    case .poolUUID: return "pool-uuid"
    case .volume: return "volume"
    case .volumePath: return "volume-path"
    case .secret: return "secret"
    case .revision: return "revision"
    case .file: return "file"
    case .folder: return "folder"
    case .words: return "word"
    case .list: return "words"
    case .dependent: return "word"
    }
  }
}

// MARK: Words that several commands take

extension ValueKind {
  static let poolType = ValueKind.words(poolTypes)
  static let poolTypeList = ValueKind.list(poolTypes)

  private static let poolTypes = PoolType.allCases.map { type in
    Word(type.rawValue, type.meaning)
  }

  /// Formats of a pool's source, by the type of the pool.
  static let sourceFormat = ValueKind.dependent(
    on: "type",
    Dictionary(
      uniqueKeysWithValues: PoolType.allCases.compactMap { type in
        type.sourceFormats.map { (ByteString(type.rawValue), .words($0.words.map { Word($0) })) }
      }))

  static let creatableFormat = ValueKind.words(VolumeFormat.creatable.map { Word($0.rawValue) })
  static let imageFormat = ValueKind.words(VolumeFormat.images.map { Word($0.rawValue) })

  static let fileDriver = ValueKind.words(
    FileDriver.allCases.map { driver in
      switch driver {
      case .plain: return Word(driver.rawValue, "one file a volume")
      case .xen, .file: return Word(driver.rawValue, "files as Qubes names them")
      case .fileReflink: return Word(driver.rawValue, "as file, reflinks needed")
      case .kernels: return Word(driver.rawValue, "folders of kernels, read-only")
      case .thin: return Word(driver.rawValue, "thin logical volumes")
      case .zfs: return Word(driver.rawValue, "zvols and their snapshots")
      }
    })

  static let authenticationType = ValueKind.words([
    Word("chap", "iSCSI"), Word("ceph", "cephx"), Word("cifs", "a password"),
  ])

  static let yesNo = ValueKind.words([Word("yes"), Word("no")])

  static let lifecycleProperty = ValueKind.words([
    Word("rw", "whether it can be written"),
    Word("snap_on_start", "whether it starts from its source"),
    Word("save_on_stop", "whether it keeps its state"),
    Word("revisions_to_keep", "number of former states"),
    Word("source", "volume that it starts from"),
    Word("ephemeral", "whether its key is thrown away"),
    Word("format", "what its content is"),
  ])

  static let poolProperty = ValueKind.words([
    Word("revisions_to_keep", "number of former states"),
    Word("ephemeral_volatile", "whether keys of volatile volumes are thrown away"),
  ])

  /// Values of a pool's properties, by the property.
  static let poolValue = ValueKind.dependent(
    on: "property",
    [
      "revisions_to_keep": .words([
        Word("default", "as the driver has it"), Word("-1", "no working copy"), Word("0"),
        Word("1"), Word("2"),
      ]),
      "ephemeral_volatile": yesNo,
    ])

  /// Values of life-cycle properties, by the property.
  static let lifecycleValue = ValueKind.dependent(
    on: "property",
    [
      "rw": yesNo, "snap_on_start": yesNo, "save_on_stop": yesNo, "ephemeral": yesNo,
      "revisions_to_keep": .words([Word("-1", "no working copy"), Word("0"), Word("1"), Word("2")]),
      "source": .volume(.any), "format": imageFormat,
    ])
}

extension PoolType {
  /// A few words for a completion to show.
  fileprivate var meaning: String {
    switch self {
    case .dir: return "a folder"
    case .fs: return "a file system that is mounted"
    case .netfs: return "a network file system: NFS, CIFS, Gluster"
    case .logical: return "an LVM volume group"
    case .disk: return "partitions of a disk"
    case .iscsi: return "units of an iSCSI target"
    case .iscsiDirect: return "an iSCSI target without the kernel"
    case .scsi: return "units of a SCSI host adapter"
    case .mpath: return "multipath devices"
    case .rbd: return "a Ceph pool"
    case .sheepdog: return "a Sheepdog cluster"
    case .gluster: return "a Gluster volume"
    case .zfs: return "a ZFS pool"
    case .vstorage: return "a Virtuozzo cluster"
    }
  }
}

extension ValueKind {
  /// Whether it names a volume of a pool.
  var isPool: Bool {
    if case .pool = self { return true }
    return false
  }
  var isVolume: Bool {
    if case .volume = self { return true }
    return false
  }
}
