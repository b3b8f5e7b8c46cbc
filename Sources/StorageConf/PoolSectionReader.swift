import StorageModel

/// Reads typed values out of a pool's section; every problem names the pool, the key, its line, and what is
/// accepted.
struct PoolSectionReader {
  let section: ConfSection
  let file: String

  func problem(_ message: String, at entry: ConfEntry? = nil) -> ConfProblem {
    ConfProblem(
      file: file, line: entry?.line ?? section.line,
      message: "pool '\(section.name.printable)': \(message)")
  }

  /// The problem of a value that is not what its key takes.
  func refusal(of entry: ConfEntry, expected: String) -> ConfProblem {
    problem(
      "\(entry.key): '\(entry.value.printable)' is not accepted: expected \(expected)", at: entry)
  }

  func refuseKeys(otherThan known: [String]) throws(ConfProblem) {
    for entry in section.entries where !known.contains(entry.key) {
      let list = known.joined(separator: ", ")
      throw problem("unknown key '\(entry.key.printable)': expected one of \(list)", at: entry)
    }
  }

  /// The values of the keys that are none of the known ones.
  func options(otherThan known: [String]) throws(ConfProblem) -> [ByteString: String] {
    var options: [ByteString: String] = [:]
    for entry in section.entries where !known.contains(entry.key) {
      guard !entry.value.hasControlCharacter else {
        throw refusal(of: entry, expected: "one line without control characters")
      }
      options[entry.key] = entry.value
    }
    return options
  }

