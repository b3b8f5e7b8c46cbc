import StorageModel
import StorageOS

/// Who uses a volume, asked before anything that they would not survive.
extension Storage {
  /// Refuses what would pull a volume from under somebody who has it open, and claims its images until the
  /// change is done, so that nobody opens them meanwhile.
  ///
  /// - Parameters:
  ///   - committed: whose use of the committed state counts; where nil, everybody's if it is itself the device,
  ///     else only writers'.
  ///   - claiming: what for; nil where another program does the change and makes its own claim.
  func checkUnused(
    _ volume: Volume, _ backend: any ContentBackend, committed: FileUsers? = nil,
    claiming use: ImageLock.Use? = .changing, _ steps: Steps
  ) throws(StorageError) {
    let users = committed ?? (volume.properties.kind == .inPlace ? .anyone : .writers)
    let holders = try backend.holders(of: volume, committed: users)
    guard holders.isEmpty else {
      throw StorageError(
        .busy, volume.subject, "is in use by \(holders.joined(separator: ", "))")
    }
    guard let use, !isDryRun else { return }
    steps.hold(try backend.claim(volume, for: use))
  }

  /// Refuses what would change an image that others are overlays on.
  func checkIsNoBase(_ volume: Volume, in pool: ActivePool) throws(StorageError) {
    guard volume.hasCommitted || volume.definition.kind == .block,
      let path = volume.definition.target.path,
      let base = try? FileStatus(following: path).identity
    else { return }
    let overlays = try overlays(on: base, seenFrom: pool.name)
    guard overlays.isEmpty else {
      throw StorageError(
        .busy, volume.subject, "is the backing store of volume \(overlays.joined(separator: ", "))")
    }
  }

  /// The volumes of all active pools that are overlays on a file, quoted; with their pool where it is another.
  private func overlays(on base: FileStatus.Identity, seenFrom own: PoolName) throws(StorageError)
    -> [String]
  {
    var found: [String] = []
    let active = try store.all().pools.filter(\.isActive)
    for record in active { try? makeBackend(record.definition, host).beginReaching() }
    for record in active {
      // A pool that cannot be read now hides its overlays; that must not keep others from working.
      guard let backend = try? makeBackend(record.definition, host) as? any OverlayBackend,
        let names = try? ServerWatch.look({ () throws(StorageError) in
          try backend.overlays(on: base)
        })
      else { continue }
      found += names.sorted().map {
        record.name == own ? "'\($0)'" : "'\($0)' in pool '\(record.name)'"
      }
    }
    return found
  }
}

extension Locks {
  /// One lock of a volume.
  struct Wanted {
    let pool: PoolName
    let volume: VolumeName
    let mode: FileLock.Mode
  }

  /// Locks several volumes and, shared, their pools, in the one order that keeps commands from waiting for each
  /// other in a circle.
  func volumes(_ wanted: [Wanted]) throws(StorageError) -> [FileLock] {
    var held: [FileLock] = []
    for pool in Set(wanted.map(\.pool)).sorted(by: { $0.text < $1.text }) {
      held.append(try self.pool(pool, .shared))
    }
    var last: Wanted?
    // Of two locks on one volume the exclusive one comes first, and is the only one taken.
    let sorted = wanted.sorted {
      ($0.pool.text, $0.volume.text, $0.mode == .exclusive ? 0 : 1)
        < ($1.pool.text, $1.volume.text, $1.mode == .exclusive ? 0 : 1)
    }
    for next in sorted {
      if let last, last.pool == next.pool, last.volume == next.volume { continue }
      held.append(try volume(next.volume, of: next.pool, next.mode))
      last = next
    }
    return held
  }
}
