import StorageModel
import Testing

@testable import StorageTools

@Suite("Command lines")
struct ArgumentsTests {
  /// A command with parameters of every kind: `thing first [second] [third] …`.
  static let thing = Command(
    "thing", "Does a thing.", .changes,
    [
      .required("first", "FIRST", "The first."), .optional("second", "SECOND", "The second."),
      .optional("third", "THIRD", "The third."), .named("only-named", "VALUE", "Only by its name."),
      .flag("quick", "A flag."),
      Parameter(
        name: "maybe", kind: .optionalValue("WORD"), help: "With or without a value.",
        accepts: { $0.hasPrefix("m") }),
    ]
  ) { _ throws(StorageError) in }

  /// The values as `name=value` and the flags as `name`, sorted; or the error.
  static func parse(_ line: String, _ command: Command = thing) -> String {
    // A plus stands for an empty word.
    let words = line.split(separator: " ").map { $0 == "+" ? "" : String($0) }
    do throws(StorageError) {
      let arguments = try Arguments(words, for: command)
      let values = arguments.values.map { "\($0.key)=\($0.value)" }
      return (values + arguments.flags.map(\.text)).sorted().joined(separator: " ")
    } catch {
      return error.code == .usage ? "error: \(error.text)" : "\(error)"
    }
  }

  @Test(
    "bare words fill what takes them in order, optional ones too",
    arguments: [
      ("a", "first=a"), ("a b", "first=a second=b"), ("a b c", "first=a second=b third=c"),
      ("--second b a", "first=a second=b"), ("a --first=x", "first=x second=a"),
      ("--third c a b", "first=a second=b third=c"), ("a --third c b", "first=a second=b third=c"),
      ("a --quick b", "first=a quick second=b"), ("a - c", "first=a second=- third=c"),
      ("+", "error: Failed to get option 'first': Option argument is empty"),
      ("a --only-named v", "first=a only-named=v"),
    ])
  func bareWords(line: String, result: String) {
    #expect(Self.parse(line) == result)
  }

  @Test(
    "a value follows its option as a word or after an equals sign",
    arguments: [
      ("--first a", "first=a"), ("--first=a", "first=a"),
      ("--first=", "error: Failed to get option 'first': Option argument is empty"),
      ("--first=a=b", "first=a=b"), ("--first --quick", "first=--quick"),
      ("--first -- a", "first=-- second=a"), ("--first=-1", "first=-1"), ("--first -1", "first=-1"),
    ])
  func values(line: String, result: String) {
    #expect(Self.parse(line) == result)
  }

  @Test("negative numbers are values", arguments: ["-1", "-512K", "-0"])
  func negativeNumbers(word: String) {
    #expect(Self.parse("a \(word)") == "first=a second=\(word)")
    #expect(Self.parse("a --second \(word)") == "first=a second=\(word)")
  }

  @Test(
    "after two dashes everything is a bare word",
    arguments: [
      ("-- --first", "first=--first"), ("-- -x --", "first=-x second=--"),
      ("--quick -- a", "first=a quick"), ("a --", "first=a"),
      ("--second b -- a", "first=a second=b"),
    ])
  func endOfOptions(line: String, result: String) {
    #expect(Self.parse(line) == result)
  }

  @Test(
    "an option with an optional value takes an attached one, or a following word that fits",
    arguments: [
      ("a --maybe", "first=a maybe"), ("a --maybe=x", "first=a maybe maybe=x"),
      ("a --maybe me", "first=a maybe maybe=me"), ("--maybe a", "first=a maybe"),
      ("a --maybe --quick", "first=a maybe quick"),
      ("a --maybe=", "error: Failed to get option 'maybe': Option argument is empty"),
    ])
  func optionalValue(line: String, result: String) {
    #expect(Self.parse(line) == result)
  }

  @Test(
    "usage errors are in virsh's words",
    arguments: [
      ("", "command 'thing' requires <first> option"),
      ("--second b", "command 'thing' requires <first> option"),
      ("--quick", "command 'thing' requires <first> option"),
      ("a b c d", "unexpected data 'd'"), ("a b c -- -d", "unexpected data '-d'"),
      ("a b --first x c", "unexpected data 'c'"),
      ("a --nope", "command 'thing' doesn't support option --nope"),
      ("a --nope=1", "command 'thing' doesn't support option --nope=1"),
      ("a -q", "command 'thing' doesn't support option -q"),
      ("a --firs x", "command 'thing' doesn't support option --firs"),
      ("a --second", "expected syntax: --second <second>"),
      ("--only-named", "expected syntax: --only-named <value>"),
      ("--first a --first b", "option --first already seen"),
      ("a --quick=yes", "invalid '=' after option --quick"),
    ])
  func usageErrors(line: String, problem: String) {
    #expect(Self.parse(line) == "error: \(problem)")
  }

  @Test(
    "help and version ask for nothing else",
    arguments: ["--help", "-h", "--version", "--quick --help"])
  func help(line: String) {
    #expect(!Self.parse(line).hasPrefix("error"))
    #expect(Self.parse("--nope --help").hasPrefix("error"))
  }

  @Test("a flag may be repeated")
  func repeatedFlag() {
    #expect(Self.parse("a --quick --quick") == "first=a quick")
  }

  @Test("the command lines of scripts written for virsh mean the same")
  func virshLines() {
    #expect(
      Self.parse("default dir - - - - /srv/images", .poolDefineAs)
        == "name=default source-dev=- source-host=- source-name=- source-path=- target=/srv/images type=dir"
    )
    #expect(
      Self.parse("default disk 10G --format raw", .volCreateAs)
        == "capacity=10G format=raw name=disk pool=default")
    #expect(Self.parse("--pool default disk", .volInfo) == "pool=default vol=disk")
    #expect(Self.parse("disk --pool default", .volInfo) == "pool=default vol=disk")
    #expect(Self.parse("disk default", .volKey) == "pool=default vol=disk")
    #expect(Self.parse("disk 20G --pool p", .volResize) == "capacity=20G pool=p vol=disk")
    #expect(
      Self.parse("disk -5M --shrink --pool p", .volResize) == "capacity=-5M pool=p shrink vol=disk")
    #expect(
      Self.parse("disk revisions_to_keep -1", .volSet)
        == "property=revisions_to_keep value=-1 vol=disk")
    #expect(Self.parse("default --details", .volList) == "details pool=default")
    #expect(Self.parse("--all --details", .poolList) == "all details")
  }

  @Test("sizes and yes or no are read from their parameters, absent ones are nil")
  func typedValues() throws {
    let arguments = try Arguments(["a", "--second", "2K", "--third", "yes"], for: Self.thing)
    #expect(try arguments.size("second") == 2048)
    #expect(try arguments.size("only-named") == nil)
    #expect(try arguments.boolean("third") == true)
    #expect(try arguments.boolean("only-named") == nil)
    #expect(arguments.required("first") == "a")
    #expect(throws: StorageError.self) { try arguments.size("third") }
    #expect(throws: StorageError.self) { try arguments.boolean("second") }
  }
}
