import StorageModel
import StorageOS

/// Finding and removing what interrupted commands left.
extension Storage {
  /// The left-overs of a pool, and whether each was removed.
  package func check(_ poolText: String, repair: Bool) throws(StorageError)
    -> (pool: PoolName, findings: [(Finding, repaired: Bool)], told: [String])
  {
    // Only looking is done beside others; what they are working on is told apart by being open.
    try withPool(poolText, repair ? .exclusive : .shared) {
      pool, backend throws(StorageError) in
      guard let backend = backend as? any CheckingBackend else {
        throw StorageError(
          .unsupported, "pool '\(pool.name)'",
          "pools of type '\(pool.definition.type.rawValue)' cannot be checked")
      }
      let started = try StartedVolumes(host: host, pool: pool.name)
      let steps = Steps(isDryRun: isDryRun)
      if !pool.isActive, let backend = backend as? any AttachingBackend,
        let found = try check(backend, of: pool, repair: repair, steps)
      {
        return (pool.name, found, steps.told)
      }
      var results = try findings(backend, started)
      // Removing one thing can show another to be of no use.
      var removed: [(Finding, repaired: Bool)] = []
      while repair, results.contains(where: \.kind.isRepairable) {
        for finding in results where finding.kind.isRepairable {
          if finding.kind == .staleMarker, let volume = finding.volume {
            try started.remove(volume, steps)
          } else {
            try backend.repair(finding, steps)
          }
          removed.append((finding, !isDryRun))
        }
        results = isDryRun ? [] : try findings(backend, started)
      }
      let settled =
        repair || isDryRun ? results : try settledFindings(results, backend, started, pool)
      let open = settled.map { ($0, repaired: false) }
      return (pool.name, removed + open, steps.told)
    }
  }

  /// Looks for what a killed start or stop left of a pool that is not active.
  /// - Returns: nil where the pool is reachable all the same, so that its volumes can be looked at.
  /// - Throws: `busy` where it is not, and there is nothing to find.
  private func check(
    _ backend: any AttachingBackend, of pool: PoolRecord, repair: Bool, _ steps: Steps
  ) throws(StorageError) -> [(Finding, repaired: Bool)]? {
    if let finding = try backend.unfinishedStart() {
      if repair { try backend.stop(steps) }
      return [(finding, repaired: repair && !isDryRun)]
    }
    guard try !backend.isAttached() else { return nil }
    throw invalid(pool.name, "is not active")
  }

  /// Those of the findings that are not work in progress: of volumes that no command holds locked, looked at again
  /// once they are locked here.
  private func settledFindings(
    _ first: [Finding], _ backend: any CheckingBackend, _ started: StartedVolumes,
    _ pool: PoolRecord
  ) throws(StorageError) -> [Finding] {
    let locks = self.locks.withoutWaiting
    var held: [VolumeName: FileLock] = [:]
    for name in Set(first.compactMap(\.volume)) {
      held[name] = try? locks.volume(name, of: pool.name, .exclusive)
    }
    return try withExtendedLifetime(held) { () throws(StorageError) in
      var settled: [Finding] = []
      for finding in try findings(backend, started) {
        if let name = finding.volume {
          if held[name] != nil { settled.append(finding) }
        } else if try !backend.isInUse(finding) {
          settled.append(finding)
        }
      }
      return settled
    }
  }

  private func findings(_ backend: any CheckingBackend, _ started: StartedVolumes)
    throws(StorageError) -> [Finding]
  {
    let running = try started.all()
    var found = try backend.findings(isStarted: running.contains)
    for name in running {
      var volume = try backend.volume(name)
      volume?.isStarted = true
      guard volume?.state != .running else { continue }
      found.append(Finding(.staleMarker, started.file(name), volume: name))
    }
    return found
  }
}
