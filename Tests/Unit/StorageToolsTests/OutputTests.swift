import StorageModel
import StorageOS
import Testing

@testable import StorageTools

@Suite("Tables, labels and JSON")
struct OutputTests {
  @Test("a table is as wide as its widest cells, and its last column is not padded")
  func table() {
    let text = Table.text(
      ["Name", "State", "Autostart"], [["default", "active", "no"], ["x", "inactive", "yes"]])
    #expect(
      text == """
         Name      State      Autostart
        ---------------------------------
         default   active     no
         x         inactive   yes

        """)
  }

  @Test("a table without rows is its header and a line")
  func emptyTable() {
    #expect(Table.text(["Name", "Path"], []) == " Name   Path\n--------------\n")
  }

  static let rows = [
    ["base", "active", "/var/lib/cistern/images/base"],
    ["work", "inactive", "/var/lib/cistern/images/of/customers/work"],
  ]

  @Test(
    "on a terminal a table fits the window as far as it can, its longest cells cut in the middle",
    arguments: [120, 60, 50, 40])
  func narrow(columns: Int) {
    let terminal = Terminal(columns: columns, usesColour: false)
    let lines = Table.text(["Name", "State", "Path"], Self.rows, on: terminal)
      .split(separator: "\n").map(String.init)
    #expect(lines.allSatisfy { $0.count <= columns })
    #expect(lines[2].hasPrefix(" base   active     /var"))
    #expect(lines[3].hasSuffix("work"))
    #expect(lines[3].contains("…") == (columns < 65))
  }

  @Test("what does not fit at all is left to the terminal, and the mark follows the locale")
  func tooNarrow() {
    let terminal = Terminal(columns: 10, usesColour: false, isUnicode: false)
    let text = Table.text(["Name", "State", "Path"], Self.rows, on: terminal)
    #expect(text.contains(" base   active     /va~ges/base\n"))
  }

  @Test("output that goes to no terminal is never cut nor coloured")
  func noTerminal() {
    let text = Table.text(["Name", "State", "Path"], Self.rows, on: .none)
    #expect(text.contains(Self.rows[1][2]) && !text.contains("\u{1b}"))
  }

  @Test("states have a colour, and say their word as well")
  func colour() {
    let terminal = Terminal(columns: nil, usesColour: true)
    let text = Table.text(["Name", "State", "Path"], [["active", "active", "x"]], on: terminal)
    #expect(text.contains(" active   \u{1b}[32mactive\u{1b}[0m   x\n"))
    let labels = Table.labels([("Name", "running"), ("State", "running")], on: terminal)
    #expect(labels == "Name:           running\nState:          \u{1b}[32mrunning\u{1b}[0m\n")
  }

  @Test("letters of more than one byte are one column")
  func wideLetters() {
    let lines = Table.text(["N", "P"], [["ä", "/a"], ["öüß", "/b"]]).split(separator: "\n")
    #expect(lines[2] == " ä     /a")
    #expect(lines[3] == " öüß   /b")
    #expect(lines[1].count == 3 + 3 + 2 + 3)
  }

  @Test("labels are padded to sixteen columns")
  func labels() {
    #expect(
      Table.labels([("Name", "x"), ("Allocation", "1.00 GiB"), ("A long label indeed", "y")])
        == "Name:           x\nAllocation:     1.00 GiB\nA long label indeed: y\n")
  }

  @Test(
    "control characters and turns of direction are shown, not sent",
    arguments: [
      ("plain", "plain"), ("", ""), ("ümläut 漢字", "ümläut 漢字"), ("a\nb", "a\\x0ab"),
      ("\u{1b}[31mred", "\\x1b[31mred"), ("\u{7f}", "\\x7f"), ("\u{0}", "\\x00"),
      ("\u{9b}31m", "\\x9b31m"), ("\u{85}", "\\x85"), ("a\u{202e}gnp.exe", "a\\u{202e}gnp.exe"),
      ("\u{2028}", "\\u{2028}"), ("\u{feff}", "\\u{feff}"), ("\t", "\\x09"), ("\r\n", "\\x0d\\x0a"),
    ])
  func escaping(text: String, shown: String) {
    #expect(text.escaped == shown)
  }

  @Test("values are written on one line in the order given")
  func json() {
    let value = JSON.object([
      ("b", .integer(-9_223_372_036_854_775_808)),
      ("a", .array([.boolean(true), .null, .array([])])),
      ("o", .object([])), ("s", .text(nil)), ("t", .text("x")), ("z", .size(nil)),
      ("n", .size(.maximum)), ("w", .time(Timestamp(seconds: 0))),
    ])
    #expect(
      value.text
        == #"{"b":-9223372036854775808,"a":[true,null,[]],"o":{},"s":null,"t":"x","z":null,"n":9223372036854775807,"w":"1970-01-01T00:00:00Z"}"#
    )
  }

  @Test(
    "strings are quoted as RFC 8259 wants it",
    arguments: [
      ("", #""""#), ("plain", #""plain""#), (#"a"b\c/"#, #""a\"b\\c/""#), ("\n\t\r", #""\n\t\r""#),
      ("\u{0}\u{1}\u{1f}\u{7f}", #""\u0000\u0001\u001f\u007f""#),
      ("\u{8}\u{c}", #""\u0008\u000c""#),
      ("ü漢🙂", #""ü漢🙂""#), ("\r\n", #""\r\n""#), ("\u{2028}", "\"\u{2028}\""),
    ])
  func quoting(text: String, quoted: String) {
    #expect(JSON.string(text).text == quoted)
    #expect(JSON.object([(text, .null)]).text == "{\(quoted):null}")
  }

  @Test("no output of any value breaks the line")
  func oneLine() {
    let text = String(String.UnicodeScalarView((0..<0x300).compactMap(Unicode.Scalar.init)))
    let json = JSON.string(text).text
    #expect(!json.utf8.contains { $0 < 0x20 || $0 == 0x7f })
  }
}
