import Definitions
import StorageBackend
import StorageModel
import StorageOS

extension Storage {
  /// Adds devices to an active pool.
  ///
  /// A definition that lists the pool's devices lists the new ones, too, where it is a document; storage.conf has
  /// room for one device only and stays as it is.
  package func extend(_ text: String, by devices: [Path], overwrite: OverwritePolicy)
    throws(StorageError) -> Change
  {
    try withPool(text, .exclusive) { pool, backend throws(StorageError) in
      guard pool.isActive else { throw invalid(pool.name, "is not active") }
      let backend = try backend.required(.extend, "pool '\(pool.name)'")
      for (index, device) in devices.enumerated() where devices[..<index].contains(device) {
        throw StorageError(.usage, "device '\(device)'", "is named twice")
      }
      return try change { steps throws(StorageError) in
        try backend.extend(by: devices, overwrite: overwrite, steps)
        if var live = pool.live, live.add(devices) { try store.setLive(live, steps) }
        try locked(locks.definitions()) { () throws(StorageError) in
          // It can have been changed meanwhile.
          guard let now = try store.pool(pool.name), case .document = now.origin,
            var persistent = now.persistent, persistent.add(devices)
          else { return }
          try store.write(persistent, steps)
        }
      }
    }
  }
}

extension PoolDefinition {
  /// Lists devices as well, where any are listed.
  /// - Returns: whether anything is different now.
  fileprivate mutating func add(_ devices: [Path]) -> Bool {
    guard !source.devices.isEmpty else { return false }
    let new = devices.filter { path in !source.devices.contains { $0.path == path } }
    source.devices += new.map { PoolSource.Device(path: $0) }
    return !new.isEmpty
  }
}
