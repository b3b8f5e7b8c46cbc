import Operations
import StorageModel

extension Command {
  static let volDelete = Command(
    "vol-delete", "Delete volumes with their revisions.", .changes,
    [
      Parameter.volume.repeated, .volumePool,
      .flag("delete-snapshots", "Also delete its snapshots (rbd pools only)."), .ifExists,
      .force,
    ],
    example: "vol-delete disk1 --pool images"
  ) { tool throws(StorageError) in
    let (names, poolText) = tool.namedVolumes()
    guard !tool.arguments.has("delete-snapshots") else {
      throw StorageError(.unsupported, "volume '\(names[0])'", "unsupported flags (0x2)")
    }
    // Where one of several is mistyped, none goes.
    if names.count > 1, !tool.arguments.has("if-exists") {
      for text in names { _ = try tool.storage.volume(text, in: poolText) }
    }
    for text in names {
      try tool.ifExists(volume: text, in: poolText) { () throws(StorageError) in
        let (change, pool, name) = try tool.storage.deleteVolume(text, in: poolText)
        try tool.report(change, pool: pool.name, volume: name, "Vol \(text) deleted")
      }
    }
  }
}
