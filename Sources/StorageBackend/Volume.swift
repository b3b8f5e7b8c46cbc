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
  /// The other machine on which it was started; nil where it is started here, or not at all.
  package var otherHost: String?
  /// Whether the source of a started snapshot was committed, imported or reverted since; false while stopped.
  package var isOutdated = false
  /// Whether its record is there and cannot be understood: then its properties are not known, and nothing but
  /// deleting it may change it.
  package var hasUnreadableRecord = false
  /// Whether anything is on record about it.
  package var hasRecord = false
  /// Where what lies on the disk contradicts what is on record, or is another program's.
  package var contradiction: Contradiction?
  /// What was begun with its content in place and did not end; nil where it is whole.
  package private(set) var unfinished: UnfinishedChange?
  /// Whether its format is on record, so that nothing a guest writes can change what it is taken for.
  package var hasRecordedFormat = false
  /// Whether its file only names others, which hold its data.
  package var hasDataElsewhere = false
  /// The sectors that its content is made for, and of a device has; nil where nothing says that they are not the
  /// usual 512 bytes.
  package var sectorSize: ByteCount?
  /// Why it could not be read, in one line; nil where all is well.
  package var problem: String?
  /// The system's refusal or failure that kept from looking at the whole of it; nil where all was looked at.
  ///
  /// Where there is one, some of what is said here is not known, and whoever decides on it throws this.
  package var failure: StorageError?

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

  /// Notes what its record says of a change of its content that did not end.
  package mutating func take(_ unfinished: UnfinishedChange?, in pool: PoolName) {
    guard let unfinished else { return }
    self.unfinished = unfinished
    problem = problem ?? unfinished.problem
    contradiction =
      contradiction
      ?? .incompleteContent(
        of: name, in: pool, unfinished, at: definition.target.path ?? Path(name.text))
  }

  package var name: VolumeName { definition.name }
  package var capacity: ByteCount { definition.capacity ?? 0 }

  /// The capacity, for what depends on it.
  /// - Throws: `badInput` where it is not known.
  package func knownCapacity() throws(StorageError) -> ByteCount {
    if let capacity = definition.capacity { return capacity }
    if let failure { throw failure }
    throw StorageError(.badInput, subject, "its size is not known", reason: problem)
  }
  package var lifecycle: Lifecycle { Lifecycle(properties) }

  package var state: LifecycleState {
    // A volume that is its own device has no working copy to prove that it is started.
    if isStarted, hasWorkingCopy || isOwnDevice { return .running }
    if hasWorkingCopy || contradiction?.kind == .foreignSession { return .dirty }
    return properties.kind.savesState && !hasCommitted ? .absent : .clean
  }

  /// How errors call it.
  package var subject: String { "volume '\(name)'" }

  /// The transition for an event.
  /// - Throws: the refusal, as an error about this volume.
  package func transition(_ event: LifecycleEvent) throws(StorageError) -> Lifecycle.Transition {
    // Who has it open there cannot be seen here. The committed state is nobody's.
    if let otherHost, state == .running, event != .export, event != .configureRetention {
      throw StorageError(
        .busy, subject, "is started on host '\(otherHost)'",
        hint: "Stop it there. If that host has ended without doing so, try here: "
          + NextCommand.line(["vol-stop", definition.target.path?.text ?? name.text, "--force"]))
    }
    if let contradiction {
      guard contradiction.allowed.contains(event) else { throw contradiction.refusal(subject) }
      // What settles it does so in whatever state the volume is.
      if event == .configure { return try transition(event, in: .clean) }
    }
    return try transition(event, in: state)
  }

  private func transition(_ event: LifecycleEvent, in state: LifecycleState)
    throws(StorageError) -> Lifecycle.Transition
  {
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
  /// nil where it is not known.
  package let capacity: ByteCount?
  package let allocation: ByteCount
  /// Whether it stays however many newer ones there are.
  package let isPinned: Bool
  package init(
    revision: Revision, capacity: ByteCount?, allocation: ByteCount, isPinned: Bool = false
  ) {
    self.revision = revision
    self.capacity = capacity
    self.allocation = allocation
    self.isPinned = isPinned
  }
}
