/// The life-cycle properties somebody set on a volume; nil where the pool's default holds.
package struct LifecycleSettings: Equatable, Sendable {
  package var isWritable: Bool?
  package var snapOnStart: Bool?
  package var saveOnStop: Bool?
  package var revisionsToKeep: RevisionsToKeep?
  /// The volume of the same pool that a snapshot volume starts from.
  package var source: VolumeName?
  package var ephemeral: Bool?

  package init() {}

  package var isEmpty: Bool { self == LifecycleSettings() }

  /// The settings with the pool's defaults filled in.
  package func resolved(with pool: PoolLifecycle) -> LifecycleProperties {
    let saves = saveOnStop ?? !(snapOnStart ?? false)
    let snaps = snapOnStart ?? false
    let writable = isWritable ?? true
    let volatile = writable && !snaps && !saves
    return LifecycleProperties(
      isWritable: writable, snapOnStart: snaps, saveOnStop: saves,
      revisionsToKeep: revisionsToKeep ?? pool.effectiveRevisionsToKeep, source: source,
      ephemeral: volatile && (ephemeral ?? pool.ephemeralVolatile))
  }
}

/// The life-cycle properties a volume has, defaults included.
package struct LifecycleProperties: Equatable, Sendable {
  package var isWritable: Bool
  package var snapOnStart: Bool
  package var saveOnStop: Bool
  package var revisionsToKeep: RevisionsToKeep
  package var source: VolumeName?
  package var ephemeral: Bool

  package init(
    isWritable: Bool, snapOnStart: Bool, saveOnStop: Bool, revisionsToKeep: RevisionsToKeep,
    source: VolumeName?, ephemeral: Bool
  ) {
    self.isWritable = isWritable
    self.snapOnStart = snapOnStart
    self.saveOnStop = saveOnStop
    self.revisionsToKeep = revisionsToKeep
    self.source = source
    self.ephemeral = ephemeral
  }

  /// What the two flags and the retention together make the volume.
  package var kind: LifecycleKind {
    switch (snapOnStart, saveOnStop) {
    case (false, false): return .volatile
    case (true, false): return .snapshot
    case (true, true): return .originSnapshot
    case (false, true): return revisionsToKeep == .disabled ? .inPlace : .origin
    }
  }
}

/// The kinds of volume, named as Qubes names them.
package enum LifecycleKind: String, CaseIterable, Sendable {
  /// Empty at every start, dropped at stop.
  case volatile
  /// Own persistent state: a working copy at start, committed at stop.
  case origin
  /// An origin with revisions disabled: no working copy, changes happen in place.
  case inPlace = "in-place"
  /// A copy of the source's committed state at start, dropped at stop.
  case snapshot
  /// Starts from the source, saves to itself at stop.
  case originSnapshot = "origin-snapshot"

  /// Whether an own committed state exists while stopped.
  package var savesState: Bool { self == .origin || self == .inPlace || self == .originSnapshot }
}
