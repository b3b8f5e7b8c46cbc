import StorageModel

/// The document that tells which types of pool there are.
package enum CapabilitiesXML {
  /// The document, in the form of `virsh pool-capabilities` of libvirt 9.0, ending in one line feed.
  /// - Parameter pools: the types in the order to be printed, and whether pools of each can be used.
  package static func write(
    _ pools: [(type: PoolType, isSupported: Bool, capabilities: PoolCapabilities)]
  ) -> String {
    var writer = XMLWriter()
    writer.element("storagepoolCapabilities") { writer in
      for (type, isSupported, capabilities) in pools {
        let attributes = [("type", type.rawValue), ("supported", isSupported ? "yes" : "no")]
        writer.element("pool", attributes) { writer in
          print("poolOptions", capabilities.sourceFormats, "sourceFormatType", to: &writer)
          print("volOptions", capabilities.volumeFormats, "targetFormatType", to: &writer)
        }
      }
    }
    return writer.text
  }

  private static func print(
    _ element: String, _ choice: PoolCapabilities.Choice?, _ name: String,
    to writer: inout XMLWriter
  ) {
    guard let choice else { return }
    writer.element(element) { writer in
      writer.empty("defaultFormat", [("type", choice.standard)])
      writer.element("enum", [("name", name)]) { writer in
        for word in choice.words { writer.leaf("value", word) }
      }
    }
  }
}
