import StorageModel
import StorageOS

/// The machine's SCSI hosts: local adapters, Fibre Channel ports and virtual ports, found in /sys by what pools call
/// them.
package struct SCSIHosts: Sendable {
  private let sys: Path

  package init(sys: Path) { self.sys = sys }

  private var scsiHosts: Path { sys.appending("class/scsi_host") }
  private var fibreChannelHosts: Path { sys.appending("class/fc_host") }

  /// The number of the host that an adapter means.
  /// - Throws: in libvirt's words, `badInput` for a name that no host can have, `notFound` where there is none.
  package func number(of adapter: PoolSource.Adapter) throws(StorageError) -> UInt32 {
    switch adapter {
    case .scsiHost(let name): return try SCSIHosts.number(fromName: name)
    case .scsiHostParent(let address, let uniqueID):
      return try number(onParent: address, uniqueID: uniqueID)
    case .fibreChannelHost(let port):
      guard let number = try fibreChannelHost(wwnn: port.wwnn, wwpn: port.wwpn) else {
        throw StorageError(
          .notFound, "",
          "Failed to find SCSI host with wwnn='\(port.wwnn)', wwpn='\(port.wwpn)'")
      }
      return number
    }
  }

  /// Reads `hostN`, `scsi_hostN` or `fc_hostN`.
  private static func number(fromName name: String) throws(StorageError) -> UInt32 {
    for prefix in ["scsi_host", "fc_host", "host"] {
      if let digits = name.without(prefix: prefix),
        digits.unicodeScalars.allSatisfy(\.isASCIIDigit), let number = UInt32(digits)
      {
        return number
      }
    }
    throw StorageError(
      .badInput, "", "Invalid adapter name '\(name)' for SCSI pool", reason: "expected scsi_hostN")
  }

  /// The host whose adapter is, or lies behind, a PCI device, and which the driver gave this number among them.
  private func number(onParent address: PoolSource.PCIAddress, uniqueID: Int) throws(StorageError)
    -> UInt32
  {
    for (number, folder) in try hosts(in: scsiHosts) {
      guard let real = try Process.realPath(folder), real.components.contains("\(address)"),
        try SysFile.text(folder.appending("unique_id")) == "\(uniqueID)"
      else { continue }
      return number
    }
    throw StorageError(
      .notFound, "",
      "Failed to find scsi_host using PCI '\(address)' and unique_id='\(uniqueID)'")
  }

  /// Whether there is a SCSI host of this number.
  package func exists(_ number: UInt32) throws(StorageError) -> Bool {
    try FileStatus.ifPresent(scsiHosts.appending("host\(number)")) != nil
  }

  // MARK: Fibre Channel

  /// The Fibre Channel host, real or virtual, that has both names; nil where there is none.
  package func fibreChannelHost(wwnn: String, wwpn: String) throws(StorageError) -> UInt32? {
    for (number, folder) in try hosts(in: fibreChannelHosts)
    where try isName(wwnn, in: folder.appending("node_name")) {
      if try isName(wwpn, in: folder.appending("port_name")) { return number }
    }
    return nil
  }

  /// A host that makes virtual ports and is in a fabric of this name; nil where there is none.
  package func fibreChannelHost(fabric wwn: String) throws(StorageError) -> UInt32? {
    for (number, folder) in try hosts(in: fibreChannelHosts) where try makesVirtualPorts(number) {
      if try isName(wwn, in: folder.appending("fabric_name")) { return number }
    }
    return nil
  }

  /// The first host that is online and has room for another virtual port; nil where there is none.
  package func hostWithRoomForVirtualPort() throws(StorageError) -> UInt32? {
    for (number, folder) in try hosts(in: fibreChannelHosts) {
      guard try makesVirtualPorts(number),
        try SysFile.text(folder.appending("port_state")) == "Online",
        let most = try attribute("max_npiv_vports", of: number).flatMap({ Int($0) }),
        let used = try attribute("npiv_vports_inuse", of: number).flatMap({ Int($0) }),
        used < most
      else { continue }
      return number
    }
    return nil
  }

  /// Whether a host can make virtual ports.
  package func makesVirtualPorts(_ number: UInt32) throws(StorageError) -> Bool {
    try virtualPortFile("vport_create", of: number) != nil
  }

  /// The file of a host through which virtual ports are made or removed; drivers have it in one of two places.
  package func virtualPortFile(_ name: String, of number: UInt32) throws(StorageError) -> Path? {
    for folder in [fibreChannelHosts, scsiHosts] {
      let file = folder.appending("host\(number)/\(name)")
      if try FileStatus.ifPresent(file) != nil { return file }
    }
    return nil
  }

  /// The host that made a virtual port: it is above it in the tree of devices; nil where that cannot be told.
  package func parent(ofVirtualPort number: UInt32) throws(StorageError) -> UInt32? {
    guard let real = try Process.realPath(scsiHosts.appending("host\(number)")) else { return nil }
    return real.components.prefix { $0 != "host\(number)" }.compactMap(SCSIHosts.hostNumber).last
  }

  private func attribute(_ name: String, of number: UInt32) throws(StorageError) -> String? {
    for folder in [fibreChannelHosts, scsiHosts] {
      if let text = try SysFile.text(folder.appending("host\(number)/\(name)")) { return text }
    }
    return nil
  }

  /// World wide names are written with and without `0x`, in either case.
  private func isName(_ name: String, in file: Path) throws(StorageError) -> Bool {
    func plain(_ text: String) -> String {
      let text = text.lowercasedASCII
      return text.without(prefix: "0x").map(String.init) ?? text
    }
    return try SysFile.text(file).map(plain) == plain(name)
  }

  private func hosts(in folder: Path) throws(StorageError) -> [(number: UInt32, folder: Path)] {
    try SysFile.names(in: folder).compactMap { name in
      SCSIHosts.hostNumber(name).map { ($0, folder.appending(name)) }
    }.sorted { $0.number < $1.number }
  }

  private static func hostNumber(_ component: String) -> UInt32? {
    component.without(prefix: "host").flatMap { UInt32($0) }
  }
}

extension PoolSource.PCIAddress: CustomStringConvertible {
  /// As the kernel names it: `0000:00:1f.2`.
  package var description: String {
    func hex(_ number: Int, _ width: Int) -> String {
      let digits = String(number, radix: 16)
      return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
    return "\(hex(domain, 4)):\(hex(bus, 2)):\(hex(slot, 2)).\(function)"
  }
}
