import Definitions
import Operations
import StorageModel

extension Command {
  static let poolCreate = Command(
    "pool-create", "Start a pool from an XML document; it is gone when it is stopped.", .changes,
    [
      .required("file", "FILE", "The document; - reads standard input."), .build, .overwrite,
      .noOverwrite, .flag("validate", "Refuse what libvirt's schema does not know."), .timeout,
    ],
    example: "pool-create /srv/scratch.xml --build"
  ) { tool throws(StorageError) in
    let building = try tool.buildingBeforeStart()
    let file = tool.arguments.required("file")
    let bytes = try tool.contents(of: file, limit: 1 << 20)
    let (pool, uuidIsGiven) = try PoolReading.document(
      bytes, file: file, validate: tool.arguments.has("validate"))
    let change = try tool.storage.create(pool, uuidIsGiven: uuidIsGiven, building: building)
    try tool.report(change, pool: pool.name, "Pool \(pool.name) created from \(file)")
  }
}
