import StorageModel

/// Secret documents as libvirt 9.0 reads and prints them.
package enum SecretXML {
  /// Reads a secret document.
  /// - Parameters:
  ///   - file: the name used in problems.
  ///   - validate: also refuse elements, attributes and values that libvirt's schema does not allow.
  /// - Returns: the definition, with a fresh UUID where the document names none.
  package static func read(_ bytes: [UInt8], file: String, validate: Bool) throws(XMLProblem)
    -> (secret: SecretDefinition, uuidIsGiven: Bool)
  {
    do throws(XMLFault) {
      let root = try XMLDocument.parse(bytes)
      guard root.name == "secret" else {
        throw root.fault("expecting root element of 'secret', not '\(root.name)'")
      }
      if validate { try schema.check(root, in: "a secret") }
      return try read(root)
    } catch {
      throw error.problem(in: file)
    }
  }

  private static func read(_ root: XMLElement) throws(XMLFault) -> (SecretDefinition, Bool) {
    var secret = SecretDefinition(uuid: .random())
    let text = root.value("uuid")
    if let text {
      guard let uuid = StorageUUID(text) else {
        throw (root.first("uuid") ?? root).fault("malformed uuid element")
      }
      secret.uuid = uuid
    }
    secret.isEphemeral = try flag("ephemeral", of: root)
    secret.isPrivate = try flag("private", of: root)
    secret.description = root.value("description")
    secret.usage = try root.first("usage").flatMap(usage)
    return (secret, text != nil)
  }

  private static func flag(_ name: String, of root: XMLElement) throws(XMLFault) -> Bool {
    switch root.attribute(name) {
    case nil, "", "no": return false
    case "yes": return true
    default: throw root.fault("invalid value of '\(name)'", attribute: name)
    }
  }

  private static func usage(_ element: XMLElement) throws(XMLFault) -> SecretUsage? {
    guard let word = element.attribute("type"), !word.isEmpty else {
      throw element.fault("unknown secret usage type")
    }
    if word == "none" { return nil }
    guard let kind = SecretUsage.Kind(rawValue: word) else {
      throw element.fault("unknown secret usage type \(word)", attribute: "type")
    }
    guard let name = element.value(kind.element) else {
      throw element.fault("\(kind.title) usage specified, but \(kind.content) is missing")
    }
    return SecretUsage(kind: kind, name: name)
  }

  /// The document of a secret, ending in one line feed.
  package static func write(_ secret: SecretDefinition) -> String {
    var writer = XMLWriter()
    let root: XMLWriter.Attributes = [
      ("ephemeral", secret.isEphemeral ? "yes" : "no"),
      ("private", secret.isPrivate ? "yes" : "no"),
    ]
    writer.element("secret", root) { writer in
      writer.leaf("uuid", "\(secret.uuid)")
      writer.leaf("description", secret.description)
      guard let usage = secret.usage else { return }
      writer.element("usage", [("type", usage.kind.rawValue)]) {
        $0.leaf(usage.kind.element, usage.name)
      }
    }
    return writer.text
  }

  private static let schema = SchemaElement(
    "secret", .once, optional: [("ephemeral", .yesNo), ("private", .yesNo)],
    [
      SchemaElement("uuid", text: .uuid),
      SchemaElement("description", text: .anything),
      SchemaElement(
        "usage", required: [("type", .words(SecretUsage.Kind.allCases.map(\.rawValue)))],
        [
          SchemaElement("volume", text: .absolutePath), SchemaElement("target", text: .nonEmpty),
          SchemaElement("name", text: .nonEmpty),
        ]),
    ])
}

extension SecretUsage.Kind {
  /// The element that holds the name.
  fileprivate var element: String {
    switch self {
    case .volume: return "volume"
    case .iscsi: return "target"
    case .ceph, .tls, .vtpm, .cifs: return "name"
    }
  }

  /// libvirt's spelling in messages.
  fileprivate var title: String {
    switch self {
    case .volume: return "volume"
    case .ceph: return "Ceph"
    case .iscsi: return "iSCSI"
    case .tls: return "TLS"
    case .vtpm: return "vTPM"
    case .cifs: return "CIFS"
    }
  }

  fileprivate var content: String {
    switch self {
    case .volume: return "volume path"
    case .iscsi: return "target"
    case .ceph, .tls, .vtpm, .cifs: return "name"
    }
  }
}
