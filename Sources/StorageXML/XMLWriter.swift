import StorageModel

/// Prints elements as libvirt does: two spaces a level, single quotes, one element a line.
struct XMLWriter {
  private(set) var text = ""
  private var depth = 0

  typealias Attributes = [(name: String, value: String?)]

  /// `<name a='b'/>`; attributes whose value is nil are left out.
  mutating func empty(_ name: String, _ attributes: Attributes = []) {
    tag(name, attributes, end: "/>\n")
  }

  /// `<name>text</name>`; nothing where `value` is nil.
  mutating func leaf(_ name: String, _ value: String?, _ attributes: Attributes = []) {
    guard let value else { return }
    tag(name, attributes, end: ">")
    text += value.escapedForXML
    text += "</\(name)>\n"
  }

  /// An element around what `body` prints, on two lines at least.
  mutating func element(
    _ name: String, _ attributes: Attributes = [], _ body: (inout XMLWriter) -> Void
  ) {
    tag(name, attributes, end: ">\n")
    depth += 1
    body(&self)
    depth -= 1
    indent()
    text += "</\(name)>\n"
  }

  private mutating func tag(_ name: String, _ attributes: Attributes, end: String) {
    indent()
    text += "<\(name)"
    for (name, value) in attributes {
      if let value { text += " \(name)='\(value.escapedForXML)'" }
    }
    text += end
  }

  private mutating func indent() {
    for _ in 0..<depth { text += "  " }
  }
}

extension String {
  /// The text with the five characters that XML reserves as entities, in text and attributes alike.
  var escapedForXML: String {
    guard utf8.contains(where: { escape($0) != nil }) else { return self }
    var result: [UInt8] = []
    for byte in utf8 {
      if let entity = escape(byte) {
        result.append(contentsOf: entity.utf8)
      } else {
        result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}

private func escape(_ byte: UInt8) -> String? {
  switch byte {
  case UInt8(ascii: "<"): return "&lt;"
  case UInt8(ascii: ">"): return "&gt;"
  case UInt8(ascii: "&"): return "&amp;"
  case UInt8(ascii: "'"): return "&apos;"
  case UInt8(ascii: "\""): return "&quot;"
  default: return nil
  }
}
