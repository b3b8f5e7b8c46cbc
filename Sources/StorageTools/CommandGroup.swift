import StorageModel

/// Commands for one kind of task, as `cistern help` shows them.
struct CommandGroup: Sendable {
  /// What `cistern help` is given for this group alone.
  let topic: String
  let title: String
  /// The manual page to begin with.
  let page: String
  /// In the order in which somebody needs them.
  let commands: [Command]

  /// Every command is in one of them.
  static let all: [CommandGroup] = [
    CommandGroup(
      topic: "pools", title: "Make, start and stop pools", page: "man 5 cistern-pool",
      commands: [
        .poolDefineAs, .poolDefine, .poolBuild, .poolStart, .poolDestroy, .poolDelete,
        .poolUndefine, .poolCreateAs, .poolCreate, .poolEdit, .poolSet, .poolExtend,
        .poolRefresh, .poolAutostart, .findStoragePoolSourcesAs, .findStoragePoolSources,
      ]),
    CommandGroup(
      topic: "volumes", title: "Make, change and remove volumes",
      page: "man 5 cistern-volume",
      commands: [
        .volCreateAs, .volCreate, .volClone, .volCreateFrom, .volResize, .volRename, .volSet,
        .volDelete, .volWipe,
      ]),
    CommandGroup(
      topic: "life-cycle", title: "Start, commit and revert volumes",
      page: "man 7 cistern",
      commands: [
        .volStart, .volStop, .volCommit, .volRevisions, .volRevert, .volClear,
      ]),
    CommandGroup(
      topic: "content", title: "Move content in and out", page: "man 8 vol-import",
      commands: [
        .volImport, .volExport, .volUpload, .volDownload,
      ]),
    CommandGroup(
      topic: "look", title: "Look at pools and volumes", page: "man 5 cistern-json",
      commands: [
        .poolList, .poolInfo, .poolDumpXML, .poolName, .poolUUID, .poolCapabilities, .volList,
        .volTree, .volInfo, .volDumpXML, .volPath, .volKey, .volName, .volPool,
      ]),
    CommandGroup(
      topic: "health", title: "Watch over pools", page: "man 8 pool-check",
      commands: [
        .poolCheck, .poolHealth, .poolMetrics, .poolEvent,
      ]),
    CommandGroup(
      topic: "secrets", title: "Keep secrets of encrypted volumes and servers",
      page: "man 5 cistern-volume",
      commands: [
        .secretDefine, .secretSetValue, .secretList, .secretDumpXML, .secretUndefine,
      ]),
    CommandGroup(
      topic: "drivers", title: "Write a driver", page: "man 7 cistern-driver",
      commands: [
        .driverCheck
      ]),
  ]

  /// A row for each command, under the title.
  var text: String {
    let width = 18
    var lines = ["\(title):"]
    for command in commands {
      let summary = Help.wrapped(command.summary, indent: 2 + width)
      if command.name.utf8.count + 2 > width {
        lines += ["  \(command.name)"] + summary
      } else {
        let pad = String(repeating: " ", count: width - command.name.utf8.count)
        lines += ["  \(command.name)\(pad)\(summary.first?.trimmed ?? "")"] + summary.dropFirst()
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The text of `cistern help TOPIC`.
  var helpText: String {
    text + "\nExamples:\n" + commands.map { "  \($0.example)\n" }.joined()
      + "\nBegin with: \(page)\n"
  }
}
