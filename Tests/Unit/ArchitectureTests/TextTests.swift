import StorageModel
import TestSupport
import Testing

/// What the compiler cannot lead to the comparison by bytes (Sources/StorageModel/Text).
@Suite("Where text is compared")
struct TextTests {
  static let sources = SourceTests.swift.filter { !$0.hasPrefix("Sources/StorageModel/") }

  @Test("every file sees the comparison by bytes")
  func imports() throws {
    let blind = try Self.sources.filter { file in
      let imports = try ImportTests.imports(of: file)
      // A generated file of one line has no comparison.
      let isBare = file.hasPrefix("Sources/Executables/") || file.hasSuffix("/Version.swift")
      return !isBare && !imports.contains("StorageModel")
    }
    #expect(blind.isEmpty, "these do not import StorageModel:\n\(blind.asLines)")
  }

  /// Why a line compares texts through a generic parameter; nil where it does not.
  static func fault(of line: String) -> String? {
    let code = line.trimmed
    guard !code.hasPrefix("//") else { return nil }
    let texts = [".text", "String(", ".rawValue.", "\""]
    for sign in [" == (", " < (", " != (", " > ("] {
      // A tuple: a parenthesis with a comma in it on either side.
      guard let place = code.cut(atText: sign), place.before.hasSuffix(")"),
        place.before.contains(", "), texts.contains(where: { code.contains($0) })
      else { continue }
      return "a comparison of tuples that hold a text"
    }
    if code.contains(": Equatable>") || code.contains("some Equatable")
      || code.contains(": Comparable>") || code.contains("some Comparable")
      || code.contains(": Hashable>") || code.contains("some Hashable")
    {
      return "a generic comparison"
    }
    if code.contains("Set<Substring>") || code.contains("Set<String>")
      || code.contains("[String:") || code.contains("[Substring:")
    {
      return "a set or table by text"
    }
    for name in ["text", "name", "line", "word", "value"]
    where code.hasPrefix("for ") && code.contains(" in \(name) ") {
      return "a walk through characters"
    }
    return nil
  }

  @Test("no text is compared through a generic parameter")
  func generics() throws {
    var faults: [String] = []
    for file in SourceTests.swift where !file.hasPrefix("Sources/StorageModel/Text/") {
      for (number, line) in try Repository.lines(file).enumerated() {
        if let fault = Self.fault(of: line) { faults.append("\(file):\(number + 1): \(fault)") }
      }
    }
    #expect(faults.isEmpty, "\(faults.asLines)")
  }

  @Test(
    "the search finds what it looks for",
    arguments: [
      "if (a.text, 1) < (b.text, 2) {", "func same<T: Equatable>(_ a: T) {",
      "var seen: Set<String> = []", "let all: [String: Int] = [:]", "for letter in text {",
    ])
  func finds(line: String) { #expect(Self.fault(of: line) != nil) }
}
