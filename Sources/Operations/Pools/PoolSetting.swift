import Definitions
import StorageBackend
import StorageModel
import StorageOS

extension PoolLifecycle {
  /// The names that `pool-set` knows.
  package static let propertyNames = ["revisions_to_keep", "ephemeral_volatile"]

  /// Sets a default from text; `default` or nothing gives the number of revisions back to the driver.
  /// - Throws: `usage` for an unknown property; `badInput` for a value that it cannot have.
  mutating func set(_ property: String, to value: String) throws(StorageError) {
    switch property {
    case "revisions_to_keep":
      let isDefault = value.isEmpty || value == "default"
      guard let number = RevisionsToKeep(value) ?? (isDefault ? revisionsToKeep ?? .disabled : nil)
      else {
        throw StorageError(
          .usage, property,
          "'\(value)' is not a number of revisions: -1, 0 or more, or default")
      }
      revisionsToKeep = isDefault ? nil : number
    case "ephemeral_volatile":
      ephemeralVolatile = try LifecycleSettings.boolean(value, property)
    default:
      throw StorageError(
        .usage, "",
        "unknown property '\(property)': expected \(PoolLifecycle.propertyNames.joined(separator: " or "))"
      )
    }
  }
}

extension Storage {
  /// Sets what volumes of a pool start from where they say nothing themselves; it holds at once, and is written into the
  /// pool's definition.
  /// - Throws: `busy` where started volumes would begin or cease to change in place.
  package func setPoolProperty(_ property: String, to value: String, of text: String)
    throws(StorageError) -> (Change, PoolName)
  {
    let found = try store.pool(matching: text)
    return try locked(locks.pool(found.name, .exclusive)) { () throws(StorageError) in
      try locked(locks.definitions()) { () throws(StorageError) in
        guard let pool = try store.pool(found.name) else { throw PoolStore.notFound(text) }
        func changed(_ definition: PoolDefinition?) throws(StorageError) -> PoolDefinition? {
          guard var definition else { return nil }
          try definition.lifecycle.set(property, to: value)
          return definition
        }
        let (persistent, live) = (try changed(pool.persistent), try changed(pool.live))
        for definition in [persistent, live].compactMap({ $0 }) { try checkLegal(definition) }
        if let live, let before = pool.live { try checkToggle(from: before, to: live) }
        let change = try self.change { steps throws(StorageError) in
          if let live, let before = pool.live, live != before {
            try store.setLive(live, steps) { () throws(StorageError) in
              try store.setLive(before, Steps())
            }
          }
          guard let persistent, persistent != pool.persistent else { return }
          if case .section = pool.origin {
            try store.setLifecycle(persistent, steps)
          } else {
            try store.write(persistent, steps)
          }
        }
        return (change, pool.name)
      }
    }
  }

  /// A volume that was started on a working copy cannot begin to change in place, nor the other way round.
  private func checkToggle(from old: PoolDefinition, to new: PoolDefinition) throws(StorageError) {
    let (before, after) = (
      old.lifecycle.effectiveRevisionsToKeep, new.lifecycle.effectiveRevisionsToKeep
    )
    guard (before == .disabled) != (after == .disabled) else { return }
    let started = try StartedVolumes(host: host, pool: old, backend: backend(for: old)).all()
      .keys.sorted()
    guard started.isEmpty else {
      throw StorageError(
        .busy, "pool '\(old.name)'",
        "has started volumes: \(started.map { "'\($0)'" }.joined(separator: ", "))")
    }
  }
}
