import StorageModel
import StorageXML
import Testing

/// Documents that somebody wrote to do harm, or that were damaged.
@Suite struct HostileInputTests {
  private static let target = "<target><path>/a</path></target>"

  @Test(arguments: [
    "<!DOCTYPE pool><pool type='dir'><name>a</name>\(target)</pool>",
    "<!DOCTYPE pool [<!ENTITY a 'x'>]><pool type='dir'><name>&a;</name>\(target)</pool>",
    "<!DOCTYPE pool SYSTEM 'file:///etc/passwd'><pool type='dir'/>",
    "<!DOCTYPE pool [<!ENTITY % p SYSTEM 'http://example.org/x'> %p;]><pool/>",
    """
    <!DOCTYPE pool [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
    <!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>
    <pool type='dir'><name>&d;</name></pool>
    """,
  ])
  func refusesDocumentTypes(text: String) {
    #expect(problem(text)?.message == "DOCTYPE is not allowed")
    #expect(problem(text)?.line == 1)
  }

  @Test(arguments: ["<name>&file;</name>", "<name a='&file;'/>"])
  func knowsNoFurtherEntities(part: String) {
    let text = "<pool type='dir'>\n  \(part)\(Self.target)</pool>"
    #expect(problem(text)?.message == "Entity 'file' not defined")
    #expect(problem(text)?.line == 2)
  }

  @Test func limitsNesting() {
    let allowed = nested(64)
    #expect(problem(allowed)?.message == "missing pool source name element")
    let text = nested(65)
    #expect(problem(text)?.message == "elements are nested more than 64 deep")
    #expect(problem(text)?.line == 65)
    #expect(problem(nested(100_000))?.line == 65)
  }

  /// A pool with elements inside each other, one a line, `depth` with the pool.
  private func nested(_ depth: Int) -> String {
    "<pool type='dir'>" + String(repeating: "\n<x>", count: depth - 1)
      + String(repeating: "</x>", count: depth - 1) + "</pool>"
  }

  @Test func limitsCount() {
    let text = "<pool>\n" + String(repeating: "<x/>", count: 50_000) + "</pool>"
    #expect(problem(text)?.text == "f:2:199997: document has more than 50000 elements")
  }

  @Test func limitsSize() throws {
    let start = "<pool type='dir'><name>a</name>\(Self.target)<!--"
    let room = 1_048_576 - start.utf8.count - "--></pool>".utf8.count
    let largest = start + String(repeating: "x", count: room) + "--></pool>"
    #expect(problem(largest) == nil)
    #expect(problem(largest + " ")?.text == "f: document is larger than 1048576 bytes")
  }

  @Test func readsLongTextWhole() throws {
    let label = String(repeating: "ab&amp;\n<![CDATA[<]]>&#233;", count: 20_000)
    let text =
      "<pool type='dir'><name>a</name><target><path>/a</path><permissions><label>\(label)"
      + "</label></permissions></target></pool>"
    let pool = try PoolXML.read(Array(text.utf8), file: "f", validate: true)
    #expect(pool.target.permissions.label == String(repeating: "ab&\n<é", count: 20_000))
  }

  @Test func refusesNULBytes() {
    #expect(problem("<pool\n type='\0dir'/>")?.text == "f:2:8: document has a NUL byte")
  }

  @Test func refusesInvalidUTF8() {
    let text =
      Array("<pool type='dir'>\n<name>a".utf8) + [0xc3, 0x28] + Array("</name></pool>".utf8)
    let result = problem(text)
    #expect(result?.message.hasPrefix("Input is not proper UTF-8, indicate encoding !") == true)
    #expect(result?.line == 2)
    #expect(result?.message.contains("\n") == false)
  }

  @Test func readsOtherEncodings() throws {
    let text =
      Array("<?xml version='1.0' encoding='ISO-8859-1'?>\n<pool type='dir'><name>".utf8) + [0xe9]
      + Array("</name><target><path>/a</path></target></pool>".utf8)
    #expect(try PoolXML.read(text, file: "f", validate: true).name.text == "é")
    let marked =
      [0xef, 0xbb, 0xbf] + Array("<pool type='dir'><name>a</name>\(Self.target)</pool>".utf8)
    #expect(try PoolXML.read(marked, file: "f", validate: true).name.text == "a")
  }

  /// Every beginning of a document is refused, and none crashes.
  @Test func refusesTruncatedDocuments() {
    let text = Fixtures.bytes("Pools/rbd-full.xml")
    let end = text.lastIndex(of: UInt8(ascii: ">")) ?? 0
    for length in 0...end {
      #expect(problem(Array(text[..<length])) != nil, "\(length) bytes")
    }
  }

  /// Every document with one byte changed either reads or is refused, and none crashes.
  @Test func survivesDamage() {
    let text = Fixtures.bytes("Pools/scsi-parent-address.xml")
    for index in text.indices {
      for byte in [0, 0x20, 0x22, 0x26, 0x27, 0x2f, 0x3c, 0x3e, 0x80, 0xff] as [UInt8] {
        var damaged = text
        damaged[index] = byte
        _ = problem(damaged)
      }
    }
  }

  @Test(arguments: [
    ("", "f: document is empty"),
    ("   ", "f:1:4: Start tag expected, '<' not found"),
    (
      "<pool type='dir'>\n<name>a</pool>",
      "f:2:15: Opening and ending tag mismatch: name line 2 and pool"
    ),
    ("<pool a='1' a='2'/>", "f:1:18: Attribute a redefined"),
    ("<pool/><pool/>", "f:1:8: Extra content at the end of the document"),
    ("<pool type=dir/>", "f:1:12: AttValue: \" or ' expected"),
    ("<domain/>", "f:1:1: expecting root element of 'pool', not 'domain'"),
    ("\n  <!-- é --> <pool/>", "f:2:14: Missing required attribute 'type' in element 'pool'"),
  ])
  func tellsWhere(text: String, expected: String) {
    #expect(problem(text)?.text == expected)
  }

  @Test func keepsMessagesOnOneLine() {
    let text = "<pool type='dir'><name>a\n/\t</name>\(Self.target)</pool>"
    #expect(problem(text)?.message == "name a\\n/\\t cannot contain '/'")
    let long = String(repeating: "x", count: 100_000)
    #expect((problem("<pool type='\(long)'/>")?.message.utf8.count ?? 0) < 400)
  }

  private func problem(_ text: String) -> XMLProblem? { problem(Array(text.utf8)) }

  private func problem(_ bytes: [UInt8]) -> XMLProblem? {
    do {
      _ = try PoolXML.read(bytes, file: "f", validate: false)
      return nil
    } catch {
      return error
    }
  }
}
