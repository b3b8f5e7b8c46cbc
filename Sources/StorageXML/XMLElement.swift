import StorageModel

/// An element of a document that was read: immutable, without any tie to libxml2.
struct XMLElement: Sendable {
  /// The name without its prefix (with it where the prefix was never declared).
  let name: String
  /// The address of its namespace; nil for none.
  let namespace: String?
  let attributes: [XMLAttribute]
  let content: [Content]
  let position: XMLPosition

  enum Content: Sendable {
    case element(XMLElement)
    case text(String, XMLPosition)
  }

  /// The elements directly inside, in order.
  var children: [XMLElement] {
    content.compactMap { piece in
      guard case .element(let element) = piece else { return nil }
      return element
    }
  }

  /// All text inside, that of elements inside included: what XPath calls the string value.
  var text: String {
    content.reduce(into: "") { result, piece in
      switch piece {
      case .text(let text, _): result += text
      case .element(let element): result += element.text
      }
    }
  }
}

struct XMLAttribute: Sendable {
  let name: String
  let namespace: String?
  let value: String
  let position: XMLPosition
}

/// Look-ups in the manner of the XPath expressions that libvirt asks.
extension XMLElement {
  /// Every element at `path`, through all elements of each name on the way, in document order.
  func all(_ path: String..., namespace: String? = nil) -> [XMLElement] {
    all(at: path[...], namespace: namespace)
  }

  /// The first element at `path`.
  func first(_ path: String..., namespace: String? = nil) -> XMLElement? {
    all(at: path[...], namespace: namespace).first
  }

  /// The text of the first element at `path`; nil where there is none or it is empty.
  func value(_ path: String...) -> String? {
    guard let text = all(at: path[...], namespace: nil).first?.text, !text.isEmpty else {
      return nil
    }
    return text
  }

  /// The first attribute `name` that an element at `path` has; nil where there is none or it is empty.
  func value(_ path: String..., attribute name: String) -> String? {
    for element in all(at: path[...], namespace: nil) {
      if let value = element.attribute(name) { return value.isEmpty ? nil : value }
    }
    return nil
  }

  /// The value of an own attribute, empty or not.
  func attribute(_ name: String) -> String? {
    attributes.first { $0.name == name && $0.namespace == nil }?.value
  }

  /// A fault at this element, or at one of its attributes.
  func fault(_ message: String, attribute: String? = nil) -> XMLFault {
    let place = attributes.first { $0.name == attribute }?.position ?? position
    return XMLFault(message, at: place)
  }

  private func all(at path: ArraySlice<String>, namespace: String?) -> [XMLElement] {
    guard let name = path.first else { return [self] }
    let rest = path.dropFirst()
    return children.filter { $0.name == name && $0.namespace == namespace }
      .flatMap { rest.isEmpty ? [$0] : $0.all(at: rest, namespace: namespace) }
  }
}

/// The namespaces that pool and volume documents use.
enum XMLNamespace {
  static let mountOptions = "http://libvirt.org/schemas/storagepool/fs/1.0"
  static let rbdOptions = "http://libvirt.org/schemas/storagepool/rbd/1.0"
  static let cistern = "urn:cistern:storage:1"
}
