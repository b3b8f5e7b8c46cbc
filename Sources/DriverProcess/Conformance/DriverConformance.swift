import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// The cases that every driver process has to pass, whoever wrote it; run on an empty pool.
package struct DriverConformance: Sendable {
  /// What came of a case.
  package enum Outcome: Equatable, Sendable {
    case passed
    /// The driver lacks what the case is about.
    case skipped(String)
    case failed(String)
  }

  /// One case: what it shows, which abilities it is about, and how.
  struct Case {
    let name: String
    let needs: [PoolAbility]
    let body: (DriverConformance) throws(StorageError) -> Void

    init(
      _ name: String, _ needs: [PoolAbility] = [],
      _ body: @escaping (DriverConformance) throws(StorageError) -> Void
    ) {
      self.name = name
      self.needs = needs
      self.body = body
    }
  }

  let program: Path
  let pool: PoolDefinition
  let host: HostFolders
  static let size: ByteCount = 1_048_576

  /// - Parameter pool: an empty pool that may be filled and emptied.
  package init(_ program: Path, pool: PoolDefinition, host: HostFolders) {
    self.program = program
    self.pool = pool
    self.host = host
  }

  /// Runs all cases, in their order.
  /// - Parameter tell: told of each case what came of it.
  /// - Throws: what keeps the driver from being tested at all.
  package func run(tell: (String, Outcome) throws(StorageError) -> Void) throws(StorageError) {
    try DriverLookup.check(program, "")
    let abilities = try backend().description.abilities
    for one in DriverConformance.messages + DriverConformance.lives + DriverConformance.cuts {
      let lacking = one.needs.filter { !abilities.contains($0) }
      guard lacking.isEmpty else {
        let words = lacking.map(\.rawValue).joined(separator: ", ")
        try tell(one.name, .skipped("the driver has no \(words)"))
        continue
      }
      do throws(StorageError) {
        try one.body(self)
        try tell(one.name, .passed)
      } catch {
        if error.code == .interrupted { throw error }
        try tell(
          one.name, error.code == .lockTimeout ? .skipped(error.problem) : .failed(error.text))
      }
    }
  }

  // MARK: What cases are made of

  /// Another process of the driver, with the pool open.
  func backend(fault: Int? = nil) throws(StorageError) -> DriverBackend {
    guard let name = DriverName("tested") else { throw unexpected("no name") }
    let session = try DriverSession(
      name, program, subject: "", silence: host.answerTimeout, fault: fault.map { String($0) })
    return try DriverBackend(pool, session, host: host)
  }

  /// A backend whose pool is built where it can be, and started.
  func started() throws(StorageError) -> DriverBackend {
    let backend = try backend()
    if backend.can(.build) { try backend.build(overwrite: .unspecified, Steps()) }
    try backend.start(Steps())
    return backend
  }

  func unexpected(_ text: String) -> StorageError { StorageError(.failure, "", text) }

  func expect(_ isTrue: Bool, _ text: @autoclosure () -> String) throws(StorageError) {
    guard isTrue else { throw unexpected(text()) }
  }

  /// What is skipped after a look at the driver.
  func skip(_ reason: String) -> StorageError { StorageError(.lockTimeout, "", reason) }

  /// A volume of that name that is there.
  func volume(_ name: String, _ backend: DriverBackend) throws(StorageError) -> Volume {
    guard let volume = try backend.volume(try self.name(name)) else {
      throw unexpected("volume '\(name)' is not there")
    }
    return volume
  }

  func name(_ text: String) throws(StorageError) -> VolumeName {
    do throws(NameProblem) { return try VolumeName(text) } catch { throw unexpected(error.text) }
  }

  /// Makes a volume, in place of one that there may be.
  @discardableResult
  func make(
    _ name: String, _ backend: DriverBackend, _ settings: LifecycleSettings = LifecycleSettings(),
    text: String? = nil
  ) throws(StorageError) -> Volume {
    var definition = VolumeDefinition(
      name: try self.name(name), capacity: DriverConformance.size, lifecycle: settings)
    definition.allocation = 0
    let saves = settings.resolved(with: pool.lifecycle).kind.savesState
    if let present = try backend.volume(definition.name) { try backend.delete(present, Steps()) }
    try backend.create(
      CreationPlan(try backend.complete(definition), savesState: saves), Steps())
    let made = try volume(name, backend)
    if let text { try put(text, into: made, backend) }
    return try volume(name, backend)
  }

  /// Puts other content in the place of the committed state.
  func put(_ text: String, into volume: Volume, _ backend: DriverBackend) throws(StorageError) {
    try backend.replaceCommitted(of: volume, size: DriverConformance.size, Steps()) {
      file throws(StorageError) in
      try file.write(padded(text))
    }
  }

  /// Writes into the device of a working copy.
  func write(_ text: String, to volume: Volume, _ backend: DriverBackend) throws(StorageError) {
    try Descriptor(writing: backend.devicePath(of: volume)).write(padded(text))
  }

  private func padded(_ text: String) -> [UInt8] {
    Array(text.utf8) + [UInt8](repeating: 0, count: 4096 - text.utf8.count)
  }

  /// The text at the beginning of the committed state, or of a revision; empty for zeroes.
  func text(of volume: Volume, _ backend: DriverBackend, revision: Revision? = nil)
    throws(StorageError) -> String
  {
    let file = try backend.openCommitted(volume, revision: revision)
    return String(
      decoding: try file.read(at: 0, count: 4096).prefix { $0 != 0 }, as: UTF8.self)
  }

  /// What is left over, but for sessions that nobody has ended.
  func leftovers(_ backend: DriverBackend) throws(StorageError) -> [Finding] {
    let volumes = try backend.volumes().volumes
    return try backend.findings(of: volumes) { _ in false }.filter { $0.kind != .uncommitted }
  }
}
