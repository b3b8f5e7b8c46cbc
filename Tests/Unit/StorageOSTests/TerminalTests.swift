import StorageOS
import Testing

@Suite("What a terminal decides")
struct TerminalTests {
  static func terminal(_ isTerminal: Bool, _ environment: [String: String]) -> Terminal {
    Terminal(isTerminal: isTerminal, width: 80) { environment[$0] }
  }

  @Test(
    "only a terminal has columns, and COLUMNS says how many where the window is meant to look smaller"
  )
  func columns() {
    #expect(Self.terminal(true, [:]).columns == 80)
    #expect(Self.terminal(false, [:]).columns == nil)
    #expect(Self.terminal(true, ["COLUMNS": "40"]).columns == 40)
    #expect(Self.terminal(false, ["COLUMNS": "40"]).columns == nil)
    for text in ["0", "-1", "wide"] {
      #expect(Self.terminal(true, ["COLUMNS": text]).columns == 80)
    }
  }

  @Test(
    "colour is for terminals that can, unless somebody says otherwise",
    arguments: [
      (true, ["TERM": "xterm"], true), (true, [:], false), (true, ["TERM": "dumb"], false),
      (true, ["TERM": "xterm", "NO_COLOR": "1"], false), (false, ["TERM": "xterm"], false),
      (true, ["TERM": "xterm", "CLICOLOR": "0"], false), (false, ["FORCE_COLOR": "1"], true),
      (false, ["CLICOLOR_FORCE": "1"], true), (false, ["FORCE_COLOR": "0"], false),
      (false, ["FORCE_COLOR": "1", "NO_COLOR": "1"], false),
    ])
  func colour(isTerminal: Bool, environment: [String: String], uses: Bool) {
    #expect(Self.terminal(isTerminal, environment).usesColour == uses)
  }

  @Test(
    "the locale says whether letters outside ASCII can be shown",
    arguments: [
      (["LANG": "de_DE.UTF-8"], true), (["LC_ALL": "C", "LANG": "de_DE.UTF-8"], false),
      (["LC_CTYPE": "C.utf8", "LANG": "C"], true), ([:], false),
    ])
  func unicode(environment: [String: String], isUnicode: Bool) {
    #expect(Self.terminal(true, environment).isUnicode == isUnicode)
  }

  @Test(
    "wide letters take two columns, combining ones none",
    arguments: [("", 0), ("plain", 5), ("äöü", 3), ("漢字", 4), ("e\u{301}", 1), ("…", 1)])
  func width(text: String, columns: Int) {
    #expect(Terminal.width(text) == columns)
  }
}
