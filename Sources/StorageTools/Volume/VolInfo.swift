import Operations
import StorageBackend
import StorageModel

extension Command {
  static let volInfo = Command(
    "vol-info", "Print the type, the sizes and the state of volumes.", .reads,
    [
      Parameter.volume.repeated, .volumePool, .bytes,
      .flag("physical", "Show the size of the file instead of the allocation."), .timeout,
    ],
    example: "vol-info disk1 --pool images"
  ) { tool throws(StorageError) in
    let (names, poolText) = tool.namedVolumes()
    for text in names { try tool.showVolume(text, in: poolText) }
  }
}

extension Tool {
  /// Prints one volume; in JSON a document of its own.
  fileprivate func showVolume(_ text: String, in poolText: String?) throws(StorageError) {
    let (pool, volume) = try storage.volume(text, in: poolText, showing: true)
    if let problem = volume.problem { warn("volume '\(volume.name)': \(problem)") }
    let definition = volume.definition
    let bytes = arguments.has("bytes")
    func size(_ size: ByteCount?) -> String {
      guard let size else { return "-" }
      return bytes ? "\(size.bytes) bytes" : size.displayText
    }
    let last =
      arguments.has("physical")
      ? ("Physical", size(definition.physical)) : ("Allocation", size(definition.allocation))
    let chain = storage.backingChain(of: volume)
    let rows =
      [
        ("Name", volume.name.text.escaped), ("Type", definition.kind.rawValue),
        ("Capacity", size(definition.capacity)), last,
      ] + chain.map { ("Backing", $0.line) } + session(volume, in: pool)
    try report(
      Table.labels(rows), json: ("vol-info", [("volume", volume.json(in: pool, chain: chain))]))
  }

  /// What virsh knows nothing of: the state of a volume that is not simply stopped, and what it is started as.
  private func session(_ volume: Volume, in pool: ActivePool) -> [(String, String)] {
    guard let state = volume.stateInWords else { return [] }
    var rows = [("State", state)]
    if let format = volume.definition.target.format { rows.append(("Format", format.rawValue)) }
    if let device = volume.devicePath(in: pool) { rows.append(("Device", device.escaped)) }
    return rows
  }
}

extension BackingImage {
  /// The image in one line: its path, its format, and what is wrong with it.
  fileprivate var line: String {
    let format = format.map { " (\($0.rawValue))" } ?? ""
    return path.escaped + format + (problem.map { ": \($0)" } ?? "")
  }
}
