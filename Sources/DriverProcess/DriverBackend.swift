import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// Pools that a driver process works with: each requirement of the interface is one request.
///
/// It conforms to what any driver can be able to do; what this one can is in its description.
package struct DriverBackend: PoolBackend, Sendable {
  let pool: PoolDefinition
  let host: HostFolders
  let session: DriverSession
  let facts: DriverFacts

  package var description: BackendDescription { facts.description }

  /// Starts the driver and has it describe the pool.
  /// - Throws: `unsupported` where there is no such driver; what the session throws.
  package init(
    _ pool: PoolDefinition, _ process: PoolProcess, host: HostFolders, secrets: any SecretSource
  ) throws(StorageError) {
    let subject = "pool '\(pool.name)'"
    let program = try DriverLookup.program(of: process.name, subject)
    let session = try DriverSession(
      process.name, program, subject: subject, silence: host.answerTimeout)
    var sending: [Descriptor] = []
    if let login = pool.source.authentication {
      sending = [try secrets.value(of: login.secret, for: login.kind.usage).file()]
    }
    try self.init(pool, session, host: host, sending: sending)
  }

  /// The same by a driver that is started already.
  /// - Parameter sending: the secret of the pool, where it has one.
  package init(
    _ pool: PoolDefinition, _ session: DriverSession, host: HostFolders, sending: [Descriptor] = []
  ) throws(StorageError) {
    self.pool = pool
    self.host = host
    self.session = session
    facts = try session.ask("open", [("pool", pool.told)], sending: sending) {
      answer throws(DriverFault) in
      try DriverFacts(answer, of: pool, driver: session.driver)
    }
  }

  // MARK: The pool

  package func start(_ steps: Steps) throws(StorageError) {
    try change("start", "", [], steps, undo: "stop")
  }

  package func stop(_ steps: Steps) throws(StorageError) { try change("stop", "", [], steps) }

  package func abandon(_ steps: Steps) throws(StorageError) { try change("abandon", "", [], steps) }

  package func checkReachable() throws(StorageError) { try session.tell("reach") }

  package func sizes() throws(StorageError) -> PoolSizes {
    try session.ask("sizes") { answer throws(DriverFault) in
      PoolSizes(
        capacity: try answer.size("capacity") ?? 0, allocation: try answer.size("allocation") ?? 0,
        available: try answer.size("available") ?? 0)
    }
  }

  package func path(of name: VolumeName) -> Path { facts.volumePath.path(of: name) }

  package func volumeName(forPath path: Path) throws(StorageError) -> VolumeName? {
    guard let text = facts.volumePath.name(in: path) else { return nil }
    // A text that cannot be a name belongs to no volume.
    do throws(NameProblem) { return try VolumeName(text) } catch { return nil }
  }

  /// Who may enter what the volumes are in is the driver's affair.
  package func targetPermissions() -> Permissions? { nil }

  // MARK: Requests

  /// One step that the driver does.
  /// - Parameters:
  ///   - what: what it is about, as users are told.
  ///   - undo: the verb that takes it back, with the same members; nil where nothing does.
  func change(
    _ verb: String, _ what: String, _ members: [(String, JSON)], _ steps: Steps,
    undo: String? = nil
  ) throws(StorageError) {
    let told = what.isEmpty ? "" : " \(what)"
    func takeBack() throws(StorageError) {
      if let undo { try session.tell(undo, members) }
    }
    try steps.run(
      "have driver '\(session.driver)' do '\(verb)'\(told)", undo: undo == nil ? nil : takeBack
    ) {
      () throws(StorageError) in
      try session.tell(verb, members, progress: steps.progress)
    }
  }

  /// One step that the driver does with a volume.
  func change(
    _ verb: String, _ volume: Volume, _ members: [(String, JSON)], _ steps: Steps,
    undo: String? = nil
  ) throws(StorageError) {
    try change(
      verb, "with volume '\(volume.name)'", [("volume", .string(volume.name.text))] + members,
      steps, undo: undo)
  }
}

extension PoolSource.Authentication.Kind {
  /// What the secret has to be for.
  fileprivate var usage: SecretUsage.Kind {
    switch self {
    case .chap: return .iscsi
    case .ceph: return .ceph
    case .cifs: return .cifs
    }
  }
}

extension DriverBackend: BuildingBackend, AttachingBackend, DegradableBackend, ThinUsageBackend,
  RefreshingBackend, ExtendingBackend
{
  package func build(overwrite: OverwritePolicy, _ steps: Steps) throws(StorageError) {
    try change("build", "", [("overwrite", .string(overwrite.word))], steps, undo: "destroy")
  }

  package func delete(_ steps: Steps) throws(StorageError) { try change("destroy", "", [], steps) }

  package func isAttached() throws(StorageError) -> Bool {
    try session.ask("attached") { answer throws(DriverFault) in
      try answer.needed("attached", answer.flag("attached"))
    }
  }

  package func unfinishedStart() throws(StorageError) -> Finding? {
    try session.ask("unfinished-start") { answer throws(DriverFault) in
      try answer.object("finding").map { members throws(DriverFault) in try Finding(members) }
    }
  }

  package func impairment() throws(StorageError) -> String? {
    try session.ask("impairment") { answer throws(DriverFault) in try answer.text("problem") }
  }

  package func thinUsage() throws(StorageError) -> ThinUsage? {
    try session.ask("thin-usage") { answer throws(DriverFault) in
      guard let usage = try answer.object("usage") else { return nil }
      return ThinUsage(
        data: try usage.needed("data", usage.size("data")),
        usedData: try usage.needed("used_data", usage.size("used_data")),
        metadata: try usage.needed("metadata", usage.size("metadata")),
        usedMetadata: try usage.needed("used_metadata", usage.size("used_metadata")))
    }
  }

  package func refresh(_ steps: Steps) throws(StorageError) { try change("refresh", "", [], steps) }

  package func extend(by devices: [Path], overwrite: OverwritePolicy, _ steps: Steps)
    throws(StorageError)
  {
    try change(
      "extend", "",
      [
        ("devices", .array(devices.map { .string($0.text) })),
        ("overwrite", .string(overwrite.word)),
      ], steps)
  }
}

extension OverwritePolicy {
  fileprivate var word: String {
    switch self {
    case .unspecified: return "unspecified"
    case .refuse: return "refuse"
    case .overwrite: return "overwrite"
    }
  }
}
