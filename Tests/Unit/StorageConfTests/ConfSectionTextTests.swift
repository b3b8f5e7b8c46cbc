import StorageConf
import Testing

@Suite("A section as it stands in the file")
struct ConfSectionTextTests {
  private let file = """
    # first
    [a]
    x = 1
    # inside
    y = 2

    # of b
    [b]
    x = 3

    """

  private func document(_ text: String) throws -> ConfDocument {
    try ConfDocument.parse(Array(text.utf8), file: "f")
  }

  private func text(_ document: ConfDocument) -> String {
    String(decoding: document.bytes, as: UTF8.self)
  }

  @Test("it goes from its header to its last key")
  func range() throws {
    let text = try document(file).text(ofSection: "a")
    #expect(String(decoding: text, as: UTF8.self) == "[a]\nx = 1\n# inside\ny = 2\n")
  }

  @Test("an edited section leaves every other byte as it is")
  func replaced() throws {
    var document = try document(file)
    try document.replaceSection("a", with: Array("[a]\nz=9".utf8))
    #expect(text(document) == "# first\n[a]\nz=9\n\n# of b\n[b]\nx = 3\n")
    try document.replaceSection("b", with: Array("; new\n[b]\n\n".utf8))
    #expect(text(document) == "# first\n[a]\nz=9\n\n# of b\n; new\n[b]\n\n")
  }

  @Test("the last section may lack the end of its line")
  func unfinishedLine() throws {
    var document = try document("[a]\nx=1")
    try document.replaceSection("a", with: Array("[a]\nx=2".utf8))
    #expect(text(document) == "[a]\nx=2\n")
  }

  @Test(
    "what is not exactly that section is refused",
    arguments: ["", "# nothing", "[c]\nx=1", "[a]\n[c]\n", "[c]\n[a]\n", "x=1", "[a]\nnonsense\n"])
  func refused(text: String) throws {
    var document = try document(file)
    #expect(throws: ConfProblem.self) { try document.replaceSection("a", with: Array(text.utf8)) }
    #expect(self.text(document) == file)
  }

  @Test("defaults for all sections are not one section's to change")
  func defaults() throws {
    var document = try document(file)
    #expect(throws: ConfProblem.self) {
      try document.replaceSection("a", with: Array("[a]\nx=1\n[DEFAULT]\ny=5\n".utf8))
    }
  }

  @Test("a section in several places is refused, and one that is not there")
  func severalPlaces() throws {
    let document = try document("[a]\nx=1\n[b]\ny=1\n[a]\nz=1\n")
    #expect(throws: ConfProblem.self) { try document.text(ofSection: "a") }
    #expect(throws: ConfProblem.self) { try document.text(ofSection: "c") }
    #expect(throws: Never.self) { try document.text(ofSection: "b") }
  }
}
