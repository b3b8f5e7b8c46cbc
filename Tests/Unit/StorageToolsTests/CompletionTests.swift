import StorageModel
import Testing

@testable import StorageTools

@Suite("Completing a command line")
struct CompletionTests {
  @Test(
    "a line is taken apart as a shell does",
    arguments: [
      ("vol-info ", ["vol-info", ""]), ("vol-info di", ["vol-info", "di"]),
      ("vol-info my\\ disk", ["vol-info", "my disk"]),
      ("vol-info 'my disk' im", ["vol-info", "my disk", "im"]),
      ("vol-info \"a\\\"b\\c", ["vol-info", "a\"b\\c"]),
      ("vol-info '' x", ["vol-info", "", "x"]), ("  pool-list  --all", ["pool-list", "--all"]),
      ("vol-info my\\", ["vol-info", "my"]),
    ])
  func splitting(line: String, words: [String]) {
    #expect(ShellWords.split(line).words == words)
  }

  @Test("a name is quoted as the word was begun")
  func quoting() {
    let name = "it's $5 \"a\""
    for (line, quote) in [("x ", ShellWords.Quote.none), ("x '", .single), ("x \"", .double)] {
      #expect(ShellWords.split(line).quote == quote)
      let typed = ShellWords.quoted(name, quote)
      #expect(ShellWords.split(line + typed).words == ["x", name])
    }
    #expect(ShellWords.quoted("disk-1.qcow2", .none) == "disk-1.qcow2")
    #expect(ShellWords.quoted("~a", .none) == "\\~a")
    #expect(ShellWords.quoted("漢字", .none) == "漢字")
  }

  /// What a line is at, in a word: `option`, the parameter's name with what is attached, or `nothing`.
  static func place(_ words: [String], _ command: Command) -> String {
    switch BegunLine(words, for: command).place {
    case .option: return "option"
    case .nothing: return "nothing"
    case .value(let parameter, let attached): return attached + parameter.name
    }
  }

  @Test(
    "the word at the cursor fills what the parser would have it fill",
    arguments: [
      ([""], "vol"), (["disk1", ""], "pool"), (["disk1", "images", ""], "option"),
      (["disk1", "images", "x"], "nothing"), (["-"], "vol"), (["--"], "option"),
      (["--po"], "option"), (["-b"], "option"), (["--pool", ""], "pool"),
      (["--pool=i"], "--pool=pool"),
      (["--pool", "images", ""], "vol"), (["--pool=images", "disk1", ""], "option"),
      (["--bytes", ""], "vol"), (["--bytes="], "nothing"), (["--none="], "nothing"),
      (["--", "--x"], "vol"), (["--", "disk1", ""], "pool"),
      (["--", "disk1", "images", ""], "nothing"),
      (["--unknown", ""], "vol"), ([], "vol"),
    ])
  func places(words: [String], place: String) {
    #expect(Self.place(words, .volRevisions) == place)
  }

  @Test("where several volumes may be named, each further word is one")
  func several() {
    #expect(Self.place(["disk1", "disk2", ""], .volInfo) == "vol")
    #expect(Self.place(["disk1", "--pool", ""], .volInfo) == "pool")
  }

  @Test("what a value depends on is known from the words before it")
  func arguments() {
    let line = BegunLine(["disk1", "rw", "--pool", "vms", "-0", ""], for: .volSet)
    #expect(line.arguments.value("vol") == "disk1")
    #expect(line.arguments.value("property") == "rw")
    #expect(line.arguments.value("pool") == "vms")
  }

  @Test("only the first word asks for a completion, for a shell that is known")
  func entry() {
    #expect(ShellCompletion(["--complete=zsh", ""]) == .zsh)
    #expect(ShellCompletion(["x", "--complete=zsh"]) == nil)
    #expect(ShellCompletion(["--complete=tcsh"]) == nil)
    #expect(ShellCompletion([]) == nil)
  }

  @Test("bash gets the part of a word that it replaces, and nothing twice")
  func pieces() {
    let offer = Completion(
      offer: .candidates([.init(text: "a:b c", meaning: "size")], isList: false), attached: "--vol="
    )
    #expect(ShellCompletion.bash.answer(offer, ["x --vol=a:", ""]) == "values\nb\\ c\n")
    #expect(ShellCompletion.bash.answer(offer, ["x --vol=", ""]) == "values\na:b\\ c\n")
    #expect(ShellCompletion.zsh.answer(offer, [""]) == "values\na:b c\tsize\n")
    #expect(ShellCompletion.fish.answer(offer, [""]) == "values\n--vol=a:b c\tsize\n")
  }

  @Test(
    "names that would break the list of candidates are left out, and texts cannot steer a terminal")
  func hostileNames() {
    let offer = Completion(
      offer: .candidates(
        [.init(text: "a\nb"), .init(text: "c", meaning: "d\u{1b}[2Je\nf")], isList: true),
      attached: "")
    #expect(ShellCompletion.fish.answer(offer, [""]) == "list\nc\td\\x1b[2Je\\x0af\n")
  }
}
