import Definitions
import Operations
import StorageBackend
import StorageModel

extension Command {
  static let volList = Command(
    "vol-list", "List the volumes of a pool, or of all active pools.", .reads,
    [
      .optional(
        "pool", "POOL", "Pool to list (all active ones).", .pool(.active)),
      .flag("details", "Show types and sizes, too."),
    ] + Parameter.listing(Volume.columns(in: nil)) + [.timeout],
    example: "vol-list images --details"
  ) { tool throws(StorageError) in
    if try tool.showColumns(Volume.columns(in: nil)) { return }
    let chosen = try tool.arguments.value("pool").map { text throws(StorageError) in
      try tool.storage.activePool(text)
    }
    let details = tool.arguments.has("details")
    // The states are a column that virsh does not have: it is there only where it says something.
    var list = try Listing(
      tool, Volume.columns(in: nil),
      usual: (chosen == nil ? ["pool"] : []) + ["name", "path"]
        + (details ? ["type", "capacity", "allocation"] : []),
      optional: details ? "state" : nil,
      json: ("vol-list", [("pool", .text(chosen?.name.text))], "volumes"))
    var isWhole = true
    let pools: [ActivePool]
    if let chosen { pools = [chosen] } else { pools = try tool.activePools(&isWhole) }
    for pool in pools {
      do throws(StorageError) { try tool.list(pool, &list) } catch {
        // What is wrong with one pool hides nothing of the others.
        guard chosen == nil, error.code != .interrupted else { throw error }
        tool.warn("pool '\(pool.name)': \(error.text)")
        isWhole = false
      }
    }
    try list.end()
    if !isWhole { Tool.finish("", "", .failure) }
  }
}

extension Tool {
  fileprivate func list(_ pool: ActivePool, _ list: inout Listing<Volume>) throws(StorageError) {
    let columns = Volume.columns(in: pool)
    // Some of a hundred thousand volumes are held at a time.
    try pool.eachVolume(warn: warn) { volumes throws(StorageError) in
      // By index: a volume is large, and copying ten thousand of them shows.
      for index in volumes.indices {
        guard let problem = volumes[index].problem else { continue }
        warn("volume '\(volumes[index].name)': \(problem)")
      }
      try list.append(volumes, columns)
    }
  }
}
