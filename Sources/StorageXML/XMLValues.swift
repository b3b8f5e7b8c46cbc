import StorageModel

/// Reads numbers as the C library's strtol family does: white space and a sign may stand before the digits,
/// nothing may follow them.
enum CNumber {
  /// - Parameter base: 8, 10 or 16; 0 tells by the prefix `0x` or `0`.
  static func signed(_ text: String, base: Int = 10) -> Int64? {
    guard let (negative, digits, base) = parts(of: text, base: base) else { return nil }
    return Int64((negative ? "-" : "") + digits, radix: base)
  }

  /// A number without a minus sign, up to 2^64−1.
  static func unsigned(_ text: String, base: Int = 10) -> UInt64? {
    guard let (negative, digits, base) = parts(of: text, base: base), !negative else { return nil }
    return UInt64(digits, radix: base)
  }

  private static func parts(of text: String, base: Int) -> (Bool, Substring, Int)? {
    let bytes = Array(text.utf8)
    var rest = text.utf8.dropFirst(bytes.prefix { $0 == 0x20 || (0x09...0x0d).contains($0) }.count)
    let sign = rest.first
    if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest = rest.dropFirst() }
    var base = base
    var digits = Substring(rest)
    if base == 0 {
      base = digits.hasPrefix("0") && digits.utf8.count > 1 ? 8 : 10
      if let rest = digits.without(prefix: "0x") ?? digits.without(prefix: "0X") {
        base = 16
        digits = rest
      }
    }
    // Swift's own reading would take a second sign.
    guard digits.unicodeScalars.first?.isASCIIHexDigit == true else { return nil }
    return (sign == UInt8(ascii: "-"), digits, base)
  }
}

extension XMLElement {
  /// `yes` or `no` in an own attribute; nil without the attribute.
  func yesNo(_ name: String) throws(XMLFault) -> Bool? {
    switch attribute(name) {
    case nil: return nil
    case "yes": return true
    case "no": return false
    default: throw invalid(name)
    }
  }

  /// The fault of an attribute with a value that means nothing, in libvirt's words.
  func invalid(_ name: String, expected: String = "") -> XMLFault {
    let value = attribute(name) ?? ""
    return fault(
      "Invalid value for attribute '\(name)' in element '\(self.name)': '\(value)'."
        + (expected.isEmpty ? "" : " Expected \(expected)"), attribute: name)
  }

  /// A number that may be written in decimal, hexadecimal or octal; nil without the attribute.
  func unsigned(_ name: String, base: Int) throws(XMLFault) -> Int? {
    guard let text = attribute(name) else { return nil }
    guard let number = CNumber.unsigned(text, base: base), number <= UInt64(UInt32.max) else {
      throw invalid(name, expected: "non-negative integer value")
    }
    return Int(number)
  }

  /// The size in the first element `name`, scaled by its `unit`; nil where it is absent or empty.
  func size(_ path: String..., malformed: String) throws(XMLFault) -> ByteCount? {
    var place: XMLElement? = self
    for name in path { place = place?.first(name) }
    guard let place, case let digits = place.text, !digits.isEmpty else { return nil }
    guard let number = CNumber.unsigned(digits) else { throw place.fault(malformed) }
    let unit = place.attribute("unit") ?? ""
    do {
      return try ScaledSize.scale(digits: String(number), unit: unit)
    } catch {
      switch error {
      case .malformed: throw place.fault(malformed)
      case .unknownUnit: throw place.fault("unknown suffix '\(unit)'", attribute: "unit")
      case .tooLarge: throw place.fault(error.text)
      }
    }
  }
}

/// `<permissions>`, the same in pools, volumes and backing stores.
enum PermissionsXML {
  static func read(_ element: XMLElement?) throws(XMLFault) -> Permissions {
    guard let element else { return Permissions() }
    var permissions = Permissions()
    if let text = element.value("mode") {
      guard let mode = CNumber.signed(text, base: 8), (0...0o777).contains(mode) else {
        throw (element.first("mode") ?? element).fault("malformed octal mode")
      }
      permissions.mode = UInt32(mode)
    }
    permissions.owner = try identity("owner", in: element)
    permissions.group = try identity("group", in: element)
    permissions.label = element.value("label")
    return permissions
  }

  static func write(_ permissions: Permissions, to writer: inout XMLWriter) {
    guard !permissions.isEmpty else { return }
    writer.element("permissions") { writer in
      writer.leaf("mode", permissions.mode.map { "0" + String($0, radix: 8) })
      writer.leaf("owner", permissions.owner.map(String.init))
      writer.leaf("group", permissions.group.map(String.init))
      writer.leaf("label", permissions.label)
    }
  }

  /// A user's or group's number.
  ///
  /// −1 and its unsigned twin say "not set"; both were printed once.
  private static func identity(
    _ name: String, in element: XMLElement
  ) throws(XMLFault) -> UInt32? {
    guard let place = element.first(name) else { return nil }
    guard let number = CNumber.signed(place.text), number == -1 || UInt32(exactly: number) != nil
    else { throw place.fault("malformed \(name) element") }
    return number == -1 || number == Int64(UInt32.max) ? nil : UInt32(number)
  }
}

/// `<secret>` in authentication and encryption.
enum SecretReferenceXML {
  static func read(_ element: XMLElement) throws(XMLFault) -> SecretReference {
    switch (element.attribute("uuid"), element.attribute("usage")) {
    case (nil, nil): throw element.fault("missing secret uuid or usage attribute")
    case (let text?, nil):
      guard let uuid = StorageUUID(text) else {
        throw element.fault("invalid secret uuid '\(text)'", attribute: "uuid")
      }
      return .uuid(uuid)
    case (nil, let usage?): return .usage(usage)
    case (_?, _?): throw element.fault("either secret uuid or usage expected")
    }
  }

  static func write(_ secret: SecretReference, type: String?, to writer: inout XMLWriter) {
    switch secret {
    case .uuid(let uuid): writer.empty("secret", [("type", type), ("uuid", uuid.description)])
    case .usage(let usage): writer.empty("secret", [("type", type), ("usage", usage)])
    }
  }
}

/// Own words for yes and no in life-cycle attributes.
enum LifecycleXML {
  static let prefix = "xmlns:cistern"
  static let element = "cistern:lifecycle"

  static func yesNo(_ name: String, of element: XMLElement) throws(XMLFault) -> Bool? {
    switch element.attribute(name) {
    case nil: return nil
    case "yes", "true", "on", "1": return true
    case "no", "false", "off", "0": return false
    default: throw element.invalid(name, expected: "yes or no")
    }
  }

  static func revisions(of element: XMLElement) throws(XMLFault) -> RevisionsToKeep? {
    guard let text = element.attribute("revisions_to_keep") else { return nil }
    guard let revisions = RevisionsToKeep(text) else {
      throw element.invalid("revisions_to_keep", expected: "-1, 0 or a positive number")
    }
    return revisions
  }

  static func word(_ value: Bool?) -> String? { value.map { $0 ? "yes" : "no" } }
}
