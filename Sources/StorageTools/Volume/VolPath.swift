import Operations
import StorageBackend
import StorageModel

extension Command {
  static let volPath = Command(
    "vol-path", "Print the path of a volume.", .reads, [.volume, .volumePool],
    example: "vol-path disk1 --pool images"
  ) { tool throws(StorageError) in
    let path = try tool.volume(showing: true).1.definition.target.path?.text ?? ""
    try tool.report("\(path.escaped)\n", json: ("vol-path", [("path", .string(path))]))
  }
}
