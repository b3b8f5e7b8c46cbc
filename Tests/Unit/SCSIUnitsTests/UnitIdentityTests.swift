import StorageModel
import Testing

@testable import SCSIUnits

@Suite("Identities of SCSI units")
struct UnitIdentityTests {
  private func page(_ designators: [UInt8]...) -> [UInt8] {
    let bytes = designators.flatMap { $0 }
    return [0, 0x83, UInt8(bytes.count >> 8), UInt8(bytes.count & 0xff)] + bytes
  }

  private func designator(codeSet: UInt8, type: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    [codeSet, type, 0, UInt8(bytes.count)] + bytes
  }

  private func identity(_ page: [UInt8]) -> String? {
    UnitIdentity(page83: page, vendor: "ACME", model: "Disk 1")?.description
  }

  @Test("an IEEE name with extension wins over one without, whatever the order")
  func preference() {
    let t10 = designator(codeSet: 2, type: 1, Array("ATA     disk  7".utf8))
    let registered = designator(codeSet: 1, type: 3, [0x50, 1, 2, 3, 4, 5, 6, 7])
    let extended = designator(codeSet: 1, type: 3, [0x60] + (1...15).map { UInt8($0) })
    #expect(identity(page(t10, registered, extended)) == "360" + "0102030405060708090a0b0c0d0e0f")
    #expect(identity(page(t10, registered)) == "35001020304050607")
    #expect(identity(page(t10)) == "1ATA_disk_7")
  }

  @Test("designators of the port or the target are not the unit's")
  func association() {
    let port = designator(codeSet: 1, type: 0x13, [0x50, 9, 9, 9, 9, 9, 9, 9])
    let target = designator(codeSet: 1, type: 0x23, [0x50, 8, 8, 8, 8, 8, 8, 8])
    #expect(identity(page(port, target)) == nil)
    let own = designator(codeSet: 1, type: 2, [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(identity(page(port, target, own)) == "20102030405060708")
  }

  @Test("what a vendor made up is told from other vendors'")
  func vendorSpecific() {
    let own = designator(codeSet: 2, type: 0, Array("serial/9 ".utf8))
    #expect(identity(page(own)) == "0ACME_Disk_1_serial_9")
  }

  @Test("pages that lie about their length do no harm")
  func hostile() {
    #expect(identity([]) == nil)
    #expect(identity([0, 0x83, 0xff, 0xff]) == nil)
    #expect(identity([0, 0x83, 0, 4, 1, 3, 0, 200]) == nil)
    #expect(identity([0, 0x80, 0, 1, 65]) == nil)
    #expect(identity(page(designator(codeSet: 1, type: 3, []))) != nil)
  }

  @Test("without a device identification the serial number serves")
  func serial() {
    let page: [UInt8] = [0, 0x80, 0, 6] + Array("  12 3".utf8)
    #expect(
      UnitIdentity(page80: page, vendor: "ACME", model: "Disk 1")?.description
        == "SACME_Disk_1_12_3")
    #expect(UnitIdentity(page80: [0, 0x80, 0, 2, 32, 32], vendor: "A", model: "B") == nil)
  }

  @Test("units are named by channel, target and unit")
  func names() throws {
    let address = try #require(UnitAddress("2:0:1:3"))
    let name = try #require(address.volumeName)
    #expect(name.text == "unit:0:1:3")
    #expect(UnitAddress(volume: name, ofHost: 2) == address)
    for wrong in ["unit:0:1", "unit:0:1:x", "unit:00:1:3", "unit:0:1:3:4", "sda"] {
      #expect(VolumeName(found: wrong).flatMap { UnitAddress(volume: $0, ofHost: 2) } == nil)
    }
    for other in ["host2", "target2:0:0", "2:0:0", "-1:0:0:0"] {
      #expect(UnitAddress(other) == nil)
    }
  }
}
