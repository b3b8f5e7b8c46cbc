import Definitions
import Operations
import StorageModel
import StorageXML

extension Command {
  static let poolDefineAs = Command(
    "pool-define-as", "Define a pool from options.", .changes,
    Parameter.poolOptions + [.ifNotExists],
    example: "pool-define-as images dir --target /srv/images", also: [.exists]
  ) { tool throws(StorageError) in
    if tool.arguments.has("print-xml") { return try tool.show(tool.poolDocument()) }
    let pool = try tool.poolFromOptions()
    let change = try tool.storage.define(
      pool, uuidIsGiven: false, notation: .document,
      ifNotExists: tool.arguments.has("if-not-exists"))
    let isThere = tool.arguments.has("if-not-exists") && !change.isChanged
    try tool.report(
      change, pool: pool.name, "Pool \(pool.name) " + (isThere ? "exists already" : "defined"))
  }
}
