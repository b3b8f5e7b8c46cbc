import StorageModel

/// Prints what is inside `<source>`, in libvirt's order; only the parts that the type has.
struct PoolSourcePrinter {
  let source: PoolSource
  let type: PoolType

  func print(to writer: inout XMLWriter) {
    let parts = type.sourceParts
    if parts.contains(.host) {
      for host in source.hosts {
        let port = host.port == 0 ? nil : String(host.port)
        writer.empty("host", [("name", host.name), ("port", port)])
      }
    }
    if parts.contains(.device) {
      for device in source.devices {
        let separator = LifecycleXML.word(device.partSeparator)
        let attributes = [("path", device.path.text), ("part_separator", separator)]
        guard !device.freeExtents.isEmpty else {
          writer.empty("device", attributes)
          continue
        }
        writer.element("device", attributes) { writer in
          for extent in device.freeExtents {
            writer.empty(
              "freeExtent",
              [("start", String(extent.start.bytes)), ("end", String(extent.end.bytes))])
          }
        }
      }
    }
    if parts.contains(.dir), let dir = source.dir { writer.empty("dir", [("path", dir.text)]) }
    if parts.contains(.adapter), let adapter = source.adapter {
      AdapterXML.write(adapter, to: &writer)
    }
    if parts.contains(.name) { writer.leaf("name", source.name) }
    if parts.contains(.initiatorIQN), let iqn = source.initiatorIQN {
      writer.element("initiator") { $0.empty("iqn", [("name", iqn)]) }
    }
    if let formats = type.sourceFormats {
      writer.empty("format", [("type", source.format ?? formats.standard)])
    }
    if let auth = source.authentication {
      writer.element("auth", [("type", auth.kind.rawValue), ("username", auth.username)]) {
        SecretReferenceXML.write(auth.secret, type: auth.secretType, to: &$0)
      }
    }
    if let version = source.protocolVersion { writer.empty("protocol", [("ver", version)]) }
    if let vendor = source.vendor { writer.empty("vendor", [("name", vendor)]) }
    if let product = source.product { writer.empty("product", [("name", product)]) }
  }
}
