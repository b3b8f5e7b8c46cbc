import StorageModel

/// Which command somebody meant who calls it by another word.
enum CommandMeaning {
  /// Words that other programs, and people, have for what commands do.
  ///
  /// The first command of the noun that is there is the one.
  private static let verbs: [(words: Set<ByteString>, meant: [String])] = [
    (
      ["stop", "deactivate", "down", "close", "halt", "umount", "unmount", "disable"],
      ["stop", "destroy"]
    ),
    (["activate", "up", "open", "run", "mount", "enable"], ["start"]),
    (["mv", "move"], ["rename"]),
    (["remove", "rm", "del", "drop", "unlink"], ["delete", "undefine"]),
    (["forget", "undef"], ["undefine", "delete"]),
    (
      ["show", "describe", "stat", "status", "get", "inspect", "state", "view"],
      ["info", "dumpxml"]
    ),
    (["ls", "dir", "all", "lists"], ["list"]),
    (["copy", "cp", "duplicate", "dup"], ["clone"]),
    (["backup", "dump", "save"], ["export", "dumpxml"]),
    (["restore", "load"], ["import"]),
    (["new", "make", "add", "mk"], ["create-as", "define-as", "define"]),
    (["create", "define"], ["create", "define"]),
    (["grow", "shrink", "enlarge", "expand", "truncate", "extend"], ["resize", "extend"]),
    (["verify", "fsck", "repair", "scrub", "recover"], ["check"]),
    (["undo", "rollback"], ["revert"]),
    (["history", "snapshots", "snapshot", "versions"], ["revisions"]),
    (["zero", "empty", "blank"], ["clear", "wipe"]),
    (["shred", "scrub"], ["wipe"]),
    (["erase"], ["wipe", "delete", "undefine"]),
    (["put", "write", "send", "push"], ["upload"]),
    (["read", "fetch", "pull", "receive"], ["download"]),
    (["change", "modify", "config", "property", "properties"], ["set", "edit"]),
    (["update", "reload", "rescan", "scan", "sync"], ["refresh"]),
    (["xml"], ["dumpxml"]),
    (["format", "mkfs", "init"], ["build"]),
    (["id"], ["uuid", "key"]),
    (["events", "monitor", "watch"], ["event"]),
    (["discard", "abort"], ["stop", "destroy"]),
  ]

  private static let nouns: [(words: Set<ByteString>, noun: String)] = [
    (["pool", "pools", "storage", "storage-pool"], "pool"),
    (["vol", "vols", "volume", "volumes", "disk", "image"], "vol"),
    (["secret", "secrets"], "secret"),
  ]

  /// What helps who used these words: the command that is meant, else one that changes nothing and is spelled nearly
  /// so; nil for neither.
  ///
  /// One that changes something is never found by its spelling alone: it might be pasted, and undo somebody's work.
  static func hint(for words: [String]) -> String? {
    let parts = words[0].lowercased().split(separator: "-", maxSplits: 1).map(String.init)
    let (first, second) =
      parts.count == 2
      ? (parts[0], parts[1]) : (words[0].lowercased(), words.dropFirst().first?.lowercased() ?? "")
    for (noun, verb) in [(first, second), (second, first)] {
      guard let noun = nouns.first(where: { $0.words.contains(noun) })?.noun else { continue }
      if noun == "pool", ["rename", "mv", "move"].contains(verb) {
        return "A pool cannot be renamed: define it under the other name after pool-undefine."
      }
      // A noun alone asks for the list.
      let meant =
        verb.isEmpty
        ? ["list"] : [verb] + verbs.filter { $0.words.contains(verb) }.flatMap(\.meant)
      let known = meant.map { "\(noun)-\($0)" }.first { Commands.named($0) != nil }
      if let known { return Suggestion.question(known) }
    }
    let harmless = Commands.all.filter { $0.effect != .changes }.map(\.name)
    return Suggestion.nearest(to: words[0], in: harmless).map(Suggestion.question)
  }
}
