import Definitions
import StorageBackend
import StorageModel
import StorageOS

/// How a pool is right now.
package enum PoolState: String, Sendable {
  case inactive
  case running
  /// Started and usable, but something is wrong with what it is made of.
  case degraded
  /// Started, but what it is made of cannot be reached.
  case inaccessible
}

/// What is shown of a pool.
package struct PoolStatus: Sendable {
  package let record: PoolRecord
  package let state: PoolState
  /// nil while inactive or inaccessible.
  package let sizes: PoolSizes?
  /// The definition with the target's real permissions and the source as found while it can be reached.
  package let definition: PoolDefinition
  /// Why an active pool is inaccessible or degraded.
  package let problem: String?
}

extension Storage {
  /// Asks the backend how a pool is.
  ///
  /// Never fails: what goes wrong is in the answer.
  package func status(of pool: PoolRecord) -> PoolStatus {
    var definition = pool.definition
    guard pool.isActive else {
      return PoolStatus(
        record: pool, state: .inactive, sizes: nil, definition: definition, problem: nil)
    }
    do throws(StorageError) {
      let (sizes, problem) = try ServerWatch.look { () throws(StorageError) in
        let backend = try backend(for: pool.definition)
        let found = (
          try backend.sizes(), try backend.able(to: .tellImpairment)?.impairment()
        )
        if let permissions = backend.targetPermissions() {
          definition.target.permissions = permissions
        }
        if let backend = backend.able(to: .tellSource) {
          definition.source = try backend.foundSource()
        }
        return found
      }
      return PoolStatus(
        record: pool, state: problem == nil ? .running : .degraded, sizes: sizes,
        definition: definition, problem: problem)
    } catch {
      var error = error
      // Whoever shows it says which pool it is about.
      if error.subject == "pool '\(pool.name)'" { error.subject = "" }
      return PoolStatus(
        record: pool, state: .inaccessible, sizes: nil, definition: definition,
        problem: error.text)
    }
  }

  /// Asks the backends of several pools; those that do not answer are waited for together.
  package func statuses(of pools: [PoolRecord]) -> [PoolStatus] {
    for pool in pools where pool.isActive {
      try? backend(for: pool.definition).beginReaching()
    }
    return pools.map(status)
  }
}
