import StorageCore
import StorageModel

extension Command {
  static let volRevisions = Command(
    "vol-revisions", "List the revisions of a volume, oldest first.", .reads,
    [.volume, .volumePool, .bytes, .null],
    example: "vol-revisions disk1 --pool vms"
  ) { tool throws(StorageError) in
    try tool.checkNull()
    let (pool, volume) = try tool.volume()
    let revisions = try pool.lifecycleBackend().revisions(of: volume)
    if tool.arguments.has("null") {
      return try tool.writeNullEnded(revisions.map(\.revision.identifier))
    }
    let bytes = tool.arguments.has("bytes")
    let rows = revisions.map {
      [
        $0.revision.identifier, $0.revision.time.iso8601, $0.capacity.text(inBytes: bytes),
        $0.allocation.text(inBytes: bytes),
      ]
    }
    let items = revisions.map { facts -> JSON in
      .object([
        ("id", .string(facts.revision.identifier)),
        ("number", .integer(Int64(facts.revision.number))), ("time", .time(facts.revision.time)),
        ("epoch", .integer(facts.revision.time.seconds)), ("capacity", .size(facts.capacity)),
        ("allocation", .size(facts.allocation)),
      ])
    }
    try tool.report(
      Table.text(["Revision", "Time", "Capacity", "Allocation"], rows),
      json: (
        "vol-revisions",
        [
          ("pool", .string(pool.name.text)), ("volume", .string(volume.name.text)),
          ("revisions", .array(items)),
        ]
      ))
  }
}
