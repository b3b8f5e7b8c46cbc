import BlockVolumes
import StorageBackend
import StorageHost
import StorageModel
import StorageOS
import TestSupport
import Testing

@testable import ISCSIBackend
@testable import SCSIBackend
@testable import SCSIUnits

@Suite("Units of recorded machines")
struct UnitTreeTests {
  private func pool(_ adapter: PoolSource.Adapter, target: Path) throws -> PoolDefinition {
    var pool = PoolDefinition(
      type: .scsi, name: try PoolName("p"), uuid: .derived(from: "p"),
      target: PoolTarget(path: target))
    pool.source.adapter = adapter
    return pool
  }

  private func backend(
    _ tree: RecordedTree, _ adapter: String = "scsi_host0", target: String? = nil
  )
    throws -> SCSIBackend
  {
    let target = target.map { tree.host.dev.appending($0) } ?? tree.host.dev
    return SCSIBackend(
      try pool(.scsiHost(name: adapter), target: target), host: tree.host, secrets: NoSecrets())
  }

  @Test("a host's units are listed with their sizes and identities, other hosts' are not")
  func units() throws {
    let tree = try RecordedTree("scsi_debug")
    let units = SCSITree(sys: tree.host.sys)
    let found = try units.units(ofHost: 1)
    #expect(found.map(\.device) == ["sdc", "sdd"])
    #expect(found.map(\.size) == [ByteCount(16 << 20), ByteCount(16 << 20)])
    // What scsi_id of systemd 252 said on the machine that was recorded.
    #expect(
      try found.map { try units.identity(of: $0.address)?.description }
        == ["333333330000007d0", "333333330000007d1"])
    let backend = try backend(tree)
    #expect(try backend.sizes() == PoolSizes(capacity: 33_554_432, allocation: 33_554_432))
    #expect(try backend.volumeNames().map(\.text) == ["unit:0:0:0", "unit:0:0:1"])
  }

  @Test("a unit that does not answer is listed with why, and not opened")
  func offline() throws {
    let tree = try RecordedTree("scsi_debug")
    try tree.set("bus/scsi/devices/0:0:0:1/state", to: "transport-offline")
    let name = try #require(VolumeName(found: "unit:0:0:1"))
    let volume = try #require(try backend(tree).volume(name))
    #expect(volume.problem == "the SCSI device is transport-offline")
    #expect(volume.capacity == ByteCount(16 << 20))
    #expect(volume.definition.key == "333333330000007d1")
  }

  @Test("paths are udev's links in the target, always the same one, and the device's own without")
  func paths() throws {
    let tree = try RecordedTree("scsi_debug")
    try tree.link("pci-b", to: "sda")
    try tree.link("pci-a", to: "sda")
    try tree.link("usb", to: "sdc")
    let backend = try backend(tree, target: "disk/by-path")
    let first = try #require(VolumeName(found: "unit:0:0:0"))
    let second = try #require(VolumeName(found: "unit:0:0:1"))
    #expect(backend.path(of: first) == tree.host.dev.appending("disk/by-path/pci-a"))
    #expect(backend.path(of: second) == tree.host.dev.appending("sdb"))
    for path in ["disk/by-path/pci-b", "disk/by-path/pci-a", "sda"] {
      #expect(try backend.volumeName(forPath: tree.host.dev.appending(path)) == first)
    }
    #expect(try backend.volumeName(forPath: tree.host.dev.appending("sdc")) == nil)
    #expect(try backend.volumeName(forPath: tree.host.dev.appending("nothing")) == nil)
  }

  @Test("a start scans all channels, targets and units")
  func scan() throws {
    let tree = try RecordedTree("scsi_debug")
    let steps = Steps()
    try backend(tree).start(steps)
    #expect(try tree.attribute("class/scsi_host/host0/scan") == "- - -")
    try backend(tree).refresh(steps)
    #expect(try tree.attribute("bus/scsi/devices/0:0:0:0/rescan") == "1")
    #expect(try tree.attribute("bus/scsi/devices/1:0:0:0/rescan") == "\n")
  }

  @Test("a target outside /dev is refused, and so is a host that is not there")
  func refusals() throws {
    let tree = try RecordedTree("scsi_debug")
    let elsewhere = SCSIBackend(
      try pool(.scsiHost(name: "host0"), target: Path("/srv")), host: tree.host,
      secrets: NoSecrets())
    #expect(
      failure { () throws(StorageError) in try elsewhere.start(Steps()) }?.problem
        == "unable to use target path '/srv'")
    let absent = try backend(tree, "host9")
    let error = failure { () throws(StorageError) in try absent.start(Steps()) }
    #expect(error?.problem.hasSuffix("/class/scsi_host/host9/scan' to trigger host scan") == true)
    #expect(error?.code == .notFound)
    let bad = try backend(tree, "sda")
    #expect(
      failure { () throws(StorageError) in try bad.checkReachable() }?.problem
        == "Invalid adapter name 'sda' for SCSI pool")
  }
}
