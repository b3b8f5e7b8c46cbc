import StorageModel

/// A JSON value; objects keep the order they are written in.
enum JSON: Sendable {
  case object([(String, JSON)])
  case array([JSON])
  case string(String)
  case integer(Int64)
  case boolean(Bool)
  case null

  static func text(_ value: String?) -> JSON { value.map(JSON.string) ?? .null }
  static func size(_ value: ByteCount?) -> JSON { value.map { .integer($0.bytes) } ?? .null }
  static func time(_ value: Timestamp?) -> JSON { value.map { .string($0.iso8601) } ?? .null }

  /// The value on one line (RFC 8259).
  var text: String {
    switch self {
    case .object(let members):
      return "{" + members.map { JSON.quoted($0.0) + ":" + $0.1.text }.joined(separator: ",") + "}"
    case .array(let items): return "[" + items.map(\.text).joined(separator: ",") + "]"
    case .string(let value): return JSON.quoted(value)
    case .integer(let value): return String(value)
    case .boolean(let value): return value ? "true" : "false"
    case .null: return "null"
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case _ where scalar.value < 0x20 || scalar.value == 0x7f:
        let hex = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
