import StorageCore
import StorageModel

extension Command {
  static let volStop = Command(
    "vol-stop", "Stop a volume: commit its session, or drop it.", .changes,
    [
      .volume(.unfinished), .volumePool, .flag("discard", "Drop what was written since the start."),
    ],
    example: "vol-stop disk1 --pool vms"
  ) { tool throws(StorageError) in
    let discard = tool.arguments.has("discard")
    let (change, pool, name) = try tool.storage.stopVolume(
      tool.arguments.required("vol"), in: tool.arguments.value("pool"), discard: discard)
    let message =
      !change.isChanged
      ? "Vol \(name) is already stopped"
      : "Vol \(name) stopped" + (discard ? ", changes discarded" : "")
    try tool.report(change, pool: pool.name, volume: name, message)
  }
}
