import Definitions
import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// An active pool, ready to be asked about volumes.
package struct ActivePool: Sendable {
  package let record: PoolRecord
  package let backend: any PoolBackend
  package let started: StartedVolumes
  /// What refers to what, once somebody asked.
  let pass = ImagePass()

  package var name: PoolName { record.name }
  package var definition: PoolDefinition { record.definition }

  /// All volumes sorted by name, as virsh sorts: without regard to the case of A to Z, otherwise by bytes.
  package func volumes() throws(StorageError) -> VolumeListing {
    var listing = VolumeListing()
    try eachVolume(warn: { listing.warnings.append($0) }) { listing.volumes += $0 }
    return listing
  }

  /// Shows all volumes in the same order, some at a time.
  /// - Parameter warn: told first about what is in the pool and cannot be listed.
  package func eachVolume(
    warn: (String) -> Void = { _ in }, _ body: ([Volume]) throws(StorageError) -> Void
  ) throws(StorageError) {
    let running = try started.all()
    func marked(_ volumes: [Volume]) -> [Volume] {
      var volumes = volumes
      for index in volumes.indices where !running.isEmpty {
        volumes[index].take(running[volumes[index].name])
      }
      return volumes
    }
    guard let backend = backend.able(to: .listInParts) else {
      let listing = try backend.volumes()
      // Sorted by index, because volumes are large and keys are not.
      let names = listing.volumes.indices.map { listing.volumes[$0].definition.name }
      listing.warnings.forEach(warn)
      return try body(marked(ListOrder.order(of: names.map(\.text)).map { listing.volumes[$0] }))
    }
    var all = try backend.namesToList()
    all.warnings.forEach(warn)
    let names = all.names
    all.names = []
    let order = ListOrder.order(of: names.map(\.text))
    // Enough for every processor to have its share.
    let atATime = 2000
    for start in stride(from: 0, to: order.count, by: atATime) {
      let some = order[start..<min(start + atATime, order.count)].map { names[$0] }
      try body(marked(try backend.look(at: some, of: all)))
    }
  }

  /// The names of all volumes, in no order, at the least cost that the backend knows.
  package func volumeNames() throws(StorageError) -> [VolumeName] {
    guard let backend = backend.able(to: .listNames) else {
      return try backend.volumes().volumes.map(\.name)
    }
    return try backend.volumeNames()
  }

  /// Those of some names whose volumes are started, or were and have never been stopped.
  ///
  /// Where the backend knows no names without a listing, the former alone.
  package func unfinishedNames(among names: [VolumeName]) throws(StorageError) -> Set<VolumeName> {
    let running = Set(try started.all().keys).intersection(names)
    guard let backend = backend.able(to: .listNames) else { return running }
    return running.union(try backend.namesWithWorkingCopy(among: names))
  }

  /// One volume with all that there is to know of it; nil where there is none.
  /// - Throws: also where a part of it could not be looked at: what is not known is never taken for something that
  ///   is not there.
  package func volume(_ name: VolumeName) throws(StorageError) -> Volume? {
    let volume = try visible(name)
    if let failure = volume?.failure { throw failure }
    return volume
  }

  /// One volume as far as it could be looked at, for those who only show it; nil where there is none.
  func visible(_ name: VolumeName) throws(StorageError) -> Volume? {
    guard var volume = try backend.volume(name) else { return nil }
    volume.take(try started.session(of: name))
    return volume
  }

  /// The revisions of a volume, oldest first; none where volumes of the pool keep none.
  package func revisions(of volume: Volume) throws(StorageError) -> [RevisionFacts] {
    guard volume.properties.kind.savesState, let backend = backend.able(to: .revisions) else {
      return []
    }
    return try backend.revisions(of: volume)
  }

  /// The backend, where its volumes have the life cycle.
  package func lifecycleBackend() throws(StorageError) -> any LifecycleBackend {
    try backend.required(.revisions, "pool '\(name)'")
  }

  /// The backend, where its volumes' contents can be read.
  package func readingBackend() throws(StorageError) -> any ReadingBackend {
    try backend.required(.readVolumes, "pool '\(name)'")
  }

  /// The backend, where its volumes' contents can be changed.
  package func contentBackend() throws(StorageError) -> any ContentBackend {
    try backend.required(.transferVolumes, "pool '\(name)'")
  }
}

extension Storage {
  /// An active pool by name or UUID.
  /// - Throws: `busy` where it is not active.
  package func activePool(_ text: String) throws(StorageError) -> ActivePool {
    let record = try store.pool(matching: text)
    guard record.isActive else { throw notActive(record) }
    return try activePool(record)
  }

  func activePool(_ record: PoolRecord) throws(StorageError) -> ActivePool {
    let backend = try backend(for: record.definition)
    return ActivePool(
      record: record, backend: backend,
      started: try StartedVolumes(host: host, pool: record.definition, backend: backend))
  }

  /// The volume that users mean by `text`: a name in the given pool, else a key or path in any active pool.
  /// - Parameter showing: whether it is only shown, so that what this user may not read of it can be left out.
  /// - Throws: `notFound` in libvirt's words, also where the path belongs to another pool than the given one; the
  ///   system's error where it could not be looked at.
  package func volume(_ text: String, in poolText: String?, showing: Bool = false)
    throws(StorageError) -> (ActivePool, Volume)
  {
    let found = try visibleVolume(text, in: poolText)
    if let failure = found.1.failure, !(showing && failure.code == .permission) { throw failure }
    return found
  }

