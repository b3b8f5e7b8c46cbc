import Operations
import StorageBackend
import StorageModel

extension Command {
  static let volName = Command(
    "vol-name", "Print the name of the volume of a key or path.", .reads,
    [.required("vol", "VOLUME", "Key or path of the volume.", .volumePath)],
    example: "vol-name /srv/images/disk1"
  ) { tool throws(StorageError) in
    let name = try tool.volume(showing: true).1.name.text
    try tool.report("\(name.escaped)\n", json: ("vol-name", [("name", .string(name))]))
  }
}
