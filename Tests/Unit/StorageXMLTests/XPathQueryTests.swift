import StorageXML
import Testing

@Suite("Parts of documents by XPath")
struct XPathQueryTests {
  private let document = """
    <pool type='dir'>
      <name>a &amp; b</name>
      <target>
        <path>/x</path>
      </target>
      <capacity unit='bytes'>0</capacity>
      <available unit='bytes'>0</available>
    </pool>

    """

  @Test("each node selected is printed on lines of its own")
  func each() throws {
    let text = try XPathQuery.select("//name | //target", from: document, wrapped: false)
    #expect(text == "<name>a &amp; b</name>\n<target>\n  <path>/x</path>\n</target>\n")
  }

  @Test("wrapped nodes make one document")
  func wrapped() throws {
    let text = try XPathQuery.select("//name | //path", from: document, wrapped: true)
    #expect(text == "<nodes>\n  <name>a &amp; b</name>\n  <path>/x</path>\n</nodes>\n")
  }

  @Test("nothing selected is nothing, or an empty document")
  func nothing() throws {
    #expect(try XPathQuery.select("//absent", from: document, wrapped: false).isEmpty)
    #expect(try XPathQuery.select("//absent", from: document, wrapped: true) == "<nodes/>\n")
  }

  @Test("texts and attributes are nodes as well")
  func textsAndAttributes() throws {
    #expect(try XPathQuery.select("//path/text()", from: document, wrapped: false) == "/x\n")
    let units = try XPathQuery.select("//@unit", from: document, wrapped: false)
    #expect(units == " unit=\"bytes\"\n unit=\"bytes\"\n")
    #expect(
      try XPathQuery.select("//@unit", from: document, wrapped: true) == "<nodes unit=\"bytes\"/>\n"
    )
  }

  @Test(
    "any set of nodes can be wrapped",
    arguments: ["/", "//node()", "//namespace::*", "//@*|//text()|//comment()"])
  func anySet(expression: String) throws {
    #expect(try XPathQuery.select(expression, from: document, wrapped: true).hasPrefix("<nodes"))
  }

  @Test(
    "what selects no nodes is refused",
    arguments: ["", "//[", "count(//name)", "'text'", "//name = 'x'", "no:prefix", "nosuch()"])
  func refused(expression: String) {
    #expect(throws: XMLProblem.self) {
      try XPathQuery.select(expression, from: document, wrapped: false)
    }
  }
}
