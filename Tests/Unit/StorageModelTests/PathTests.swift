import StorageModel
import Testing

@Suite struct PathTests {
  /// The results are libvirt's, seen in what it prints.
  @Test(arguments: [
    ("/", "/"), ("//", "//"), ("///", "/"), ("////", "/"), ("/a", "/a"), ("/a/", "/a"),
    ("/a//b///c/", "/a/b/c"), ("//a//b/", "//a/b"), ("///a//b/", "/a/b"), ("a//b/", "a/b"),
    ("", ""), ("nfs://h//x//", "nfs://h//x//"), ("/a/../b", "/a/../b"), ("/é//", "/é"),
  ])
  func cleans(text: String, expected: String) {
    #expect(Path(text).text == expected)
  }

  @Test func keepsVerbatim() {
    #expect(Path(verbatim: "/a//b/").text == "/a//b/")
  }

  @Test func takesApart() {
    #expect(Path("/a/b").lastComponent == "b")
    #expect(Path("/").lastComponent == "/")
    #expect(Path("b").lastComponent == "b")
    #expect(Path("/a/b").parent == Path("/a"))
    #expect(Path("/a").parent == Path("/"))
    #expect(Path("a").parent == Path("."))
    #expect(Path("/a/b").components == ["a", "b"])
    #expect(Path("/a").appending("b") == Path("/a/b"))
    #expect(Path("/").appending("b") == Path("/b"))
    #expect(Path("/a").isAbsolute)
    #expect(!Path("a").isAbsolute)
  }

  @Test func findsWhatIsBelow() {
    #expect(Path("/a/b/c").relative(to: Path("/a")) == "b/c")
    #expect(Path("/a").relative(to: Path("/")) == "a")
    #expect(Path("/a").relative(to: Path("/a")) == nil)
    #expect(Path("/ab").relative(to: Path("/a")) == nil)
  }
}
