import Definitions
import Operations
import Secrets
import StorageBackend
import StorageModel

/// Names of what is on the machine now, for completion: those that fit what is typed, sorted.
///
/// What cannot be looked at is passed over. Of many names none is described, so that a pool of ten thousand volumes
/// costs one reading of its folder.
struct LiveNames: Sendable {
  typealias Candidate = Completion.Candidate

  let storage: Storage
  let arguments: Arguments
  let command: Command
  let typed: String
  let matches: Completion.Matching

  /// Up to so many names are looked at one by one.
  private static let describedAtMost = 100

  // MARK: Pools

  /// Pools in a state; where the volume is given already, those that have it.
  func pools(_ filter: ValueKind.PoolFilter) -> [Candidate] {
    var records = all.filter { record in
      switch filter {
      case .any: return true
      case .active: return record.isActive
      case .inactive: return !record.isActive
      }
    }
    if command.parameter(named: "vol")?.value.isVolume == true, let text = arguments.value("vol"),
      let name = VolumeName(found: text)
    {
      let holding = records.filter { record in
        guard record.isActive, let pool = try? storage.activePool(record.name.text) else {
          return false
        }
        return (try? pool.volume(name)) != nil
      }
      if !holding.isEmpty { records = holding }
    }
    return records.map { record in
      Candidate(
        text: record.name.text,
        meaning: "\(record.definition.type.rawValue), \(record.isActive ? "active" : "inactive")")
    }
    .filter { matches($0.text, typed) }
  }

  var poolUUIDs: [Candidate] {
    all.map { Candidate(text: "\($0.definition.uuid)", meaning: $0.name.text) }
      .filter { matches($0.text, typed) }
  }

  private var all: [PoolRecord] { ((try? storage.store.all(withUnused: true)) ?? ([], [])).pools }

  /// The pool that is given, else every active one.
  private var activePools: [ActivePool] {
    if let text = arguments.value("pool") {
      return [try? storage.activePool(text)].compactMap { $0 }
    }
    return all.filter(\.isActive).compactMap { try? storage.activePool($0.name.text) }
  }

  // MARK: Volumes

  /// Volumes of the pool that is given, else of every active one; paths where one is begun.
  func volumes(_ filter: ValueKind.VolumeFilter) -> [Candidate] {
    if typed.hasPrefix("/") { return volumePaths }
    let pools = activePools
    return sorted(
      pools.flatMap { pool in
        names(of: pool, filter).map { candidate in
          guard pools.count > 1 else { return candidate }
          let more = candidate.meaning.isEmpty ? "" : ", \(candidate.meaning)"
          return Candidate(text: candidate.text, meaning: "pool \(pool.name)\(more)")
        }
      })
  }

  private func names(of pool: ActivePool, _ filter: ValueKind.VolumeFilter) -> [Candidate] {
    let names = ((try? pool.volumeNames()) ?? []).filter { matches($0.text, typed) }
    guard names.count > LiveNames.describedAtMost else {
      return names.compactMap { describe($0, in: pool, filter) }
    }
    let fitting: [VolumeName]
    switch filter {
    case .any: fitting = names
    case .stopped:
      let started = (try? pool.started.all()) ?? [:]
      fitting = names.filter { started[$0] == nil }
    case .unfinished: fitting = Array((try? pool.unfinishedNames(among: names)) ?? [])
    }
    return fitting.map { Candidate(text: $0.text) }
  }

  private func describe(
    _ name: VolumeName, in pool: ActivePool, _ filter: ValueKind.VolumeFilter
  ) -> Candidate? {
    guard let volume = try? pool.volume(name) else { return nil }
    let isUnfinished = volume.state == .running || volume.state == .dirty
    switch filter {
    case .any: break
    case .stopped: if volume.state == .running { return nil }
    case .unfinished: if !isUnfinished { return nil }
    }
    let size = volume.definition.capacity.map { "\($0.displayText), " } ?? ""
    return Candidate(
      text: name.text, meaning: volume.problem == nil ? size + volume.state.rawValue : "broken")
  }

  /// Paths of the volumes of the pool that is given, else of every active one.
  var volumePaths: [Candidate] {
    sorted(
      activePools.flatMap { pool in
        ((try? pool.volumeNames()) ?? []).map { name in
          Candidate(text: pool.backend.path(of: name).text, meaning: "pool \(pool.name)")
        }
        .filter { matches($0.text, typed) }
      })
  }

  /// Revisions of the volume that is given, newest first.
  var revisions: [Candidate] {
    guard let text = arguments.value("vol"),
      let (pool, volume) = try? storage.volume(text, in: arguments.value("pool")),
      let backend = try? pool.lifecycleBackend(), let facts = try? backend.revisions(of: volume)
    else { return [] }
    return facts.reversed().map {
      Candidate(
        text: $0.revision.identifier,
        meaning: "\($0.revision.time.iso8601), \($0.allocation.displayText)")
    }
    .filter { matches($0.text, typed) }
  }

  var secrets: [Candidate] {
    let records = ((try? storage.secrets.all()) ?? ([], [])).secrets
    return records.map { record in
      let usage = record.definition.usage.map { "\($0.kind.rawValue) \($0.name)" }
      return Candidate(
        text: "\(record.definition.uuid)", meaning: usage ?? record.definition.description ?? "")
    }
    .filter { matches($0.text, typed) }
  }

  /// By name; one that stands in several pools once for each.
  private func sorted(_ candidates: [Candidate]) -> [Candidate] {
    candidates.sorted {
      $0.text < $1.text || ($0.text == $1.text && $0.meaning < $1.meaning)
    }
  }
}
