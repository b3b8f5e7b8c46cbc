import StorageModel

/// Reads `<source>` of a pool.
///
/// Everything in it is read for every type, as libvirt does: what a type does not use may still be wrong, but
/// is not printed.
struct PoolSourceReader {
  let type: PoolType
  let source: XMLElement

  func read() throws(XMLFault) -> PoolSource {
    var result = PoolSource()
    result.name = source.value("name")
    if type == .rbd, result.name == nil {
      throw source.fault("element 'name' is mandatory for RBD pool")
    }
    result.format = try format()
    result.hosts = try hosts()
    result.initiatorIQN = source.value("initiator", "iqn", attribute: "name")
    result.devices = try devices()
    result.dir = source.value("dir", attribute: "path").map { Path(verbatim: $0) }
    if result.dir == nil, type == .gluster { result.dir = Path("/") }
    if let adapter = source.first("adapter") {
      result.adapter = try AdapterXML.read(adapter, isUsed: type.sourceParts.contains(.adapter))
    }
    result.authentication = try authentication()
    result.protocolVersion = try protocolVersion(format: result.format)
    result.vendor = source.value("vendor", attribute: "name")
    result.product = source.value("product", attribute: "name")
    return result
  }

  private func format() throws(XMLFault) -> String? {
    guard let formats = type.sourceFormats else { return nil }
    guard let word = source.value("format", attribute: "type") else { return formats.standard }
    guard formats.words.contains(word) else {
      throw (source.first("format") ?? source)
        .fault("unknown pool format type \(word)", attribute: "type")
    }
    return word
  }

  private func hosts() throws(XMLFault) -> [PoolSource.Host] {
    var hosts: [PoolSource.Host] = []
    for element in source.all("host") {
      guard let name = element.attribute("name") else {
        throw element.fault("missing storage pool host name")
      }
      var host = PoolSource.Host(name: name)
      if let text = element.attribute("port") {
        guard let port = CNumber.signed(text).flatMap({ Int32(exactly: $0) }) else {
          throw element.invalid("port", expected: "integer value")
        }
        host.port = Int(port)
      }
      hosts.append(host)
    }
    return hosts
  }

  private func devices() throws(XMLFault) -> [PoolSource.Device] {
    var devices: [PoolSource.Device] = []
    for element in source.all("device") {
      guard let path = element.attribute("path") else {
        throw element.fault("missing storage pool source device path")
      }
      let separator = try element.yesNo("part_separator")
      devices.append(PoolSource.Device(path: Path(verbatim: path), partSeparator: separator))
    }
    return devices
  }

  private func authentication() throws(XMLFault) -> PoolSource.Authentication? {
    guard let element = source.first("auth") else { return nil }
    guard let username = element.attribute("username"), !username.isEmpty else {
      throw element.fault("missing username for auth")
    }
    let word = element.attribute("type") ?? ""
    let kind = PoolSource.Authentication.Kind(rawValue: word)
    guard kind != nil || word.isEmpty || word == "none" else {
      throw element.fault("unknown auth type '\(word)'", attribute: "type")
    }
    guard let secret = element.first("secret") else {
      throw element.fault("Missing <secret> element in auth")
    }
    let reference = try SecretReferenceXML.read(secret)
    guard let kind else { throw element.fault("storage pool missing auth type") }
    var result = PoolSource.Authentication(kind: kind, username: username, secret: reference)
    result.secretType = secret.attribute("type")
    return result
  }

  /// libvirt tests the number of the format without regard to the pool's type: 0 and 1, which are
  /// `auto` and `nfs` for netfs, pass for every type.
  private func protocolVersion(format: String?) throws(XMLFault) -> String? {
    guard let version = source.value("protocol", attribute: "ver") else { return nil }
    let place = source.first("protocol") ?? source
    if let format, let index = type.sourceFormats?.words.firstIndex(of: format), index > 1 {
      throw place.fault("storage pool protocol ver unsupported for pool type '\(format)'")
    }
    guard !version.contains(",") else {
      throw place.fault(
        "storage pool protocol ver '\(version)' must not contain ','", attribute: "ver")
    }
    return version
  }
}
