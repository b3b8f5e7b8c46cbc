import StorageModel
import StorageXML
import Testing

@Suite("Documents of secrets")
struct SecretXMLTests {
  static let uuid = "11111111-2222-3333-4444-555555555555"

  private func read(_ text: String, validate: Bool = false) throws -> (
    secret: SecretDefinition, uuidIsGiven: Bool
  ) {
    try SecretXML.read(Array(text.utf8), file: "f", validate: validate)
  }

  @Test(
    "what libvirt 9.0 refuses is refused in its words",
    arguments: Fixtures.errorCases("secret-errors.txt"))
  func refusals(problem: Fixtures.ErrorCase) {
    do {
      let secret = try read(problem.document).secret
      Issue.record("accepted: \(SecretXML.write(secret))")
    } catch let error as XMLProblem {
      #expect(error.message == problem.message)
    } catch { Issue.record("\(error)") }
  }

  @Test(
    "a secret of each use is printed as libvirt prints it, and read again",
    arguments: [
      ("volume", "volume"), ("ceph", "name"), ("iscsi", "target"), ("tls", "name"),
      ("vtpm", "name"),
    ])
  func uses(type: String, element: String) throws {
    let document = """
      <secret ephemeral='no' private='yes'>
        <uuid>\(Self.uuid)</uuid>
        <description>a &amp; b</description>
        <usage type='\(type)'>
          <\(element)>some &lt;name&gt;</\(element)>
        </usage>
      </secret>

      """
    let (secret, uuidIsGiven) = try read(document)
    #expect(uuidIsGiven)
    #expect(
      secret.usage == SecretUsage(kind: try #require(.init(rawValue: type)), name: "some <name>"))
    #expect(SecretXML.write(secret) == document)
  }

  @Test("what may be left out may be left out")
  func minimal() throws {
    let (secret, uuidIsGiven) = try read(
      "<secret ephemeral=''><uuid/><description/><usage type='none'/><colour/></secret>")
    #expect(!uuidIsGiven)
    #expect(secret == SecretDefinition(uuid: secret.uuid))
    #expect(
      SecretXML.write(secret)
        == "<secret ephemeral='no' private='no'>\n  <uuid>\(secret.uuid)</uuid>\n</secret>\n")
    #expect(try read("<secret/>").secret.uuid != secret.uuid)
  }

  @Test(
    "validation refuses what libvirt's schema does not know",
    arguments: [
      "<secret><colour/></secret>", "<secret colour='blue'/>", "<secret ephemeral=''/>",
      "<secret><uuid>\(uuid) </uuid></secret>", "<secret><usage type='none'/></secret>",
      "<secret><usage type='volume'><volume>relative</volume></usage></secret>",
      "<secret><usage type='ceph'><volume>/a</volume></usage></secret>",
      "<secret><description/><description/></secret>", "<secret>text</secret>",
    ])
  func validation(document: String) {
    #expect(throws: XMLProblem.self) { try read(document, validate: true) }
  }
}
