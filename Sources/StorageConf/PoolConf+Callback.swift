import StorageModel

extension PoolConf {
  /// The keys of the pool beneath driver `callback`, `driver` among them, by the name of an entry of the file of
  /// callbacks.
  package typealias CallbackKeys = (String) throws(StorageError) -> [(key: String, value: String)]

  /// For whoever has no file of callbacks.
  package static let noCallbacks:
    @Sendable (String) throws(StorageError) -> [(
      key: String, value: String
    )] = { name throws(StorageError) in
      throw StorageError(.badInput, "conf_id", "'\(name)' is not looked up here")
    }

  /// The pool beneath a section of driver `callback`, as the file of callbacks has it in Qubes' words.
  ///
  /// What the section says of revisions and of volatile volumes wins.
  static func beneath(
    _ reader: PoolSectionReader, _ driver: PoolDriver, _ defaultFolder: Path,
    _ callbacks: CallbackKeys
  ) throws(ConfProblem) -> PoolDefinition {
    let name = try reader.required("conf_id", reader.word("conf_id"))
    let entry = reader.section.entry("conf_id")
    let keys: [(key: String, value: String)]
    do throws(StorageError) { keys = try callbacks(name) } catch {
      throw reader.problem("conf_id: \(error.text)", at: entry)
    }
    var pool: PoolDefinition
    do throws(ConfProblem) {
      var document = ConfDocument.empty(file: reader.file)
      try document.addSection(reader.section.name, keys)
      guard let section = document.section(named: reader.section.name),
        !keys.contains(where: { $0.key == "driver" && $0.value == "callback" })
      else {
        throw ConfProblem(file: reader.file, message: "driver 'callback' is not beneath itself")
      }
      pool = try definition(of: section, file: reader.file, defaultFolder: defaultFolder)
    } catch {
      throw reader.problem("conf_id: '\(name)' defines no pool: \(error.message)", at: entry)
    }
    pool.lifecycle.callback = name
    if let kept = try reader.revisionsToKeep(driver) { pool.lifecycle.revisionsToKeep = kept }
    if let isEphemeral = try reader.flag("ephemeral_volatile") {
      pool.lifecycle.ephemeralVolatile = isEphemeral
    }
    return pool
  }
}
