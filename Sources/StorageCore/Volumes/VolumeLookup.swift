import StorageHost
import StorageModel
import StorageOS

/// An active pool, ready to be asked about volumes.
package struct ActivePool: Sendable {
  package let record: PoolRecord
  package let backend: any PoolBackend
  package let started: StartedVolumes
  /// The volumes that the present change holds locked.
  package var locked: Set<VolumeName> = []

  package var name: PoolName { record.name }
  package var definition: PoolDefinition { record.definition }

  /// All volumes sorted by name without regard to case, as virsh sorts.
  package func volumes() throws(StorageError) -> VolumeListing {
    var listing = try backend.volumes()
    let running = Set(try started.all())
    for index in listing.volumes.indices where !running.isEmpty {
      listing.volumes[index].isStarted = running.contains(listing.volumes[index].name)
    }
    // Sorted by index, because volumes are large and keys are not.
    let names = listing.volumes.indices.map { listing.volumes[$0].definition.name }
    let keys = names.map { ($0.text.lowercased(), $0) }
    let order = keys.indices.sorted { keys[$0] < keys[$1] }
    listing.volumes = order.map { listing.volumes[$0] }
    return listing
  }

  /// The names of all volumes, in no order, at the least cost that the backend knows.
  package func volumeNames() throws(StorageError) -> [VolumeName] {
    guard let backend = backend as? any NamingBackend else {
      return try backend.volumes().volumes.map(\.name)
    }
    return try backend.volumeNames()
  }

  /// Those of some names whose volumes are started, or were and have never been stopped.
  ///
  /// Where the backend knows no names without a listing, the former alone.
  package func unfinishedNames(among names: [VolumeName]) throws(StorageError) -> Set<VolumeName> {
    let running = Set(try started.all()).intersection(names)
    guard let backend = backend as? any NamingBackend else { return running }
    return running.union(try backend.namesWithWorkingCopy(among: names))
  }

  /// One volume; nil where there is none.
  package func volume(_ name: VolumeName) throws(StorageError) -> Volume? {
    guard var volume = try backend.volume(name) else { return nil }
    volume.isStarted = try started.contains(name)
    return volume
  }

  /// The backend, where its volumes have the life cycle.
  package func lifecycleBackend() throws(StorageError) -> any LifecycleBackend {
    guard let backend = backend as? any LifecycleBackend else {
      throw StorageError(
        .unsupported, "pool '\(name)'",
        "volumes of pools of type '\(definition.type.rawValue)' change in place and keep no revisions"
      )
    }
    return backend
  }

  /// The backend, where its volumes' contents can be reached.
  package func contentBackend() throws(StorageError) -> any ContentBackend {
    guard let backend = backend as? any ContentBackend else {
      throw StorageError(
        .unsupported, "pool '\(name)'",
        "volumes of pools of type '\(definition.type.rawValue)' cannot be changed")
    }
    return backend
  }
}

extension Storage {
  /// An active pool by name or UUID.
  /// - Throws: `busy` where it is not active.
  package func activePool(_ text: String) throws(StorageError) -> ActivePool {
    let record = try store.pool(matching: text)
    guard record.isActive else {
      throw invalid(record.name, "is not active")
    }
    return try activePool(record)
  }

  func activePool(_ record: PoolRecord) throws(StorageError) -> ActivePool {
    ActivePool(
      record: record, backend: try makeBackend(record.definition, host),
      started: try StartedVolumes(host: host, pool: record.name))
  }

  /// The volume that users mean by `text`: a name in the given pool, else a key or path in any active pool.
  /// - Throws: `notFound` in libvirt's words; `badInput` where the path belongs to another pool than the given one.
  package func volume(_ text: String, in poolText: String?) throws(StorageError)
    -> (ActivePool, Volume)
  {
    if let poolText {
      let pool = try activePool(poolText)
      if let name = VolumeName(found: text), let volume = try pool.volume(name) {
        return (pool, volume)
      }
      if let (other, volume) = try volume(atPath: text) {
        guard other.name == pool.name else {
          throw StorageError(
            .notFound, "", "Requested volume '\(text)' is not in pool '\(pool.name)'")
        }
        return (other, volume)
      }
    } else if let found = try volume(atPath: text) {
      return found
    }
    throw StorageError(
      .notFound,
      "failed to get vol '\(text)'" + (poolText == nil ? ", specifying --pool might help" : ""),
      "Storage volume not found: no storage vol with matching path '\(text)'")
  }

