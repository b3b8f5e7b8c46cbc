import StorageConf
import StorageCore
import StorageHost
import StorageModel
import StorageXML

extension Command {
  static let poolDefine = Command(
    "pool-define", "Define a pool from an XML document or a section of storage.conf.", .changes,
    [
      .required("file", "FILE", "The document; - reads standard input."),
      .flag("validate", "Refuse what libvirt's schema does not know."),
      .flag("print-xml", "Print the document as it would be kept, and change nothing."),
      .flag("conf", "FILE holds sections of storage.conf; they are kept there."),
      .ifNotExists,
    ]
  ) { tool throws(StorageError) in
    let file = tool.arguments.required("file")
    let bytes = try tool.contents(of: file, limit: 1 << 20)
    let printed = tool.arguments.has("print-xml")
    for (pool, uuidIsGiven) in try tool.definitions(bytes, file: file) {
      if printed {
        try tool.write(PoolXML.write(pool) + "\n")
        continue
      }
      let change = try tool.storage.define(
        pool, uuidIsGiven: uuidIsGiven, notation: tool.arguments.has("conf") ? .section : .document,
        ifNotExists: tool.arguments.has("if-not-exists"))
      try tool.report(change, pool: pool.name, "Pool \(pool.name) defined from \(file)")
    }
  }
}

extension Tool {
  /// The pools that a document defines, and whether each names its UUID.
  fileprivate func definitions(_ bytes: [UInt8], file: String) throws(StorageError)
    -> [(PoolDefinition, uuidIsGiven: Bool)]
  {
    guard arguments.has("conf") else {
      do throws(XMLProblem) {
        let document = try PoolXML.document(
          bytes, file: file, validate: arguments.has("validate"))
        return [(document.pool, document.uuidWasGiven)]
      } catch {
        throw StorageError(.badInput, "", error.text)
      }
    }
    do throws(ConfProblem) {
      let conf = try ConfDocument.parse(bytes, file: file)
      guard !conf.sections.isEmpty else {
        throw ConfProblem(file: file, message: "no section: expected [NAME] and its keys")
      }
      var pools: [(PoolDefinition, uuidIsGiven: Bool)] = []
      for section in conf.sections {
        let pool = try PoolConf.definition(
          of: section, file: file, defaultFolder: storage.host.data)
        pools.append((pool, true))
      }
      return pools
    } catch {
      throw StorageError(.badInput, "", error.text)
    }
  }
}
