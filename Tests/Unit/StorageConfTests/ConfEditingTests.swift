import StorageConf
import Testing

@Suite("Editing a configuration file")
struct ConfEditingTests {
  /// What Qubes ships, in short.
  static let shipped = """
    [default] ; poolname
    driver=xen ; the default xen storage
    ; class = qubes.storage.xen.XenStorage ; class always overwrites the driver
    ;

    # [pool-b]
    [pool-b]
    class = my.own.Pool
      # not a comment

    """

  @Test func unchangedGivesTheSameBytes() throws {
    for text in [Self.shipped, "", "\n\n", "[a]\r\nk=v", "#x", "[a]\nk = v \t\n\n\n[a]\n"] {
      #expect(try parse(text).bytes == Array(text.utf8))
    }
  }

  @Test(arguments: [
    ("[a]\nk=v\n", "w", "[a]\nk=w\n"),
    ("[a]\nK  :\tv ; why\n# c\n", "w x", "[a]\nK  :\tw x ; why\n# c\n"),
    ("[a]\nk=v\n", "v", "[a]\nk=v\n"),
    ("[a]\nk=v\n", "", "[a]\nk=\n"),
    ("[a]\nk=\"\"\n", "", "[a]\nk=\"\"\n"),
    ("[a]\nk = \nx=1\n", "v", "[a]\nk = v\nx=1\n"),
    ("[a]\nk =\r\nx=1\r\n", "v", "[a]\nk =v\r\nx=1\r\n"),
    ("[a]\nk=v", "w", "[a]\nk=w"),
    ("[a]\nk=v\n# c\n  more\n\n  more\nx=1\n", "w", "[a]\nk=w\n# c\n\nx=1\n"),
    ("[a]\nk=1\nk=2\n[b]\nk=3\n", "4", "[a]\nk=1\nk=4\n[b]\nk=3\n"),
    ("[a]\nk=v ; why\n", "x;y", "[a]\n; why\nk=x;y\n"),
    ("[a]\nx=1 ; one\n# end\n\n[b]\ny=2\n", "v", "[a]\nx=1 ; one\nk=v\n# end\n\n[b]\ny=2\n"),
    ("[a]\nx = 1\n  2\n", "v", "[a]\nx = 1\n  2\nk = v\n"),
    ("[a]", "v", "[a]\nk=v\n"),
    ("[a]\n[b]\n[a]\nx: 1\n", "v", "[a]\n[b]\n[a]\nx: 1\nk: v\n"),
    ("[DEFAULT]\nk=v\n[a]\n", "v", "[DEFAULT]\nk=v\n[a]\nk=v\n"),
    ("[a]\r\nx=1\r\n", "v", "[a]\r\nx=1\r\nk=v\r\n"),
    ("[a]\nk=;old \n", "v", "[a]\n;old\nk=v\n"),
  ])
  func setting(before: String, value: String, after: String) throws {
    var document = try parse(before)
    try document.set(section: "a", key: "K", value: value)
    #expect(String(decoding: document.bytes, as: UTF8.self) == after)
    #expect(document.section(named: "a")?.entry("k")?.value == value)
    #expect(document == (try parse(after)))
  }

  @Test(arguments: [
    "a\nb", "a\rb", " a", "a ", "\ta", "a ;b", "a\t;b", ";a", "\"\"", "a\u{0}", "a\u{7f}",
    "a\u{1b}",
  ])
  func valuesThatDoNotComeBack(value: String) throws {
    let document = try parse("[a]\nk=v\n")
    var edited = document
    #expect(throws: ConfProblem.self) { try edited.set(section: "a", key: "k", value: value) }
    #expect(throws: ConfProblem.self) { try edited.set(section: "a", key: "n", value: value) }
    #expect(throws: ConfProblem.self) { try edited.addSection("b", [("k", value)]) }
    #expect(edited == document)
  }

  @Test(arguments: ["", "a b", "a=b", "#a", ";a", "[a]", "rem", "a\n", "é"])
  func badKeys(key: String) throws {
    var document = try parse("[a]\n")
    #expect(throws: ConfProblem.self) { try document.set(section: "a", key: key, value: "v") }
    #expect(throws: ConfProblem.self) { try document.addSection("b", [(key, "v")]) }
  }

