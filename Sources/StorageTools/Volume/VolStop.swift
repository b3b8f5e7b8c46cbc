import Operations
import StorageModel

extension Command {
  static let volStop = Command(
    "vol-stop", "Stop volumes: commit what was written, or discard it.", .changes,
    [
      .volume(.unfinished).repeated, .volumePool,
      .flag("discard", "Discard what was written since the start."),
      .flag("force", "Stop it even if others need it: images, another host."), .progress,
      .reserve.rare,
    ],
    example: "vol-stop disk1 --pool vms"
  ) { tool throws(StorageError) in
    let discard = tool.arguments.has("discard")
    let (names, poolText) = tool.namedVolumes()
    let (pool, results) = try tool.storage.stopVolumes(names, in: poolText, discard: discard)
    func message(_ name: VolumeName, _ change: Storage.Change) -> String {
      guard change.isChanged else { return "Vol \(name) is already stopped" }
      return "Vol \(name) stopped" + (discard ? ", changes discarded" : "")
    }
    var done: [Tool.VolumeChange] = []
    var failed: [StorageError] = []
    for result in results {
      if let change = result.change {
        done.append(.init(result.volume, change, message(result.volume, change)))
      } else if let error = result.error {
        failed.append(error)
      }
    }
    if failed.isEmpty || !tool.wantsJSON { try tool.report(done, in: pool.name) }
    // A request to stop decides how the command ends.
    let main = failed.lastIndex { $0.code == .interrupted } ?? 0
    guard var first = failed.indices.contains(main) ? failed.remove(at: main) : nil else { return }
    failed.forEach(tool.complain)
    if tool.wantsJSON, !done.isEmpty {
      first.hint = "Stopped all the same: " + done.map(\.volume.text).joined(separator: ", ")
    }
    throw first
  }
}
