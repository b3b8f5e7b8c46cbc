import StorageBackend
import StorageModel
import StorageOS

/// Working copies and revisions.
extension DriverBackend: LifecycleBackend {
  package func makeWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try change("make-working-copy", volume, [], steps, undo: "drop-working-copy")
  }

  package func makeEmptyWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try change(
      "make-empty-working-copy", volume, [("capacity", .bytes(try volume.knownCapacity()))], steps)
  }

  package func continueWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try change("continue-working-copy", volume, [], steps)
  }

  package func copySource(_ source: Volume, to volume: Volume, _ steps: Steps)
    throws(StorageError)
  {
    try change(
      "copy-source", volume, [("source", .string(source.name.text))], steps,
      undo: "drop-working-copy")
  }

  package func commit(_ volume: Volume, _ steps: Steps) throws(StorageError) {
    try change("commit", volume, [], steps)
  }

  package func commitCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try change("commit-copy", volume, [], steps)
  }

  package func dropWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    guard volume.hasWorkingCopy else { return }
    try change("drop-working-copy", volume, [], steps)
  }

  package func dropRevisions(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try change("drop-revisions", volume, [], steps)
  }

  package func revert(_ volume: Volume, to revision: Revision, _ steps: Steps)
    throws(StorageError)
  {
    try change("revert", volume, [("revision", revision.told)], steps)
  }

  package func makeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try change(
      "make-committed", volume, [("capacity", .bytes(try volume.knownCapacity()))], steps,
      undo: "remove-committed")
  }

  package func removeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try change("remove-committed", volume, [], steps)
  }

  package func hasData(_ volume: Volume) throws(StorageError) -> Bool {
    try session.ask("has-data", [("volume", .string(volume.name.text))]) {
      answer throws(DriverFault) in try answer.needed("data", answer.flag("data"))
    }
  }

  package func removeRevision(_ revision: Revision, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  {
    try change("remove-revision", volume, [("revision", revision.told)], steps)
  }

  package func setPinned(
    _ isPinned: Bool, _ revision: Revision, of volume: Volume, _ steps: Steps
  ) throws(StorageError) {
    try change(
      "set-pinned", volume, [("revision", revision.told), ("pinned", .boolean(isPinned))], steps)
  }

  package func describe(_ volume: Volume, at revision: Revision?) throws(StorageError) -> Volume {
    try describe(volume, at: revision) { answer, _ throws(DriverFault) in
      let told = try self.volume(answer)
      guard told.name == volume.name else {
        throw DriverFault("volume '\(told.name)', asked for '\(volume.name)'")
      }
      var described = volume
      described.definition.capacity = told.definition.capacity
      described.definition.allocation = told.definition.allocation
      described.definition.physical = told.definition.physical
      described.definition.target.format = told.definition.target.format
      return described
    }
  }

  /// Nil, too, where the driver says nothing of it.
  package func stateID(of volume: Volume, at revision: Revision?) throws(StorageError) -> StateID? {
    try describe(volume, at: revision) { _, identifier in identifier }
  }

  private func describe<Answer>(
    _ volume: Volume, at revision: Revision?,
    _ read: (Members, StateID?) throws(DriverFault) -> Answer
  ) throws(StorageError) -> Answer {
    try session.ask(
      "describe",
      [("volume", .string(volume.name.text))] + (revision.map { [("revision", $0.told)] } ?? [])
    ) { answer throws(DriverFault) in
      let told = try Members(answer.value("volume"), "volume")
      return try read(told, told.stateID("state_id"))
    }
  }

  package func revisions(of volume: Volume) throws(StorageError) -> [RevisionFacts] {
    var revisions: [RevisionFacts] = []
    try session.ask(
      "revisions", [("volume", .string(volume.name.text))],
      item: { item throws(DriverFault) in
        let next = try RevisionFacts(item)
        guard revisions.last.map({ $0.revision.number < next.revision.number }) ?? true else {
          throw DriverFault("revisions that are not in the order of their numbers")
        }
        revisions.append(next)
      }, read: { _ in })
    return revisions
  }

  package func dependents(of source: VolumeName) throws(StorageError) -> Dependents {
    try session.ask("dependents", [("volume", .string(source.text))]) {
      answer throws(DriverFault) in
      var dependents = Dependents()
      for name in try answer.texts("names") {
        dependents.names.append(try VolumeName(ofDriver: name))
      }
      return dependents
    }
  }
}