  @Test func adding() throws {
    var document = ConfDocument.empty(file: "f")
    try document.addSection("a", [("driver", "xen"), ("dir_path", "/srv/a b")])
    #expect(
      String(decoding: document.bytes, as: UTF8.self) == "[a]\ndriver=xen\ndir_path=/srv/a b\n")
    try document.addSection("b", [])
    #expect(
      String(decoding: document.bytes, as: UTF8.self)
        == "[a]\ndriver=xen\ndir_path=/srv/a b\n\n[b]\n")
    #expect(throws: ConfProblem(file: "f", line: 5, message: "section [b] exists already")) {
      try document.addSection("b", [])
    }
    for name in ["", "DEFAULT", "a]b", "a\nb"] {
      #expect(throws: ConfProblem.self) { try document.addSection(name, []) }
    }
  }

  @Test func addingAndRemovingGivesTheFileBack() throws {
    for text in [Self.shipped, "", "[a]\nk=v\n", "[a]\n\n\n", "# c\n"] {
      let original = try parse(text)
      var document = original
      try document.addSection("new", [("driver", "dir"), ("target", "/x")])
      #expect(document.bytes.starts(with: original.bytes))
      try document.removeSection("new")
      #expect(document.bytes == original.bytes)
    }
  }

  @Test(arguments: [
    ("[x]\nk=1\n", ""),
    ("[a]\nk=1\n\n[x]\nk=2\n\n[b]\nk=3\n", "[a]\nk=1\n\n[b]\nk=3\n"),
    ("[x]\nk=2\n\n[b]\nk=3\n", "[b]\nk=3\n"),
    ("[x] ; c\nk=2 ; d\n  more\n# about b\n[b]\n", "# about b\n[b]\n"),
    ("[x]\n# kept\nk=2\n[b]\n", "# kept\n[b]\n"),
    ("[x]\nk=1\n[b]\nk=2\n[x]\nj=1\n", "[b]\nk=2\n"),
    ("[a]\nk=1\n[x]\nk=2", "[a]\nk=1\n"),
    ("[a]\nk=1\n[x]\n; note\nk=2\n", "[a]\nk=1\n; note\n"),
  ])
  func removing(before: String, after: String) throws {
    var document = try parse(before)
    try document.removeSection("x")
    #expect(String(decoding: document.bytes, as: UTF8.self) == after)
  }

  @Test func unknownSections() throws {
    var document = try parse("[a]\n[DEFAULT]\n")
    #expect(throws: ConfProblem(file: "f", message: "no section [x]")) {
      try document.removeSection("x")
    }
    #expect(throws: ConfProblem.self) { try document.removeSection("DEFAULT") }
    #expect(throws: ConfProblem.self) { try document.set(section: "x", key: "k", value: "v") }
  }

  /// Edits of made-up files: the value comes back and nothing else changes its meaning.
  @Test func randomEdits() throws {
    var random = SplitMix(seed: 7)
    let pieces = [
      "[a]\n", "[b] x\n", "[DEFAULT]\n", "k=v\n", "K: w ; c\n", "j = 1\n", "  more\n", "# c\n",
      ";\n",
      "\n", "rem\n", "k=\n", "k=a;b ; c\n", "j=;\n", "\tx ; y\n", "k=v\r\n",
    ]
    let values = ["", "v", "a;b", "x y", "#", "[z]", "%", "\"", "a\tb", "é"]
    var edits = 0
    for _ in 0..<4000 {
      let count = random.below(9)
      let text = (0..<count).map { _ in pieces[random.below(pieces.count)] }.joined()
      guard let before = try? parse(text), let name = before.sections.first?.name else { continue }
      var after = before
      let value = values[random.below(values.count)]
      try after.set(section: name, key: "k", value: value)
      #expect(after.section(named: name)?.entry("k")?.value == value, "\(text)")
      for section in before.sections {
        for entry in section.own where section.name != name || entry.key != "k" {
          #expect(after.section(named: section.name)?.entry(entry.key)?.value == entry.value)
        }
      }
      try after.removeSection(name)
      #expect(after.sections.map(\.name) == before.sections.dropFirst().map(\.name), "\(text)")
      edits += 1
    }
    #expect(edits > 500)
  }

  @Test("a section is removed from a file that cannot be understood, and every other byte stays")
  func removingWhatIsNotUnderstood() throws {
    let other = Array("# caf".utf8) + [0xe9, 0x0a] + Array("stray = before\n[good]\nk=v\n".utf8)
    let bad = Array("[bad]\nnonsense\nk=".utf8) + [0xff, 0x0a] + Array("  more\nnul\u{0}\n".utf8)
    let bytes = other + bad + Array("[last]\nnot an assignment\n".utf8)
    #expect(throws: ConfProblem.self) { try ConfDocument.parse(bytes, file: "f") }
    var document = try ConfDocument.parse(bytes, file: "f", tolerant: true)
    #expect(document.sections.map(\.name) == ["good", "bad", "last"])
    try document.removeSection("bad")
    #expect(document.bytes == other + Array("[last]\nnot an assignment\n".utf8))
  }
}

/// A small generator of repeatable numbers.
struct SplitMix {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
