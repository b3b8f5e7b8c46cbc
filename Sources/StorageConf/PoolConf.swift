import StorageModel

/// Pools as storage.conf writes them: one section each.
package enum PoolConf {
  /// Reads the pool that a section defines.
  ///
  /// `class` wins over `driver`. The UUID is derived from the name, because the notation has none.
  /// - Parameters:
  ///   - file: the file's name, for problems.
  ///   - defaultFolder: where the pool `default` lies if its section does not say.
  ///   - callbacks: the keys of the pool beneath driver `callback`, by the name of an entry of the file of callbacks.
  /// A driver that is not built in is a process, which is told of keys that mean nothing here.
  /// - Throws: a problem with file and line for a missing or unknown key or a bad value.
  package static func definition(
    of section: ConfSection, file: String, defaultFolder: Path,
    callbacks: CallbackKeys = PoolConf.noCallbacks
  ) throws(ConfProblem) -> PoolDefinition {
    if let problem = section.problem { throw problem }
    let reader = PoolSectionReader(section: section, file: file)
    let name: PoolName
    do { name = try PoolName(section.name) } catch {
      throw ConfProblem(file: file, line: section.line, message: "pool \(error.text)")
    }
    let driver = try PoolDriver.named(in: reader)
    if driver.process == nil { try reader.refuseKeys(otherThan: driver.keys) }
    if driver.kind == .callback {
      return try beneath(reader, driver, defaultFolder, callbacks)
    }
    var pool = PoolDefinition(
      type: driver.type, name: name, uuid: StorageUUID.derived(from: "pool:" + name.text))
    switch driver.kind {
    case .callback: break
    case .files(let layout):
      pool.lifecycle.driver = layout
      let fallback = name == .default ? defaultFolder : nil
      pool.target.path = try reader.path("dir_path", or: fallback)
      pool.lifecycle.setupCheck = try reader.flag("setup_check") ?? true
    case .thin:
      pool.source.name = try reader.lvmName("volume_group")
      pool.lifecycle.driver = .thin
      pool.lifecycle.thinPool = try reader.lvmName("thin_pool")
    case .zfs:
      pool.source.name = try reader.dataset("container")
      pool.lifecycle.driver = .zfs
    case .process(let word):
      pool.source = try reader.source(of: driver.type, pool: name)
      pool.target.path = driver.type.hasTarget ? try reader.path("target") : nil
      pool.lifecycle.process = PoolProcess(
        word, options: try reader.options(otherThan: driver.keys))
    case .type:
      pool.source = try reader.source(of: driver.type, pool: name)
      if driver.type == .dir, name == .default {
        pool.target.path = try reader.path("target", or: defaultFolder)
      } else {
        pool.target.path = try reader.target(of: driver.type)
      }
    }
    pool.lifecycle.revisionsToKeep = try reader.revisionsToKeep(driver)
    pool.lifecycle.ephemeralVolatile = try reader.flag("ephemeral_volatile") ?? false
    fillDefaults(of: &pool)
    try reader.check(fixedTargetOf: pool)
    return pool
  }

  /// Fills in what a pool has without saying so: its source's format and name, its fixed target.
  static func fillDefaults(of pool: inout PoolDefinition) {
    if pool.source.format == nil { pool.source.format = pool.type.sourceFormats?.standard }
    if pool.type.sourceParts.contains(.name), pool.source.name == nil {
      pool.source.name = pool.name.text
    }
    if pool.type == .gluster, pool.source.dir == nil { pool.source.dir = Path("/") }
    if let path = fixedTarget(of: pool) { pool.target.path = path }
  }

  /// Where volumes appear for the types that leave no choice.
  static func fixedTarget(of pool: PoolDefinition) -> Path? {
    guard let name = pool.source.name else { return nil }
    switch pool.type {
    case .logical: return Path("/dev/\(name)")
    case .zfs: return Path("/dev/zvol/\(name)")
    default: return nil
    }
  }
}

/// A driver that a section names, and the keys it takes.
struct PoolDriver {
  enum Kind: Equatable {
    case files(FileDriver)
    case thin
    /// A ZFS pool written in Qubes' words.
    case zfs
    /// Commands at the events of a pool that the file of callbacks defines.
    case callback
    /// A type of pool in libvirt's words.
    case type
    /// A process, whose pools have the type that they say.
    case process(DriverName)
  }

  var kind: Kind
  var type: PoolType

