import Definitions
import Operations
import StorageModel
import StorageXML

extension Command {
  static let poolDumpXML = Command(
    "pool-dumpxml", "Print a pool as an XML document.", .reads,
    [
      .pool, .flag("inactive", "Print the definition that applies from the next start."), .xpath,
      .wrap,
    ],
    example: "pool-dumpxml images"
  ) { tool throws(StorageError) in
    let pool = try tool.storage.store.pool(usedAs: tool.arguments.required("pool"))
    var text: String
    if tool.arguments.has("inactive"), let persistent = pool.persistent {
      text = PoolXML.write(persistent)
    } else {
      let status = tool.storage.status(of: pool)
      text = PoolXML.write(status.definition, sizes: status.sizes ?? PoolSizes())
    }
    text = try tool.selected(from: text)
    try tool.report(
      text, json: ("pool-dumpxml", [("pool", .string(pool.name.text)), ("xml", .string(text))]))
  }
}

extension Tool {
  /// A document, or the parts of it that `--xpath` asks for.
  func selected(from document: String) throws(StorageError) -> String {
    guard let expression = arguments.value("xpath") else { return document }
    do throws(XMLProblem) {
      return try XPathQuery.select(expression, from: document, wrapped: arguments.has("wrap"))
    } catch {
      throw StorageError(.badInput, "", error.message)
    }
  }
}
