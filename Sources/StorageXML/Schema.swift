import StorageModel

/// What an element may hold when a document is validated: its attributes, its text, its children.
///
/// The order of children never matters, as in libvirt's schemas.
struct SchemaElement: Sendable {
  enum Occurrence: Sendable { case optional, once, any, some }

  struct Attribute: Sendable {
    var name: String
    var value: SchemaValue
    var isRequired: Bool
  }

  var name: String
  var namespace: String?
  var occurrence: Occurrence
  var attributes: [Attribute]
  /// nil where no text may stand.
  var text: SchemaValue?
  var children: [SchemaElement]

  init(
    _ name: String, _ occurrence: Occurrence = .optional, namespace: String? = nil,
    required: [(String, SchemaValue)] = [], optional: [(String, SchemaValue)] = [],
    text: SchemaValue? = nil, _ children: [SchemaElement] = []
  ) {
    self.name = name
    self.namespace = namespace
    self.occurrence = occurrence
    self.attributes =
      required.map { Attribute(name: $0.0, value: $0.1, isRequired: true) }
      + optional.map { Attribute(name: $0.0, value: $0.1, isRequired: false) }
    self.text = text
    self.children = children
  }

  /// An optional element that only holds others.
  init(_ name: String, _ children: [SchemaElement]) {
    self.init(name, .optional, children)
  }

  /// Checks an element and everything in it.
  /// - Parameter subject: what the document describes, for messages: `a pool of type 'dir'`.
  func check(_ element: XMLElement, in subject: String) throws(XMLFault) {
    try checkAttributes(of: element, in: subject)
    if let text {
      let value = element.text
      guard text.accepts(value) else {
        throw element.fault(
          "Invalid value for element '\(name)': '\(value)'" + text.expected)
      }
    }
    var counts = [Int](repeating: 0, count: children.count)
    for piece in element.content {
      switch piece {
      case .text(let string, let position):
        if text == nil { try checkBlank(string, at: position) }
      case .element(let child):
        guard let index = children.firstIndex(where: { $0.matches(child) }) else {
          throw child.fault(
            "element '\(child.name)' is not allowed in element '\(name)' of \(subject)")
        }
        counts[index] += 1
        let rule = children[index]
        if counts[index] > 1, [.optional, .once].contains(rule.occurrence) {
          throw child.fault("element '\(child.name)' occurs more than once in element '\(name)'")
        }
        try rule.check(child, in: subject)
      }
    }
    for (rule, count) in zip(children, counts) where count == 0 {
      if [.once, .some].contains(rule.occurrence) {
        throw element.fault("element '\(name)' of \(subject) needs an element '\(rule.name)'")
      }
    }
  }

  private func matches(_ element: XMLElement) -> Bool {
    name == element.name && namespace == element.namespace
  }

  private func checkAttributes(of element: XMLElement, in subject: String) throws(XMLFault) {
    for attribute in element.attributes {
      guard attribute.namespace == nil,
        let rule = attributes.first(where: { $0.name == attribute.name })
      else {
        throw XMLFault(
          "attribute '\(attribute.name)' is not allowed in element '\(name)' of \(subject)",
          at: attribute.position)
      }
      guard rule.value.accepts(attribute.value) else {
        throw XMLFault(
          "Invalid value for attribute '\(rule.name)' in element '\(name)': '\(attribute.value)'"
            + rule.value.expected, at: attribute.position)
      }
    }
    for rule in attributes where rule.isRequired && element.attribute(rule.name) == nil {
      throw element.fault("Missing required attribute '\(rule.name)' in element '\(name)'")
    }
  }

  private func checkBlank(_ text: String, at start: XMLPosition) throws(XMLFault) {
    var place = start
    for character in text.unicodeScalars {
      switch character {
      case "\n":
        place.line += 1
        place.column = 1
      case " ", "\t", "\r": place.column += 1
      default: throw XMLFault("text is not allowed in element '\(name)'", at: place)
      }
    }
  }
}

extension SchemaValue {
  /// The end of a message about a refused value.
  fileprivate var expected: String { expectation.map { ": expected \($0)" } ?? "" }
}

/// Parts that pools and volumes share.
enum CommonSchema {
  static func size(_ name: String) -> SchemaElement {
    SchemaElement(name, optional: [("unit", .unit)], text: .size)
  }

  static let permissions = SchemaElement(
    "permissions",
    [
      SchemaElement("mode", text: .octal),
      SchemaElement("owner", text: .identity),
      SchemaElement("group", text: .identity),
      SchemaElement("label", text: .anything),
    ])

  static func secret(type: String?) -> SchemaElement {
    SchemaElement(
      "secret", type == nil ? .once : .any,
      required: type.map { [("type", .words([$0]))] } ?? [],
      optional: [("uuid", type == nil ? .anything : .uuid), ("usage", .anything)])
  }
}
