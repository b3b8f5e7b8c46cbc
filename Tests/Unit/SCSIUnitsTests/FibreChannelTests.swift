import SCSIUnits
import StorageBackend
import StorageHost
import StorageModel
import StorageOS
import TestSupport
import Testing

@testable import SCSIBackend

@Suite("Fibre Channel hosts and virtual ports")
struct FibreChannelTests {
  private static let wwpn = "5001a4a000000002"
  private static let wwnn = "20000000c9831b4c"
  private static let virtualHost = "devices/pci0000:00/0000:03:00.1/host6/vport-6:0-0/host8"

  private func backend(
    _ tree: RecordedTree, _ change: (inout PoolSource.FibreChannel) -> Void = { _ in }
  ) throws -> SCSIBackend {
    var port = PoolSource.FibreChannel(wwnn: Self.wwnn, wwpn: Self.wwpn)
    change(&port)
    var pool = PoolDefinition(
      type: .scsi, name: try PoolName("p"), uuid: .derived(from: "p"),
      target: PoolTarget(path: tree.host.dev))
    pool.source.adapter = .fibreChannelHost(port)
    return SCSIBackend(pool, host: tree.host, secrets: NoSecrets())
  }

  /// Does what a driver does, in another process: makes the host of a port when told so, with one unit.
  private func drive(_ tree: RecordedTree) throws {
    try tree.temporary.write(
      """
      n=0
      until [ "$(cat sys/class/fc_host/host6/vport_create)" = '\(Self.wwpn):\(Self.wwnn)' ]; do
        n=$((n + 1)); [ $n -lt 900 ] || exit 1; sleep 0.01
      done
      cd sys
      here='\(Self.virtualHost)' unit='\(Self.virtualHost)/rport-8:0-0/target8:0:0/8:0:0:0'
      mkdir -p "$here/scsi_host/host8" "$here/fc_host/host8" "$unit/block/sdx" block bus/scsi/devices
      echo > "$here/scsi_host/host8/scan"
      echo 0 > "$unit/type"; echo running > "$unit/state"; echo 2048 > "$unit/block/sdx/size"
      touch ../dev/sdx
      ln -s "../$unit/block/sdx" block/sdx
      ln -s "../../../$unit" bus/scsi/devices/8:0:0:0
      ln -s "../../$here/scsi_host/host8" class/scsi_host/host8
      ln -s "../../$here/fc_host/host8" class/fc_host/host8
      echo 0x\(Self.wwpn) > "$here/fc_host/host8/port_name"
      echo 0x\(Self.wwnn) > "$here/fc_host/host8/node_name"
      """, to: "driver")
    try tree.temporary.shell("sh -e driver > driver.log 2>&1 &")
  }

