import Definitions
import Operations
import StorageModel

extension Command {
  static let poolCreate = Command(
    "pool-create", "Start a transient pool from an XML document.", .changes,
    [
      .required("file", "FILE", "The document; - reads standard input."), .build, .overwrite,
      .noOverwrite, .flag("validate", "Fail if it does not match libvirt's schema."), .timeout,
    ],
    example: "pool-create /srv/scratch.xml --build", also: [.exists]
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