  /// The classes of Qubes' own drivers.
  ///
  /// `XenStorage` is the class that its documentation names.
  private static let classes: [ByteString: String] = [
    "qubes.storage.xen.XenStorage": "xen", "qubes.storage.xen.XenPool": "xen",
    "qubes.storage.file.FilePool": "file", "qubes.storage.reflink.ReflinkPool": "file-reflink",
    "qubes.storage.callback.CallbackPool": "callback",
    "qubes.storage.kernels.LinuxKernel": "linux-kernel",
    "qubes.storage.lvm.ThinPool": "lvm_thin", "qubes.storage.zfs.ZFSPool": "zfs",
  ]

  /// The driver that a section names.
  static func named(in reader: PoolSectionReader) throws(ConfProblem) -> PoolDriver {
    let section = reader.section
    guard let entry = section.entry("class") ?? section.entry("driver") else {
      throw reader.problem("no driver given: expected the key 'driver' or 'class'")
    }
    var word = entry.value
    if entry.key == "class" {
      let short = classes.first { $0.key.text.cut(atLast: ".")?.after == word[...] }
      word = classes[word] ?? short?.value ?? word
    }
    if let driver = named(word, in: section) { return driver }
    guard let process = DriverName(word) else {
      throw reader.refusal(
        of: entry,
        expected: "callback, xen, file, file-reflink, linux-kernel, lvm_thin, "
          + PoolType.allCases.map(\.rawValue).joined(separator: ", ")
          + ", or the name of a driver process")
    }
    return PoolDriver(kind: .process(process), type: try reader.type() ?? .dir)
  }

  var process: DriverName? {
    if case .process(let name) = kind { return name }
    return nil
  }

  private static func named(_ word: String, in section: ConfSection) -> PoolDriver? {
    if word == "callback" { return PoolDriver(kind: .callback, type: .dir) }
    if word == "lvm_thin" { return PoolDriver(kind: .thin, type: .logical) }
    if word == "zfs", section.entry("container") != nil || section.entry("class") != nil {
      return PoolDriver(kind: .zfs, type: .zfs)
    }
    if let type = PoolType(rawValue: word) { return PoolDriver(kind: .type, type: type) }
    guard let layout = FileDriver(rawValue: word), layout.isFolderOfQubes else { return nil }
    return PoolDriver(kind: .files(layout), type: .dir)
  }

  /// The keys of this driver without those that every pool has.
  var ownKeys: [String] {
    switch kind {
    case .files(.fileReflink): return ["dir_path", "setup_check"]
    case .files: return ["dir_path"]
    case .thin: return ["volume_group", "thin_pool"]
    case .zfs: return ["container"]
    case .callback: return ["conf_id"]
    case .type: return PoolDriver.keys(of: type)
    case .process: return ["type"] + PoolDriver.keys(of: type)
    }
  }

  static let commonKeys = ["driver", "class", "revisions_to_keep", "ephemeral_volatile"]

  var keys: [String] { ["driver", "class"] + ownKeys + PoolDriver.commonKeys.dropFirst(2) }

  /// Qubes' driver `file` has room for one old state and no more, folders of kernels for none.
  var revisionLimit: Int? {
    switch kind {
    case .files(.file): return 1
    case .files(.kernels): return 0
    default: return nil
    }
  }

  /// What users call the driver.
  var word: String {
    if case .files(let layout) = kind { return layout.rawValue }
    return kind == .thin ? "lvm_thin" : type.rawValue
  }

  /// The options of pool-define-as that mean something for a type.
  static func keys(of type: PoolType) -> [String] {
    let parts = type.sourceParts
    var keys: [String] = []
    if parts.contains(.host) { keys.append("source-host") }
    if parts.contains(.dir) { keys.append("source-path") }
    if parts.contains(.device) { keys.append("source-dev") }
    if parts.contains(.name) { keys.append("source-name") }
    if type.hasTarget { keys.append("target") }
    if type.sourceFormats != nil { keys.append("source-format") }
    if parts.contains(.initiatorIQN) { keys.append("source-initiator") }
    if type == .netfs { keys.append("source-protocol-ver") }
    if parts.contains(.adapter) {
      keys += ["adapter-name", "adapter-wwnn", "adapter-wwpn", "adapter-parent"]
      keys += ["adapter-parent-wwnn", "adapter-parent-wwpn", "adapter-parent-fabric-wwn"]
    }
    if [.iscsi, .iscsiDirect, .rbd].contains(type) {
      keys += ["auth-type", "auth-username", "secret-usage", "secret-uuid"]
    }
    return keys
  }
}
