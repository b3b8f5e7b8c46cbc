import Operations
import StorageModel

extension Command {
  static let volCommit = Command(
    "vol-commit", "Commit a started volume without stopping it.", .changes,
    [.volume, .volumePool, .reserve.rare],
    example: "vol-commit disk1 --pool vms"
  ) { tool throws(StorageError) in
    let (change, pool, name) = try tool.storage.commitVolume(
      tool.arguments.required("vol"), in: tool.arguments.value("pool"))
    try tool.report(
      change, pool: pool.name, volume: name,
      change.isChanged ? "Vol \(name) committed" : "Vol \(name) has nothing to commit")
  }
}
