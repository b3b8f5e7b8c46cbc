import Operations
import StorageBackend
import StorageModel
import StorageXML

extension Command {
  static let volDumpXML = Command(
    "vol-dumpxml", "Print a volume as an XML document.", .reads,
    [.volume, .volumePool, .xpath, .wrap],
    example: "vol-dumpxml disk1 --pool images"
  ) { tool throws(StorageError) in
    let (pool, volume) = try tool.volume(showing: true)
    if let problem = volume.problem { tool.warn("volume '\(volume.name)': \(problem)") }
    let text = try tool.selected(
      from: VolumeXML.write(
        volume.definition, poolType: pool.definition.type, isFound: true))
    try tool.report(
      text, json: ("vol-dumpxml", [("volume", .string(volume.name.text)), ("xml", .string(text))]))
  }
}
