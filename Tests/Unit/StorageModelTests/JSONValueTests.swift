import StorageModel
import Testing

@Suite("Reading JSON")
struct JSONValueTests {
  private func read(_ text: String) -> JSONValue? { JSONValue(Array(text.utf8)) }

  @Test("values of every kind are read")
  func kinds() {
    #expect(read(" null ") == .null)
    #expect(read("[true,false]") == .array([.boolean(true), .boolean(false)]))
    #expect(read("-12.50e3") == .number("-12.50e3"))
    #expect(read("{}") == .object([:]))
    #expect(read("[]") == .array([]))
    #expect(read("{\"a\": [1, {\"b\": \"c\"}]}")?["a"]?.elements?.last?["b"]?.text == "c")
  }

  @Test("escapes are read, also those of characters outside the first plane")
  func escapes() {
    #expect(read(#""a\"b\\c\/d\n\u0041""#) == .string("a\"b\\c/d\nA"))
    #expect(read(#""\ud83d\ude00é""#) == .string("😀é"))
  }

  @Test(
    "what is no JSON is refused",
    arguments: [
      "", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "tru", "\"a", "\"\u{1}\"", "1 2", "\"\\x\"", "'a'",
      "nul", "[1 2]",
    ])
  func refused(text: String) { #expect(read(text) == nil) }

  @Test("nesting has a limit")
  func depth() {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(read(nested(60)) != nil)
    #expect(read(nested(100_000)) == nil)
  }
}
