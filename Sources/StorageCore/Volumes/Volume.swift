import StorageModel

/// A volume as it is on the machine right now.
package struct Volume: Sendable {
  /// What XML says of it: sizes, format, path, permissions, timestamps, backing store.
  package var definition: VolumeDefinition
  package var properties: LifecycleProperties
  /// Whether the committed state exists under its name.
  package var hasCommitted: Bool
  package var hasWorkingCopy: Bool
  /// Whether the committed state under its own name is the device while the volume is started.
  package var isOwnDevice = false
  /// Whether it was started this boot and not stopped since.
  package var isStarted = false
  /// Whether the source of a started snapshot was committed, imported or reverted since; false while stopped.
  package var isOutdated = false
  /// Whether its record is there and cannot be understood: then its properties are not known, and nothing but
  /// deleting it may change it.
  package var hasUnreadableRecord = false
  /// Whether its format is on record, so that nothing a guest writes can change what it is taken for.
  package var hasRecordedFormat = false
  /// The sectors that its content is made for, and of a device has; nil where nothing says that they are not the
  /// usual 512 bytes.
  package var sectorSize: ByteCount?
  /// Why it could not be read, in one line; nil where all is well.
  package var problem: String?

  package init(
    definition: VolumeDefinition, properties: LifecycleProperties, hasCommitted: Bool,
    hasWorkingCopy: Bool, problem: String? = nil
  ) {
    self.definition = definition
    self.properties = properties
    self.hasCommitted = hasCommitted
    self.hasWorkingCopy = hasWorkingCopy
    self.problem = problem
  }

  package var name: VolumeName { definition.name }
  package var capacity: ByteCount { definition.capacity ?? 0 }
  package var lifecycle: Lifecycle { Lifecycle(properties) }

  package var state: LifecycleState {
    // A volume that is its own device has no working copy to prove that it is started.
    if isStarted, hasWorkingCopy || isOwnDevice { return .running }
    if hasWorkingCopy { return .dirty }
    return properties.kind.savesState && !hasCommitted ? .absent : .clean
  }

  /// How errors call it.
  package var subject: String { "volume '\(name)'" }

  /// The transition for an event.
  /// - Throws: the refusal, as an error about this volume.
  package func transition(_ event: LifecycleEvent) throws(StorageError) -> Lifecycle.Transition {
    // A lone working copy may be a volume whose revisions are disabled, or one that keeps nothing: only its record
    // could tell. Neither committing nor dropping it is safe.
    if state == .dirty, properties.kind == .origin || properties.kind == .originSnapshot,
      !hasCommitted, event != .remove
    {
      throw StorageError(
        .failure, subject,
        "has a working copy but no committed state; if the working copy is the volume, rename it")
    }
    do throws(LifecycleRefusal) {
      return try lifecycle.transition(event, in: state)
    } catch {
      throw StorageError(error.error.code, subject, error.error.problem)
    }
  }
}

/// The volumes of a pool, and what was seen that is none.
package struct VolumeListing: Sendable {
  package var volumes: [Volume]
  /// One line each.
  package var warnings: [String]
  package init(volumes: [Volume] = [], warnings: [String] = []) {
    self.volumes = volumes
    self.warnings = warnings
  }
}

/// A revision and its sizes.
package struct RevisionFacts: Equatable, Sendable {
  package let revision: Revision
  package let capacity: ByteCount
  package let allocation: ByteCount
  package init(revision: Revision, capacity: ByteCount, allocation: ByteCount) {
    self.revision = revision
    self.capacity = capacity
    self.allocation = allocation
  }
}
