import Operations
import StorageBackend
import StorageModel

extension Command {
  static let volKey = Command(
    "vol-key", "Print the key of a volume.", .reads, [.volume, .volumePool],
    example: "vol-key disk1 --pool images"
  ) { tool throws(StorageError) in
    let key = try tool.volume(showing: true).1.definition.key ?? ""
    try tool.report("\(key.escaped)\n", json: ("vol-key", [("key", .string(key))]))
  }
}
