import StorageModel
import StorageXML
import Testing

/// What `--validate` refuses.
///
/// The rules were compared with libvirt's schemas on thousands of changed documents.
@Suite struct ValidationTests {
  /// Documents that libvirt's parser takes and its schema does not.
  private static let looseFixtures: Set<String> = [
    "cistern-dir", "dir-first-wins", "dir-foreign-parts", "dir-full", "dir-ignored-namespace",
    "dir-inner-text", "dir-cow-no", "dir-empty-permissions", "dir-unset-ids", "dir-uuid-loose",
    "dir-root", "disk-default", "fs-two-devices", "gluster-default", "gluster-dir", "iscsi-direct",
    "iscsi-minimal", "iscsi-secret-type", "logical-bare", "logical-unknown", "mpath", "netfs-cifs",
    "netfs-nfs", "rbd-full", "scsi-parent-short", "sheepdog", "zfs-default",
  ]

  @Test(arguments: Fixtures.names(in: "Pools"))
  func takesWhatTheSchemaTakes(name: String) {
    let bytes = Fixtures.bytes("Pools/\(name).xml")
    guard !Self.looseFixtures.contains(name) else { return }
    #expect(throws: Never.self) { try PoolXML.read(bytes, file: name, validate: true) }
  }

  @Test(arguments: [
    // elements
    ("<x/>", "2:1: element 'x' is not allowed in element 'pool' of a pool of type 'dir'"),
    (
      "<source><host name='h'/></source>",
      "2:9: element 'host' is not allowed in element 'source' of a pool of type 'dir'"
    ),
    (
      "<source>\n  <dir path='/x'/></source>",
      "3:3: element 'dir' is not allowed in element 'source' of a pool of type 'dir'"
    ),
    (
      "<target><path>/b</path></target>",
      "2:1: element 'target' occurs more than once in element 'pool'"
    ),
    ("<features><cow/></features>", "2:11: Missing required attribute 'state' in element 'cow'"),
    (
      "<refresh/>",
      "2:1: element 'refresh' is not allowed in element 'pool' of a pool of type 'dir'"
    ),
    (
      "<x:y xmlns:x='urn:x'/>",
      "2:1: element 'y' is not allowed in element 'pool' of a pool of type 'dir'"
    ),
    ("<x:y/>", "2:1: element 'x:y' is not allowed in element 'pool' of a pool of type 'dir'"),
    // attributes
    (
      "<uuid a='1'/>", "2:7: attribute 'a' is not allowed in element 'uuid' of a pool of type 'dir'"
    ),
    (
      "<features>\n <cow\n  state='yes'\n  colour = \"black\"/></features>",
      "5:3: attribute 'colour' is not allowed in element 'cow' of a pool of type 'dir'"
    ),
    (
      "<features><cow state='maybe'/></features>",
      "2:16: Invalid value for attribute 'state' in element 'cow': 'maybe': expected yes or no"
    ),
    (
      "<capacity unit='QiB'>1</capacity>",
      "2:11: Invalid value for attribute 'unit' in element 'capacity': 'QiB': "
        + "expected B, K, M, G, T, P or E, alone, with B or with iB"
    ),
    // text
    (
      "<capacity>1.5</capacity>",
      "2:1: Invalid value for element 'capacity': '1.5': expected digits"
    ),
    (
      "<uuid>1</uuid>",
      "2:1: Invalid value for element 'uuid': '1': "
        + "expected 32 hexadecimal digits, alone or as 8-4-4-4-12"
    ),
    ("<source> é\n stray</source>", "2:10: text is not allowed in element 'source'"),
    ("<source/>\n  stray", "3:3: text is not allowed in element 'pool'"),
  ])
  func refusesInDirectoryPools(part: String, expected: String) {
    let text =
      "<pool type='dir'><name>a</name><target><path>/a</path></target>\n\(part)</pool>"
    #expect(problem(text) == "f:\(expected)")
  }

  @Test(arguments: [
    (
      "<pool type='dir'><target><path>/a</path></target></pool>",
      "1:1: element 'pool' of a pool of type 'dir' needs an element 'name'"
    ),
    (
      "<pool type='fs'><name>a</name><source/><target><path>/a</path></target></pool>",
      "1:31: element 'source' of a pool of type 'fs' needs an element 'device'"
    ),
    (
      "<pool type='iscsi-direct'><name>a</name><source><host name='h'/><device path='/dev/a'/>"
        + "<initiator><iqn name='i'/></initiator></source></pool>",
      "1:73: Invalid value for attribute 'path' in element 'device': '/dev/a': "
        + "expected an iSCSI name such as iqn.2020-01.org.example:disk"
    ),
    (
      "<pool type='netfs'><name>a</name><source><host name='h'/><dir path='x'/></source>"
        + "<target><path>/a</path></target></pool>",
      "1:63: Invalid value for attribute 'path' in element 'dir': 'x': expected an absolute path"
    ),
    (
      "<pool type='scsi'><name>a</name><source><adapter type='fc_host' wwnn='1'/></source></pool>",
      "1:65: Invalid value for attribute 'wwnn' in element 'adapter': '1': "
        + "expected 16 hexadecimal digits"
    ),
  ])
  func refusesInOtherPools(text: String, expected: String) {
    #expect(problem(text) == "f:\(expected)")
  }

  @Test func takesRelativeFoldersOfCIFS() {
    let text =
      "<pool type='netfs'><name>a</name><source><host name='h'/><dir path='x'/>"
      + "<format type='cifs'/></source><target><path>/a</path></target></pool>"
    #expect(problem(text) == nil)
  }

  @Test func takesOwnElements() {
    for name in ["cistern-dir", "cistern-fs", "cistern-plain"] {
      let bytes = Fixtures.bytes("Pools/\(name).out.xml")
      #expect(throws: Never.self) { try PoolXML.read(bytes, file: name, validate: true) }
    }
  }

  @Test(arguments: [
    ("", nil),
    ("<backingStore/>", "2:1: element 'backingStore' of a volume needs an element 'path'"),
    (
      "<available>1</available>",
      "2:1: element 'available' is not allowed in element 'volume' of a volume"
    ),
    ("<target/>", "2:1: element 'target' occurs more than once in element 'volume'"),
    (
      "<key/><source><device path='/a'><extent start='0' end='-1'/></device></source>",
      "2:51: Invalid value for attribute 'end' in element 'extent': '-1': expected digits"
    ),
    (
      "<c:lifecycle xmlns:c='urn:cistern:storage:1' rw='no' readonly='1'/>",
      "2:54: attribute 'readonly' is not allowed in element 'lifecycle' of a volume"
    ),
  ])
  func refusesInVolumes(part: String, expected: String?) {
    let text = "<volume><name>v</name><capacity>1</capacity><target/>\n\(part)</volume>"
    #expect(volumeProblem(text) == expected.map { "f:\($0)" })
  }

  @Test func needsATargetAsLibvirtsSchemaDoes() {
    #expect(
      volumeProblem("<volume><name>v</name><capacity>1</capacity></volume>")
        == "f:1:1: element 'volume' of a volume needs an element 'target'")
  }

  private func problem(_ text: String) -> String? {
    do {
      _ = try PoolXML.read(Array(text.utf8), file: "f", validate: true)
      return nil
    } catch {
      return error.text
    }
  }

  private func volumeProblem(_ text: String) -> String? {
    do {
      _ = try VolumeXML.read(
        Array(text.utf8), file: "f", poolType: .dir, nestedNames: false, validate: true)
      return nil
    } catch {
      return error.text
    }
  }
}
