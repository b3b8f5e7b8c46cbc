/// Reads the JSON in a name that an image's header holds.
///
/// As QEMU's own reader it takes strings in single quotes too (qobject/json-lexer.c, QEMU 7.2).
enum FlatJSON {
  /// Members inside members; QEMU's own limit is 1024, of names of at most 1023 bytes.
  private static let deepest = 64

  /// The strings, numbers and words of an object by their place, as QEMU flattens it: `{"file":{"filename":"a"}}`
  /// gives `file.filename`; nil where it is no such text, or names one place twice.
  static func values(of text: String) -> [ByteString: String]? {
    var reader = Reader(bytes: Array(text.utf8))
    guard reader.object(at: "", depth: 0), reader.isAtEnd else { return nil }
    return reader.values
  }

  private struct Reader {
    let bytes: [UInt8]
    var position = 0
    var values: [ByteString: String] = [:]

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool {
      mutating get {
        skipSpace()
        return position == bytes.count
      }
    }

    private mutating func skipSpace() {
      while position < bytes.count, " \t\r\n".utf8.contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ character: Character) -> Bool {
      skipSpace()
      guard position < bytes.count, bytes[position] == character.asciiValue else { return false }
      position += 1
      return true
    }

    mutating func object(at place: String, depth: Int) -> Bool {
      guard take("{") else { return false }
      if take("}") { return true }
      repeat {
        guard let key = string(), take(":"), value(at: place + key, depth: depth) else {
          return false
        }
      } while take(",")
      return take("}")
    }

    private mutating func list(at place: String, depth: Int) -> Bool {
      guard take("[") else { return false }
      if take("]") { return true }
      var index = 0
      repeat {
        guard value(at: "\(place)\(index)", depth: depth) else { return false }
        index += 1
      } while take(",")
      return take("]")
    }

    private mutating func value(at place: String, depth: Int) -> Bool {
      guard depth < FlatJSON.deepest else { return false }
      skipSpace()
      guard position < bytes.count else { return false }
      switch bytes[position] {
      case UInt8(ascii: "{"): return object(at: place + ".", depth: depth + 1)
      case UInt8(ascii: "["): return list(at: place + ".", depth: depth + 1)
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        return string().map { values.updateValue($0, forKey: ByteString(place)) == nil } ?? false
      default:
        let word = bytes[position...].prefix { !" \t\r\n,]}".utf8.contains($0) }
        guard !word.isEmpty else { return false }
        position += word.count
        return values.updateValue(String(decoding: word, as: UTF8.self), forKey: ByteString(place))
          == nil
      }
    }

    private mutating func string() -> String? {
      skipSpace()
      guard position < bytes.count,
        bytes[position] == UInt8(ascii: "\"")
          || bytes[position] == UInt8(ascii: "'")
      else { return nil }
      let quote = bytes[position]
      position += 1
      var text: [UInt8] = []
      while position < bytes.count {
        let byte = bytes[position]
        position += 1
        if byte == quote { return String(validating: text, as: UTF8.self) }
        guard byte == UInt8(ascii: "\\") else {
          text.append(byte)
          continue
        }
        guard let escaped = escape() else { return nil }
        text += escaped
      }
      return nil
    }

    /// What a backslash and the bytes behind it stand for.
    private mutating func escape() -> [UInt8]? {
      guard position < bytes.count else { return nil }
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "b"): return [8]
      case UInt8(ascii: "f"): return [12]
      case UInt8(ascii: "n"): return [10]
      case UInt8(ascii: "r"): return [13]
      case UInt8(ascii: "t"): return [9]
      case UInt8(ascii: "u"):
        guard var code = hexadecimal() else { return nil }
        if (0xd800..<0xdc00).contains(code) {
          guard bytes[position...].starts(with: "\\u".utf8) else { return nil }
          position += 2
          guard let low = hexadecimal(), (0xdc00..<0xe000).contains(low) else { return nil }
          code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
        }
        return Unicode.Scalar(code).map { Array(String(Character($0)).utf8) }
      case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "/"):
        return [byte]
      default: return nil
      }
    }

    private mutating func hexadecimal() -> UInt32? {
      guard bytes.count - position >= 4 else { return nil }
      let digits = bytes[position..<position + 4]
      guard digits.first != UInt8(ascii: "+"), digits.first != UInt8(ascii: "-") else { return nil }
      position += 4
      return UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    }
  }
}