  /// The volume of an active pool that has this path or key; nil where none has.
  func volume(atPath text: String) throws(StorageError) -> (ActivePool, Volume)? {
    let path = Path(text)
    guard path.isAbsolute else { return nil }
    for record in try store.all().pools where record.isActive {
      var found: (ActivePool, Volume)?
      // A pool that cannot be read hides no volume of another.
      try? ServerWatch.look { () throws(StorageError) in
        let pool = try activePool(record)
        guard let name = pool.backend.volumeName(forPath: path) else { return }
        if let volume = try pool.volume(name) { found = (pool, volume) }
      }
      if let found { return found }
    }
    return nil
  }

  /// Runs a change of one volume, under the pool's shared and the volume's exclusive lock, with left-overs of
  /// interrupted commands swept first.
  func changeVolume(
    _ text: String, in poolText: String?, deleting: Bool = false,
    _ body: (ActivePool, any ContentBackend, Volume, Steps) throws(StorageError) -> Void
  ) throws(StorageError) -> (Change, ActivePool, VolumeName) {
    try withVolumes([text], in: poolText) { pool, backend, names throws(StorageError) in
      let volume = try changeable(names[0], in: pool, deleting: deleting)
      let change = try self.change { steps throws(StorageError) in
        try body(pool, backend, volume, steps)
      }
      return (change, pool, names[0])
    }
  }

  /// Runs `body` with volumes of one pool, under the pool's shared and their exclusive locks, with left-overs of
  /// interrupted commands swept first.
  ///
  /// The pool that `body` gets was read under the locks; what its backend asks the machine once holds for all of
  /// the volumes.
  func withVolumes<Value>(
    _ texts: [String], in poolText: String?,
    _ body: (ActivePool, any ContentBackend, [VolumeName]) throws(StorageError) -> Value
  ) throws(StorageError) -> Value {
    let (found, names) = try named(texts, in: poolText)
    let wanted = names.map { Locks.Wanted(pool: found, volume: $0, mode: .exclusive) }
    return try locked(locks.volumes(wanted)) { () throws(StorageError) in
      var pool = try activePool(found.text)
      pool.locked = Set(names)
      let backend = try pool.contentBackend()
      if !isDryRun { for name in names { try backend.sweep(name, Steps()) } }
      return try body(pool, backend, names)
    }
  }

  /// The names that texts mean, and their pool; a name given with a pool is not looked up yet.
  private func named(_ texts: [String], in poolText: String?) throws(StorageError)
    -> (PoolName, [VolumeName])
  {
    var pool = try poolText.map { text throws(StorageError) in try activePool(text).name }
    var names: [VolumeName] = []
    for text in texts {
      var name = pool == nil ? nil : VolumeName(found: text)
      if name == nil {
        let (found, volume) = try volume(text, in: poolText)
        guard pool == nil || pool == found.name else {
          throw StorageError(
            .usage, "volume '\(volume.name)'",
            "is in pool '\(found.name)', not in '\(pool?.text ?? "")' as the others")
        }
        pool = found.name
        name = volume.name
      }
      guard let name, !names.contains(name) else {
        throw StorageError(.usage, "volume '\(text)'", "is named twice")
      }
      names.append(name)
    }
    guard let pool, !names.isEmpty else {
      throw StorageError(.usage, "", "no volume is named")
    }
    return (pool, names)
  }

  /// A volume, looked up under its lock.
  private func lookedUp(_ name: VolumeName, in pool: ActivePool) throws(StorageError) -> Volume {
    guard let volume = try pool.volume(name) else {
      throw StorageError(
        .notFound, "failed to get vol '\(name)'",
        "Storage volume not found: no storage vol with matching path '\(name)'")
    }
    return volume
  }

  /// A volume that a change may be made to, looked up under its lock.
  func changeable(_ name: VolumeName, in pool: ActivePool, deleting: Bool = false)
    throws(StorageError) -> Volume
  {
    let volume = try lookedUp(name, in: pool)
    guard deleting || !volume.hasUnreadableRecord else {
      throw StorageError(
        .badInput, volume.subject, volume.problem ?? "has an unreadable record")
    }
    guard deleting || volume.definition.kind != .dir else {
      throw StorageError(.unsupported, volume.subject, "is a directory, not an image")
    }
    return volume
  }
}
