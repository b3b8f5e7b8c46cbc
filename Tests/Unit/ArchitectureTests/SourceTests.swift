import StorageModel
import TestSupport
import Testing

@Suite("How sources look")
struct SourceTests {
  static let swift = Repository.files(below: "Sources", ending: ".swift")
  static let all =
    swift + Repository.files(below: "Sources", ending: ".c")
    + Repository.files(below: "Sources", ending: ".h")

  @Test("no file is longer than 500 lines")
  func length() throws {
    let long = try Self.all.filter { try Repository.lines($0).count > 501 }
    #expect(long.isEmpty, "\(long.asLines)")
  }

  /// A declaration of a type or a function at the margin or one level in, that others can use.
  struct Declaration {
    let place: String
    let text: String
    let isTopLevel: Bool
    let isDocumented: Bool
    /// `struct`, `func` and so on.
    let keyword: String
    let name: String
  }

  static let keywords = ["struct", "class", "enum", "protocol", "actor", "typealias", "func"]

  static func declarations(in file: String) throws -> [Declaration] {
    let lines = try Repository.lines(file)
    return lines.indices.compactMap { index in
      let line = lines[index]
      let indent = line.prefix { $0 == " " }.count
      var words = line.split(separator: " ").map(String.init)
      guard indent == 0 || indent == 2, let access = words.first,
        access == "package" || access == "public"
      else { return nil }
      while let word = words.first, !keywords.contains(word) {
        guard
          word == "package" || word == "public" || word == "final" || word == "static"
            || word == "indirect" || word == "mutating" || word == "convenience"
        else { return nil }
        words.removeFirst()
      }
      guard words.count > 1 else { return nil }
      // Attributes may stand between the comment and the declaration.
      var above = index - 1
      while above >= 0, lines[above].trimmed.hasPrefix("@") { above -= 1 }
      return Declaration(
        place: "\(file):\(index + 1)", text: line.trimmed, isTopLevel: indent == 0,
        isDocumented: above >= 0 && lines[above].trimmed.hasPrefix("///"), keyword: words[0],
        name: String(words[1].prefix { $0.isLetter || $0.isNumber || $0 == "_" }))
    }
  }

  @Test("every requirement of a backend has a comment that says what holds before and after")
  func contracts() throws {
    let starts = ["  func ", "  var ", "  init(", "  static "]
    var seen = 0
    var missing: [String] = []
    for file in Self.swift where file.hasPrefix("Sources/StorageBackend/") {
      let lines = try Repository.lines(file)
      var isInProtocol = false
      for (index, line) in lines.enumerated() {
        if line.hasPrefix("package protocol ") { isInProtocol = true }
        if line == "}" { isInProtocol = false }
        guard isInProtocol, starts.contains(where: { line.hasPrefix($0) }) else { continue }
        seen += 1
        if !lines[index - 1].trimmed.hasPrefix("///") {
          missing.append("\(file):\(index + 1): \(line.trimmed)")
        }
      }
    }
    #expect(seen > 60)
    #expect(missing.isEmpty, "\(missing.asLines)")
  }

  @Test("every type and function at the top of a module has a comment that says what it is")
  func documentation() throws {
    let missing = try Self.swift.flatMap(Self.declarations)
      .filter { $0.isTopLevel && !$0.isDocumented }
      .map { "\($0.place): \($0.text)" }
    #expect(missing.isEmpty, "\(missing.asLines)")
  }

  @Test("most functions of types have a comment as well")
  func memberDocumentation() throws {
    let members = try Self.swift.flatMap(Self.declarations).filter {
      // An operator, or what a protocol asks for with a comment there, says enough by its name.
      !$0.isTopLevel && $0.keyword == "func" && !$0.name.isEmpty
        && !$0.place.hasPrefix("Sources/Backends/")
    }
    let missing = members.filter { !$0.isDocumented }
    #expect(members.count > 50)
    #expect(
      missing.count * 4 <= members.count,
      "\(missing.count) of \(members.count): \(missing.map { "\($0.place): \($0.text)" }.asLines)")
  }

  @Test("nothing is called by a word that says nothing")
  func names() throws {
    let empty = ["Manager", "Helper", "Util"]
    let types = ["struct", "class", "enum", "protocol", "actor", "typealias"]
    var wrong = Self.all.filter { file in empty.contains { file.contains($0) } }
    for file in Self.swift {
      for line in try Repository.lines(file) where !line.trimmed.hasPrefix("//") {
        let words = line.split { !($0.isLetter || $0.isNumber) }.map(String.init)
        for (keyword, name) in zip(words, words.dropFirst())
        where types.contains(keyword) && empty.contains(where: { name.contains($0) }) {
          wrong.append("\(file): \(keyword) \(name)")
        }
      }
    }
    #expect(wrong.isEmpty, "\(wrong.asLines)")
  }

  @Test("nothing is forced: no try!, no as!, no unwrapping of properties")
  func force() throws {
    var wrong: [String] = []
    for file in Self.swift {
      for (number, line) in try Repository.lines(file).enumerated() {
        let code = line.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false)[0]
        if code.contains("try! ") || code.contains(" as! ") || code.contains("fatalError(") {
          wrong.append("\(file):\(number + 1): \(line.trimmed)")
        }
      }
    }
    #expect(wrong.isEmpty, "\(wrong.asLines)")
  }

  @Test("nothing about storage is asynchronous")
  func synchronous() throws {
    let words: Set<String> = ["async", "await", "actor", "Task"]
    var wrong: [String] = []
    for file in Self.swift {
      for (number, line) in try Repository.lines(file).enumerated()
      where !line.trimmed.hasPrefix("//") {
        let code = line.split(separator: "\"", omittingEmptySubsequences: false)
          .enumerated().filter { $0.offset % 2 == 0 }.map(\.element).joined(separator: " ")
        let found = Set(code.split { !$0.isLetter }.map(String.init))
        if !found.isDisjoint(with: words) { wrong.append("\(file):\(number + 1)") }
      }
    }
    #expect(wrong.isEmpty, "\(wrong.asLines)")
  }
}
