import StorageModel

/// `<adapter>` of scsi pools.
enum AdapterXML {
  /// - Parameter isUsed: whether the pool's type has an adapter, so that it must be complete.
  /// - Returns: nil for an adapter that names nothing.
  static func read(_ element: XMLElement, isUsed: Bool) throws(XMLFault) -> PoolSource.Adapter? {
    switch element.attribute("type") {
    case nil: return try legacy(element)
    case "scsi_host": return try scsiHost(element, isUsed: isUsed)
    case "fc_host": return try fibreChannel(element, isUsed: isUsed)
    default: throw element.invalid("type")
    }
  }

  /// Documents from before there were types: only a name.
  private static func legacy(_ element: XMLElement) throws(XMLFault) -> PoolSource.Adapter? {
    if element.attribute("wwnn") != nil || element.attribute("wwpn") != nil
      || element.attribute("parent") != nil
    {
      throw element.fault(
        "Use of 'wwnn', 'wwpn', and 'parent' attributes requires use of the adapter 'type'")
    }
    if element.first("parentaddr") != nil {
      throw element.fault("Use of 'parentaddr' element requires use of the adapter 'type'")
    }
    return element.attribute("name").map { .scsiHost(name: $0) }
  }

  private static func scsiHost(
    _ element: XMLElement, isUsed: Bool
  ) throws(XMLFault) -> PoolSource.Adapter? {
    let name = element.attribute("name")
    guard let parent = element.first("parentaddr") else {
      if name == nil, isUsed {
        throw element.fault(
          "Either 'name' or 'parent' must be specified for the 'scsi_host' adapter")
      }
      return name.map { .scsiHost(name: $0) }
    }
    guard let address = parent.first("address") else {
      throw parent.fault("Missing scsi_host PCI address element")
    }
    let pci = try pciAddress(address)
    guard let text = parent.attribute("unique_id"),
      let number = CNumber.unsigned(text).flatMap({ UInt32(exactly: $0) })
    else {
      throw parent.fault(
        "Missing or invalid scsi adapter 'unique_id' value", attribute: "unique_id")
    }
    guard name == nil || !isUsed else {
      throw element.fault(
        "Both 'name' and 'parent' cannot be specified for the 'scsi_host' adapter")
    }
    return .scsiHostParent(address: pci, uniqueID: Int(number))
  }

  private static func pciAddress(_ element: XMLElement) throws(XMLFault) -> PoolSource.PCIAddress {
    var address = PoolSource.PCIAddress(domain: 0, bus: 0, slot: 0, function: 0)
    address.domain = try element.unsigned("domain", base: 0) ?? 0
    address.bus = try element.unsigned("bus", base: 0) ?? 0
    address.slot = try element.unsigned("slot", base: 0) ?? 0
    address.function = try element.unsigned("function", base: 0) ?? 0
    let limits = [("bus", address.bus, 0xff), ("slot", address.slot, 0x1f)]
    for (name, value, limit) in limits where value > limit {
      throw element.fault(
        "Invalid PCI address \(name)='0x\(hex(value))', must be <= 0x\(hex(limit).uppercased())",
        attribute: name)
    }
    guard address.function <= 7 else {
      throw element.fault(
        "Invalid PCI address function=0x\(hex(address.function)), must be <= 7",
        attribute: "function")
    }
    return address
  }

  private static func fibreChannel(
    _ element: XMLElement, isUsed: Bool
  ) throws(XMLFault) -> PoolSource.Adapter? {
    let managed = try element.yesNo("managed")
    guard let wwnn = element.attribute("wwnn"), let wwpn = element.attribute("wwpn") else {
      guard isUsed else { return nil }
      throw element.fault("'wwnn' and 'wwpn' must be specified for adapter type 'fchost'")
    }
    var host = PoolSource.FibreChannel(wwnn: wwnn, wwpn: wwpn)
    host.managed = managed
    host.parent = element.attribute("parent")
    host.parentWWNN = element.attribute("parent_wwnn")
    host.parentWWPN = element.attribute("parent_wwpn")
    host.parentFabricWWN = element.attribute("parent_fabric_wwn")
    guard isUsed else { return .fibreChannelHost(host) }
    try checkName(wwnn, in: element)
    try checkName(wwpn, in: element)
    switch (host.parentWWNN, host.parentWWPN) {
    case (let wwnn?, nil):
      throw element.fault(
        "when providing parent_wwnn='\(wwnn)', the parent_wwpn must also be provided")
    case (nil, let wwpn?):
      throw element.fault(
        "when providing parent_wwpn='\(wwpn)', the parent_wwnn must also be provided")
    default: break
    }
    for name in [host.parentWWNN, host.parentWWPN, host.parentFabricWWN] {
      if let name { try checkName(name, in: element) }
    }
    return .fibreChannelHost(host)
  }

  /// A world wide name: 16 hexadecimal digits.
  private static func checkName(_ name: String, in element: XMLElement) throws(XMLFault) {
    guard SchemaValue.worldWideName.accepts(name) else {
      throw element.fault("Malformed wwn: \(name)")
    }
  }

  // MARK: printing

  static func write(_ adapter: PoolSource.Adapter, to writer: inout XMLWriter) {
    switch adapter {
    case .scsiHost(let name): writer.empty("adapter", [("type", "scsi_host"), ("name", name)])
    case .scsiHostParent(let address, let uniqueID):
      writer.element("adapter", [("type", "scsi_host")]) { writer in
        writer.element("parentaddr", [("unique_id", String(uniqueID))]) { writer in
          writer.empty(
            "address",
            [
              ("domain", "0x" + hex(address.domain, digits: 4)),
              ("bus", "0x" + hex(address.bus, digits: 2)),
              ("slot", "0x" + hex(address.slot, digits: 2)),
              ("function", "0x" + hex(address.function)),
            ])
        }
      }
    case .fibreChannelHost(let host):
      writer.empty(
        "adapter",
        [
          ("type", "fc_host"), ("parent", host.parent), ("parent_wwnn", host.parentWWNN),
          ("parent_wwpn", host.parentWWPN), ("parent_fabric_wwn", host.parentFabricWWN),
          ("managed", LifecycleXML.word(host.managed)), ("wwnn", host.wwnn), ("wwpn", host.wwpn),
        ])
    }
  }

  private static func hex(_ number: Int, digits: Int = 1) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }
}
