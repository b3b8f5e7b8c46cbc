import Definitions
import StorageBackend
import StorageModel
import StorageOS

extension Locks {
  /// One lock of a volume.
  struct Wanted {
    let pool: PoolName
    let volume: VolumeName
    let mode: FileLock.Mode
  }
}

extension [Locks.Wanted] {
  /// The locks for making a volume: on its name, and on what it is to start from.
  static func making(_ request: VolumeDefinition, in pool: PoolName) -> [Locks.Wanted] {
    let source = request.lifecycle.source.map {
      Locks.Wanted(pool: pool, volume: $0, mode: .shared)
    }
    return [Locks.Wanted(pool: pool, volume: request.name, mode: .exclusive)]
      + (source.map { [$0] } ?? [])
  }
}

/// The locks that a command holds on volumes and, shared, on their pools; none in a dry run.
final class HeldLocks {
  private let pools: [PoolName: ActivePool]
  private let definitions: [FileLock]
  private let contents: [PoolName: PoolLocks]

  fileprivate init(
    _ pools: [PoolName: ActivePool], _ definitions: [FileLock] = [],
    _ contents: [PoolName: PoolLocks] = [:]
  ) {
    self.pools = pools
    self.definitions = definitions
    self.contents = contents
  }

  /// One of the pools, looked up under its lock.
  func pool(_ name: PoolName) throws(StorageError) -> ActivePool {
    guard let pool = pools[name] else { throw PoolStore.notFound(name.text) }
    return pool
  }

  /// Locks volumes for reading as well, without waiting for anybody: other locks are held.
  /// - Returns: whether that was possible.
  func tryRead(_ names: some Sequence<VolumeName>, of pool: PoolName) throws(StorageError) -> Bool {
    guard let locks = contents[pool] else { return true }
    for name in names {
      guard try locks.tryLock(name, .shared) else { return false }
    }
    return true
  }
}

extension Storage {
  /// Runs `body` under locks on volumes and, shared, on their pools, all taken in the one order that keeps commands
  /// from waiting for each other in a circle.
  ///
  /// Pools of which everything is only read are read without locks where this user may not take them.
  func withLocks<Value>(
    _ wanted: [Locks.Wanted], _ body: (HeldLocks) throws(StorageError) -> Value
  ) throws(StorageError) -> Value {
    let held = try take(wanted)
    return try withExtendedLifetime(held) { () throws(StorageError) in try body(held) }
  }

  private func take(_ wanted: [Locks.Wanted]) throws(StorageError) -> HeldLocks {
    let names = Set(wanted.map(\.pool)).sorted()
    let changed = Set(wanted.filter { $0.mode == .exclusive }.map(\.pool))
    func locks(_ pool: PoolName) -> Locks {
      changed.contains(pool) ? self.locks : self.locks.forReading
    }
    var definitions: [FileLock] = []
    for name in names where !isDryRun {
      if let lock = try locks(name).pool(name, .shared) { definitions.append(lock) }
    }
    var pools: [PoolName: ActivePool] = [:]
    for name in names { pools[name] = try activePool(name.text) }
    guard !isDryRun else { return HeldLocks(pools) }
    var contents: [PoolName: PoolLocks] = [:]
    for (place, pools) in try places(pools) {
      let all = wanted.filter { pools.contains($0.pool) }
      let owner = pools.first(where: changed.contains) ?? pools[0]
      guard let content = try locks(owner).content(of: owner, in: place, .shared) else { continue }
      // Of two locks on one volume the exclusive one is the only one taken.
      let exclusive = Set(all.filter { $0.mode == .exclusive }.map(\.volume))
      for name in Set(all.map(\.volume)).sorted() {
        try content.lock(name, exclusive.contains(name) ? .exclusive : .shared)
      }
      for pool in pools { contents[pool] = content }
    }
    return HeldLocks(pools, definitions, contents)
  }

  /// The places of the pools' locks in the order in which they are locked, and the pools that have each.
  private func places(_ pools: [PoolName: ActivePool]) throws(StorageError)
    -> [(SharedFolder?, [PoolName])]
  {
    var own: [(SharedFolder?, [PoolName])] = []
    var shared: [(place: SharedFolder, pools: [PoolName])] = []
    for (name, pool) in pools.sorted(by: { $0.key < $1.key }) {
      if let place = try SharedFolder(of: pool.backend) {
        shared.append((place, [name]))
      } else {
        own.append((nil, [name]))
      }
    }
    guard shared.count > 1 else { return own + shared.map { ($0.place, $0.pools) } }
    // Others call the pools otherwise, but not their folders; devices have other numbers on other hosts.
    var byFolder: [FileStatus.Identity: (place: SharedFolder, pools: [PoolName])] = [:]
    for one in shared {
      let identity = try one.place.folder.descriptor.status().identity
      byFolder[identity, default: (one.place, [])].pools += one.pools
    }
    let order = byFolder.sorted {
      ($0.key.inode, $0.key.device) < ($1.key.inode, $1.key.device)
    }
    return own + order.map { ($0.value.place, $0.value.pools) }
  }
}
