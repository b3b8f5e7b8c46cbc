import BlockVolumes
import SCSIUnits
import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// Pools of type iscsi: the units of a target, through a session that open-iscsi keeps.
package struct ISCSIBackend: UnitBackend, AttachingBackend {
  package static let type = PoolType.iscsi

  package let pool: PoolDefinition
  package let host: HostFolders
  package let secrets: any SecretSource

  package init(_ pool: PoolDefinition, host: HostFolders, secrets: any SecretSource) {
    self.pool = pool
    self.host = host
    self.secrets = secrets
  }

  private var subject: String { "pool '\(pool.name)'" }
  private var files: RecordFiles { RecordFiles(pool: pool) }

  // MARK: The session

  /// The session with the pool's target at its portal, whoever logged in; nil where there is none.
  ///
  /// Where the pool says as which initiator, only such a one.
  private func session() throws(StorageError) -> ISCSISessions.Session? {
    let login = try Login(pool, host: host, secrets: secrets)
    let sessions = try ISCSISessions(sys: host.sys).all().filter { session in
      session.target == "\(login.target)"
        && (session.interface == files.interface || session.serves(login.portal))
        && (login.initiator == nil || session.initiator == login.initiator?.description)
    }
    return sessions.first(where: \.isLoggedIn) ?? sessions.first
  }

  package func hostNumber() throws(StorageError) -> UInt32 {
    let login = try Login(pool, host: host, secrets: secrets)
    guard let session = try session() else {
      throw StorageError(
        .notFound, subject, "no iSCSI session with target '\(login.target)' at \(login.portal)")
    }
    guard session.isLoggedIn else {
      throw StorageError(
        .inputOutput, subject,
        "the iSCSI session with target '\(login.target)' at \(login.portal) is \(session.state)")
    }
    return session.scsiHost
  }

  package func start(_ steps: Steps) throws(StorageError) {
    try StablePaths.check(target: target, dev: host.dev)
    let login = try Login(pool, host: host, secrets: secrets)
    if try session()?.isLoggedIn != true { try login.run(steps) }
    try scanSteps(
      on: { () throws(StorageError) in try hostNumber() },
      of: "the units of target '\(login.target)'",
      growing: false, steps)
  }

  /// Logs out where this pool logged in; a session that was there before stays.
  package func stop(_ steps: Steps) throws(StorageError) {
    // Of a session that failed nothing can be told, and nothing more can be lost.
    if let session = try session(), session.interface == files.interface, session.isLoggedIn {
      try checkUnused()
    }
    try abandon(steps)
  }

  package func abandon(_ steps: Steps) throws(StorageError) {
    try Login.end(pool, host: host, steps)
  }

  package func isAttached() throws(StorageError) -> Bool { try session() != nil }

  /// Sessions and records that somebody else made are none of the pool's.
  package func unfinishedStart() throws(StorageError) -> Finding? {
    try files.anyFile().map { Finding(.staleSession, $0, volume: nil) }
  }
}