  @Test("a host is found by its names, with and without 0x, and by its adapter's PCI address")
  func lookUp() throws {
    let tree = try RecordedTree("fc_host")
    let hosts = SCSIHosts(sys: tree.host.sys)
    #expect(try hosts.fibreChannelHost(wwnn: "20000000c9831b4b", wwpn: "5001a4a000000001") == 7)
    #expect(try hosts.fibreChannelHost(wwnn: "0x20000000C9831B4B", wwpn: "10000000c9831b4b") == 5)
    #expect(try hosts.fibreChannelHost(fabric: "100000051e1a2b3d") == 6)
    #expect(try hosts.hostWithRoomForVirtualPort() == 6)
    #expect(try hosts.parent(ofVirtualPort: 7) == 5)
    #expect(try hosts.parent(ofVirtualPort: 5) == nil)
    let address = PoolSource.PCIAddress(domain: 0, bus: 3, slot: 0, function: 0)
    #expect(try hosts.number(of: .scsiHostParent(address: address, uniqueID: 0)) == 5)
    #expect(try hosts.number(of: .scsiHostParent(address: address, uniqueID: 2)) == 7)
    let error = failure { () throws(StorageError) in
      try hosts.number(of: .scsiHostParent(address: address, uniqueID: 9))
    }
    #expect(
      error?.problem == "Failed to find scsi_host using PCI '0000:03:00.0' and unique_id='9'")
    #expect(error?.code == .notFound)
  }

  @Test("a start makes the virtual port on the host with room, a stop removes it")
  func lifeCycle() throws {
    let tree = try RecordedTree("fc_host")
    let backend = try backend(tree)
    try drive(tree)
    try Steps().perform { () throws(StorageError) in try backend.start(Steps()) }
    #expect(try backend.hostNumber() == 8)
    #expect(try backend.volumeNames().map(\.text) == ["unit:0:0:0"])
    #expect(try tree.attribute("class/fc_host/host5/vport_create") == "\n")
    try backend.stop(Steps())
    #expect(
      try tree.attribute("class/fc_host/host6/vport_delete") == "\(Self.wwpn):\(Self.wwnn)")
    #expect(try tree.temporary.names().contains { $0.hasSuffix("vports/p") } == false)
  }

  @Test("a virtual port that was there before stays, unless the pool is to manage it")
  func foreign() throws {
    let tree = try RecordedTree("fc_host")
    func existing(_ managed: Bool?) throws -> SCSIBackend {
      try backend(tree) {
        ($0.wwnn, $0.wwpn, $0.managed) = ("20000000c9831b4b", "5001a4a000000001", managed)
        $0.parent = "scsi_host5"
      }
    }
    let port = VirtualPort(
      PoolSource.FibreChannel(wwnn: "20000000c9831b4b", wwpn: "5001a4a000000001"),
      pool: try existing(nil).pool, host: tree.host)
    #expect(try port.create(Steps()) == false)
    try existing(nil).stop(Steps())
    try existing(false).stop(Steps())
    #expect(try tree.attribute("class/fc_host/host5/vport_delete") == "\n")
    try existing(true).stop(Steps())
    #expect(
      try tree.attribute("class/fc_host/host5/vport_delete")
        == "5001a4a000000001:20000000c9831b4b")
  }

  @Test("the parent can be named by host, by its names or by its fabric; a wrong one is refused")
  func parents() throws {
    let tree = try RecordedTree("fc_host")
    func told(_ change: (inout PoolSource.FibreChannel) -> Void) throws -> [String] {
      let steps = Steps(isDryRun: true)
      try backend(tree, change).start(steps)
      return steps.told.filter { $0.hasPrefix("make") }.map { Path($0).parent.lastComponent }
    }
    #expect(try told { $0.parent = "scsi_host5" } == ["host5"])
    #expect(
      try told {
        ($0.parentWWNN, $0.parentWWPN) = ("20000000c9831b4b", "10000000c9831b4b")
      } == ["host5"])
    #expect(try told { $0.parentFabricWWN = "100000051e1a2b3c" } == ["host5"])
    #expect(try told { _ in } == ["host6"])
    let incapable = failure { () throws(StorageError) in
      do { _ = try told { $0.parent = "scsi_host7" } } catch let error as StorageError {
        throw error
      } catch {}
    }
    #expect(
      incapable?.problem == "parent 'scsi_host7' specified for vHBA is not vport capable")
    let absent = failure { () throws(StorageError) in
      do { _ = try told { $0.parent = "scsi_host9" } } catch let error as StorageError {
        throw error
      } catch {}
    }
    #expect(absent?.problem == "parent 'scsi_host9' specified for vHBA does not exist")
    let existing = try backend(tree) {
      ($0.wwnn, $0.wwpn) = ("20000000c9831b4b", "5001a4a000000001")
      $0.parent = "scsi_host6"
    }
    let error = failure { () throws(StorageError) in try existing.start(Steps()) }
    #expect(
      error?.problem.hasPrefix("Parent attribute 'scsi_host6' does not match parent 'scsi_host5'")
        == true)
  }
}
