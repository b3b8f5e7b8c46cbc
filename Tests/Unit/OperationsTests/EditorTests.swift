import Testing

@testable import StorageHost

@Suite("The editor's command line")
struct EditorTests {
  @Test(
    "words are what is between blanks, and quotes keep blanks in a word",
    arguments: [
      ("vi", ["vi"]), ("  code   --wait ", ["code", "--wait"]), ("", []), ("\t\n", []),
      ("'/opt/my editor/ed' -w", ["/opt/my editor/ed", "-w"]), ("a\\ b c", ["a b", "c"]),
      ("a''b \"\"", ["ab", ""]), ("\"a \\\"b\\\\ \\n\"", ["a \"b\\ \\n"]), ("'a\\b'", ["a\\b"]),
      (
        "ed; rm -r / $HOME `x` | y > z",
        ["ed;", "rm", "-r", "/", "$HOME", "`x`", "|", "y", ">", "z"]
      ),
    ])
  func words(line: String, words: [String]) { #expect(Editor.words(of: line) == words) }

  @Test("a quote without an end is refused", arguments: ["'", "vi \"x", "vi \\", "'a'\"'"])
  func unfinished(line: String) { #expect(Editor.words(of: line) == nil) }
}
