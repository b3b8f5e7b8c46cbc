import StorageModel

/// Turns the tree of a volume document into a definition, by libvirt's rules.
struct VolumeReader {
  let root: XMLElement
  let poolType: PoolType
  let nestedNames: Bool
  /// Whether another volume gives what the document leaves out.
  let hasInput: Bool

  func volume() throws(XMLFault) -> VolumeDefinition {
    var volume = VolumeDefinition(name: try name())
    volume.key = root.value("key")
    volume.kind = try kind()
    volume.backingStore = try backingStore()
    let malformed = "malformed capacity element"
    volume.lifecycle = try lifecycle()
    volume.capacity = try root.size("capacity", malformed: malformed)
    if !hasInput, volume.capacity == nil, volume.backingStore == nil, volume.lifecycle.source == nil
    {
      throw root.fault("missing capacity element")
    }
    volume.allocation = try root.size("allocation", malformed: malformed)
    volume.target = try target()
    // A volume that starts as a copy of another has that one's format, unless the document says so itself.
    if volume.lifecycle.snapOnStart == true,
      root.value("target", "format", attribute: "type") == nil
    {
      volume.target.format = nil
    }
    return volume
  }

  private func name() throws(XMLFault) -> VolumeName {
    guard let text = root.value("name") else { throw root.fault("missing volume name element") }
    do throws(NameProblem) {
      return try VolumeName(text, nested: nestedNames)
    } catch {
      throw (root.first("name") ?? root).fault("volume \(error.text)")
    }
  }

  private func kind() throws(XMLFault) -> VolumeDefinition.Kind {
    guard let word = root.attribute("type"), !word.isEmpty else { return .file }
    guard let kind = VolumeDefinition.Kind(rawValue: word) else {
      throw root.fault("unknown volume type '\(word)'", attribute: "type")
    }
    return kind
  }

  private func backingStore() throws(XMLFault) -> BackingStore? {
    guard let path = root.value("backingStore", "path") else { return nil }
    var store = BackingStore(path: path)
    // What a document leaves out is looked up.
    if root.value("backingStore", "format", attribute: "type") != nil {
      store.format = try format(in: "backingStore")
    }
    store.permissions = try PermissionsXML.read(root.first("backingStore", "permissions"))
    return store
  }

  private func target() throws(XMLFault) -> VolumeTarget {
    var target = VolumeTarget()
    target.path = root.value("target", "path").map { Path(verbatim: $0) }
    target.format = try format(in: "target")
    target.permissions = try PermissionsXML.read(root.first("target", "permissions"))
    if let element = root.first("target", "encryption") {
      target.encryption = try EncryptionXML.read(element)
    }
    target.compat = try compat()
    target.noCopyOnWrite = root.first("target", "nocow") != nil
    let size = try root.size(
      "target", "clusterSize",
      malformed: "Invalid value '\(root.value("target", "clusterSize") ?? "")' "
        + "for element or attribute './target/clusterSize'")
    target.clusterSize = size == .zero ? nil : size
    target.features = try features()
    // Features came with that level, so they imply it.
    if target.features != nil, target.compat == nil { target.compat = "1.1" }
    return target
  }

  /// The word of `<format>`, or the pool's default; nil in pools whose volumes have no format.
  private func format(in parent: String) throws(XMLFault) -> VolumeFormat? {
    let words: [VolumeFormat]
    switch poolType.volumeFormats {
    case .images: words = VolumeFormat.images + [.vhdx]
    case .partitions: words = VolumeFormat.partitions
    case .none: return nil
    }
    guard let word = root.value(parent, "format", attribute: "type") else { return words[0] }
    guard let format = words.first(where: { $0.rawValue == word }) else {
      throw (root.first(parent, "format") ?? root)
        .fault("unknown volume format type \(word)", attribute: "type")
    }
    return format
  }

  /// Two numbers with a dot between them.
  private func compat() throws(XMLFault) -> String? {
    guard let text = root.value("target", "compat") else { return nil }
    guard SchemaValue.compat.accepts(text) else {
      throw (root.first("target", "compat") ?? root)
        .fault("forbidden characters in 'compat' attribute")
    }
    return text
  }

  private func features() throws(XMLFault) -> Set<ImageFeature>? {
    guard let element = root.first("target", "features") else { return nil }
    var features: Set<ImageFeature> = []
    for child in element.children {
      guard let feature = ImageFeature(rawValue: child.name) else {
        throw child.fault("unsupported feature \(child.name)")
      }
      features.insert(feature)
    }
    return features
  }

  private func lifecycle() throws(XMLFault) -> LifecycleSettings {
    var settings = LifecycleSettings()
    for element in root.all("lifecycle", namespace: XMLNamespace.cistern) {
      settings.isWritable = try LifecycleXML.yesNo("rw", of: element)
      settings.snapOnStart = try LifecycleXML.yesNo("snap_on_start", of: element)
      settings.saveOnStop = try LifecycleXML.yesNo("save_on_stop", of: element)
      settings.revisionsToKeep = try LifecycleXML.revisions(of: element)
      settings.ephemeral = try LifecycleXML.yesNo("ephemeral", of: element)
      if let text = element.attribute("source") {
        do throws(NameProblem) {
          settings.source = try VolumeName(text, nested: nestedNames)
        } catch {
          throw element.fault("source volume \(error.text)", attribute: "source")
        }
      }
    }
    return settings
  }
}
