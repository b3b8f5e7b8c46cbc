import StorageModel

extension PoolConf {
  /// A pool as keys of its section, in the order in which they read best.
  ///
  /// The UUID is not written: pools of this notation have one derived from their name.
  /// - Parameter file: the file they are for, for problems.
  /// - Throws: for a definition that says something this notation has no key for, naming what that is.
  package static func entries(
    for pool: PoolDefinition, file: String, callbacks: CallbackKeys = PoolConf.noCallbacks
  ) throws(ConfProblem) -> [(key: String, value: String)] {
    var entries = driverEntries(of: pool)
    entries += lifecycleEntries(of: pool).compactMap { key, value in value.map { (key, $0) } }
    var document = ConfDocument.empty(file: file)
    try document.addSection(pool.name.text, entries)
    guard let section = document.section(named: pool.name.text) else { return [] }
    // Reading it back is the proof that nothing was lost; without a folder of its own `default` has to say one.
    var read = try definition(
      of: section, file: file, defaultFolder: Path("/"), callbacks: callbacks)
    var wanted = pool
    fillDefaults(of: &wanted)
    read.uuid = wanted.uuid
    if let lost = difference(wanted, read) {
      throw ConfProblem(
        file: file, message: "pool '\(pool.name)': \(lost) cannot be written here, only in XML")
    }
    return entries
  }

  /// The keys of a pool's life-cycle defaults; nil for those that are not to be there.
  package static func lifecycleEntries(of pool: PoolDefinition) -> [(key: String, value: String?)] {
    [
      ("revisions_to_keep", pool.lifecycle.revisionsToKeep.map { String($0.number) }),
      ("ephemeral_volatile", pool.lifecycle.ephemeralVolatile ? "yes" : nil),
    ]
  }

  private static func driverEntries(of pool: PoolDefinition) -> [(key: String, value: String)] {
    if let callback = pool.lifecycle.callback {
      return [("driver", "callback"), ("conf_id", callback)]
    }
    let folder = pool.target.path.map { [("dir_path", $0.text)] } ?? []
    if let process = pool.lifecycle.process {
      let type = pool.type == .dir ? [] : [("type", pool.type.rawValue)]
      let options = process.options.map { ($0.text, $1) }.sorted { $0.0 < $1.0 }
      return [("driver", process.name.text)] + type + typeEntries(of: pool) + options
    }
    if pool.type == .dir, pool.lifecycle.driver.isFolderOfQubes {
      let check = pool.lifecycle.setupCheck ? [] : [("setup_check", "no")]
      return [("driver", pool.lifecycle.driver.rawValue)] + folder + check
    }
    if pool.type == .logical, let thin = pool.lifecycle.thinPool {
      let group = pool.source.name ?? pool.name.text
      return [("driver", "lvm_thin"), ("volume_group", group), ("thin_pool", thin)]
    }
    if pool.lifecycle.driver == .zfs {
      return [("driver", "zfs"), ("container", pool.source.name ?? pool.name.text)]
    }
    return [("driver", pool.type.rawValue)] + typeEntries(of: pool)
  }

  /// What the keys of the pool's type say.
  private static func typeEntries(of pool: PoolDefinition) -> [(key: String, value: String)] {
    let values = sourceValues(of: pool)
    return PoolDriver.keys(of: pool.type).compactMap { key in values[key].map { (key, $0) } }
  }

  private static func sourceValues(of pool: PoolDefinition) -> [ByteString: String] {
    let source = pool.source
    var values: [ByteString: String] = [:]
    values["source-host"] = source.hosts.first?.name
    values["source-path"] = source.dir?.text
    values["source-dev"] = source.devices.first?.path.text
    values["source-name"] = source.name
    values["source-initiator"] = source.initiatorIQN
    values["source-protocol-ver"] = source.protocolVersion
    if source.format != pool.type.sourceFormats?.standard {
      values["source-format"] = source.format
    }
    if fixedTarget(of: pool) == nil { values["target"] = pool.target.path?.text }
    switch source.adapter {
    case .scsiHost(let name): values["adapter-name"] = name
    case .fibreChannelHost(let adapter):
      values["adapter-wwnn"] = adapter.wwnn
      values["adapter-wwpn"] = adapter.wwpn
      values["adapter-parent"] = adapter.parent
      values["adapter-parent-wwnn"] = adapter.parentWWNN
      values["adapter-parent-wwpn"] = adapter.parentWWPN
      values["adapter-parent-fabric-wwn"] = adapter.parentFabricWWN
    case .scsiHostParent, nil: break
    }
    if let login = source.authentication {
      values["auth-type"] = login.kind.rawValue
      values["auth-username"] = login.username
      switch login.secret {
      case .usage(let usage): values["secret-usage"] = usage
      case .uuid(let uuid): values["secret-uuid"] = uuid.description
      }
    }
    return values
  }

  /// What of `wanted` is not in `read`, in words; nil where nothing is missing.
  private static func difference(_ wanted: PoolDefinition, _ read: PoolDefinition) -> String? {
    guard wanted != read else { return nil }
    let (source, other) = (wanted.source, read.source)
    let parts: [(Bool, String)] = [
      (wanted.copyOnWrite != read.copyOnWrite, "copy-on-write setting"),
      (wanted.target.permissions != read.target.permissions, "target permissions"),
      (wanted.target.path != read.target.path, "target path"),
      (wanted.volumeRefreshAllocation != read.volumeRefreshAllocation, "refresh setting"),
      (wanted.mountOptions != read.mountOptions, "mount options"),
      (wanted.rbdOptions != read.rbdOptions, "Ceph options"),
      (wanted.lifecycle != read.lifecycle, "life-cycle setting"),
      (source.hosts.count > 1, "second source host"),
      (source.hosts != other.hosts, "source host's port"),
      (source.devices.count > 1, "second source device"),
      (source.devices != other.devices, "source device's settings"),
      (source.adapter != other.adapter, "adapter"),
      (source.vendor != nil, "source vendor"),
      (source.product != nil, "source product"),
    ]
    return parts.first { $0.0 }?.1 ?? "part of the source"
  }
}
