import Operations
import StorageModel

extension Command {
  static let poolCreateAs = Command(
    "pool-create-as", "Start a pool from options; it is gone when it is stopped.", .changes,
    Parameter.poolOptions + [.build, .overwrite.rare, .noOverwrite.rare, .timeout.rare],
    example: "pool-create-as scratch dir --target /srv/scratch --build"
  ) { tool throws(StorageError) in
    let building = try tool.buildingBeforeStart()
    if tool.arguments.has("print-xml") { return try tool.show(tool.poolDocument()) }
    let pool = try tool.poolFromOptions()
    let change = try tool.storage.create(pool, uuidIsGiven: false, building: building)
    try tool.report(change, pool: pool.name, "Pool \(pool.name) created")
  }
}
