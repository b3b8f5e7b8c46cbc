extension JSON {
  /// Why a text is no JSON that is read here.
  package struct Problem: Error, Equatable {
    package let text: String
  }

  /// Reads one value (RFC 8259), strictly: UTF-8, no member named twice, numbers that are integers of 64 bits, no zero
  /// byte in a string, at most 32 values inside each other, nothing behind the value.
  package init(reading bytes: some Collection<UInt8>) throws(Problem) {
    var reader = JSONReader(bytes: Array(bytes))
    self = try reader.whole()
  }

  /// A member of an object; nil for what is none, or has no such member.
  package subscript(_ name: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.0 == name }?.1
  }
}

private struct JSONReader {
  private static let deepest = 32

  let bytes: [UInt8]
  var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func whole() throws(JSON.Problem) -> JSON {
    let value = try self.value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw problem("something behind the value") }
    return value
  }

  private func problem(_ what: String) -> JSON.Problem {
    JSON.Problem(text: "\(what) at byte \(position)")
  }

  private mutating func skipSpace() {
    while position < bytes.count, " \t\r\n".utf8.contains(bytes[position]) { position += 1 }
  }

  /// Takes the character, where it is the next one that is no space.
  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func value(depth: Int) throws(JSON.Problem) -> JSON {
    guard depth < JSONReader.deepest else { throw problem("values too deep inside each other") }
    if take("{") { return try object(depth: depth) }
    if take("[") { return try array(depth: depth) }
    if take("\"") { return .string(try string()) }
    for (word, value) in [
      ("true", JSON.boolean(true)), ("false", .boolean(false)), ("null", .null),
    ]
    where bytes[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    return .integer(try integer())
  }

  private mutating func object(depth: Int) throws(JSON.Problem) -> JSON {
    var members: [(String, JSON)] = []
    var names: Set<ByteString> = []
    if take("}") { return .object(members) }
    repeat {
      guard take("\"") else { throw problem("no name of a member") }
      let name = try string()
      guard names.insert(name).inserted else { throw problem("member '\(name)' for a second time") }
      guard take(":") else { throw problem("no ':'") }
      members.append((name, try value(depth: depth + 1)))
    } while take(",")
    guard take("}") else { throw problem("no end of an object") }
    return .object(members)
  }

  private mutating func array(depth: Int) throws(JSON.Problem) -> JSON {
    var items: [JSON] = []
    if take("]") { return .array(items) }
    repeat { items.append(try value(depth: depth + 1)) } while take(",")
    guard take("]") else { throw problem("no end of an array") }
    return .array(items)
  }

  private mutating func integer() throws(JSON.Problem) -> Int64 {
    let word = bytes[position...].prefix { !" \t\r\n,]}".utf8.contains($0) }
    var digits = word
    if digits.first == UInt8(ascii: "-") { digits = digits.dropFirst() }
    guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }),
      digits.count == 1 || digits.first != UInt8(ascii: "0"),
      let number = Int64(String(decoding: word, as: UTF8.self))
    else { throw problem("no value, or no integer of 64 bits,") }
    position += word.count
    return number
  }

  /// The rest of a string, behind its first quote.
  private mutating func string() throws(JSON.Problem) -> String {
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let valid = String(validating: text, as: UTF8.self) else {
          throw problem("a string that is not UTF-8")
        }
        return valid
      case 0..<0x20: throw problem("a control character in a string")
      case UInt8(ascii: "\\"): text += try escape().utf8
      default: text.append(byte)
      }
    }
    throw problem("no end of a string")
  }

  private mutating func escape() throws(JSON.Problem) -> String {
    guard position < bytes.count else { throw problem("no end of a string") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
      return String(Unicode.Scalar(byte))
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if (0xd800..<0xdc00).contains(code), bytes[position...].starts(with: "\\u".utf8) {
        position += 2
        let low = try hexadecimal()
        guard (0xdc00..<0xe000).contains(low) else { throw problem("half a character") }
        code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      guard code != 0, let scalar = Unicode.Scalar(code) else {
        throw problem("no character of a text")
      }
      return String(scalar)
    default: throw problem("an unknown escape")
    }
  }

  private mutating func hexadecimal() throws(JSON.Problem) -> UInt32 {
    let digits = bytes[position...].prefix(4)
    guard digits.count == 4, digits.allSatisfy({ Unicode.Scalar($0).isASCIIHexDigit }),
      let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw problem("no four hexadecimal digits") }
    position += 4
    return code
  }
}
