import CLibXML2
import StorageModel

/// Picks parts out of documents that were printed here, by XPath expressions (XPath 1.0, as libxml2 knows it).
package enum XPathQuery {
  /// The nodes that an expression selects in a document, each as XML.
  ///
  /// The form is that of virsh: each node is indented as if it stood alone, attributes are in double quotes.
  /// - Parameters:
  ///   - expression: what to select; a result that is no set of nodes is refused, as by virsh.
  ///   - isWrapped: whether all nodes come in one element `nodes`, so that the result is a document.
  /// - Returns: a line or more a node, each ending in one line feed; empty where nothing was selected and nothing is
  ///   wrapped.
  /// - Throws: a problem that names the expression.
  package static func select(_ expression: String, from document: String, wrapped isWrapped: Bool)
    throws(XMLProblem) -> String
  {
    let bytes = Array(document.utf8)
    let parsed = bytes.withUnsafeBytes { buffer in
      xmlReadMemory(
        buffer.bindMemory(to: CChar.self).baseAddress, Int32(buffer.count), nil, nil,
        Int32(
          XML_PARSE_NONET.rawValue | XML_PARSE_NOBLANKS.rawValue | XML_PARSE_NOERROR.rawValue
            | XML_PARSE_NOWARNING.rawValue))
    }
    guard let parsed, let context = xmlXPathNewContext(parsed) else {
      throw XMLProblem(file: "", message: "the document cannot be read again")
    }
    defer {
      xmlXPathFreeContext(context)
      xmlFreeDoc(parsed)
    }
    // Problems are told below, not by libxml2 on standard error.
    context.pointee.error = { _, _ in }
    guard let found = xmlXPathEvalExpression(expression, context) else {
      throw incorrect(expression, "is no XPath expression")
    }
    defer { xmlXPathFreeObject(found) }
    guard found.pointee.type == XPATH_NODESET else {
      throw incorrect(expression, "selects no nodes but makes a value")
    }
    var nodes: [xmlNodePtr] = []
    if let set = found.pointee.nodesetval, let table = set.pointee.nodeTab {
      nodes = (0..<Int(set.pointee.nodeNr)).compactMap { table[$0] }
    }
    return isWrapped ? wrapped(nodes) : nodes.map { text(of: $0, in: parsed) + "\n" }.joined()
  }

  private static func incorrect(_ expression: String, _ reason: String) -> XMLProblem {
    XMLProblem(file: "", message: "Incorrect xpath '\(expression)': it \(reason)")
  }

  /// All nodes inside one element.
  private static func wrapped(_ nodes: [xmlNodePtr]) -> String {
    guard let whole = xmlNewDoc(nil) else { return "" }
    defer { xmlFreeDoc(whole) }
    guard let root = xmlNewDocNode(whole, nil, "nodes", nil) else { return "" }
    xmlDocSetRootElement(whole, root)
    for node in nodes {
      // Namespace nodes are no nodes of the tree and cannot be put into one.
      guard node.pointee.type != XML_NAMESPACE_DECL, let copy = xmlDocCopyNode(node, whole, 1)
      else { continue }
      if xmlAddChild(root, copy) == nil { xmlFreeNode(copy) }
    }
    return text(of: root, in: whole) + "\n"
  }

  private static func text(of node: xmlNodePtr, in document: xmlDocPtr) -> String {
    guard let buffer = xmlBufferCreate() else { return "" }
    defer { xmlBufferFree(buffer) }
    xmlNodeDump(buffer, document, node, 0, 1)
    guard let content = xmlBufferContent(buffer) else { return "" }
    return String(cString: content)
  }
}
