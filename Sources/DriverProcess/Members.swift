import StorageModel

/// The members of an object that a driver has sent, each checked when it is asked for; those that nobody asks for are
/// passed over.
struct Members {
  private let members: [(String, JSON)]
  private let place: String

  init(_ value: JSON?, _ place: String) throws(DriverFault) {
    guard case .object(let members)? = value else { throw DriverFault("'\(place)' is no object") }
    self.members = members
    self.place = place
  }

  /// The value of a member; nil where there is none, or null.
  func value(_ name: String) -> JSON? {
    guard let value = members.first(where: { $0.0 == name })?.1 else { return nil }
    if case .null = value { return nil }
    return value
  }

  func has(_ name: String) -> Bool { value(name) != nil }

  private func wrong(_ name: String, _ expected: String) -> DriverFault {
    DriverFault("'\(name)' in '\(place)' is not \(expected)")
  }

  func needed<Value>(_ name: String, _ value: Value?) throws(DriverFault) -> Value {
    guard let value else { throw DriverFault("'\(place)' has no '\(name)'") }
    return value
  }

  /// One line of text.
  func text(_ name: String) throws(DriverFault) -> String? {
    guard let value = value(name) else { return nil }
    guard case .string(let text) = value, !text.hasControlCharacter, text.utf8.count <= 4096 else {
      throw wrong(name, "a line of at most 4096 bytes")
    }
    return text
  }

  func flag(_ name: String) throws(DriverFault) -> Bool? {
    guard let value = value(name) else { return nil }
    guard case .boolean(let flag) = value else { throw wrong(name, "true or false") }
    return flag
  }

  func number(_ name: String, _ range: ClosedRange<Int64>) throws(DriverFault) -> Int64? {
    guard let value = value(name) else { return nil }
    guard case .integer(let number) = value, range.contains(number) else {
      throw wrong(name, "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A size in bytes, which is written as text, because not every reader of JSON has numbers of 64 bits.
  func size(_ name: String) throws(DriverFault) -> ByteCount? {
    guard let value = value(name) else { return nil }
    guard case .string(let text) = value, (1...19).contains(text.utf8.count),
      text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let bytes = Int64(text)
    else { throw wrong(name, "a text of decimals below 2^63") }
    return ByteCount(bytes)
  }

  func stateID(_ name: String) throws(DriverFault) -> StateID? {
    guard let text = try text(name) else { return nil }
    guard let identifier = StateID(text) else {
      throw wrong(name, "32 hexadecimal digits in lower case")
    }
    return identifier
  }

  func list(_ name: String) throws(DriverFault) -> [JSON] {
    guard let value = value(name) else { return [] }
    guard case .array(let items) = value else { throw wrong(name, "a list") }
    return items
  }

  func texts(_ name: String) throws(DriverFault) -> [String] {
    var texts: [String] = []
    for item in try list(name) {
      guard case .string(let text) = item, !text.hasControlCharacter else {
        throw wrong(name, "a list of lines")
      }
      texts.append(text)
    }
    return texts
  }

  func object(_ name: String) throws(DriverFault) -> Members? {
    try has(name) ? Members(value(name), name) : nil
  }

  func volumeName(_ name: String) throws(DriverFault) -> VolumeName? {
    guard let text = try text(name) else { return nil }
    return try VolumeName(ofDriver: text)
  }

  func path(_ name: String) throws(DriverFault) -> Path? {
    guard let text = try text(name) else { return nil }
    guard text.hasPrefix("/") else { throw wrong(name, "an absolute path") }
    return Path(text)
  }
}

extension VolumeName {
  /// A name that a driver has sent: one that could be chosen.
  init(ofDriver text: String) throws(DriverFault) {
    do throws(NameProblem) { try self.init(text) } catch {
      throw DriverFault("a volume's \(error.text)")
    }
  }
}
