import StorageModel
import StorageXML
import Testing

/// What `pool-define-as` and `vol-create-as` print: virsh's documents, with special characters escaped.
@Suite struct DocumentOptionsTests {
  @Test func printsAllPoolOptions() throws {
    var options = PoolOptions(name: "n", type: "netfs")
    options.sourceHost = "h"
    options.sourcePath = "/p"
    options.sourceDev = "/dev/x"
    options.sourceName = "nm"
    options.target = "/t"
    options.sourceFormat = "nfs"
    options.authType = "chap"
    options.authUsername = "u"
    options.secretUsage = "us"
    options.adapterName = "host1"
    options.adapterParent = "not printed"
    options.sourceProtocolVersion = "4"
    options.sourceInitiator = "iqn"
    #expect(
      PoolXML.document(from: options) == """
        <pool type='netfs'>
          <name>n</name>
          <source>
            <host name='h'/>
            <dir path='/p'/>
            <device path='/dev/x'/>
            <initiator>
              <iqn name='iqn'/>
            </initiator>
            <adapter type='scsi_host' name='host1'/>
            <auth type='chap' username='u'>
              <secret usage='us'/>
            </auth>
            <format type='nfs'/>
            <name>nm</name>
            <protocol ver='4'/>
          </source>
          <target>
            <path>/t</path>
          </target>
        </pool>

        """)
  }

  @Test func printsNoSourceForAuthenticationAlone() {
    var options = PoolOptions(name: "n", type: "dir")
    options.authType = "chap"
    options.authUsername = "u"
    options.secretUUID = "1"
    options.sourceProtocolVersion = "4"
    #expect(PoolXML.document(from: options) == "<pool type='dir'>\n  <name>n</name>\n</pool>\n")
  }

  @Test func namesAFibreChannelParentOneWay() {
    var options = PoolOptions(name: "n", type: "scsi")
    options.adapterWWNN = "a"
    #expect(!PoolXML.document(from: options).contains("adapter"))
    options.adapterWWPN = "b"
    options.adapterName = "host1"
    options.adapterParentWWNN = "c"
    #expect(adapter(options) == "<adapter type='fc_host' wwnn='a' wwpn='b'/>")
    options.adapterParentFabricWWN = "e"
    #expect(
      adapter(options) == "<adapter type='fc_host' parent_fabric_wwn='e' wwnn='a' wwpn='b'/>")
    options.adapterParentWWPN = "d"
    #expect(
      adapter(options)
        == "<adapter type='fc_host' parent_wwnn='c' parent_wwpn='d' wwnn='a' wwpn='b'/>")
    options.adapterParent = "p"
    #expect(adapter(options) == "<adapter type='fc_host' parent='p' wwnn='a' wwpn='b'/>")
  }

  private func adapter(_ options: PoolOptions) -> String? {
    PoolXML.document(from: options).split(separator: "\n")
      .first { $0.contains("<adapter") }.map { $0.drop { $0 == " " } }.map(String.init)
  }

  @Test func escapesAndReadsBack() throws {
    var options = PoolOptions(name: "a&b", type: "dir")
    options.target = "/it's <here>"
    options.lifecycle = PoolLifecycle(driver: .file, revisionsToKeep: .count(3))
    let text = PoolXML.document(from: options)
    #expect(
      text == """
        <pool type='dir' xmlns:cistern='urn:cistern:storage:1'>
          <name>a&amp;b</name>
          <target>
            <path>/it&apos;s &lt;here&gt;</path>
          </target>
          <cistern:lifecycle driver='file' revisions_to_keep='3'/>
        </pool>

        """)
    let pool = try PoolXML.read(Array(text.utf8), file: "f", validate: true)
    #expect(pool.name.text == "a&b")
    #expect(pool.target.path?.text == "/it's <here>")
    #expect(pool.lifecycle == options.lifecycle)
  }

  @Test func printsVolumeOptions() throws {
    var options = VolumeOptions(name: "n&'", capacity: 10)
    #expect(
      VolumeXML.document(from: options) == """
        <volume>
          <name>n&amp;&apos;</name>
          <capacity>10</capacity>
        </volume>

        """)
    options.allocation = 1024
    options.format = "qcow2"
    options.backingFormat = "raw"
    #expect(!VolumeXML.document(from: options).contains("backingStore"))
    options.backingPath = "/pool/base"
    options.lifecycle.revisionsToKeep = .count(2)
    let text = VolumeXML.document(from: options)
    #expect(
      text == """
        <volume xmlns:cistern='urn:cistern:storage:1'>
          <name>n&amp;&apos;</name>
          <capacity>10</capacity>
          <allocation>1024</allocation>
          <target>
            <format type='qcow2'/>
          </target>
          <backingStore>
            <path>/pool/base</path>
            <format type='raw'/>
          </backingStore>
          <cistern:lifecycle revisions_to_keep='2'/>
        </volume>

        """)
    let volume = try VolumeXML.read(
      Array(text.utf8), file: "f", poolType: .dir, nestedNames: false, validate: true)
    #expect(volume.lifecycle == options.lifecycle)
    #expect(volume.target.format == .qcow2)
  }
}
