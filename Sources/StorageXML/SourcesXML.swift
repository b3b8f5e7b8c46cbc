import StorageModel

/// Documents about sources of pools that are not defined yet: the query, and what was found.
package enum SourcesXML {
  /// Reads a query: a `<source>` without a pool around it.
  ///
  /// Nothing is required of it; a format that was not given is nil.
  package static func readQuery(
    _ bytes: [UInt8], file: String, type: PoolType
  ) throws(XMLProblem) -> PoolSource {
    do throws(XMLFault) {
      let root = try XMLDocument.parse(bytes)
      guard root.name == "source" else {
        throw root.fault("expecting root element of 'source', not '\(root.name)'")
      }
      var source = try PoolSourceReader(type: type, source: root).read()
      if root.value("format", attribute: "type") == nil { source.format = nil }
      return source
    } catch {
      throw error.problem(in: file)
    }
  }

  /// The query that virsh makes of options, but with special characters escaped.
  package static func query(host: String, port: String?, initiator: String?) -> String {
    var writer = XMLWriter()
    writer.element("source") { writer in
      writer.empty("host", [("name", host), ("port", port)])
      if let initiator {
        writer.element("initiator") { $0.empty("iqn", [("name", initiator)]) }
      }
    }
    return writer.text
  }

  /// The document of the sources that were found, in their order.
  package static func write(_ sources: [PoolSource], type: PoolType) -> String {
    var writer = XMLWriter()
    writer.element("sources") { writer in
      for source in sources {
        writer.element("source") { PoolSourcePrinter(source: source, type: type).print(to: &$0) }
      }
    }
    return writer.text
  }
}
