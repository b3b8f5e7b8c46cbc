import StorageCore
import StorageModel

extension Command {
  static let volList = Command(
    "vol-list", "List the volumes of a pool.", .reads,
    [.pool(.active), .flag("details", "Show type and sizes too."), .null, .timeout],
    example: "vol-list images --details"
  ) { tool throws(StorageError) in
    try tool.checkNull()
    let pool = try tool.storage.activePool(tool.arguments.required("pool"))
    let listing = try pool.volumes()
    listing.warnings.forEach(tool.warn)
    for index in listing.volumes.indices {
      guard let problem = listing.volumes[index].problem else { continue }
      tool.warn("volume '\(listing.volumes[index].name)': \(problem)")
    }
    if tool.arguments.has("null") {
      return try tool.writeNullEnded(listing.volumes.map(\.name.text))
    }
    try tool.report(
      table(listing.volumes, details: tool.arguments.has("details")),
      json: (
        "vol-list",
        [
          ("pool", .string(pool.name.text)),
          ("volumes", .array(listing.volumes.map { $0.json(in: pool) })),
        ]
      ))
  }

  /// A volume that cannot be read is marked by its type and dashes for its sizes.
  private static func table(_ volumes: [Volume], details: Bool) -> String {
    // By index: a volume is large, and copying ten thousand of them shows.
    let rows = volumes.indices.map { index -> [String] in
      let name = volumes[index].definition.name.text.escaped
      let path = volumes[index].definition.target.path?.text.escaped ?? ""
      guard details else { return [name, path] }
      let type = volumes[index].definition.kind.rawValue
      return [
        name, path, volumes[index].problem == nil ? type : "\(type) (broken)",
        volumes[index].definition.capacity?.displayText ?? "-",
        volumes[index].definition.allocation?.displayText ?? "-",
      ]
    }
    let header = ["Name", "Path"] + (details ? ["Type", "Capacity", "Allocation"] : [])
    return Table.text(header, rows)
  }
}
