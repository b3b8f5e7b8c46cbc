import Testing

@testable import StorageTools

@Suite("What was probably meant")
struct SuggestionTests {
  static let names = ["default", "images", "isos", "vms", "a", "work", "Backup"]

  @Test(
    "one slip in three letters is near, more is not",
    arguments: [
      ("defualt", "default"), ("defalt", "default"), ("defaultt", "default"),
      ("dafoult", "default"),
      ("image", "images"), ("imges", "images"), ("vm", "vms"), ("vmz", "vms"), ("back", "Backup"),
      ("backup", "Backup"), ("worl", "work"), ("wrok", "work"), ("isso", "isos"),
    ])
  func near(typed: String, meant: String) {
    #expect(Suggestion.nearest(to: typed, in: Self.names) == meant)
  }

  @Test(
    "nothing is said where nothing is near",
    arguments: ["", "b", "zz", "database", "imag3z5", "xyzzyx", "de"])
  func far(typed: String) {
    #expect(Suggestion.nearest(to: typed, in: Self.names) == nil)
  }

  @Test("of equally near words the first is taken, and the word itself is no suggestion")
  func ties() {
    #expect(Suggestion.nearest(to: "disk", in: ["disk3", "disk2", "disk1"]) == "disk1")
    #expect(Suggestion.nearest(to: "disk1", in: ["disk1"]) == nil)
    #expect(Suggestion.nearest(to: "disk", in: ["risk", "disk-of-mail"]) == "disk-of-mail")
  }
}
