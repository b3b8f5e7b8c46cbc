import StorageBackend
import StorageHost
import StorageModel

/// Which notation a definition is kept in.
package enum DefinitionNotation: Sendable { case document, section }

/// Where a pool's definition stands.
package enum DefinitionOrigin: Equatable, Sendable {
  /// In no file: the pool `default` of a machine on which nothing of that name is defined.
  case builtIn
  /// An own XML document.
  case document(Path)
  /// A section of storage.conf.
  case section(Path, line: Int)
  /// Nowhere: started from a definition that has since gone.
  case none

  /// The notation of what stands there; nil where nothing does.
  package var notation: DefinitionNotation? {
    switch self {
    case .document: return .document
    case .section: return .section
    case .builtIn, .none: return nil
    }
  }

  /// The place as errors name it, `file` or `file:line`.
  package var place: String {
    switch self {
    case .builtIn: return "the built-in definition"
    case .document(let file): return file.text
    case .section(let file, let line): return "\(file):\(line)"
    case .none: return "no file"
    }
  }
}

/// A pool that is defined, started, or both.
package struct PoolRecord: Equatable, Sendable {
  /// What holds at the next start.
  package let persistent: PoolDefinition?
  package let origin: DefinitionOrigin
  /// What the running pool was started with; nil while it is inactive.
  package let live: PoolDefinition?
  package let isAutostarted: Bool

  /// Why the definition of a running pool cannot be read; nil where all is well.
  package var problem: StorageError?

  /// The definition that describes the pool now.
  package let definition: PoolDefinition

  package var name: PoolName { definition.name }
  package var isActive: Bool { live != nil }
  package var isPersistent: Bool { persistent != nil }
  /// Whether it is the built-in pool while nobody uses it: neither started nor to be started at boot.
  package var isUnused: Bool { origin == .builtIn && !isActive && !isAutostarted }

  /// Whether it has a UUID, running or at its next start.
  package func has(_ uuid: StorageUUID) -> Bool {
    definition.uuid == uuid || persistent?.uuid == uuid
  }

  /// A pool of at least one definition; nil without any.
  package init?(
    persistent: PoolDefinition?, origin: DefinitionOrigin, live: PoolDefinition?,
    isAutostarted: Bool
  ) {
    guard let definition = live ?? persistent else { return nil }
    self.definition = definition
    self.persistent = persistent
    self.origin = persistent == nil ? .none : origin
    self.live = live
    self.isAutostarted = isAutostarted
  }
}

extension NextCommand {
  /// The line that makes an inactive pool ready for use.
  package static func hint(toUse pool: PoolRecord) -> String {
    // Of the built-in pool not even the folder need be there.
    let more = pool.origin == .builtIn ? ["--build"] : []
    return "Try: " + line(["pool-start", pool.name.text] + more)
  }
}
