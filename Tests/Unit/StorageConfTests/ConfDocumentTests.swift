import StorageConf
import Testing

/// Reads text; a test fails by the thrown problem.
func parse(_ text: String) throws(ConfProblem) -> ConfDocument {
  try ConfDocument.parse(Array(text.utf8), file: "f")
}

/// The problem that reading `text` gives, as text, or nil.
func problem(_ text: String) -> String? {
  do {
    _ = try parse(text)
    return nil
  } catch { return error.text }
}

@Suite("Reading INI as RawConfigParser 2.7 does")
struct ConfDocumentTests {
  /// Every expected value was printed by Python 2.7.18.
  @Test(arguments: [
    ("[a]\nk=v\n", "a", "k", "v"),
    ("[a]\nk: v\n", "a", "k", "v"),
    ("[a]\n  \nDIR_PATH =  Some Path  \n", "a", "dir_path", "Some Path"),
    ("[a]\nk=a ;b\n", "a", "k", "a"),
    ("[a]\nk=a\t; b\n", "a", "k", "a"),
    ("[a]\nk=a;b\n", "a", "k", "a;b"),
    ("[a]\nk=a # b\n", "a", "k", "a # b"),
    ("[a]\nk=a;b ; c\n", "a", "k", "a;b ; c"),
    ("[a]\nk= ;foo\n", "a", "k", ";foo"),
    ("[a]\nk=;foo \n", "a", "k", ""),
    ("[a]\nrem=1\n", "a", "rem", "1"),
    ("[a]\nk=v\n  # c\n", "a", "k", "v\n# c"),
    ("[a]\nk=v\n# c\n  w ; x\n", "a", "k", "v\nw ; x"),
    ("[a]\nk=v\n\n  w\n", "a", "k", "v\nw"),
    ("[a]\nk=v\n [b]\nx=1\n", "a", "k", "v\n[b]"),
    ("[a]\n[b=c\n", "a", "[b", "c"),
    ("[a]\nK K : V=2\n", "a", "k k", "V=2"),
    ("[a]\nk:=v\n", "a", "k", "=v"),
    ("[a]\nk=\"\"\n", "a", "k", ""),
    ("[a]\nk=\"\" ; c\n", "a", "k", ""),
    ("[a]\nk=\"\"\n w\n", "a", "k", "\nw"),
    ("[a]\nk=\n", "a", "k", ""),
    ("[a]\nk=50%(x)s%%\n", "a", "k", "50%(x)s%%"),
    ("[a]\r\nk=v\r\n", "a", "k", "v"),
    ("[a]x]\nk=1\n", "a", "k", "1"),
    ("[a b] ; poolname\nk=1\n", "a b", "k", "1"),
    ("[[a]\nk=1\n", "[a", "k", "1"),
    ("\u{0c}\n[a]\nk=v\u{0b};c\n", "a", "k", "v"),
    ("[a]\nk=v\n\u{0c}w\n", "a", "k", "v\nw"),
    ("[a]\nk=1\nk=2\n  3\n", "a", "k", "2\n3"),
    ("[a]\nk=1", "a", "k", "1"),
  ])
  func value(text: String, section: String, key: String, value: String) throws {
    #expect(try parse(text).section(named: section)?.entry(key)?.value == value)
  }

  @Test(arguments: [
    ("[a]\nk\n", "f:2: expected a [section], 'key = value' or a comment"),
    ("[a]\n k=v\n", "f:2: expected a [section], 'key = value' or a comment"),
    ("[a]\nk=v\n[a]\n cont\n", "f:4: expected a [section], 'key = value' or a comment"),
    ("[a]\n=v\n", "f:2: expected a [section], 'key = value' or a comment"),
    ("# c\nk=v\n", "f:2: text before the first [section]"),
    (" [a]\n", "f:1: text before the first [section]"),
    ("[]\n", "f:1: text before the first [section]"),
    ("[a=b\n", "f:1: text before the first [section]"),
    ("[a]\nk=v\u{0}\n", "f:2: file contains a NUL byte"),
  ])
  func refusals(text: String, message: String) {
    #expect(problem(text) == message)
  }

  @Test func commentsAndBlankLines() throws {
    let document = try parse("#c\n;c\n\n[a]\nREM\nrem remark = 1\nrem = 1\nk=1\n")
    #expect(document.sections.map(\.name) == ["a"])
    #expect(document.section(named: "a")?.entries.map(\.key) == ["k"])
    #expect(document.section(named: "a")?.line == 4)
    #expect(document.section(named: "a")?.entry("k")?.line == 8)
  }

  @Test func repeatedSectionsAreOne() throws {
    let document = try parse("[a]\nx=1\ny=1\n[b]\nz=1\n[a]\ny=2\nw=3\n")
    #expect(document.sections.map(\.name) == ["a", "b"])
    let section = try #require(document.section(named: "a"))
    #expect(section.entries.map(\.key) == ["x", "y", "w"])
    #expect(section.entry("y")?.value == "2")
    #expect(section.entry("y")?.line == 7)
    #expect(section.line == 1)
  }

  @Test func capitalDefaultIsInherited() throws {
    let document = try parse("[a]\ny=3\n[DEFAULT]\nx=1\ny=2\n[default]\nz=1\n")
    #expect(document.sections.map(\.name) == ["a", "default"])
    let section = try #require(document.section(named: "a"))
    #expect(section.entries.map { "\($0.key)=\($0.value)" } == ["y=3", "x=1"])
    #expect(document.section(named: "default")?.entries.map(\.key) == ["z", "x", "y"])
  }

  @Test func emptyFile() throws {
    #expect(try parse("").sections.isEmpty)
    #expect(try parse("\n# only a comment").sections.isEmpty)
  }

  @Test func sizeLimit() throws {
    let comment = Array(repeating: UInt8(ascii: "#"), count: 1 << 20)
    #expect(try ConfDocument.parse(comment, file: "f").sections.isEmpty)
    #expect(throws: ConfProblem(file: "f", message: "file is larger than 1.00 MiB")) {
      try ConfDocument.parse(comment + [10], file: "f")
    }
  }

  @Test func bytesThatAreNoTextOnlyInComments() throws {
    let comment: [UInt8] = Array("# ".utf8) + [0xe9, 10]
    let document = try ConfDocument.parse(comment + Array("[a]\nk=é\n".utf8), file: "f")
    #expect(document.bytes.starts(with: comment))
    #expect(document.section(named: "a")?.entry("k")?.value == "é")
    #expect(throws: ConfProblem(file: "f", line: 2, message: "not valid UTF-8")) {
      try ConfDocument.parse(Array("[a]\nk=".utf8) + [0xe9, 10], file: "f")
    }
  }

  @Test func manySectionsAreReadInTime() throws {
    let text = (0..<60_000).map { "[s\($0)]\nk=v\n" }.joined()
    #expect(try parse(text).sections.count == 60_000)
  }
}
