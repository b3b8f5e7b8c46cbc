import Operations
import StorageModel

extension Command {
  static let poolCreateAs = Command(
    "pool-create-as", "Start a transient pool from options.", .changes,
    Parameter.poolOptions + [.build, .overwrite.rare, .noOverwrite.rare, .timeout.rare],
    example: "pool-create-as scratch dir --target /srv/scratch --build", also: [.exists]
  ) { tool throws(StorageError) in
    let building = try tool.buildingBeforeStart()
    if tool.arguments.has("print-xml") { return try tool.show(tool.poolDocument()) }
    let pool = try tool.poolFromOptions()
    let change = try tool.storage.create(pool, uuidIsGiven: false, building: building)
    try tool.report(change, pool: pool.name, "Pool \(pool.name) created")
  }
}
