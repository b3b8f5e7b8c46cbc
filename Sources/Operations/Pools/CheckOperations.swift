import Definitions
import StorageBackend
import StorageModel
import StorageOS

/// Finding and removing what interrupted commands left.
extension Storage {
  /// What a check found.
  package struct CheckResult: Sendable {
    /// nil for the definitions and the secrets.
    package let pool: PoolName?
    /// The left-overs, and whether each was removed.
    package var findings: [(Finding, repaired: Bool)] = []
    /// The steps of a dry run.
    package var told: [String] = []
    /// Why each of those that should have been removed was not.
    package var failed: [StorageError] = []
  }

  /// The left-overs among the definitions and the secrets.
  package func checkDefinitions(repair: Bool) throws(StorageError) -> CheckResult {
    var result = CheckResult(pool: nil)
    let steps = Steps(isDryRun: isDryRun)
    func take(_ leftovers: [(folder: Folder, name: String)]) {
      for (folder, name) in leftovers {
        let finding = Finding(.temporary, folder.path.appending(name), volume: nil)
        var isRepaired = false
        if repair {
          do throws(StorageError) {
            try steps.run("remove \(finding.kind.rawValue) '\(finding.path)'") {
              () throws(StorageError) in
              try folder.remove(name)
              try folder.sync()
            }
            isRepaired = !isDryRun
          } catch {
            result.failed.append(error)
          }
        }
        result.findings.append((finding, isRepaired))
      }
    }
    // Under the locks nobody is writing: what is there was left.
    let locks = repair ? self.locks : self.locks.forReading.leavingNoTrace
    try locked(locks.definitions()) { () throws(StorageError) in
      take(try store.leftovers())
      result.findings += try store.unreadable().map { (Finding($0), false) }
    }
    try locked(locks.secrets()) { () throws(StorageError) in take(try secretLeftovers()) }
    result.told = steps.told
    return result
  }

  /// The names of the pools that are active and can be checked.
  package func checkablePools() throws(StorageError) -> [PoolName] {
    var names: [PoolName] = []
    for record in try store.forDecision() where record.isActive {
      if try backend(for: record.definition).can(.check) { names.append(record.name) }
    }
    return names
  }

  /// The left-overs of a pool.
  package func check(_ poolText: String, repair: Bool) throws(StorageError) -> CheckResult {
    // Only looking is done beside others; what they are working on is told apart by being open.
    try withPool(poolText, repair ? .exclusive : .shared, reading: !repair) {
      pool, backend throws(StorageError) in
      let backend = try backend.required(.check, "pool '\(pool.name)'")
      let started = try StartedVolumes(host: host, pool: pool.definition, backend: backend)
      let steps = Steps(isDryRun: isDryRun)
      if !pool.isActive, let backend = backend.able(to: .attach),
        let found = try check(backend, of: pool, repair: repair, steps)
      {
        return CheckResult(pool: pool.name, findings: found, told: steps.told)
      }
      var locks = isDryRun ? nil : try contentLocks(of: pool.name, backend, repair: repair)
      defer { withExtendedLifetime(locks) {} }
      var results = try findings(backend, started)
      if repair, !isDryRun, locks == nil, !results.isEmpty {
        locks = try contentLocks(of: pool.name, backend, repair: true, making: true)
        results = try findings(backend, started)
      }
      // Removing one thing can show another to be of no use, or make room for removing it. One that cannot be repaired
      // keeps none of the others from it.
      var removed: [(Finding, repaired: Bool)] = []
      var failed: [StorageError] = []
      var due = repair ? results.filter(\.kind.isRepairable) : []
      while !due.isEmpty {
        failed = []
        for finding in due {
          do throws(StorageError) {
            if finding.kind == .staleMarker, let volume = finding.volume {
              try started.forget(volume, steps)
            } else {
              try backend.repair(finding, steps)
            }
            if !removed.contains(where: { $0.0 == finding }) {
              removed.append((finding, !isDryRun))
            }
          } catch {
            if error.code == .interrupted { throw error }
            failed.append(error)
          }
        }
        results = isDryRun ? [] : try findings(backend, started)
        // What nothing came of is not tried for ever.
        let next = results.filter(\.kind.isRepairable)
        due = next == due ? [] : next
      }
      let settled =
        repair || isDryRun
        ? results : try settledFindings(results, backend, started, pool.name, locks)
      let open = settled.map { ($0, repaired: false) }
      let broken = try brokenReferences(in: pool.name, backend).map { ($0, repaired: false) }
      let gone = removed.filter { !settled.contains($0.0) }
      return CheckResult(
        pool: pool.name, findings: gone + open + broken, told: steps.told, failed: failed)
    }
  }

