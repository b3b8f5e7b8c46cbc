import StorageCore
import StorageModel

extension Command {
  static let volList = Command(
    "vol-list", "List the volumes of a pool.", .reads,
    [.pool, .flag("details", "Show type and sizes too.")]
  ) { tool throws(StorageError) in
    let pool = try tool.storage.activePool(tool.arguments.required("pool"))
    let listing = try pool.volumes()
    listing.warnings.forEach(tool.warn)
    for volume in listing.volumes {
      if let problem = volume.problem { tool.warn("volume '\(volume.name)': \(problem)") }
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
    let rows = volumes.map { volume -> [String] in
      let definition = volume.definition
      let row = [volume.name.text.escaped, definition.target.path?.text.escaped ?? ""]
      guard details else { return row }
      let type = definition.kind.rawValue
      return row + [
        volume.problem == nil ? type : "\(type) (broken)",
        definition.capacity?.displayText ?? "-", definition.allocation?.displayText ?? "-",
      ]
    }
    let header = ["Name", "Path"] + (details ? ["Type", "Capacity", "Allocation"] : [])
    return Table.text(header, rows)
  }
}