  /// The type of pool that a section names by itself.
  func type() throws(ConfProblem) -> PoolType? {
    guard let entry = section.entry("type") else { return nil }
    guard let type = PoolType(rawValue: entry.value) else {
      throw refusal(
        of: entry, expected: PoolType.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return type
  }

  /// A value that is there: in one line, not empty, not starting with a dash (it may become an argument).
  func word(_ key: String) throws(ConfProblem) -> String? {
    guard let entry = section.entry(key) else { return nil }
    guard !entry.value.isEmpty else { throw problem("\(key): value is empty", at: entry) }
    guard !entry.value.hasControlCharacter else {
      throw refusal(of: entry, expected: "one line without control characters")
    }
    guard !entry.value.hasPrefix("-") else {
      throw refusal(of: entry, expected: "a value that does not start with '-'")
    }
    return entry.value
  }

  func required<Value>(_ key: String, _ value: Value?) throws(ConfProblem) -> Value {
    guard let value else { throw problem("missing key '\(key)'") }
    return value
  }

  func path(_ key: String) throws(ConfProblem) -> Path? {
    guard let text = try word(key), let entry = section.entry(key) else { return nil }
    guard text.hasPrefix("/") else { throw refusal(of: entry, expected: "an absolute path") }
    return Path(text)
  }

  /// A path that has to be there unless there is one to fall back to.
  func path(_ key: String, or fallback: Path?) throws(ConfProblem) -> Path {
    try required(key, path(key) ?? fallback)
  }

  func flag(_ key: String) throws(ConfProblem) -> Bool? {
    guard let entry = section.entry(key) else { return nil }
    guard let value = ConfLiteral.bool(entry.value, emptyIsFalse: true) else {
      throw refusal(of: entry, expected: "yes, true, on or 1, or no, false, off or 0")
    }
    return value
  }

  func revisionsToKeep(_ driver: PoolDriver) throws(ConfProblem) -> RevisionsToKeep? {
    guard let entry = section.entry("revisions_to_keep") else { return nil }
    guard let value = RevisionsToKeep(entry.value) else {
      throw refusal(of: entry, expected: "-1, 0 or a positive number")
    }
    if let limit = driver.revisionLimit, value.number > limit {
      let most = limit == 0 ? "-1 or 0" : "-1, 0 or \(limit)"
      throw refusal(of: entry, expected: "\(most) with driver '\(driver.word)'")
    }
    return value
  }

  /// The name of a volume group or logical volume, by LVM's rules.
  func lvmName(_ key: String) throws(ConfProblem) -> String {
    let name = try required(key, word(key))
    guard let entry = section.entry(key), !LVMName.isLegal(name) else { return name }
    throw refusal(of: entry, expected: "letters, digits and '+_.-', not '.' or '..'")
  }

  /// The name of a ZFS dataset: components between slashes.
  func dataset(_ key: String) throws(ConfProblem) -> String {
    let name = try required(key, word(key))
    guard let entry = section.entry(key), !ConfLiteral.isDataset(name) else { return name }
    throw refusal(of: entry, expected: "a dataset such as 'tank' or 'tank/volumes'")
  }

  /// The source of a pool in libvirt's words.
  func source(of type: PoolType, pool: PoolName) throws(ConfProblem) -> PoolSource {
    let parts = type.sourceParts
    var source = PoolSource()
    if parts.contains(.host) {
      source.hosts = [PoolSource.Host(name: try required("source-host", word("source-host")))]
    }
    if parts.contains(.dir) {
      source.dir = try word("source-path").map { Path($0) }
      if type == .netfs { source.dir = try required("source-path", source.dir) }
    }
    if parts.contains(.device) { source.devices = try devices(of: type) }
    if parts.contains(.name) { source.name = try sourceName(of: type, pool: pool) }
    if parts.contains(.initiatorIQN) {
      source.initiatorIQN = try word("source-initiator")
      if type == .iscsiDirect {
        source.initiatorIQN = try required("source-initiator", source.initiatorIQN)
      }
    }
    if parts.contains(.adapter) { source.adapter = try adapter() }
    source.authentication = try authentication()
    source.format = try format(of: type)
    source.protocolVersion = try protocolVersion(format: source.format)
    return source
  }

  func target(of type: PoolType) throws(ConfProblem) -> Path? {
    guard type.hasTarget else { return nil }
    let path = try path("target")
    return type == .logical || type == .zfs ? path : try required("target", path)
  }

  /// Refuses a target that the type would not use.
  func check(fixedTargetOf pool: PoolDefinition) throws(ConfProblem) {
    guard let fixed = PoolConf.fixedTarget(of: pool), let entry = section.entry("target"),
      Path(entry.value) != fixed
    else { return }
    throw refusal(of: entry, expected: "\(fixed), where volumes of this pool always are")
  }

  private func devices(of type: PoolType) throws(ConfProblem) -> [PoolSource.Device] {
    let paths = [PoolType.fs, .disk, .logical].contains(type)
    let device = paths ? try path("source-dev") : try word("source-dev").map { Path($0) }
    if let device { return [PoolSource.Device(path: device)] }
    guard type == .logical || type == .zfs else { throw problem("missing key 'source-dev'") }
    return []
  }

  private func sourceName(of type: PoolType, pool: PoolName) throws(ConfProblem) -> String {
    let given = try word("source-name")
    let name = type == .rbd ? try required("source-name", given) : given ?? pool.text
    let entry = section.entry("source-name")
    switch type {
    case .logical where !LVMName.isLegal(name):
      throw problem(
        "source-name: '\(name)' is not a volume group: expected letters, digits and '+_.-'",
        at: entry)
    case .zfs where !ConfLiteral.isDataset(name):
      throw problem(
        "source-name: '\(name)' is not a dataset: expected 'tank' or 'tank/volumes'", at: entry)
    default: return name
    }
  }

  private func format(of type: PoolType) throws(ConfProblem) -> String? {
    guard let formats = type.sourceFormats, let entry = section.entry("source-format") else {
      return nil
    }
    guard formats.words.contains(entry.value) else {
      throw refusal(of: entry, expected: formats.words.joined(separator: ", "))
    }
    return entry.value
  }

  private func protocolVersion(format: String?) throws(ConfProblem) -> String? {
    guard let version = try word("source-protocol-ver"),
      let entry = section.entry("source-protocol-ver")
    else { return nil }
    guard version.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }) else {
      throw refusal(of: entry, expected: "a version such as 4.2")
    }
    guard format == nil || format == "auto" || format == "nfs" else {
      throw problem(
        "source-protocol-ver: only NFS has versions, source-format is not nfs or auto", at: entry)
    }
    return version
  }

