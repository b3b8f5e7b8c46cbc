import Operations
import StorageModel

extension Command {
  static let volRename = Command(
    "vol-rename", "Give a volume another name in its pool.", .changes,
    [.volume(.stopped), .required("newname", "NAME", "The new name."), .volumePool],
    example: "vol-rename disk1 system --pool vms", also: [.exists]
  ) { tool throws(StorageError) in
    let (change, pool, old, new) = try tool.storage.renameVolume(
      tool.arguments.required("vol"), to: tool.arguments.required("newname"),
      in: tool.arguments.value("pool"))
    try tool.report(
      change, pool: pool.name, volume: new, "Vol \(old) renamed to \(new)",
      more: [("old_name", .string(old.text))])
  }
}
