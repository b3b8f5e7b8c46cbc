import Operations
import StorageModel

extension Command {
  static let volRevert = Command(
    "vol-revert", "Put a volume back to a revision; its current state becomes one.",
    .changes,
    [
      .volume,
      .optional("revision", "REVISION", "Number of the revision (the newest)."),
      .volumePool, .flag("discard", "Discard an uncommitted session first."), .force,
      .progress, .reserve.rare,
    ],
    example: "vol-revert disk1 --pool vms"
  ) { tool throws(StorageError) in
    let (change, pool, name, revision) = try tool.storage.revertVolume(
      tool.arguments.required("vol"), in: tool.arguments.value("pool"),
      to: tool.arguments.value("revision"), discard: tool.arguments.has("discard"))
    try tool.report(
      change, pool: pool.name, volume: name,
      "Vol \(name) reverted to revision \(revision.identifier)",
      more: [("revision", .string(revision.identifier))])
  }
}
