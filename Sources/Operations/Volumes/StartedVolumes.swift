import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS

/// Which volumes of a pool are started.
///
/// A note of each is in the runtime folder, below the present boot, so that nothing of an earlier one counts. In pools
/// that have a place for it everybody who uses them finds a mark there as well. A mark of this machine counts during the
/// boot that it was made in; one of another machine is believed: whether that one still runs cannot be seen from here.
package struct StartedVolumes: Sendable {
  /// A volume's session that has not ended.
  package struct Session: Equatable, Sendable {
    /// The name of the machine it was started on; nil for this one.
    package let otherHost: String?
    /// Whether it was started with the definitions that this command uses.
    package let isOwn: Bool
  }

  private let host: HostFolders
  private let notes: Path
  /// Nil where notes are all there is.
  private let marks: SessionMarks?

  package init(host: HostFolders, pool: PoolDefinition, backend: any PoolBackend)
    throws(StorageError)
  {
    self.host = host
    notes = try host.currentBoot().appending("started").appending(pool.name.text)
    marks = SessionMarks(pool, backend)
  }

  // MARK: Looking

  /// The session of a volume; nil where it is not started.
  /// - Throws: where that cannot be told.
  package func session(of name: VolumeName) throws(StorageError) -> Session? {
    guard let marks else { return try hasNote(name) ? Session(otherHost: nil, isOwn: true) : nil }
    return try session(of: name, marks.record(of: name))
  }

  /// The sessions of all volumes that are started.
  package func all() throws(StorageError) -> [VolumeName: Session] {
    var found: [VolumeName: Session] = [:]
    for (name, session) in try marked() { found[name] = session }
    return found
  }

  /// The volumes that have a mark, and the session that it tells of; nil where that has ended.
  package func marked() throws(StorageError) -> [(volume: VolumeName, session: Session?)] {
    if let marks {
      return try marks.all().map { name, record throws(StorageError) in
        (name, try session(of: name, record))
      }
    }
    guard let folder = try Folder.ifPresent(notes) else { return [] }
    return try SessionMarks.files(in: folder).map { name, _ in
      (name, Session(otherHost: nil, isOwn: true))
    }
  }

  /// The file that marks a volume.
  package func file(_ name: VolumeName) -> Path { marks?.path(name) ?? note(name) }

  /// The session that a mark tells of; nil where it has ended.
  private func session(of name: VolumeName, _ record: SessionRecord?) throws(StorageError)
    -> Session?
  {
    guard let record, let boot = record.boot else { return nil }
    let present = try host.bootIdentifier()
    if boot == present {
      guard record.owner == owner else { return Session(otherHost: nil, isOwn: false) }
      // Where the runtime folder was emptied, as a container's is, what was started from there has ended.
      return try hasNote(name) ? Session(otherHost: nil, isOwn: true) : nil
    }
    // Machines that were copied can have the same identifier, and machines can change their name.
    let isHere = try record.machine == host.machineIdentifier() && record.host == Process.hostName
    guard isHere else { return Session(otherHost: record.host, isOwn: false) }
    guard present != HostFolders.unknownBoot else {
      throw OtherProcesses.untold(host.proc, "whether volume '\(name)' is started")
    }
    return nil
  }

  /// How whoever uses these definitions is known to others.
  private var owner: String { "\(Process.userID) \(host.runtime)" }

  private func note(_ name: VolumeName) -> Path {
    notes.appending(SessionMarks.file(name))
  }

  private func hasNote(_ name: VolumeName) throws(StorageError) -> Bool {
    do throws(StorageError) {
      _ = try FileStatus(following: note(name))
      return true
    } catch {
      // What has so long a name is refused to be started.
      if error.isAbsence || error.isTooLongName { return false }
      throw error
    }
  }

  // MARK: Changing

  /// Marks a volume as started here.
  package func insert(_ name: VolumeName, _ steps: Steps) throws(StorageError) {
    let note = note(name)
    try steps.run(
      "mark volume '\(name)' as started in '\(note)'",
      clearing: { () throws(StorageError) in
        try marks?.remove(name)
        try removeNote(name)
      }
    ) { () throws(StorageError) in
      try HostFolders.make(note.parent).replace(note.lastComponent, with: "")
      guard let marks else { return }
      var record = SessionRecord()
      record.boot = try host.bootIdentifier()
      record.machine = try host.machineIdentifier()
      record.host = Process.hostName
      record.owner = owner
      // Others who had started it before are still to be told.
      record.losers = try marks.record(of: name)?.losers.filter { $0 != owner } ?? []
      try marks.write(record, for: name)
    }
  }

  /// Ends a volume's session.
  /// - Parameter discarding: whether what was written is lost; whoever started the session is told, if somebody else
  ///   has ended it.
  package func remove(_ name: VolumeName, discarding: Bool = false, _ steps: Steps)
    throws(StorageError)
  {
    let record = try marks?.record(of: name)
    if record == nil { guard try hasNote(name) else { return } }
    try steps.run("unmark volume '\(name)' as started in '\(note(name))'") {
      () throws(StorageError) in
      if let marks, var record {
        if discarding, let session = try session(of: name, record), !session.isOwn {
          record.losers.append(record.owner)
        }
        record.boot = nil
        try record.losers.isEmpty ? marks.remove(name) : marks.write(record, for: name)
      }
      try removeNote(name)
    }
  }

  /// Removes all that is known of the sessions of a volume that is no more.
  package func forget(_ name: VolumeName, _ steps: Steps) throws(StorageError) {
    if try marks?.record(of: name) == nil { guard try hasNote(name) else { return } }
    try steps.run("unmark volume '\(name)' as started in '\(note(name))'") {
      () throws(StorageError) in
      try marks?.remove(name)
      try removeNote(name)
    }
  }

  /// Whether somebody else has discarded the session that was started with these definitions; told once.
  package func takeLoss(of name: VolumeName, _ steps: Steps) throws(StorageError) -> Bool {
    guard let marks, var record = try marks.record(of: name), record.losers.contains(owner) else {
      return false
    }
    record.losers.removeAll { $0 == owner }
    guard !steps.isDryRun else { return true }
    try record.boot == nil && record.losers.isEmpty
      ? marks.remove(name) : marks.write(record, for: name)
    try removeNote(name)
    return true
  }

  private func removeNote(_ name: VolumeName) throws(StorageError) {
    let note = note(name)
    try Folder.ifPresent(note.parent)?.remove(note.lastComponent)
  }
}

extension Volume {
  /// Notes whether it is started.
  mutating func take(_ session: StartedVolumes.Session?) {
    isStarted = session != nil
    otherHost = session?.otherHost
  }
}
