import CLibXML2
import StorageModel

/// Receives libxml2's events and builds the element tree.
final class XMLTreeBuilder {
  private(set) var root: XMLElement?
  /// The first thing that was wrong; nothing is built after it.
  private(set) var fault: XMLFault?

  private let bytes: [UInt8]
  private var cursor = XMLCursor()
  private var open: [Frame] = []
  private var count = 0
  private var context: xmlParserCtxtPtr?

  private struct Frame {
    var name: String
    var namespace: String?
    var attributes: [XMLAttribute]
    var position: XMLPosition
    var content: [XMLElement.Content] = []
    /// Text since the last child, which arrives in pieces.
    var text = ""
    var textPosition: XMLPosition?

    /// Turns the collected text into content.
    mutating func closeText() {
      guard let place = textPosition else { return }
      content.append(.text(text, place))
      text = ""
      textPosition = nil
    }
  }

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Puts this builder in the place of libxml2's own tree builder.
  ///
  /// The builder must outlive the parsing.
  func listen(to context: xmlParserCtxtPtr) {
    self.context = context
    guard let handlers = context.pointee.sax else { return }
    context.pointee.userData = Unmanaged.passUnretained(self).toOpaque()
    // Comments, processing instructions and everything a DTD could cause have no listener.
    handlers.pointee = xmlSAXHandler()
    handlers.pointee.initialized = UInt32(XML_SAX2_MAGIC)
    handlers.pointee.internalSubset = { user, _, _, _ in
      XMLTreeBuilder.from(user)?.stop("DOCTYPE is not allowed")
    }
    handlers.pointee.startElementNs = { user, name, prefix, uri, _, _, count, _, attributes in
      XMLTreeBuilder.from(user)?
        .start(name, prefix: prefix, namespace: uri, attributes, attributeCount: Int(count))
    }
    handlers.pointee.endElementNs = { user, _, _, _ in XMLTreeBuilder.from(user)?.end() }
    handlers.pointee.characters = { user, text, length in
      XMLTreeBuilder.from(user)?.characters(text, length)
    }
    handlers.pointee.ignorableWhitespace = handlers.pointee.characters
    handlers.pointee.cdataBlock = handlers.pointee.characters
    handlers.pointee.serror = { user, error in
      guard let error else { return }
      XMLTreeBuilder.from(user)?.failed(error.pointee)
    }
  }

  private static func from(_ user: UnsafeMutableRawPointer?) -> XMLTreeBuilder? {
    user.map { Unmanaged<XMLTreeBuilder>.fromOpaque($0).takeUnretainedValue() }
  }

  // MARK: events

  private func start(
    _ name: UnsafePointer<xmlChar>?, prefix: UnsafePointer<xmlChar>?,
    namespace: UnsafePointer<xmlChar>?,
    _ attributes: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?, attributeCount: Int
  ) {
    guard fault == nil else { return }
    let places = startTagPlaces(wantsAttributes: attributeCount > 0)
    guard open.count < XMLDocument.deepestNesting else {
      return stop(
        "elements are nested more than \(XMLDocument.deepestNesting) deep", at: places.element)
    }
    count += 1
    guard count <= XMLDocument.mostElements else {
      return stop("document has more than \(XMLDocument.mostElements) elements", at: places.element)
    }
    var list: [XMLAttribute] = []
    if let attributes {
      // Five pointers an attribute: name, prefix, namespace, first and past the last byte of the value.
      for index in stride(from: 0, to: attributeCount * 5, by: 5) {
        let plain = string(attributes[index])
        let qualified = attributes[index + 1].map { "\(string($0)):\(plain)" } ?? plain
        list.append(
          XMLAttribute(
            name: plain, namespace: attributes[index + 2].map(string),
            value: string(from: attributes[index + 3], to: attributes[index + 4]),
            position: places.attributes[ByteString(qualified)] ?? places.element))
      }
    }
    if let last = open.indices.last { open[last].closeText() }
    // An undeclared prefix has no address; it must not be taken for an element without namespace.
    let undeclared = namespace == nil ? prefix.map { string($0) + ":" } : nil
    open.append(
      Frame(
        name: (undeclared ?? "") + string(name), namespace: namespace.map(string), attributes: list,
        position: places.element))
  }

  private func end() {
    guard fault == nil, var frame = open.popLast() else { return }
    frame.closeText()
    let element = XMLElement(
      name: frame.name, namespace: frame.namespace, attributes: frame.attributes,
      content: frame.content, position: frame.position)
    if open.isEmpty {
      root = element
    } else {
      open[open.count - 1].content.append(.element(element))
    }
  }

