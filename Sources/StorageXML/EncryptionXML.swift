import StorageModel

/// `<encryption>` of a volume.
enum EncryptionXML {
  static func read(_ element: XMLElement) throws(XMLFault) -> Encryption {
    guard let word = element.attribute("format") else {
      throw element.fault("unknown volume encryption format")
    }
    guard let format = Encryption.Format(rawValue: word) else {
      throw element.fault("unknown volume encryption format type \(word)", attribute: "format")
    }
    var encryption = Encryption(format: format)
    if let word = element.attribute("engine") {
      guard let engine = Encryption.Engine(rawValue: word) else { throw element.invalid("engine") }
      encryption.engine = engine
    }
    for secret in element.all("secret") { encryption.secrets.append(try read(secret: secret)) }
    // The older formats have no such parameters; libvirt does not look for them there.
    guard [.luks, .luks2, .luksAny].contains(format) else { return encryption }
    if let cipher = element.first("cipher") { encryption.cipher = try read(cipher: cipher) }
    if let generator = element.first("ivgen") {
      guard encryption.cipher != nil else {
        throw generator.fault("ivgen element found, but cipher is missing")
      }
      guard let name = generator.attribute("name") else {
        throw generator.fault("missing ivgen info name string")
      }
      encryption.ivGenerator = Encryption.IVGenerator(name: name, hash: generator.attribute("hash"))
    }
    return encryption
  }

  private static func read(secret: XMLElement) throws(XMLFault) -> SecretReference {
    guard let type = secret.attribute("type") else {
      throw secret.fault("unknown volume encryption secret type")
    }
    guard type == "passphrase" else {
      throw secret.fault("unknown volume encryption secret type \(type)", attribute: "type")
    }
    return try SecretReferenceXML.read(secret)
  }

  private static func read(cipher: XMLElement) throws(XMLFault) -> Encryption.Cipher {
    guard let name = cipher.attribute("name") else {
      throw cipher.fault("cipher info missing 'name' attribute")
    }
    guard let size = try cipher.unsigned("size", base: 10) else {
      throw cipher.fault("Missing required attribute 'size' in element 'cipher'")
    }
    return Encryption.Cipher(
      name: name, size: size, mode: cipher.attribute("mode"), hash: cipher.attribute("hash"))
  }

  static func write(_ encryption: Encryption, to writer: inout XMLWriter) {
    let root: XMLWriter.Attributes = [
      ("format", encryption.format.rawValue), ("engine", encryption.engine?.rawValue),
    ]
    writer.element("encryption", root) { writer in
      for secret in encryption.secrets {
        SecretReferenceXML.write(secret, type: "passphrase", to: &writer)
      }
      if let cipher = encryption.cipher {
        writer.empty(
          "cipher",
          [
            ("name", cipher.name), ("size", String(cipher.size)), ("mode", cipher.mode),
            ("hash", cipher.hash),
          ])
      }
      if let generator = encryption.ivGenerator {
        writer.empty("ivgen", [("name", generator.name), ("hash", generator.hash)])
      }
    }
  }
}
