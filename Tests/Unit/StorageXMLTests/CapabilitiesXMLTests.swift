import StorageModel
import StorageXML
import Testing

@Suite("Which types of pool there are")
struct CapabilitiesXMLTests {
  @Test("a type has the words of its sources and of its volumes")
  func words() {
    let text = CapabilitiesXML.write([
      (.logical, true, PoolCapabilities(of: .logical)), (.rbd, false, PoolCapabilities(of: .rbd)),
      (.scsi, true, PoolCapabilities(of: .scsi)),
    ])
    #expect(
      text == """
        <storagepoolCapabilities>
          <pool type='logical' supported='yes'>
            <poolOptions>
              <defaultFormat type='lvm2'/>
              <enum name='sourceFormatType'>
                <value>unknown</value>
                <value>lvm2</value>
              </enum>
            </poolOptions>
          </pool>
          <pool type='rbd' supported='no'>
            <volOptions>
              <defaultFormat type='raw'/>
              <enum name='targetFormatType'>
              </enum>
            </volOptions>
          </pool>
          <pool type='scsi' supported='yes'>
          </pool>
        </storagepoolCapabilities>

        """)
  }

  @Test("a backend's own words take the place of the type's")
  func ownWords() {
    var capabilities = PoolCapabilities(of: .fs)
    capabilities.sourceFormats = PoolCapabilities.Choice(["ext4"], standard: "ext4")
    capabilities.volumeFormats = nil
    let text = CapabilitiesXML.write([(.fs, true, capabilities)])
    #expect(text.contains("<value>ext4</value>"))
    #expect(!text.contains("xfs") && !text.contains("volOptions"))
  }

  @Test("the default is one of the words wherever there are any", arguments: PoolType.allCases)
  func defaults(type: PoolType) {
    let capabilities = PoolCapabilities(of: type)
    for choice in [capabilities.sourceFormats, capabilities.volumeFormats].compactMap({ $0 }) {
      #expect(choice.words.isEmpty || choice.words.contains(choice.standard))
    }
    let words = capabilities.volumeFormats?.words ?? []
    for format in capabilities.creatableFormats {
      #expect(words.isEmpty || words.contains(format.rawValue))
    }
  }
}
