import StorageModel
import Testing

@Suite struct NameTests {
  @Test(arguments: ["a", "default", "my pool", "é", "a.b", ".hidden", "a-", "a&b", "200: \(long)"])
  func takesPoolNames(name: String) throws {
    #expect(try PoolName(name).text == name)
  }

  private static let long = String(repeating: "x", count: 195)

  @Test(arguments: [
    ("", NameProblem.empty), (".", .dots(".")), ("..", .dots("..")), ("a/b", .slash("a/b")),
    ("/", .slash("/")), ("a\nb", .controlCharacter("a\nb")),
    ("a\u{7f}", .controlCharacter("a\u{7f}")),
    ("-a", .leadingDash("-a")),
  ])
  func refusesPoolNames(name: String, problem: NameProblem) {
    #expect(throws: problem) { try PoolName(name) }
  }

  @Test func limitsBytesNotCharacters() {
    let name = String(repeating: "é", count: 101)
    #expect(throws: NameProblem.tooLong(name, limit: 200)) { try PoolName(name) }
  }

  @Test func refusesHiddenVolumes() {
    #expect(throws: NameProblem.leadingDot(".cistern")) { try VolumeName(".cistern") }
    #expect(throws: NameProblem.slash("a/b")) { try VolumeName("a/b") }
  }

  @Test(arguments: ["a", "a/b", "appvms/work/root"])
  func takesNestedNames(name: String) throws {
    #expect(try VolumeName(name, nested: true).components.joined(separator: "/") == name)
  }

  @Test(arguments: ["/a", "a/", "a//b", "a/../b", "./a", "a/.b", "a/-b", "", "/"])
  func refusesUnsafeNestedNames(name: String) {
    #expect(throws: NameProblem.self) { try VolumeName(name, nested: true) }
  }

  @Test func takesWhatIsFoundOnDisk() {
    #expect(VolumeName(found: "-odd")?.text == "-odd")
    #expect(VolumeName(found: ".hidden") != nil)
    for name in ["", "..", ".", "a\nb", "a//b", "/a"] { #expect(VolumeName(found: name) == nil) }
  }

  @Test(arguments: [
    ("11111111-2222-3333-4444-555555555555"), ("11111111222233334444555555555555"),
    (" 1111 1111-2222-3333-4444-555555555555\n"), ("--11111111-2222-3333-4444-5555-55555555"),
  ])
  func readsUUIDs(text: String) {
    #expect(StorageUUID(text)?.description == "11111111-2222-3333-4444-555555555555")
  }

  @Test(arguments: [
    "", "1", "111-11111-2222-3333-4444-555555555555", "11111111-2222-3333-4444-55555555555g",
    "11111111-2222-3333-4444-555555555555-", "11111111-2222-3333-4444-5555555555556",
    "11111111-2222-3333-4444-55555555555",
  ])
  func refusesUUIDs(text: String) {
    #expect(StorageUUID(text) == nil)
  }

  @Test func makesUUIDs() {
    #expect(StorageUUID.random() != StorageUUID.random())
    #expect(StorageUUID.random().bytes[6] & 0xf0 == 0x40)
    #expect(StorageUUID.derived(from: "a") == StorageUUID.derived(from: "a"))
    #expect(StorageUUID.derived(from: "a") != StorageUUID.derived(from: "b"))
    #expect(StorageUUID.derived(from: "a").bytes[6] & 0xf0 == 0x80)
    #expect(
      StorageUUID("ABCDEF00000000000000000000000001")?.description.hasPrefix("abcdef00") == true)
  }
}
