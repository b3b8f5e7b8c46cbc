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
    """
    Usage: cistern [OPTION]... COMMAND [ARGUMENT]...
           cistern [OPTION]... 'COMMAND [ARGUMENT]...; COMMAND ...'
    Storage pools and volumes. Each command is also a program of its own.
    Without a command, those on standard input are run, line by line.

    Start here:
      pool-define-as images dir --target /srv/images
      pool-start images --build
      vol-create-as images disk1 20G --allocation 0
      vol-list images --details

    \(CommandGroup.all.map(\.text).joined(separator: "\n"))
    Options:
      -q, --quiet     Print no headings and no texts that only confirm a change.
      -r, --readonly  Refuse commands that change something.
      -t, --timing    Print how long each command took.
      -l, --log FILE  Keep a log of what is done in FILE, as CISTERN_LOG does.
      -c, -d, -e, -k and -K are accepted and ignored, for `alias virsh=cistern`.

    More: COMMAND --help, cistern help COMMAND, cistern help TOPIC, man 7 cistern
    Topics: \(CommandGroup.all.map(\.topic).joined(separator: ", "))

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
    .object([
      ("name", .string(command.name)), ("summary", .string(command.summary)),
      ("example", .string(command.example)),
      ("parameters", .array(command.allParameters.map(describe))),
      (
        "exitStatuses",
        .array(
          command.ending == .nagios
            ? NagiosState.allCases.map { describe($0.rawValue, $0.meaning) }
            : command.statuses.map { describe($0.rawValue, $0.meaning) })
      ),
    ])
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
