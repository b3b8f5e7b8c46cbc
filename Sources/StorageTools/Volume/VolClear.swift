import Operations
import StorageModel

extension Command {
  static let volClear = Command(
    "vol-clear", "Zero a volume; its old content becomes a revision.",
    .changes, [.volume(.stopped), .volumePool, .reserve.rare],
    example: "vol-clear disk1 --pool vms"
  ) { tool throws(StorageError) in
    let (change, pool, name) = try tool.storage.clearVolume(
      tool.arguments.required("vol"), in: tool.arguments.value("pool"))
    try tool.report(change, pool: pool.name, volume: name, "Vol \(name) cleared")
  }
}
