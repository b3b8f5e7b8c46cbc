import StorageModel

/// The options of `pool-define-as`, as typed: virsh checks none of them before it prints the document.
package struct PoolOptions: Equatable, Sendable {
  package var name: String
  package var type: String
  package var sourceHost: String?
  package var sourcePath: String?
  package var sourceDev: String?
  package var sourceName: String?
  package var target: String?
  package var sourceFormat: String?
  package var authType: String?
  package var authUsername: String?
  package var secretUsage: String?
  package var secretUUID: String?
  package var adapterName: String?
  package var adapterWWNN: String?
  package var adapterWWPN: String?
  package var adapterParent: String?
  package var adapterParentWWNN: String?
  package var adapterParentWWPN: String?
  package var adapterParentFabricWWN: String?
  package var sourceProtocolVersion: String?
  package var sourceInitiator: String?
  /// What libvirt has no options for.
  package var lifecycle = PoolLifecycle()

  package init(name: String, type: String) {
    self.name = name
    self.type = type
  }
}

/// The options of `vol-create-as`, as typed, except that sizes are read and the backing volume was found.
package struct VolumeOptions: Equatable, Sendable {
  package var name: String
  package var capacity: ByteCount?
  package var allocation: ByteCount?
  package var format: String?
  package var backingPath: String?
  /// Only used together with `backingPath`.
  package var backingFormat: String?
  /// What libvirt has no options for.
  package var lifecycle = LifecycleSettings()

  package init(name: String, capacity: ByteCount?) {
    self.name = name
    self.capacity = capacity
  }
}

extension PoolXML {
  /// The document that virsh makes of the options, but with special characters escaped; reading it gives the
  /// definition.
  package static func document(from options: PoolOptions) -> String {
    var writer = XMLWriter()
    let namespace = options.lifecycle.isDefault ? nil : XMLNamespace.cistern
    writer.element("pool", [("type", options.type), (LifecycleXML.prefix, namespace)]) { writer in
      writer.leaf("name", options.name)
      if options.hasSource { writer.element("source") { options.printSource(to: &$0) } }
      if let target = options.target {
        writer.element("target") { $0.leaf("path", target) }
      }
      options.lifecycle.print(to: &writer)
    }
    return writer.text
  }
}

extension PoolOptions {
  /// virsh opens `<source>` for these only, so authentication or a protocol version alone are lost.
  fileprivate var hasSource: Bool {
    let texts = [
      sourceHost, sourcePath, sourceDev, sourceInitiator, sourceFormat, sourceName, adapterName,
    ]
    return texts.contains { $0 != nil } || isFibreChannel
  }

  private var isFibreChannel: Bool { adapterWWNN != nil && adapterWWPN != nil }

  fileprivate func printSource(to writer: inout XMLWriter) {
    if let sourceHost { writer.empty("host", [("name", sourceHost)]) }
    if let sourcePath { writer.empty("dir", [("path", sourcePath)]) }
    if let sourceDev { writer.empty("device", [("path", sourceDev)]) }
    if let sourceInitiator {
      writer.element("initiator") { $0.empty("iqn", [("name", sourceInitiator)]) }
    }
    printAdapter(to: &writer)
    if let authType, let authUsername, secretUsage != nil || secretUUID != nil {
      writer.element("auth", [("type", authType), ("username", authUsername)]) { writer in
        writer.empty(
          "secret",
          secretUUID.map { [("uuid", $0)] } ?? [("usage", secretUsage)])
      }
    }
    if let sourceFormat { writer.empty("format", [("type", sourceFormat)]) }
    writer.leaf("name", sourceName)
    if let sourceProtocolVersion { writer.empty("protocol", [("ver", sourceProtocolVersion)]) }
  }

  /// The parent is named in one way: by name, else by its two names, else by its fabric.
  private func printAdapter(to writer: inout XMLWriter) {
    if isFibreChannel {
      var attributes: XMLWriter.Attributes = [("type", "fc_host")]
      if let adapterParent {
        attributes.append(("parent", adapterParent))
      } else if let adapterParentWWNN, let adapterParentWWPN {
        attributes.append(("parent_wwnn", adapterParentWWNN))
        attributes.append(("parent_wwpn", adapterParentWWPN))
      } else if let adapterParentFabricWWN {
        attributes.append(("parent_fabric_wwn", adapterParentFabricWWN))
      }
      writer.empty("adapter", attributes + [("wwnn", adapterWWNN), ("wwpn", adapterWWPN)])
    } else if let adapterName {
      writer.empty("adapter", [("type", "scsi_host"), ("name", adapterName)])
    }
  }
}

extension VolumeXML {
  /// The document that virsh makes of the options, but with special characters escaped; reading it gives the
  /// definition.
  package static func document(from options: VolumeOptions) -> String {
    var writer = XMLWriter()
    let namespace = options.lifecycle.isEmpty ? nil : XMLNamespace.cistern
    writer.element("volume", [(LifecycleXML.prefix, namespace)]) { writer in
      writer.leaf("name", options.name)
      writer.leaf("capacity", options.capacity.map { String($0.bytes) })
      writer.leaf("allocation", options.allocation.map { String($0.bytes) })
      if let format = options.format {
        writer.element("target") { $0.empty("format", [("type", format)]) }
      }
      if let path = options.backingPath {
        writer.element("backingStore") { writer in
          writer.leaf("path", path)
          if let format = options.backingFormat { writer.empty("format", [("type", format)]) }
        }
      }
      options.lifecycle.print(to: &writer)
    }
    return writer.text
  }
}
