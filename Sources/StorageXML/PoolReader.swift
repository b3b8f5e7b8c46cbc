import StorageModel

/// Turns the tree of a pool document into a definition, by libvirt's rules.
struct PoolReader {
  let root: XMLElement
  let type: PoolType

  init(_ root: XMLElement) throws(XMLFault) {
    guard root.name == "pool" else {
      throw root.fault("expecting root element of 'pool', not '\(root.name)'")
    }
    guard let word = root.attribute("type") else {
      throw root.fault("Missing required attribute 'type' in element 'pool'")
    }
    guard let type = PoolType(rawValue: word) else { throw root.invalid("type") }
    self.root = root
    self.type = type
  }

  func document() throws(XMLFault) -> PoolXML.Document {
    var source = PoolSource()
    if let element = root.first("source") {
      source = try PoolSourceReader(type: type, source: element).read()
    } else {
      source.format = type.sourceFormats?.standard
    }
    let name = try poolName(source)
    let uuid = try self.uuid()
    var pool = PoolDefinition(type: type, name: name, uuid: uuid ?? .random())
    pool.copyOnWrite = try root.first("features")?.first("cow")?.yesNo("state")
    try complete(&source, name: name)
    pool.source = source
    for element in root.all("lifecycle", namespace: XMLNamespace.cistern) {
      pool.lifecycle = try lifecycle(element)
    }
    pool.target = try target(source, needsPath: pool.lifecycle.process == nil)
    if type == .iscsiDirect, source.initiatorIQN == nil {
      throw sourceFault("missing initiator IQN")
    }
    pool.volumeRefreshAllocation = try refresh()
    try readNamespaces(into: &pool)
    return PoolXML.Document(pool: pool, uuidWasGiven: uuid != nil)
  }

  // MARK: metadata

  private func poolName(_ source: PoolSource) throws(XMLFault) -> PoolName {
    let given = root.value("name") ?? (type.sourceNameNamesPool ? source.name : nil)
    guard let text = given else { throw root.fault("missing pool source name element") }
    do throws(NameProblem) {
      return try PoolName(text)
    } catch {
      let place = root.first("name") ?? root
      if case .slash = error { throw place.fault("name \(text) cannot contain '/'") }
      throw place.fault("pool \(error.text)")
    }
  }

  private func uuid() throws(XMLFault) -> StorageUUID? {
    guard let text = root.value("uuid") else { return nil }
    guard let uuid = StorageUUID(text) else {
      throw (root.first("uuid") ?? root).fault("malformed uuid element")
    }
    return uuid
  }

  private func refresh() throws(XMLFault) -> PoolDefinition.RefreshAllocation? {
    guard let word = root.value("refresh", "volume", attribute: "allocation") else { return nil }
    guard let allocation = PoolDefinition.RefreshAllocation(rawValue: word) else {
      throw (root.first("refresh", "volume") ?? root)
        .fault(
          "unknown storage pool volume refresh allocation type \(word)", attribute: "allocation")
    }
    return allocation
  }

  // MARK: what a type cannot do without

  private func sourceFault(_ message: String) -> XMLFault {
    (root.first("source") ?? root).fault(message)
  }

  private func complete(_ source: inout PoolSource, name: PoolName) throws(XMLFault) {
    let parts = type.sourceParts
    if parts.contains(.host), source.hosts.isEmpty {
      throw sourceFault("missing storage pool source host name")
    }
    if parts.contains(.dir) {
      guard let dir = source.dir else { throw sourceFault("missing storage pool source path") }
      source.dir = Path(dir.text)
    }
    if parts.contains(.name), source.name == nil { source.name = name.text }
    if parts.contains(.adapter), source.adapter == nil {
      throw sourceFault("missing storage pool source adapter")
    }
    // Only where the device is all the source there is.
    if parts == .device, source.devices.isEmpty {
      throw sourceFault("missing storage pool source device name")
    }
  }

