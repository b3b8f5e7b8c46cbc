import Definitions
import Secrets
import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// Everything a command can do with pools and volumes.
///
/// Holds no state of pools: each operation reads what it needs when it runs. Operations that change something take
/// the locks they need, run as `Steps`, and in a dry run take no lock and change nothing.
package struct Storage: Sendable {
  package typealias MakeBackend =
    @Sendable (PoolDefinition, HostFolders, any SecretSource) throws(StorageError)
    -> any PoolBackend

  package let host: HostFolders
  package let store: PoolStore
  package let secrets: SecretStore
  package let locks: Locks
  package let isDryRun: Bool
  /// Whether users want a change although images that refer to the volume can then no longer be used.
  let isForced: Bool
  /// The options that the command has: no other is advised.
  private let options: Set<ByteString>
  /// See `Steps.reserve`.
  private let reserve: Int?
  private let makeBackend: MakeBackend
  /// Makes what a change tells how far it has come; see `Steps.progress`.
  private let makeProgress: @Sendable () -> Progress?

  package init(
    host: HostFolders, locks: Locks, isDryRun: Bool, isForced: Bool = false,
    options: Set<ByteString> = [], reserve: Int? = nil,
    makeProgress: @escaping @Sendable () -> Progress? = { nil },
    makeBackend: @escaping MakeBackend
  ) {
    self.host = host
    self.locks = locks
    self.isDryRun = isDryRun
    self.isForced = isForced
    self.options = options
    self.reserve = reserve
    self.makeBackend = makeBackend
    self.makeProgress = makeProgress
    store = PoolStore(host: host)
    secrets = SecretStore(host: host)
  }

  /// Whether the command has an option, so that it can be advised.
  func offers(_ option: ByteString) -> Bool { options.contains(option) }

  /// The backend of a pool.
  /// - Throws: `unsupported` where there is none for its type.
  func backend(for pool: PoolDefinition) throws(StorageError) -> any PoolBackend {
    try makeBackend(pool, host, secrets)
  }

  /// What an operation did.
  package struct Change: Sendable {
    /// Whether anything is different now.
    package let isChanged: Bool
    /// The steps of a dry run.
    package let told: [String]
    /// What users should know.
    package var warnings: [String] = []

    package init(isChanged: Bool, told: [String]) {
      self.isChanged = isChanged
      self.told = told
    }
  }

  /// Runs a change as steps.
  func change(_ body: (Steps) throws(StorageError) -> Void) throws(StorageError) -> Change {
    let steps = Steps(
      isDryRun: isDryRun, progress: isDryRun ? nil : makeProgress(), reserve: reserve)
    try steps.perform { () throws(StorageError) in try body(steps) }
    var change = Change(isChanged: steps.changesSomething, told: steps.told)
    change.warnings = steps.notices + steps.warnings.filter { isNew($0.text) }.map(\.text)
    return change
  }

  /// Whether a warning was not given yet this boot; remembers it, but for a dry run, which keeps none from the real one.
  package func isNew(_ warning: String) -> Bool {
    guard !isDryRun else { return true }
    let name = "\(StorageUUID.derived(from: warning))"
    guard let folder = try? HostFolders.make(host.currentBoot().appending("warned")) else {
      return true
    }
    return (try? folder.create(name, mode: 0o600)) != nil
  }

  /// Runs `body` under a lock, or without one in a dry run.
  func locked<Lock, Value>(
    _ lock: @autoclosure () throws(StorageError) -> Lock,
    _ body: () throws(StorageError) -> Value
  ) throws(StorageError) -> Value {
    guard !isDryRun else { return try body() }
    let held = try lock()
    return try withExtendedLifetime(held) { () throws(StorageError) in try body() }
  }
}

extension Storage.Change {
  /// A change that was not needed.
  package static let none = Storage.Change(isChanged: false, told: [])
}
