import StorageModel
import TestSupport
import Testing

@Suite("Who may import whom")
struct ImportTests {
  /// The table "Allowed imports" of ARCHITECTURE.md: module and what it may import.
  static func table() throws -> [String: Set<String>] {
    let text = try Repository.text("ARCHITECTURE.md")
    let section = try #require(text.components(after: "## Allowed imports", before: "\n## "))
    var table: [String: Set<String>] = [:]
    for line in section.split(separator: "\n") where line.hasPrefix("|") {
      let cells = line.split(separator: "|", omittingEmptySubsequences: false).map(\.trimmed)
      guard cells.count == 4, cells[1] != "module", !cells[1].hasPrefix("---") else { continue }
      table[cells[1]] = Set(cells[2].split(separator: ",").map(\.trimmed))
    }
    return table
  }

  /// The module a source file belongs to, as ARCHITECTURE.md calls it.
  static func module(of file: String) -> String {
    let parts = file.split(separator: "/").map(String.init)
    // A backend lives in Sources/Backends/KIND and is the module KINDBackend.
    return parts[1] == "Backends" ? "\(parts[2])Backend" : parts[1]
  }

  /// The modules that a file imports, whatever is imported of them and however.
  static func imports(of file: String) throws -> Set<String> {
    var found: Set<String> = []
    for line in try Repository.lines(file) {
      var words = line.split(separator: " ").map(String.init)
      let modifiers = ["package", "internal", "fileprivate", "private", "public"]
      while let first = words.first, first.hasPrefix("@") || modifiers.contains(first) {
        words.removeFirst()
      }
      guard words.first == "import", words.count > 1 else { continue }
      let kinds = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
      let name = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
      found.insert(String(name.prefix { $0 != "." }))
    }
    return found
  }

  static let sources = Repository.files(below: "Sources", ending: ".swift")

  @Test("the sources are found")
  func sourcesAreFound() throws {
    #expect(Self.sources.count > 100)
    #expect(try Self.imports(of: "Sources/StorageOS/Transfer/Copy.swift").contains("Glibc"))
  }

  @Test("no file imports what ARCHITECTURE.md does not allow its module")
  func edges() throws {
    let table = try Self.table()
    var forbidden: [String] = []
    for file in Self.sources {
      let module = Self.module(of: file)
      guard let allowed = table[module] else {
        forbidden.append("\(file): module \(module) is not in the table")
        continue
      }
      // Concurrency primitives and the standard library's own modules are nobody's dependency.
      for name in try Self.imports(of: file).subtracting(allowed).subtracting(["Swift"]).sorted() {
        forbidden.append("\(file): \(module) may not import \(name)")
      }
    }
    #expect(forbidden.isEmpty, "\(forbidden.asLines)")
  }

  @Test("system calls are made in StorageOS alone, each C library is called in one module alone")
  func systemModules() throws {
    let owners = [
      "Glibc": "StorageOS", "CStorageShim": "StorageOS", "CLibXML2": "StorageXML",
      "CBlkid": "Signatures", "CLVM": "VolumeGroups", "CZstd": "Zstandard", "CCrypto": "Digests",
    ]
    var wrong: [String] = []
    for file in Self.sources {
      for name in try Self.imports(of: file) {
        if let owner = owners[name], Self.module(of: file) != owner {
          wrong.append("\(file): \(name)")
        }
      }
    }
    #expect(wrong.isEmpty, "\(wrong.asLines)")
    for (module, allowed) in try Self.table() {
      for (name, owner) in owners where allowed.contains(name) {
        #expect(module == owner, "the table lets \(module) import \(name)")
      }
    }
  }

  @Test("nobody imports Foundation or another C library by the way")
  func foundation() throws {
    let foreign = ["Foundation", "Dispatch", "Darwin", "Musl", "_"]
    var wrong: [String] = []
    for file in Self.sources {
      for name in try Self.imports(of: file) where foreign.contains(where: { name.hasPrefix($0) }) {
        wrong.append("\(file): \(name)")
      }
    }
    #expect(wrong.isEmpty, "\(wrong.asLines)")
  }

  @Test("dependencies point one way")
  func acyclic() throws {
    var rest = try Self.table()
    // Takes away modules that need none of those left; in a circle nobody can be taken away.
    while true {
      let free = rest.filter { $0.value.isDisjoint(with: rest.keys) }.map(\.key)
      if free.isEmpty { break }
      free.forEach { rest[$0] = nil }
    }
    #expect(rest.isEmpty, "in a circle: \(rest.keys.sorted())")
  }

  @Test("Package.swift gives every module the dependencies that the table allows it")
  func package() throws {
    let text = try Repository.text("Package.swift").filter { !$0.isWhitespace }
    for (module, allowed) in try Self.table() where module != "Executables" {
      let start = "library(\"\(module)\",["
      let list = try #require(text.components(after: start, before: "]"), "\(module)")
      let given = Set(list.split(separator: ",").map { $0.filter { $0 != "\"" } })
      #expect(given == allowed.subtracting(["Glibc"]), "\(module)")
    }
    #expect(text.contains("dependencies:[\"StorageTools\"],path:\"Sources/Executables/"))
    #expect(!text.contains(".package("))
  }

  @Test("every module in the table has sources, and every folder of sources is in the table")
  func modules() throws {
    let table = try Self.table()
    #expect(Set(Self.sources.map(Self.module)) == Set(table.keys))
  }
}

extension String {
  /// The text between the first `start` and the next `end`, or the end of the text; nil without `start`.
  func components(after start: String, before end: String) -> String? {
    guard let from = firstRange(of: start) else { return nil }
    let rest = self[from.upperBound...]
    return String(rest[..<(rest.firstRange(of: end)?.lowerBound ?? rest.endIndex)])
  }
}
