import StorageModel
import StorageOS

/// What the kernel knows of SCSI hosts' units, read from /sys.
package struct SCSITree: Sendable {
  package let sys: Path

  package init(sys: Path) { self.sys = sys }

  /// A logical unit that the kernel knows.
  package struct Unit: Sendable {
    package let address: UnitAddress
    /// The peripheral device type: 0 for disks, 5 for CD and DVD drives (SPC-5, table 71).
    package let type: Int
    /// The kernel's word: `running`, or why it does not answer: `offline`, `transport-offline`, `blocked` and so on.
    package let state: String
    /// The kernel's name of its block device, as `sda`; nil as long as no driver serves it.
    package let device: String?
    /// nil without a block device.
    package let size: ByteCount?
    package let logicalSector: ByteCount?

    package var isRunning: Bool { state == "running" }
    /// Whether a pool shows it: a disk or an optical drive, as in libvirt.
    package var isVolume: Bool { type == 0 || type == 5 }
  }

  private var devices: Path { sys.appending("bus/scsi/devices") }
  private func folder(_ address: UnitAddress) -> Path { devices.appending("\(address)") }

  /// The units of a host that can be volumes, in the order of their addresses.
  package func units(ofHost host: UInt32) throws(StorageError) -> [Unit] {
    let addresses = try SysFile.names(in: devices).compactMap { UnitAddress($0) }
    var found: [Unit] = []
    for address in addresses.filter({ $0.host == host }).sorted() {
      if let unit = try unit(at: address) { found.append(unit) }
    }
    return found
  }

  /// One unit; nil where there is none of that address, or where it is no disk.
  package func unit(at address: UnitAddress) throws(StorageError) -> Unit? {
    let folder = folder(address)
    guard let type = try SysFile.text(folder.appending("type")).flatMap({ Int($0) }) else {
      return nil
    }
    let device = try SysFile.names(in: folder.appending("block")).first
    var sectors: Int64?
    var sector: Int64?
    if let block = device.map({ sys.appending("block/\($0)") }) {
      // Counted in 512 bytes, whatever the sectors are.
      sectors = try SysFile.text(block.appending("size")).flatMap { Int64($0) }
      sector = try SysFile.text(block.appending("queue/logical_block_size")).flatMap { Int64($0) }
    }
    let unit = Unit(
      address: address, type: type,
      state: try SysFile.text(folder.appending("state")) ?? "in an unknown state", device: device,
      size: sectors.flatMap { $0 < Int64.max / 512 ? ByteCount($0 * 512) : nil },
      logicalSector: sector.map { ByteCount($0) })
    return unit.isVolume ? unit : nil
  }

  /// The unit that a block device is; nil for devices of other kinds.
  package func address(ofDevice name: String) throws(StorageError) -> UnitAddress? {
    try Process.realPath(sys.appending("block/\(name)/device")).flatMap {
      UnitAddress($0.lastComponent)
    }
  }

  /// What a unit calls itself; nil where it says nothing of use.
  package func identity(of address: UnitAddress) throws(StorageError) -> UnitIdentity? {
    let folder = folder(address)
    let vendor = try SysFile.text(folder.appending("vendor")) ?? ""
    let model = try SysFile.text(folder.appending("model")) ?? ""
    if let page = try SysFile.bytes(folder.appending("vpd_pg83")),
      let found = UnitIdentity(page83: page, vendor: vendor, model: model)
    {
      return found
    }
    return try SysFile.bytes(folder.appending("vpd_pg80")).flatMap {
      UnitIdentity(page80: $0, vendor: vendor, model: model)
    }
  }

  /// Whether a kernel driver of this name is there: `sd` for disks, `sr` for optical drives.
  package func hasDriver(_ name: String) throws(StorageError) -> Bool {
    try FileStatus.ifPresent(sys.appending("bus/scsi/drivers/\(name)")) != nil
  }

  // MARK: Changing

  /// The file that a host is told to look for units through.
  package func scanFile(ofHost host: UInt32) -> Path {
    sys.appending("class/scsi_host/host\(host)/scan")
  }

  /// Lets a host look for units on all channels and targets, and waits until it has.
  package func scan(host: UInt32) throws(StorageError) {
    let file = scanFile(ofHost: host)
    do throws(StorageError) {
      try SysFile.write("- - -", to: file, "")
    } catch {
      throw StorageError(
        error.code, "", "Could not open '\(file)' to trigger host scan", reason: error.reason)
    }
  }

  /// Lets the kernel ask a unit for its size again, which can have grown.
  package func rescan(_ unit: UnitAddress) throws(StorageError) {
    try SysFile.write("1", to: folder(unit).appending("rescan"), "cannot ask for the size again")
  }
}
