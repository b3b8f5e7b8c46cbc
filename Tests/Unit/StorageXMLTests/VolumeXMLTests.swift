import StorageModel
import StorageXML
import Testing

@Suite struct VolumeXMLTests {
  @Test(arguments: Fixtures.names(in: "Volumes"))
  func printsAsLibvirt(name: String) throws {
    let volume = try read(Fixtures.bytes("Volumes/\(name).xml"), name)
    #expect(
      VolumeXML.write(volume, poolType: poolType(name)) == Fixtures.text("Volumes/\(name).out.xml"))
  }

  @Test(arguments: Fixtures.names(in: "Volumes"))
  func readsWhatItPrints(name: String) throws {
    let printed = Fixtures.text("Volumes/\(name).out.xml")
    let volume = try read(Array(printed.utf8), name)
    #expect(VolumeXML.write(volume, poolType: poolType(name)) == printed)
  }

  @Test(arguments: Fixtures.errorCases("volume-errors.txt"))
  func refusesInLibvirtsWords(problem: Fixtures.ErrorCase) {
    do {
      let volume = try read(Array(problem.document.utf8), "dir-f")
      Issue.record("accepted: \(VolumeXML.write(volume, poolType: .dir))")
    } catch {
      #expect(error.message == problem.message)
    }
  }

  @Test func printsWhatARefreshFound() throws {
    var volume = VolumeDefinition(name: try VolumeName("v"), capacity: 4096)
    volume.kind = .block
    volume.key = "key"
    volume.physical = 8192
    volume.allocation = 512
    volume.extents = [
      VolumeDefinition.Extent(device: Path("/dev/a"), start: 0, end: 10),
      VolumeDefinition.Extent(device: Path("/dev/a"), start: 20, end: 30),
      VolumeDefinition.Extent(device: Path("/dev/b"), start: 0, end: 5),
    ]
    let times = Timestamps(
      access: Timestamp(seconds: 1, nanoseconds: 5), modification: Timestamp(seconds: 2),
      change: Timestamp(seconds: 3, nanoseconds: 999_999_999))
    volume.target.path = Path("/dev/vg/v")
    volume.target.permissions = Permissions(mode: 0, owner: 0, group: 6, label: "l")
    volume.target.timestamps = times
    volume.backingStore = BackingStore(path: "/dev/vg/b")
    volume.backingStore?.timestamps = times
    volume.backingStore?.timestamps?.birth = Timestamp(seconds: 4, nanoseconds: 120)
    #expect(
      VolumeXML.write(volume, poolType: .logical) == """
        <volume type='block'>
          <name>v</name>
          <key>key</key>
          <source>
            <device path='/dev/a'>
              <extent start='0' end='10'/>
              <extent start='20' end='30'/>
            </device>
            <device path='/dev/b'>
              <extent start='0' end='5'/>
            </device>
          </source>
          <capacity unit='bytes'>4096</capacity>
          <allocation unit='bytes'>512</allocation>
          <physical unit='bytes'>8192</physical>
          <target>
            <path>/dev/vg/v</path>
            <permissions>
              <mode>00</mode>
              <owner>0</owner>
              <group>6</group>
              <label>l</label>
            </permissions>
            <timestamps>
              <atime>1.000000005</atime>
              <mtime>2</mtime>
              <ctime>3.999999999</ctime>
              <btime>0</btime>
            </timestamps>
          </target>
          <backingStore>
            <path>/dev/vg/b</path>
            <timestamps>
              <atime>1.000000005</atime>
              <mtime>2</mtime>
              <ctime>3.999999999</ctime>
              <btime>4.000000120</btime>
            </timestamps>
          </backingStore>
        </volume>

        """)
  }

  @Test func nestsNamesWhereAllowed() throws {
    let text = "<volume><name>appvms/work/root</name><capacity>1</capacity></volume>"
    let volume = try VolumeXML.read(
      Array(text.utf8), file: "f", poolType: .dir, nestedNames: true, validate: false)
    #expect(volume.name.text == "appvms/work/root")
    let unsafe = "<volume><name>appvms/../root</name><capacity>1</capacity></volume>"
    #expect(throws: XMLProblem.self) {
      try VolumeXML.read(
        Array(unsafe.utf8), file: "f", poolType: .dir, nestedNames: true, validate: false)
    }
  }

  @Test(arguments: [
    (".", "volume name '.' is not allowed: '.' and '..' are folders"),
    (".hidden", "volume name '.hidden' must not start with '.'"),
    ("a&#10;b", "volume name must not contain control characters"),
  ])
  func refusesUnsafeNames(name: String, message: String) {
    #expect(throws: XMLProblem(file: "dir", line: 1, column: 9, message: message)) {
      try read(Array("<volume><name>\(name)</name><capacity>1</capacity></volume>".utf8), "dir")
    }
  }

  @Test func needsNoCapacityWithASource() throws {
    let text =
      "<volume xmlns:c='urn:cistern:storage:1'><name>v</name>"
      + "<c:lifecycle snap_on_start='yes' source='base'/></volume>"
    let volume = try read(Array(text.utf8), "dir")
    #expect(volume.capacity == nil)
    #expect(volume.lifecycle.source?.text == "base")
  }

  private func read(_ bytes: [UInt8], _ name: String) throws(XMLProblem) -> VolumeDefinition {
    try VolumeXML.read(
      bytes, file: name, poolType: poolType(name), nestedNames: false, validate: false)
  }

  /// Fixtures are named after the pool they are for.
  private func poolType(_ name: String) -> PoolType {
    PoolType(rawValue: String(name.prefix { $0 != "-" })) ?? .dir
  }
}