  private func target(_ source: PoolSource, needsPath: Bool) throws(XMLFault) -> PoolTarget {
    guard type.hasTarget else { return PoolTarget() }
    var target = PoolTarget()
    switch type {
    case .logical: target.path = Path(verbatim: "/dev/\(try folderName(source, nested: false))")
    case .zfs: target.path = Path(verbatim: "/dev/zvol/\(try folderName(source, nested: true))")
    default:
      guard let text = root.value("target", "path") else {
        // Whether it needs one is the driver's affair.
        guard needsPath else { break }
        throw (root.first("target") ?? root).fault("missing storage pool target path")
      }
      let path = Path(text)
      guard path.isAbsolute else {
        throw (root.first("target", "path") ?? root).fault("target path '\(text)' must be absolute")
      }
      target.path = path
    }
    target.permissions = try PermissionsXML.read(root.first("target", "permissions"))
    return target
  }

  /// The source's name where it becomes a folder below `/dev`: it must not lead out of it.
  private func folderName(_ source: PoolSource, nested: Bool) throws(XMLFault) -> String {
    let name = source.name ?? ""
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    let isSafe = parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    guard isSafe, nested || parts.count == 1, !name.hasControlCharacter else {
      throw (root.first("source", "name") ?? root).fault("malformed source name '\(name)'")
    }
    return name
  }

  // MARK: namespaces

  private func readNamespaces(into pool: inout PoolDefinition) throws(XMLFault) {
    switch type {
    case .fs, .netfs:
      for option in options("mount_opts", XMLNamespace.mountOptions) {
        guard let name = option.attribute("name") else {
          throw option.fault("no fs mount option name specified")
        }
        pool.mountOptions.append(name)
      }
    case .rbd:
      for option in options("config_opts", XMLNamespace.rbdOptions) {
        pool.rbdOptions.append(try rbdOption(option))
      }
    default: break
    }
  }

  private func options(_ list: String, _ namespace: String) -> [XMLElement] {
    root.all(list, "option", namespace: namespace)
  }

  private func rbdOption(_ option: XMLElement) throws(XMLFault) -> PoolDefinition.RBDOption {
    guard let name = option.attribute("name") else {
      throw option.fault("no rbd option name specified")
    }
    guard !name.isEmpty else { throw option.fault("empty rbd option name specified") }
    guard let value = option.attribute("value") else {
      throw option.fault("no rbd option value specified for name '\(name)'")
    }
    guard !value.isEmpty else {
      throw option.fault("empty rbd option value specified for name '\(name)'")
    }
    return PoolDefinition.RBDOption(name: name, value: value)
  }

  /// What is said to a driver process.
  private func processOptions(_ element: XMLElement) throws(XMLFault) -> [ByteString: String] {
    var options: [ByteString: String] = [:]
    for option in element.all("option", namespace: XMLNamespace.cistern) {
      guard let name = option.attribute("name"), let value = option.attribute("value"),
        !name.isEmpty, !name.hasControlCharacter, !value.hasControlCharacter
      else { throw option.fault("an option has a name and a value, each in one line") }
      options[name] = value
    }
    return options
  }

  private func lifecycle(_ element: XMLElement) throws(XMLFault) -> PoolLifecycle {
    var lifecycle = PoolLifecycle()
    if let word = element.attribute("driver") {
      if let driver = FileDriver(rawValue: word) {
        lifecycle.driver = driver
      } else {
        guard let process = DriverName(word) else { throw element.invalid("driver") }
        lifecycle.process = PoolProcess(process, options: try processOptions(element))
      }
    }
    if let name = element.attribute("callback") {
      guard !name.isEmpty, !name.hasControlCharacter else { throw element.invalid("callback") }
      lifecycle.callback = name
    }
    if let name = element.attribute("thin_pool") {
      guard LVMName.isLegal(name) else { throw element.invalid("thin_pool") }
      lifecycle.thinPool = name
    }
    lifecycle.revisionsToKeep = try LifecycleXML.revisions(of: element)
    lifecycle.ephemeralVolatile =
      try LifecycleXML.yesNo("ephemeral_volatile", of: element) ?? lifecycle.ephemeralVolatile
    lifecycle.setupCheck =
      try LifecycleXML.yesNo("setup_check", of: element) ?? lifecycle.setupCheck
    return lifecycle
  }
}
