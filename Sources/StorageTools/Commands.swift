import StorageModel

/// Every command, by name.
enum Commands {
  static let all: [Command] = [
    .driverCheck,
    .findStoragePoolSources, .findStoragePoolSourcesAs,
    .poolAutostart, .poolBuild, .poolCapabilities, .poolCheck, .poolCreate, .poolCreateAs,
    .poolDefine, .poolDefineAs, .poolDelete, .poolDestroy,
    .poolDumpXML, .poolEdit, .poolEvent, .poolExtend, .poolHealth, .poolInfo, .poolList,
    .poolMetrics, .poolName, .poolRefresh, .poolSet, .poolStart, .poolUndefine,
    .poolUUID,
    .secretDefine, .secretDumpXML, .secretList, .secretSetValue, .secretUndefine,
    .volClear, .volClone, .volCommit, .volCreate, .volCreateAs, .volCreateFrom, .volDelete,
    .volDownload, .volDumpXML,
    .volExport, .volImport, .volInfo, .volKey, .volList, .volName, .volPath, .volPool, .volRename,
    .volResize,
    .volRevert, .volRevisions, .volSet, .volStart, .volStop, .volTree, .volUpload, .volWipe,
  ]

  /// The command of a name; nil where there is none.
  static func named(_ name: String) -> Command? { all.first { $0.name == name } }

  /// The text of `cistern --help`.
  static var overview: String {
    let width = all.map(\.name.utf8.count).max() ?? 0
    let rows = all.map { command in
      "  \(command.name)\(String(repeating: " ", count: width - command.name.utf8.count + 2))\(command.summary)\n"
    }
    return """
      Usage: cistern [OPTION]... COMMAND [ARGUMENT]...
             cistern [OPTION]... 'COMMAND [ARGUMENT]...; COMMAND ...'
      Storage pools and volumes. Each command is also a program of its own.
      Without a command, those on standard input are run, line by line.

      \(rows.joined())
      -q, --quiet     no headings, no texts that only say that something was done
      -r, --readonly  refuse commands that change something
      -t, --timing    tell how long each command took
      -c, -d, -e, -k, -K and -l are taken and ignored, so that `alias virsh=cistern` works.

      COMMAND --help, or cistern help COMMAND, tells more. To begin with: man 7 cistern

      """
  }

  /// What manuals and completions are generated from.
  static var description: JSON {
    .object([
      ("commands", .array(all.map(describe))),
      (
        "exitStatuses",
        .array(
          ExitStatus.allCases.map { describe($0.rawValue, $0.meaning) })
      ),
      ("documents", Documents.description),
    ])
  }

  private static func describe(_ command: Command) -> JSON {
    .object(
      [
        ("name", .string(command.name)), ("summary", .string(command.summary)),
        ("example", .string(command.example)),
        ("parameters", .array(command.allParameters.map(describe))),
      ] + endings(of: command))
  }

  /// The exit statuses of a command that has others than all the rest.
  private static func endings(of command: Command) -> [(String, JSON)] {
    guard command.ending == .nagios else { return [] }
    return [
      ("exitStatuses", .array(NagiosState.allCases.map { describe($0.rawValue, $0.meaning) }))
    ]
  }

  private static func describe(_ status: Int32, _ meaning: String) -> JSON {
    .object([("status", .integer(Int64(status))), ("meaning", .string(meaning))])
  }

  private static func describe(_ parameter: Parameter) -> JSON {
    let kind: String
    switch parameter.kind {
    case .value: kind = "value"
    case .flag: kind = "flag"
    case .optionalValue: kind = "optional-value"
    }
    return .object([
      ("name", .string(parameter.name)), ("kind", .string(kind)),
      ("placeholder", .text(parameter.placeholder)),
      ("value", parameter.kind == .flag ? .null : .string(parameter.value.name)),
      ("words", .array(parameter.value.words.map { .string($0.text) })),
      ("short", .text(parameter.short.map(String.init))),
      ("positional", .boolean(parameter.isPositional)),
      ("required", .boolean(parameter.isRequired)),
      ("repeated", .boolean(parameter.isRepeated)), ("help", .string(parameter.help)),
    ])
  }
}
