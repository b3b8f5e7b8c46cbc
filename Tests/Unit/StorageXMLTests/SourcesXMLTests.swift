import StorageModel
import Testing

@testable import StorageXML

@Suite("Sources of pools not yet defined")
struct SourcesXMLTests {
  private func query(_ text: String, _ type: PoolType = .netfs) throws -> PoolSource {
    try SourcesXML.readQuery(Array(text.utf8), file: "query", type: type)
  }

  @Test("a query needs nothing but its root element")
  func emptyQuery() throws {
    for type in PoolType.allCases where type != .rbd {
      let source = try query("<source/>", type)
      #expect(source.hosts.isEmpty)
      #expect(source.format == nil)
    }
  }

  @Test("a query is read as a pool's source is")
  func fullQuery() throws {
    let source = try query(
      "<source><host name='nas' port='2049'/><format type='nfs'/><dir path='/e'/></source>")
    #expect(source.hosts == [PoolSource.Host(name: "nas", port: 2049)])
    #expect(source.format == "nfs")
    #expect(source.dir == Path("/e"))
  }

  @Test(
    "a query that is wrong is refused in libvirt's words",
    arguments: [
      ("<sourc/>", "query:1:1: expecting root element of 'source', not 'sourc'"),
      (
        "<source><host name='a' port='x'/></source>",
        "query:1:24: Invalid value for attribute 'port' in element 'host': 'x'. Expected integer value"
      ),
      ("<source><format type='zz'/></source>", "query:1:17: unknown pool format type zz"),
    ])
  func refused(text: String, message: String) {
    let problem = #expect(throws: XMLProblem.self) { try query(text) }
    #expect(problem?.text == message)
  }

  @Test("the query made of options is read back as it was meant")
  func options() throws {
    let text = SourcesXML.query(host: "a\"<b", port: "12", initiator: "iqn.x")
    let source = try query(text, .iscsi)
    #expect(source.hosts == [PoolSource.Host(name: "a\"<b", port: 12)])
    #expect(source.initiatorIQN == "iqn.x")
    #expect(
      SourcesXML.query(host: "h", port: nil, initiator: nil)
        == "<source>\n  <host name='h'/>\n</source>\n")
  }

  @Test("what was found is printed with the parts that the type has")
  func write() {
    #expect(SourcesXML.write([], type: .logical) == "<sources>\n</sources>\n")
    var group = PoolSource()
    group.name = "vg"
    group.devices = [PoolSource.Device(path: Path("/dev/sdy")), .init(path: Path("/dev/sdz"))]
    group.hosts = [PoolSource.Host(name: "no part of this type")]
    #expect(
      SourcesXML.write([group], type: .logical) == """
        <sources>
          <source>
            <device path='/dev/sdy'/>
            <device path='/dev/sdz'/>
            <name>vg</name>
            <format type='lvm2'/>
          </source>
        </sources>

        """)
  }
}
