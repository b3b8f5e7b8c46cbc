import StorageCore
import StorageModel
import StorageXML

extension Command {
  static let poolDumpXML = Command(
    "pool-dumpxml", "Print a pool as an XML document.", .reads,
    [.pool, .flag("inactive", "Print the definition that holds from the next start.")],
    example: "pool-dumpxml images"
  ) { tool throws(StorageError) in
    let pool = try tool.storage.store.pool(matching: tool.arguments.required("pool"))
    let text: String
    if tool.arguments.has("inactive"), let persistent = pool.persistent {
      text = PoolXML.write(persistent)
    } else {
      let status = tool.storage.status(of: pool)
      text = PoolXML.write(status.definition, sizes: status.sizes ?? PoolSizes())
    }
    try tool.report(
      text, json: ("pool-dumpxml", [("pool", .string(pool.name.text)), ("xml", .string(text))]))
  }
}