  private func characters(_ text: UnsafePointer<xmlChar>?, _ length: Int32) {
    guard fault == nil, let text, let last = open.indices.last else { return }
    if open[last].textPosition == nil {
      open[last].textPosition = textPlace(text, length: Int(length))
    }
    open[last].text += string(from: text, to: text + Int(length))
  }

  private func failed(_ error: xmlError) {
    // Warnings and namespace remarks are below "fatal": the document is still well formed.
    guard fault == nil, error.level == XML_ERR_FATAL else { return }
    let message = error.message.map { String(cString: $0) } ?? "not well-formed XML"
    fault = XMLFault(
      message.trimmedEnd,
      at: error.line > 0 ? XMLPosition(line: Int(error.line), column: max(1, Int(error.int2))) : nil
    )
  }

  private func stop(_ message: String, at place: XMLPosition? = nil) {
    guard fault == nil else { return }
    fault = XMLFault(message, at: place ?? parserPosition)
    xmlStopParser(context)
  }

  // MARK: places

  private var parserPosition: XMLPosition {
    guard let input = context?.pointee.input?.pointee else { return cursor.position }
    return XMLPosition(line: max(1, Int(input.line)), column: max(1, Int(input.col)))
  }

  /// How many bytes libxml2 has read; nil where it converts them, and its count is not ours.
  private var consumed: Int? {
    guard let input = context?.pointee.input?.pointee, input.buf?.pointee.encoder == nil,
      let base = input.base, let current = input.cur
    else { return nil }
    return min(Int(input.consumed) + (current - base), bytes.count)
  }

  /// Where the text begins that libxml2 has just read: it hands over a piece of its input, not yet counted
  /// as read, or a copy of what was.
  private func textPlace(_ text: UnsafePointer<xmlChar>, length: Int) -> XMLPosition {
    guard let consumed, let input = context?.pointee.input?.pointee, let base = input.base,
      let current = input.cur, let end = input.end
    else { return parserPosition }
    let isInput = text >= base && text < end
    let start = isInput ? consumed - (current - text) : consumed - length
    guard start >= cursor.offset else { return parserPosition }
    cursor.move(to: start, in: bytes)
    return cursor.position
  }

  /// Where the start tag that libxml2 has just read begins, and each of its attributes.
  ///
  /// libxml2 tells only where it is, behind the tag; `<` cannot occur inside one, so going back to it
  /// finds the start. That needs the bytes to be the ones libxml2 counts, so not a converted encoding.
  private func startTagPlaces(
    wantsAttributes: Bool
  ) -> (element: XMLPosition, attributes: [ByteString: XMLPosition]) {
    guard let end = consumed,
      let start = bytes[..<end].lastIndex(of: UInt8(ascii: "<")), start >= cursor.offset
    else { return (parserPosition, [:]) }
    cursor.move(to: start, in: bytes)
    let element = cursor.position
    var places: [ByteString: XMLPosition] = [:]
    if wantsAttributes {
      var index = start
      while let next = nextAttribute(after: index, before: end) {
        cursor.move(to: next.name.lowerBound, in: bytes)
        places[ByteString(String(decoding: bytes[next.name], as: UTF8.self))] = cursor.position
        index = next.end
      }
    }
    cursor.move(to: end, in: bytes)
    return (element, places)
  }

  /// The name of the next attribute, and the place of its closing quote.
  private func nextAttribute(after start: Int, before end: Int) -> (name: Range<Int>, end: Int)? {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
    guard let space = bytes[start..<end].firstIndex(where: isSpace),
      let first = bytes[space..<end].firstIndex(where: { !isSpace($0) }),
      let last = bytes[first..<end].firstIndex(where: { isSpace($0) || $0 == UInt8(ascii: "=") }),
      let quote = bytes[last..<end]
        .firstIndex(where: { $0 == UInt8(ascii: "'") || $0 == UInt8(ascii: "\"") }),
      let close = bytes[(quote + 1)..<end].firstIndex(of: bytes[quote])
    else { return nil }
    return (first..<last, close)
  }
}

private func string(_ text: UnsafePointer<xmlChar>?) -> String {
  text.map { String(cString: $0) } ?? ""
}

private func string(from start: UnsafePointer<xmlChar>?, to end: UnsafePointer<xmlChar>?) -> String
{
  guard let start, let end else { return "" }
  return String(decoding: UnsafeBufferPointer(start: start, count: end - start), as: UTF8.self)
}

extension String {
  /// Without line ends behind it.
  fileprivate var trimmedEnd: String {
    let end = unicodeScalars.lastIndex { $0 != "\n" && $0 != "\r" }
    return end.map { String(self[...$0]) } ?? ""
  }
}
