import StorageCore
import StorageModel

extension Command {
  static let volDelete = Command(
    "vol-delete", "Delete a volume with its revisions.", .changes,
    [
      .volume, .volumePool,
      .flag("delete-snapshots", "Also delete its snapshots (rbd pools only)."), .ifExists,
    ],
    example: "vol-delete disk1 --pool images"
  ) { tool throws(StorageError) in
    let text = tool.arguments.required("vol")
    guard !tool.arguments.has("delete-snapshots") else {
      throw StorageError(.unsupported, "volume '\(text)'", "unsupported flags (0x2)")
    }
    try tool.ifExists(volume: text) { () throws(StorageError) in
      let (change, pool, name) = try tool.storage.deleteVolume(
        text, in: tool.arguments.value("pool"))
      try tool.report(change, pool: pool.name, volume: name, "Vol \(text) deleted")
    }
  }
}
