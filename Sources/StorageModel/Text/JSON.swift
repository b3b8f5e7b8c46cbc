/// A JSON value; objects keep the order they are written in.
package enum JSON: Sendable {
  case object([(String, JSON)])
  case array([JSON])
  case string(String)
  case integer(Int64)
  case boolean(Bool)
  case null

  package static func text(_ value: String?) -> JSON { value.map(JSON.string) ?? .null }
  package static func size(_ value: ByteCount?) -> JSON {
    value.map { .integer($0.bytes) } ?? .null
  }
  package static func time(_ value: Timestamp?) -> JSON {
    value.map { .string($0.iso8601) } ?? .null
  }

  /// The value on one line (RFC 8259).
  package var text: String {
    var line: [UInt8] = []
    write(to: &line)
    return String(decoding: line, as: UTF8.self)
  }

  /// Appends the value on one line.
  ///
  /// Bytes, because a list has millions of members.
  package func write(to line: inout [UInt8]) {
    switch self {
    case .object(let members):
      line.append(UInt8(ascii: "{"))
      var isFirst = true
      for (name, value) in members {
        if !isFirst { line.append(UInt8(ascii: ",")) }
        isFirst = false
        JSON.quote(name, to: &line)
        line.append(UInt8(ascii: ":"))
        value.write(to: &line)
      }
      line.append(UInt8(ascii: "}"))
    case .array(let items):
      line.append(UInt8(ascii: "["))
      for index in items.indices {
        if index > 0 { line.append(UInt8(ascii: ",")) }
        items[index].write(to: &line)
      }
      line.append(UInt8(ascii: "]"))
    case .string(let value): JSON.quote(value, to: &line)
    case .integer(let value): line += String(value).utf8
    case .boolean(let value): line += (value ? "true" : "false").utf8
    case .null: line += "null".utf8
    }
  }

  private static func quote(_ text: String, to line: inout [UInt8]) {
    var text = text
    line.append(UInt8(ascii: "\""))
    text.withUTF8 { bytes in
      let isPlain = bytes.allSatisfy { byte in
        byte >= 0x20 && byte != 0x7f && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
      }
      if isPlain { return line.append(contentsOf: bytes) }
      for byte in bytes {
        switch byte {
        case UInt8(ascii: "\""): line += "\\\"".utf8
        case UInt8(ascii: "\\"): line += "\\\\".utf8
        case UInt8(ascii: "\n"): line += "\\n".utf8
        case UInt8(ascii: "\t"): line += "\\t".utf8
        case UInt8(ascii: "\r"): line += "\\r".utf8
        case 0..<0x20, 0x7f:
          line += ("\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16)).utf8
        default: line.append(byte)
        }
      }
    }
    line.append(UInt8(ascii: "\""))
  }
}
