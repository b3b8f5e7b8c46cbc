import StorageCore
import StorageModel

extension Command {
  static let volInfo = Command(
    "vol-info", "Print the type and the sizes of a volume.", .reads,
    [
      .volume, .volumePool, .bytes,
      .flag("physical", "Show the size of the file instead of the allocation."), .timeout,
    ],
    example: "vol-info disk1 --pool images"
  ) { tool throws(StorageError) in
    let (pool, volume) = try tool.volume()
    if let problem = volume.problem { tool.warn("volume '\(volume.name)': \(problem)") }
    let definition = volume.definition
    let bytes = tool.arguments.has("bytes")
    func size(_ size: ByteCount?) -> String {
      let size = size ?? 0
      return bytes ? "\(size.bytes) bytes" : size.displayText
    }
    let last =
      tool.arguments.has("physical")
      ? ("Physical", size(definition.physical)) : ("Allocation", size(definition.allocation))
    let chain = tool.storage.backingChain(of: volume)
    let rows =
      [
        ("Name", volume.name.text.escaped), ("Type", definition.kind.rawValue),
        ("Capacity", size(definition.capacity)), last,
      ] + chain.map { ("Backing", $0.line) }
    try tool.report(
      Table.labels(rows), json: ("vol-info", [("volume", volume.json(in: pool, chain: chain))]))
  }
}

extension BackingImage {
  /// The image in one line: its path, its format, and what is wrong with it.
  fileprivate var line: String {
    let format = format.map { " (\($0.rawValue))" } ?? ""
    return path.escaped + format + (problem.map { ": \($0)" } ?? "")
  }
}
