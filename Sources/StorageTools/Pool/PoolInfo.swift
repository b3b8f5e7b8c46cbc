import Definitions
import Operations
import StorageModel

extension Command {
  static let poolInfo = Command(
    "pool-info", "Print the state and the sizes of a pool.", .reads, [.pool, .bytes, .timeout],
    example: "pool-info images"
  ) { tool throws(StorageError) in
    let pool = try tool.storage.store.pool(usedAs: tool.arguments.required("pool"))
    let status = tool.storage.status(of: pool)
    let bytes = tool.arguments.has("bytes")
    if let problem = status.problem { tool.warn("pool '\(pool.name)': \(problem)") }
    var rows: [(String, String)] = [
      ("Name", pool.name.text.escaped), ("UUID", "\(pool.definition.uuid)"),
      ("State", status.state.rawValue), ("Persistent", pool.isPersistent ? "yes" : "no"),
      ("Autostart", pool.isAutostarted ? "yes" : "no"),
    ]
    if let sizes = status.sizes {
      rows += [
        ("Capacity", sizes.capacity.text(inBytes: bytes)),
        ("Allocation", sizes.allocation.text(inBytes: bytes)),
        ("Available", sizes.available.text(inBytes: bytes)),
      ]
    }
    var members = status.json
    members += [
      ("driver", .string(pool.definition.lifecycle.driverWord)),
      (
        "revisions_to_keep",
        .integer(Int64(pool.definition.lifecycle.effectiveRevisionsToKeep.number))
      ),
      ("definition", .text(pool.origin.file)), ("problem", .text(status.problem)),
    ]
    let json = members
    try tool.report(Table.labels(rows), json: ("pool-info", [("pool", .object(json))]))
  }
}
