import StorageModel
import Testing

/// Texts that look the same and are not, and separators with a combining mark behind them.
@Suite("Text is bytes")
struct TextTests {
  static let one = "caf\u{e9}"
  static let two = "cafe\u{301}"

  private struct Holder: Hashable {
    var text: String
    var other: String?
  }

  private enum Choice: Equatable { case named(String) }

  @Test("canonically equivalent texts are two")
  func equality() {
    let (one, two) = (Self.one, Self.two)
    #expect((one == two) == false)
    #expect(one != two)
    #expect((one[...] == two[...]) == false)
    #expect((one == two[...]) == false)
    let (maybe, other): (String?, String?) = (one, two)
    #expect((maybe == two) == false)
    #expect((maybe == other) == false)
    #expect((maybe.map { $0 } == other) == false)
    let (rest, others): (ArraySlice<String>, ArraySlice<String>) = (["", one].dropFirst(), [two])
    #expect((rest == others) == false)
    #expect(![one].elementsEqual([two]) && ![one].starts(with: [two]))
    #expect(([one] == [two]) == false)
    #expect(![one].contains(two))
    #expect([one].firstIndex(of: two) == nil)
    #expect(Holder(text: one) != Holder(text: two))
    #expect(Holder(text: "", other: one) != Holder(text: "", other: two))
    #expect(Set([Holder(text: one), Holder(text: two)]).count == 2)
    #expect(Choice.named(one) != .named(two))
    switch one {
    case "cafe\u{301}": Issue.record("matched")
    default: break
    }
    switch Optional(one) {
    case "cafe\u{301}": Issue.record("matched")
    default: break
    }
    // The sign of Kelvin is no K.
    #expect("\u{212a}" != "K")
  }

  @Test("texts are in the order of their bytes")
  func order() {
    let (one, two) = (Self.one, Self.two)
    #expect(two < one && one > two && two <= one && one >= two)
    #expect([one, "cafz", two].sorted() == [two, "cafz", one])
    #expect([one, two].min() == two && [one, two].max() == one)
    #expect([one, two].map { ByteString($0) }.sorted().map(\.text) == [two, one])
  }

  @Test("the checked types hold and sort both")
  func types() throws {
    let (one, two) = (Self.one, Self.two)
    #expect(try Set([VolumeName(one), VolumeName(two)]).count == 2)
    #expect(try VolumeName(two) < VolumeName(one))
    #expect(try Set([PoolName(one), PoolName(two)]).count == 2)
    #expect(try PoolName(two) < PoolName(one))
    #expect(Set([Path("/" + one), Path("/" + two)]).count == 2)
    #expect(Path("/" + two) < Path("/" + one))
    #expect(Set([ByteString(one), ByteString(two)]).count == 2)
    #expect([ByteString(one): 1][two] == nil)
    #expect([ByteString(one): 1][one] == 1)
  }

  @Test("a mark behind a separator leaves it one")
  func separators() throws {
    #expect("/\u{301}x".hasPrefix("/") && "x/\u{301}"[...].hasPrefix("x/"))
    #expect(!"a.img\u{301}".hasSuffix(".img") && "a\u{301}.img".hasSuffix(".img"))
    #expect("a/\u{301}b".contains("/") && !"a\u{301}".contains("\u{e1}"))
    #expect("a/\u{301}b/c".split(separator: "/") == ["a", "\u{301}b", "c"])
    #expect("a\r\nb".split(separator: "\n") == ["a\r", "b"])
    #expect("a, \u{301}b,c".split(separator: ", ") == ["a", "\u{301}b,c"])
    #expect("--a----b".split(separator: "--") == ["a", "b"])
    #expect("a\r\nb\n".lines == ["a", "b"])
    #expect("a.\u{301}b.c".cut(atLast: ".")?.before == "a.\u{301}b")
    #expect("a.\u{301}b.c".cut(at: ".")?.after == "\u{301}b.c")
    #expect("x.img\u{301}".without(suffix: ".img") == nil)
    #expect("\u{301}x.img".without(suffix: ".img") == "\u{301}x")
    #expect("~\u{301}x".without(prefix: "~") == "\u{301}x")
    #expect("a--\u{301}b--".replacing("--", by: "-") == "a-\u{301}b-")
    #expect(" \u{301}x ".trimmed == "\u{301}x")
    let path = Path("/a/\u{301}b")
    #expect(path.isAbsolute && path.lastComponent == "\u{301}b" && path.parent == Path("/a"))
    #expect(path.components == ["a", "\u{301}b"])
    #expect(Path("/\u{301}").isAbsolute)
    #expect(path.relative(to: Path("/a")) == "\u{301}b")
    #expect(try VolumeName("a/\u{301}b", nested: true).components == ["a", "\u{301}b"])
    #expect(throws: NameProblem.slash("a/\u{301}b")) { try VolumeName("a/\u{301}b") }
    #expect(throws: NameProblem.leadingDash("-\u{301}b")) { try VolumeName("-\u{301}b") }
  }

  @Test("a list is in virsh's order")
  func listOrder() {
    let names = [
      "b", "a long name 2", "A long name 1", "", "É", "é", "e\u{301}", "B", "a long name", "z",
    ]
    let expected = names.sorted {
      let (left, right) = ($0.lowercasedASCII, $1.lowercasedASCII)
      return left == right ? $0 < $1 : left < right
    }
    #expect(ListOrder.order(of: names).map { names[$0] } == expected)
    #expect(expected.prefix(3) == ["", "a long name", "A long name 1"])
    #expect(ListOrder.order(of: []) == [] && ListOrder.order(of: ["x", "x"]) == [0, 1])
  }

  @Test("only A to Z change their case where names are sorted, and only ASCII letters are units")
  func letters() {
    #expect("ÉA\u{212a}".lowercasedASCII == "Éa\u{212a}")
    #expect(throws: ScaledSize.Problem.self) { try ScaledSize.parse("1\u{212a}") }
  }
}
