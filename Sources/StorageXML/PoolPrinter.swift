import StorageModel

/// Prints a pool in libvirt's order.
struct PoolPrinter {
  let pool: PoolDefinition
  let sizes: PoolSizes

  func print(to writer: inout XMLWriter) {
    writer.element("pool", rootAttributes) { writer in
      writer.leaf("name", pool.name.text)
      writer.leaf("uuid", pool.uuid.description)
      writer.leaf("capacity", String(sizes.capacity.bytes), [("unit", "bytes")])
      writer.leaf("allocation", String(sizes.allocation.bytes), [("unit", "bytes")])
      writer.leaf("available", String(sizes.available.bytes), [("unit", "bytes")])
      if let state = LifecycleXML.word(pool.copyOnWrite) {
        writer.element("features") { $0.empty("cow", [("state", state)]) }
      }
      writer.element("source") {
        PoolSourcePrinter(source: pool.source, type: pool.type).print(to: &$0)
      }
      printTarget(to: &writer)
      if let allocation = pool.volumeRefreshAllocation {
        writer.element("refresh") { $0.empty("volume", [("allocation", allocation.rawValue)]) }
      }
      pool.lifecycle.print(to: &writer)
      printNamespaces(to: &writer)
    }
  }

  private var rootAttributes: XMLWriter.Attributes {
    [
      ("type", pool.type.rawValue),
      (LifecycleXML.prefix, pool.lifecycle.isDefault ? nil : XMLNamespace.cistern),
      ("xmlns:fs", hasMountOptions ? XMLNamespace.mountOptions : nil),
      ("xmlns:rbd", hasRBDOptions ? XMLNamespace.rbdOptions : nil),
    ]
  }

  private var hasMountOptions: Bool {
    [.fs, .netfs].contains(pool.type) && !pool.mountOptions.isEmpty
  }
  private var hasRBDOptions: Bool { pool.type == .rbd && !pool.rbdOptions.isEmpty }

  private func printTarget(to writer: inout XMLWriter) {
    guard pool.type.hasTarget else { return }
    writer.element("target") { writer in
      writer.leaf("path", pool.target.path?.text)
      PermissionsXML.write(pool.target.permissions, to: &writer)
    }
  }

  private func printNamespaces(to writer: inout XMLWriter) {
    if hasMountOptions {
      writer.element("fs:mount_opts") { writer in
        for option in pool.mountOptions { writer.empty("fs:option", [("name", option)]) }
      }
    }
    if hasRBDOptions {
      writer.element("rbd:config_opts") { writer in
        for option in pool.rbdOptions {
          writer.empty("rbd:option", [("name", option.name), ("value", option.value)])
        }
      }
    }
  }
}

extension PoolLifecycle {
  /// Whether nothing needs to be said in XML.
  var isDefault: Bool { self == PoolLifecycle() }

  /// Prints the own element, only with what differs from a plain pool; nothing where nothing does.
  func print(to writer: inout XMLWriter) {
    guard !isDefault else { return }
    let attributes: XMLWriter.Attributes = [
      ("driver", driver == .plain && process == nil ? nil : driverWord),
      ("callback", callback),
      ("thin_pool", thinPool),
      ("revisions_to_keep", revisionsToKeep.map { String($0.number) }),
      ("ephemeral_volatile", ephemeralVolatile ? "yes" : nil),
      ("setup_check", setupCheck ? nil : "no"),
    ]
    guard let options = process?.options, !options.isEmpty else {
      return writer.empty(LifecycleXML.element, attributes)
    }
    writer.element(LifecycleXML.element, attributes) { writer in
      for (name, value) in options.sorted(by: { $0.key < $1.key }) {
        writer.empty("cistern:option", [("name", name.text), ("value", value)])
      }
    }
  }
}