  private func adapter() throws(ConfProblem) -> PoolSource.Adapter {
    let keys = [
      "adapter-parent", "adapter-parent-wwnn", "adapter-parent-wwpn", "adapter-parent-fabric-wwn",
    ]
    if let name = try word("adapter-name") {
      let others = ["adapter-wwnn", "adapter-wwpn"] + keys
      if let other = others.lazy.compactMap({ section.entry($0) }).first {
        throw problem("\(other.key): not together with adapter-name", at: other)
      }
      return .scsiHost(name: name)
    }
    guard let node = try wwn("adapter-wwnn") else {
      throw problem("missing key 'adapter-name', or 'adapter-wwnn' and 'adapter-wwpn'")
    }
    let port = try required("adapter-wwpn", wwn("adapter-wwpn"))
    var adapter = PoolSource.FibreChannel(wwnn: node, wwpn: port)
    adapter.parent = try word(keys[0])
    adapter.parentWWNN = try wwn(keys[1])
    adapter.parentWWPN = try wwn(keys[2])
    adapter.parentFabricWWN = try wwn(keys[3])
    return .fibreChannelHost(adapter)
  }

  private func wwn(_ key: String) throws(ConfProblem) -> String? {
    guard let text = try word(key), let entry = section.entry(key) else { return nil }
    let digits = text.without(prefix: "0x") ?? text[...]
    guard digits.utf8.count == 16, digits.unicodeScalars.allSatisfy(\.isASCIIHexDigit) else {
      throw refusal(of: entry, expected: "16 hexadecimal digits")
    }
    return text
  }

  private func authentication() throws(ConfProblem) -> PoolSource.Authentication? {
    guard let entry = section.entry("auth-type") else {
      let others = ["auth-username", "secret-usage", "secret-uuid"]
      guard let other = others.lazy.compactMap({ section.entry($0) }).first else { return nil }
      throw problem("\(other.key): not without auth-type", at: other)
    }
    guard let kind = PoolSource.Authentication.Kind(rawValue: entry.value) else {
      throw refusal(of: entry, expected: "chap or ceph")
    }
    let username = try required("auth-username", word("auth-username"))
    let usage = try word("secret-usage")
    let uuid = try word("secret-uuid")
    switch (usage, uuid) {
    case (let usage?, nil):
      return PoolSource.Authentication(kind: kind, username: username, secret: .usage(usage))
    case (nil, let text?):
      guard let uuid = StorageUUID(text) else {
        throw problem("secret-uuid: '\(text)' is not a UUID", at: section.entry("secret-uuid"))
      }
      return PoolSource.Authentication(kind: kind, username: username, secret: .uuid(uuid))
    default: throw problem("expected one of the keys 'secret-usage' and 'secret-uuid'", at: entry)
    }
  }
}

/// Literals of the notation.
enum ConfLiteral {
  /// Reads a truth value in any case: `true` `yes` `on` `1`, `false` `no` `off` `0`.
  static func bool(_ text: String, emptyIsFalse: Bool = false) -> Bool? {
    switch text.lowercased() {
    case "true", "yes", "on", "1": return true
    case "false", "no", "off", "0": return false
    case "" where emptyIsFalse: return false
    default: return nil
    }
  }

  static func isDataset(_ text: String) -> Bool {
    text.utf8.count <= 255
      && text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
        !part.isEmpty && part != "." && part != ".." && !part.hasPrefix("-")
          && part.utf8.allSatisfy { isWord($0) || $0 == .colon || $0 == .space }
      }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    (0x61...0x7a).contains(byte.lowered) || (0x30...0x39).contains(byte)
      || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
  }
}
