import Definitions
import StorageModel
import StorageXML

/// A pool's definition as a text that people can edit.
package struct EditablePool: Equatable, Sendable {
  package let name: PoolName
  /// An XML document, or the pool's section of storage.conf as it stands there, whose comments need be no UTF-8.
  package let text: [UInt8]
  package let notation: DefinitionNotation
}

/// An edited definition, on its way to take the place of the one that was edited.
struct PoolEdit {
  let original: EditablePool
  let text: [UInt8]
  /// Whether it does not matter that somebody else has changed the definition meanwhile.
  let anyway: Bool
}

extension Storage {
  /// The definition that holds from a pool's next start; of a pool that has none, the one that it was started with.
  /// - Throws: as `PoolStore.pool`; `badInput` for a section that stands in several places of storage.conf.
  package func editable(_ text: String) throws(StorageError) -> EditablePool {
    try editable(try store.pool(matching: text))
  }

  private func editable(_ pool: PoolRecord) throws(StorageError) -> EditablePool {
    if case .section = pool.origin {
      return EditablePool(
        name: pool.name, text: try store.sectionText(pool.name), notation: .section)
    }
    let document = PoolXML.write(pool.persistent ?? pool.definition)
    return EditablePool(name: pool.name, text: Array(document.utf8), notation: .document)
  }

  /// Defines a pool by the edited text of its definition.
  /// - Parameters:
  ///   - original: what was edited.
  ///   - anyway: whether it does not matter that somebody else has changed the definition meanwhile.
  /// - Throws: as `define`; `badInput` for a text that defines no pool, or one of another name; `busy` where the
  ///   definition is no longer what was edited.
  package func redefine(_ original: EditablePool, by text: [UInt8], anyway: Bool)
    throws(StorageError) -> Change
  {
    var pool: PoolDefinition
    var uuidIsGiven = true
    switch original.notation {
    case .document:
      (pool, uuidIsGiven) = try PoolReading.document(text, file: "edited text")
    case .section: pool = try store.pool(original.name, bySection: text)
    }
    guard pool.name == original.name else {
      throw StorageError(
        .exists, "pool '\(original.name)'",
        "cannot be renamed: the edited text is of '\(pool.name)'"
      )
    }
    return try define(
      pool, uuidIsGiven: uuidIsGiven, notation: original.notation, ifNotExists: false,
      edit: PoolEdit(original: original, text: text, anyway: anyway))
  }

  /// Throws where a definition is no longer what somebody began to edit.
  func checkUnchanged(_ present: PoolRecord?, since edit: PoolEdit) throws(StorageError) {
    guard !edit.anyway else { return }
    let now = try present.map { pool throws(StorageError) in try editable(pool) }
    guard now == edit.original else {
      throw StorageError(
        .busy, "pool '\(edit.original.name)'",
        "the XML configuration was changed by another user")
    }
  }
}
