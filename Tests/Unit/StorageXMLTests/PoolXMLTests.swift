import StorageModel
import StorageXML
import Testing

@Suite struct PoolXMLTests {
  @Test(arguments: Fixtures.names(in: "Pools"))
  func printsAsLibvirt(name: String) throws {
    let pool = try PoolXML.read(
      Fixtures.bytes("Pools/\(name).xml"), file: name, validate: false)
    #expect(PoolXML.write(pool) == Fixtures.text("Pools/\(name).out.xml"))
  }

  @Test(arguments: Fixtures.names(in: "Pools"))
  func readsWhatItPrints(name: String) throws {
    let printed = Fixtures.text("Pools/\(name).out.xml")
    let pool = try PoolXML.read(Array(printed.utf8), file: name, validate: false)
    #expect(PoolXML.write(pool) == printed)
  }

  @Test(arguments: Fixtures.errorCases("pool-errors.txt"))
  func refusesInLibvirtsWords(problem: Fixtures.ErrorCase) {
    do {
      let pool = try PoolXML.read(Array(problem.document.utf8), file: "f", validate: false)
      #expect(problem.message == "ACCEPTED", "accepted: \(PoolXML.write(pool))")
    } catch {
      #expect(error.message == problem.message)
    }
  }

  @Test func coversEveryType() {
    let names = Fixtures.names(in: "Pools")
    for type in PoolType.allCases {
      #expect(names.contains { $0.hasPrefix(type.rawValue) }, "\(type)")
    }
  }

  @Test func printsSizes() throws {
    let pool = PoolDefinition(
      type: .dir, name: try PoolName("p"), uuid: .derived(from: "p"),
      target: PoolTarget(path: Path("/p")))
    let text = PoolXML.write(
      pool, sizes: PoolSizes(capacity: 3, allocation: 2, available: 1))
    #expect(text.contains("  <capacity unit='bytes'>3</capacity>\n"))
    #expect(text.contains("  <allocation unit='bytes'>2</allocation>\n"))
    #expect(text.contains("  <available unit='bytes'>1</available>\n"))
  }

  @Test func printsFreeExtentsAndForgetsThemInInput() throws {
    var device = PoolSource.Device(path: Path("/dev/sdz"), partSeparator: true)
    device.freeExtents = [.init(start: 17408, end: 1_048_576), .init(start: 5, end: 6)]
    var pool = PoolDefinition(
      type: .disk, name: try PoolName("p"), uuid: .derived(from: "p"),
      target: PoolTarget(path: Path("/dev")))
    pool.source.devices = [device]
    let text = PoolXML.write(pool)
    #expect(
      text.contains(
        """
            <device path='/dev/sdz' part_separator='yes'>
              <freeExtent start='17408' end='1048576'/>
              <freeExtent start='5' end='6'/>
            </device>

        """))
    let read = try PoolXML.read(Array(text.utf8), file: "f", validate: true)
    #expect(read.source.devices.map(\.freeExtents) == [[]])
  }

  @Test func tellsWhetherTheUUIDWasGiven() throws {
    let start = "<pool type='dir'><name>a</name><target><path>/a</path></target>"
    let without = Array((start + "</pool>").utf8)
    let first = try PoolXML.document(without, file: "f", validate: false)
    let second = try PoolXML.document(without, file: "f", validate: false)
    #expect(!first.uuidWasGiven)
    #expect(first.pool.uuid != second.pool.uuid)
    let uuid = StorageUUID.derived(from: "a")
    let with = Array((start + "<uuid>\(uuid)</uuid></pool>").utf8)
    let third = try PoolXML.document(with, file: "f", validate: false)
    #expect(third.uuidWasGiven)
    #expect(third.pool.uuid == uuid)
  }

  @Test(arguments: [
    ("relative", "target path 'relative' must be absolute"),
    ("./a", "target path './a' must be absolute"), (" /a", "target path ' /a' must be absolute"),
    ("file:///a", "target path 'file:///a' must be absolute"),
  ])
  func refusesRelativeTargets(path: String, message: String) {
    #expect(
      problem("<pool type='dir'><name>a</name><target><path>\(path)</path></target></pool>")
        == "f:1:40: \(message)")
  }

  @Test(arguments: [
    (".", "pool name '.' is not allowed: '.' and '..' are folders"),
    ("..", "pool name '..' is not allowed: '.' and '..' are folders"),
    ("-x", "pool name '-x' must not start with '-'"),
    ("a&#10;b", "pool name must not contain control characters"),
    ("../x", "name ../x cannot contain '/'"),
  ])
  func refusesUnsafeNames(name: String, message: String) {
    let text = "<pool type='dir'><name>\(name)</name><target><path>/a</path></target></pool>"
    #expect(problem(text) == "f:1:18: \(message)")
  }

  @Test(arguments: ["..", ".", "a/b", "../etc", "a&#10;b"])
  func keepsVolumeGroupsBelowDev(name: String) {
    let text = "<pool type='logical'><name>a</name><source><name>\(name)</name></source></pool>"
    #expect(problem(text)?.contains("malformed source name") == true)
  }

  @Test(arguments: ["..", "tank/../x", "tank//x", "/tank", "tank/"])
  func keepsDataSetsBelowDev(name: String) {
    let text = "<pool type='zfs'><name>a</name><source><name>\(name)</name></source></pool>"
    #expect(problem(text)?.contains("malformed source name") == true)
  }

  @Test(arguments: [
    ("driver='a/b/c'", "driver", "'a/b/c'."),
    ("revisions_to_keep='-2'", "revisions_to_keep", "'-2'. Expected -1, 0 or a positive number"),
    ("setup_check='maybe'", "setup_check", "'maybe'. Expected yes or no"),
  ])
  func refusesBadLifecycle(attribute: String, name: String, end: String) {
    let text =
      "<pool xmlns:c='urn:cistern:storage:1' type='dir'><name>a</name>"
      + "<target><path>/a</path></target><c:lifecycle \(attribute)/></pool>"
    #expect(
      problem(text)
        == "f:1:109: Invalid value for attribute '\(name)' in element 'lifecycle': \(end)")
  }

  private func problem(_ text: String) -> String? {
    do {
      _ = try PoolXML.read(Array(text.utf8), file: "f", validate: false)
      return nil
    } catch {
      return error.text
    }
  }
}
