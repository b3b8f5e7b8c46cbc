import Definitions
import Operations
import StorageModel
import StorageXML

extension Command {
  static let poolDefine = Command(
    "pool-define", "Define a pool from an XML document or a section of storage.conf.", .changes,
    [
      .required("file", "FILE", "The document; - reads standard input."),
      .flag("validate", "Fail if it does not match libvirt's schema."),
      .flag("print-xml", "Print the resulting XML document and change nothing."),
      .flag("conf", "FILE is a section of storage.conf; keep it there."),
      .ifNotExists,
    ],
    example: "pool-define /srv/images.xml --validate", also: [.exists]
  ) { tool throws(StorageError) in
    let file = tool.arguments.required("file")
    let bytes = try tool.contents(of: file, limit: 1 << 20)
    let (pool, uuidIsGiven) = try tool.definition(bytes, file: file)
    if tool.arguments.has("print-xml") { return try tool.show(PoolXML.write(pool)) }
    let change = try tool.storage.define(
      pool, uuidIsGiven: uuidIsGiven, notation: tool.arguments.has("conf") ? .section : .document,
      ifNotExists: tool.arguments.has("if-not-exists"))
    let isThere = tool.arguments.has("if-not-exists") && !change.isChanged
    try tool.report(
      change, pool: pool.name,
      "Pool \(pool.name) " + (isThere ? "exists already" : "defined from \(file)"))
  }
}

extension Tool {
  /// The pool that a document defines, and whether it names its UUID.
  fileprivate func definition(_ bytes: [UInt8], file: String) throws(StorageError)
    -> (PoolDefinition, uuidIsGiven: Bool)
  {
    guard arguments.has("conf") else {
      return try PoolReading.document(bytes, file: file, validate: arguments.has("validate"))
    }
    // The notation has no UUID, so that every definition of this name has the same.
    return (try PoolReading.section(bytes, file: file, host: storage.host), true)
  }
}