  /// What lies among the volumes of a pool and is none, in one line each.
  package func strangers(in pool: PoolName) throws(StorageError) -> [String] {
    guard let record = try store.pool(pool),
      let backend = try backend(for: record.definition).able(to: .check),
      record.isActive || !backend.can(.attach)
    else { return [] }
    return try backend.strangers()
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
    _ pool: PoolName, _ locks: PoolLocks?
  ) throws(StorageError) -> [Finding] {
    guard !first.isEmpty else { return [] }
    // Where nobody had ever locked anything, somebody may have begun.
    var locks = locks
    if locks == nil { locks = try contentLocks(of: pool, backend, repair: false) }
    var free: Set<VolumeName> = []
    for name in Set(first.compactMap(\.volume)) {
      if try locks?.tryLock(name, .exclusive) == true { free.insert(name) }
    }
    var settled: [Finding] = []
    for finding in try findings(backend, started) {
      if locks != nil, let name = finding.volume {
        if free.contains(name) { settled.append(finding) }
        continue
      }
      // What cannot be looked at is no work in progress, and nothing of it can be opened to tell.
      if finding.kind != .unreadable, try backend.isInUse(finding) { continue }
      settled.append(finding)
    }
    return settled
  }

  /// The lock on all that is in a pool, which makes nothing there unless something is to be changed.
  private func contentLocks(
    of pool: PoolName, _ backend: any CheckingBackend, repair: Bool, making: Bool = false
  ) throws(StorageError) -> PoolLocks? {
    let locks = repair ? self.locks : self.locks.forReading
    return try (making ? locks : locks.leavingNoTrace).content(
      of: pool, in: SharedFolder(of: backend), repair ? .exclusive : .shared)
  }

  private func findings(_ backend: any CheckingBackend, _ started: StartedVolumes)
    throws(StorageError) -> [Finding]
  {
    let marked = try started.marked().sorted { $0.volume < $1.volume }
    let running = Set(marked.filter { $0.session != nil }.map(\.volume))
    let volumes = try backend.volumes().volumes
    var found = try backend.findings(of: volumes, isStarted: running.contains)
    // What is listed as broken is found, too, unless something is found already that tells why it is.
    let told = Set(found.compactMap(\.volume))
    for index in volumes.indices where !told.contains(volumes[index].name) {
      guard let problem = volumes[index].problem else { continue }
      let name = volumes[index].name
      let path = volumes[index].definition.target.path ?? backend.path(of: name)
      found.append(.unreadable(path, volume: name, problem))
    }
    for (name, session) in marked {
      var volume: Volume?
      do throws(StorageError) { volume = try backend.volume(name) } catch {
        if error.code == .interrupted { throw error }
        if !found.contains(where: { $0.volume == name }) {
          found.append(.unreadable(backend.path(of: name), volume: name, error.text))
        }
        continue
      }
      volume?.take(session)
      // Marks that have lost their meaning are replaced or removed with the volume. What another machine does cannot be
      // seen here.
      let isStale =
        volume == nil
        || session.map { $0.otherHost == nil && volume?.state != .running } == true
      if isStale { found.append(Finding(.staleMarker, started.file(name), volume: name)) }
    }
    // Suspended devices are repaired first, because LVM and everybody else wait for them.
    func rank(_ one: Finding) -> Int { one.kind == .suspendedDevice ? 0 : 1 }
    return found.sorted {
      (rank($0), $0.path, $0.kind.rawValue) < (rank($1), $1.path, $1.kind.rawValue)
    }
  }
}

extension Finding {
  /// A definition that nobody can use.
  fileprivate init(_ definition: PoolStore.Unreadable) {
    let remedy = definition.pool.map { pool in
      "; correct it, or remove it with \(NextCommand.line(["pool-undefine", pool.text]))"
    }
    self = .unreadable(
      definition.file, volume: nil, definition.problem.text + (remedy ?? "; correct it"))
  }
}
