import StorageModel
import TestSupport
import Testing

@testable import StorageTools

@Suite("The table of commands")
struct CommandTests {
  @Test("every kind of error has an exit status of its own")
  func statuses() {
    let statuses = StorageError.Code.allCases.map { ExitStatus($0) }
    #expect(Set(statuses).count == statuses.count)
    #expect(!statuses.contains(.success))
    #expect(!statuses.contains(.problemsFound))
    #expect(Set(statuses).union([.success, .problemsFound]) == Set(ExitStatus.allCases))
  }

  @Test("the numbers of exit statuses are what scripts rely on")
  func numbers() {
    let numbers: [StorageError.Code: Int32] = [
      .failure: 1, .exists: 3, .notFound: 4, .busy: 5, .noSpace: 6, .usage: 64, .badInput: 65,
      .unsupported: 69, .inputOutput: 74, .lockTimeout: 75, .permission: 77, .interrupted: 130,
    ]
    for code in StorageError.Code.allCases { #expect(ExitStatus(code).rawValue == numbers[code]) }
    #expect(ExitStatus.success.rawValue == 0)
    #expect(ExitStatus.problemsFound.rawValue == 2)
  }

  @Test("every exit status says what it means, each something else")
  func meanings() {
    let meanings = ExitStatus.allCases.map(\.meaning)
    #expect(Set(meanings).count == meanings.count)
    #expect(meanings.allSatisfy { $0.hasSuffix(".") && !$0.contains("\n") })
  }

  @Test("names of commands are distinct and in order")
  func names() {
    let names = Commands.all.map(\.name)
    #expect(names == Set(names).sorted())
    // secret- is what volume encryption needs; find- are two commands of virsh about pools; cistern- is for authors of
    // drivers.
    let subjects = ["pool-", "vol-", "secret-", "find-storage-pool-sources", "cistern-driver-"]
    #expect(names.allSatisfy { name in subjects.contains { name.hasPrefix($0) } })
  }

  @Test("a command says in one sentence what it does", arguments: Commands.all.map(\.name))
  func summaries(name: String) throws {
    let command = try #require(Commands.all.first { $0.name == name })
    #expect(command.summary.hasSuffix("."))
    #expect(command.summary.first?.isUppercase == true)
    #expect(!command.summary.contains("\n"))
  }

  @Test(
    "a command's parameters have distinct names and say what they are",
    arguments: Commands.all.map(\.name))
  func parameters(name: String) throws {
    let command = try #require(Commands.all.first { $0.name == name })
    let names = command.allParameters.map(\.name)
    #expect(Set(names).count == names.count)
    for parameter in command.allParameters {
      // The one name of virsh that is written otherwise.
      guard parameter.name != "srcSpec" else { continue }
      let isPlain = parameter.name.allSatisfy {
        $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-")
      }
      #expect(isPlain && !parameter.name.hasPrefix("-"), "\(parameter.name)")
      #expect(parameter.help.hasSuffix("."), "\(parameter.name)")
      #expect(!parameter.help.contains("\n"), "\(parameter.name)")
      if let placeholder = parameter.placeholder {
        #expect(placeholder == placeholder.uppercased() && !placeholder.isEmpty)
      }
      if parameter.kind == .flag {
        #expect(!parameter.isPositional && !parameter.isRequired, "\(parameter.name)")
      }
      if parameter.isRequired { #expect(parameter.isPositional, "\(parameter.name)") }
    }
  }

  @Test(
    "a command shows an example of itself, and says what its values are",
    arguments: Commands.all.map(\.name))
  func example(name: String) throws {
    let command = try #require(Commands.all.first { $0.name == name })
    let words = command.example.split(separator: " ").map(String.init)
    #expect(words.first == name)
    #expect(throws: Never.self) { try Arguments(Array(words.dropFirst()), for: command) }
    for parameter in command.allParameters where parameter.kind != .flag {
      #expect(parameter.value != .unknown, "\(parameter.name): give it a ValueKind")
    }
  }

  @Test("no optional parameter stands before a required one", arguments: Commands.all.map(\.name))
  func order(name: String) throws {
    let command = try #require(Commands.all.first { $0.name == name })
    let required = command.parameters.filter(\.isPositional).map(\.isRequired)
    #expect(required == required.filter { $0 } + required.filter { !$0 })
  }

  @Test(
    "what a command can do to the machine decides its common options",
    arguments: Commands.all.map(\.name))
  func commonOptions(name: String) throws {
    let command = try #require(Commands.all.first { $0.name == name })
    let names = Set(command.allParameters.map(\.name))
    #expect(names.isSuperset(of: ["json", "help", "version"]))
    #expect(names.contains("dry-run") == (command.effect == .changes))
    #expect(names.contains("lock-timeout") == (command.effect != .reads))
  }

  @Test(
    "help names the command, its purpose and every parameter", arguments: Commands.all.map(\.name))
  func help(name: String) throws {
    let command = try #require(Commands.all.first { $0.name == name })
    let text = command.helpText
    #expect(text.hasPrefix("Usage: \(name) "))
    #expect(text.contains("\n\(command.summary)\n"))
    // Broken lines as one, so that texts can be found.
    let flat = text.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
    for parameter in command.allParameters {
      #expect(text.contains("--\(parameter.name)"), "\(parameter.name)")
    }
    for parameter in command.parameters where !parameter.isRare {
      #expect(flat.contains("\(parameter.usage) \(parameter.help)"), "\(parameter.name)")
    }
    #expect(text.hasSuffix("\nManual page: \(name)(8)\n"))
  }

  @Test("every command is in one group, and no topic has the name of a command")
  func groups() {
    let grouped = CommandGroup.all.flatMap(\.commands).map(\.name)
    #expect(grouped.sorted() == Commands.all.map(\.name))
    let topics = CommandGroup.all.map(\.topic)
    #expect(Set(topics).count == topics.count)
    #expect(topics.allSatisfy { Commands.named($0) == nil })
    let widths = (Commands.overview + CommandGroup.all.map(\.helpText).joined())
      .split(separator: "\n").map(\.utf8.count)
    #expect(widths.allSatisfy { $0 <= 80 })
  }

  @Test(
    "a command's statuses are among those of the one table, and those that it cannot end with are left out"
  )
  func endings() {
    #expect(Command.poolCheck.statuses.contains(.problemsFound))
    #expect(!Command.volList.statuses.contains(.problemsFound))
    #expect(!Command.volList.statuses.contains(.exists))
    #expect(Command.volClone.statuses.contains(.exists))
    #expect(!Command.poolCapabilities.statuses.contains(.notFound))
    #expect(!Command.volInfo.statuses.contains(.lockTimeout))
  }

  @Test("the overview and the description for manuals list every command")
  func overview() {
    for command in Commands.all {
      let lines = Commands.overview.split(separator: "\n")
      #expect(lines.contains { $0 == "  \(command.name)" || $0.hasPrefix("  \(command.name) ") })
      #expect(Commands.description.text.contains("{\"name\":\"\(command.name)\","))
    }
  }

  @Test("every command is a product, a folder and a target of the same name, and nothing else is")
  func package() throws {
    let text = try Repository.text("Package.swift")
    let list = try #require(
      text.split(separator: "let commands = [").last?.split(separator: "]").first)
    let inPackage = list.split(separator: "\"").map(String.init).filter {
      $0.first?.isLetter == true
    }
    let names = Commands.all.map(\.name)
    #expect(inPackage == names)
    let folders = Repository.names(in: "Sources/Executables")
    #expect(folders == (names + ["cistern"]).sorted())
  }

  @Test("every command has a file of its own", arguments: Commands.all.map(\.name))
  func files(name: String) throws {
    let words = name.split(separator: "-").drop { $0 == "cistern" }
    let folder =
      ["pool": "Pool", "find": "Pool", "driver": "Pool", "secret": "Secret"][words.first]
      ?? "Volume"
    let abbreviations = ["uuid": "UUID", "dumpxml": "DumpXML"]
    let file = words.map { abbreviations[String($0)] ?? $0.prefix(1).uppercased() + $0.dropFirst() }
      .joined()
    let text = try Repository.text("Sources/StorageTools/\(folder)/\(file).swift")
    #expect(text.contains("\"\(name)\""))
  }
}
