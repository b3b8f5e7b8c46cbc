import StorageModel
import Testing

@Suite("Identifiers of states")
struct StateIDTests {
  @Test("an identifier is read as it is written")
  func text() {
    let state = StateID.random()
    #expect(StateID(state.description) == state)
    #expect(state.description.utf8.count == 32)
    #expect(StateID("00112233445566778899aabbccddeeff")?.description.hasPrefix("0011") == true)
  }

  @Test(
    "what is no identifier is not taken for one",
    arguments: [
      "", "0", "00112233445566778899AABBCCDDEEFF", "00112233445566778899aabbccddeef",
      "00112233445566778899aabbccddeeff0", "0011223344556677-8899aabbccddeef",
      "\u{e9}0112233445566778899aabbccddeef",
    ])
  func others(text: String) { #expect(StateID(text) == nil) }

  @Test("no two are the same")
  func distinct() {
    #expect(Set((0..<1000).map { _ in StateID.random() }).count == 1000)
    #expect(Set((0..<1000).map { StateID.derived(from: "size \($0)") }).count == 1000)
  }

  @Test("a mark counts while the state is what it was given to")
  func marks() {
    let mark = StateMark("inode 1 size 2")
    #expect(mark.bytes.count == 24 && StateMark(bytes: mark.bytes) == mark)
    #expect(StateMark.identifier(of: "inode 1 size 2", keeping: mark.bytes) == mark.identifier)
    let derived = StateID.derived(from: "inode 1 size 3")
    for kept in [mark.bytes, nil, [], mark.bytes + [0], Array(mark.bytes.prefix(16))] {
      #expect(StateMark.identifier(of: "inode 1 size 3", keeping: kept) == derived)
    }
  }
}
