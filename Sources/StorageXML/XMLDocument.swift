import CLibXML2
import StorageModel

/// Reads documents with libxml2, event by event, into a tree of its own.
///
/// Nothing outside the given bytes is ever read: a DOCTYPE ends the reading, so there are no entities beyond
/// the five predefined ones and no external parts.
enum XMLDocument {
  static let largestSize = 1_048_576
  static let deepestNesting = 64
  static let mostElements = 50_000

  /// Parses a whole document.
  /// - Returns: the root element.
  static func parse(_ bytes: [UInt8]) throws(XMLFault) -> XMLElement {
    guard bytes.count <= largestSize else {
      throw XMLFault("document is larger than \(largestSize) bytes")
    }
    guard !bytes.isEmpty else { throw XMLFault("document is empty") }
    if let zero = bytes.firstIndex(of: 0) {
      throw XMLFault("document has a NUL byte", at: position(of: zero, in: bytes))
    }
    let builder = XMLTreeBuilder(bytes)
    bytes.withUnsafeBytes { buffer in
      let start = buffer.bindMemory(to: CChar.self).baseAddress
      guard let context = xmlCreateMemoryParserCtxt(start, Int32(buffer.count)) else { return }
      defer { xmlFreeParserCtxt(context) }
      // NOENT: otherwise `&amp;` in an attribute arrives as `&#38;`. There are no other entities to replace.
      _ = xmlCtxtUseOptions(context, Int32(XML_PARSE_NONET.rawValue | XML_PARSE_NOENT.rawValue))
      builder.listen(to: context)
      withExtendedLifetime(builder) { _ = xmlParseDocument(context) }
    }
    if let fault = builder.fault { throw fault }
    guard let root = builder.root else { throw XMLFault("document has no root element") }
    return root
  }

  /// The line and column of a byte.
  static func position(of offset: Int, in bytes: [UInt8]) -> XMLPosition {
    var cursor = XMLCursor()
    cursor.move(to: offset, in: bytes)
    return cursor.position
  }
}

/// Counts lines and columns on the way through a document, each byte once.
struct XMLCursor {
  private(set) var position = XMLPosition(line: 1, column: 1)
  private(set) var offset = 0

  mutating func move(to target: Int, in bytes: [UInt8]) {
    while offset < min(target, bytes.count) {
      let byte = bytes[offset]
      if byte == UInt8(ascii: "\n") {
        position.line += 1
        position.column = 1
      } else if byte & 0xc0 != 0x80 {
        position.column += 1
      }
      offset += 1
    }
  }
}
