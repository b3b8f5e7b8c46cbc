import StorageModel
import StorageOS
import TestSupport
import Testing

@testable import StorageTools

@Suite("What belongs to a command")
struct CommandFileTests {
  static let names = Commands.all.map(\.name)

  @Test("its program is five lines that call the library", arguments: names + ["cistern"])
  func program(name: String) throws {
    #expect(Repository.names(in: "Sources/Executables/\(name)") == ["Main.swift"])
    let text = try Repository.text("Sources/Executables/\(name)/Main.swift")
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    #expect(lines.count <= 5)
    #expect(text.contains(name == "cistern" ? "Tool.runByName()" : "Tool.run(\"\(name)\")"))
  }

  @Test("its manual page is in section 8 and names every option", arguments: names)
  func manual(name: String) throws {
    let page = try Repository.text("man/\(name).8")
    #expect(page.contains("\(name)"))
    #expect(Repository.exists("man/src/\(name).in"))
    let command = try #require(Commands.all.first { $0.name == name })
    let options = try #require(page.components(after: ".Sh OPTIONS", before: "\n.Sh "))
    let listed = options.filter { $0 != "\\" && $0 != "&" }.split(separator: "\n").filter {
      $0.hasPrefix(".It ")
    }
    .map { $0.split(separator: " ") }
    // `.It Fl Fl pool Ar pool`, with `Oo … Oc` around what may be left out.
    let missing = command.allParameters.map(\.name).filter { name in
      !listed.contains { $0.contains { $0 == name } }
    }
    #expect(missing.isEmpty)
  }

  @Test(
    "it has golden cases, among them its help, an unknown option and a success or refusal",
    arguments: names)
  func golden(name: String) {
    let cases = Repository.names(in: "Tests/Golden/\(name)")
    #expect(cases.contains("help"))
    #expect(cases.contains("unknown-option"))
    #expect(cases.count >= 4)
    for name in cases.map({ "Tests/Golden/\(name)/\($0)" }) where !Repository.exists("\(name)/cmd")
    {
      Issue.record("\(name) has no cmd")
    }
  }

  @Test("golden cases belong to a command")
  func strayGolden() {
    let folders = Repository.names(in: "Tests/Golden").filter {
      ($0.hasPrefix("pool-") || $0.hasPrefix("secret-") || $0.hasPrefix("vol-"))
    }
    #expect(Set(folders).isSubset(of: Self.names))
  }

  @Test("it is completed in bash, zsh and fish", arguments: names)
  func completion(name: String) throws {
    let bash = try Repository.text("completions/bash/cistern")
    let zsh = try Repository.text("completions/zsh/_cistern")
    let fish = try Repository.text("completions/fish/cistern.fish")
    #expect(bash.split { " \n".contains($0) }.contains { $0 == name })
    #expect(zsh.split(separator: "\n").first?.split(separator: " ").contains { $0 == name } == true)
    #expect(fish.contains("complete -c \(name) "))
  }

  @Test("the manual lists every exit status with its meaning")
  func exitStatuses() throws {
    let page = try Repository.text("man/cistern.7")
    let section = try #require(page.components(after: ".Sh EXIT STATUS", before: "\n.Sh "))
    let listed = section.split(separator: "\n").filter { $0.hasPrefix(".It ") }
      .compactMap { Int32($0.dropFirst(4)) }
    #expect(listed == ExitStatus.allCases.map(\.rawValue))
  }

  @Test("the JSON documents have schemas, and the list of them is complete")
  func schemas() throws {
    let text = try Repository.text("docs/json.md")
    let files = Repository.names(in: "docs/schema")
    #expect(!files.isEmpty)
    for file in files {
      let name = file.replacing("-1.schema.json", with: "")
      #expect(text.contains("`cistern.\(name)/1`"), "\(file)")
      #expect(
        try Repository.text("docs/schema/\(file)").contains("\"cistern.\(name)/1\""), "\(file)")
    }
    for file in Repository.files(below: "Sources/StorageTools", ending: ".swift") {
      let source = try Repository.text(file)
      for part in source.split(separator: "json: (\"").dropFirst() {
        let name = part.prefix { $0 != "\"" }
        #expect(files.contains("\(name)-1.schema.json"), "\(file): \(name)")
      }
    }
  }

  static let builds = [".build/release", ".build/debug", ".build/programs"].map { "\($0)/cistern" }
    .filter(Repository.exists)

  @Test(
    "a linked program needs no Foundation",
    .enabled(if: !builds.isEmpty && Shell.exists("readelf"), "needs a built cistern and readelf"))
  func linkedLibraries() throws {
    for program in Self.builds {
      let result = Shell.run("readelf -d '\(Repository.root)/\(program)'")
      #expect(result.status == 0)
      let needed = result.output.split(separator: "\n").filter { $0.contains("(NEEDED)") }
      #expect(needed.contains { $0.contains("libc.") }, "\(program)")
      // `make build` has libxml2 inside.
      if program.hasPrefix(".build/debug/") {
        #expect(needed.contains { $0.contains("libxml2") }, "\(program)")
      }
      #expect(
        !needed.contains { $0.contains("Foundation") || $0.contains("dispatch") }, "\(program)")
      let known = ["libxml2", "libc.", "libm.", "libgcc_s", "libstdc++", "libswift", "ld-linux"]
      for line in needed {
        #expect(known.contains { line.contains($0) }, "\(program): \(line)")
      }
    }
  }
}