  private func visibleVolume(_ text: String, in poolText: String?) throws(StorageError)
    -> (ActivePool, Volume)
  {
    if let poolText {
      let pool = try activePool(poolText)
      if let name = VolumeName(found: text), let volume = try pool.visible(name) {
        return (pool, volume)
      }
      // Asked first by itself: what cannot be read here is an error, and no absence.
      let path = Path(text)
      if path.isAbsolute, let name = try pool.backend.volumeName(forPath: path),
        let volume = try pool.visible(name)
      {
        return (pool, volume)
      }
      if let (other, volume) = try visibleVolume(atPath: text) {
        guard other.name == pool.name else {
          throw StorageError(
            .notFound, "", "Requested volume '\(text)' is not in pool '\(pool.name)'")
        }
        return (other, volume)
      }
      throw Storage.noVolume(text)
    }
    if let found = try visibleVolume(atPath: text) { return found }
    var error = Storage.noVolume(text)
    error.subject += ", specifying --pool might help"
    // Without a pool it is not known where it is missing.
    error.missing = nil
    throw error
  }

  /// The error of a volume that is not in a pool that was looked at, in libvirt's words.
  package static func noVolume(_ text: String) -> StorageError {
    var error = StorageError(
      .notFound, "failed to get vol '\(text)'",
      "Storage volume not found: no storage vol with matching path '\(text)'")
    error.missing = .volume
    return error
  }

  /// The volume of an active pool that has this path or key; nil where none has.
  /// - Throws: also where a pool that the path can belong to could not be asked.
  func volume(atPath text: String) throws(StorageError) -> (ActivePool, Volume)? {
    let found = try visibleVolume(atPath: text)
    if let failure = found?.1.failure { throw failure }
    return found
  }

  private func visibleVolume(atPath text: String) throws(StorageError) -> (ActivePool, Volume)? {
    let path = Path(text)
    guard path.isAbsolute else { return nil }
    var (pools, failure) = try store.withUnread()
    pools.removeAll { !$0.isActive }
    for record in pools {
      var found: (ActivePool, Volume)?
      do throws(StorageError) {
        try ServerWatch.look { () throws(StorageError) in
          let pool = try activePool(record)
          guard let name = try pool.backend.volumeName(forPath: path) else { return }
          if let volume = try pool.visible(name) { found = (pool, volume) }
        }
      } catch {
        if error.code == .interrupted { throw error }
        // A pool that cannot be read hides no volume of another.
        failure = failure ?? error
      }
      if let found { return found }
    }
    if let failure { throw failure }
    return nil
  }

  /// Runs a change of one volume, under the pool's shared and the volume's exclusive lock, with left-overs of
  /// interrupted commands swept first.
  /// - Parameter others: volumes of the pool that must not change meanwhile.
  func changeVolume(
    _ text: String, in poolText: String?, reading others: Set<VolumeName> = [],
    deleting: Bool = false,
    _ body: (ActivePool, any ContentBackend, Volume, Steps) throws(StorageError) -> Void
  ) throws(StorageError) -> (Change, ActivePool, VolumeName) {
    try withVolumes([text], in: poolText, for: .transferVolumes, reading: others) {
      pool, backend, names throws(StorageError) in
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
  /// - Parameters:
  ///   - ability: what the pool has to be able to.
  ///   - others: volumes of the pool that must not change meanwhile.
  ///   - more: tells, with the volumes locked, which others must not change either; asked again once they are locked.
  func withVolumes<Value, Interface>(
    _ texts: [String], in poolText: String?, for ability: Ability<Interface>,
    reading others: Set<VolumeName> = [],
    and more: ((ActivePool, [VolumeName]) throws(StorageError) -> Set<VolumeName>)? = nil,
    _ body: (ActivePool, Interface, [VolumeName]) throws(StorageError) -> Value
  ) throws(StorageError) -> Value {
    let (found, names) = try named(texts, in: poolText)
    var others = others
    while true {
      let read = others.subtracting(names)
      let wanted =
        names.map { Locks.Wanted(pool: found, volume: $0, mode: .exclusive) }
        + read.map { Locks.Wanted(pool: found, volume: $0, mode: .shared) }
      var result: Value?
      try withLocks(wanted) { held throws(StorageError) in
        var pool = try held.pool(found)
        var backend = try pool.backend.required(ability, "pool '\(pool.name)'")
        if !isDryRun, let reading = pool.backend.able(to: .readVolumes) {
          for name in names { try reading.sweep(name, Steps()) }
        }
        if let more {
          let needed = try more(pool, names).subtracting(names)
          guard try held.tryRead(needed, of: found) else {
            // Somebody has one of them: all locks are taken again, in their order.
            others.formUnion(needed)
            return
          }
          if !needed.isEmpty {
            pool = try activePool(found.text)
            backend = try pool.backend.required(ability, "pool '\(pool.name)'")
            _ = try more(pool, names)
          }
        }
        result = try body(pool, backend, names)
      }
      if let result { return result }
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
    guard let volume = try pool.visible(name) else { throw Storage.noVolume(name.text) }
    return volume
  }

  /// A volume that a change may be made to, looked up under its lock.
  /// - Throws: also where a part of it could not be looked at. A device that fails can still be deleted: its pool
  ///   knows of it by other means.
  func changeable(_ name: VolumeName, in pool: ActivePool, deleting: Bool = false)
    throws(StorageError) -> Volume
  {
    let volume = try lookedUp(name, in: pool)
    if let failure = volume.failure,
      !deleting || volume.definition.kind != .block || volume.hasUnreadableRecord
    {
      throw failure
    }
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
