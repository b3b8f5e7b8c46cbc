import Definitions
import Operations
import StorageBackend
import StorageHost
import StorageModel
import StorageOS
import TestSupport

/// A host of its own below a temporary folder, with backends that only list files.
final class PrivateHost: Sendable {
  let temporary: TemporaryFolder
  let host: HostFolders
  let store: PoolStore

  init(in parent: Path = Path("/tmp")) throws {
    temporary = try TemporaryFolder(in: parent)
    let root = temporary.path
    try temporary.write("first-boot\n", to: "proc/sys/kernel/random/boot_id")
    var host = HostFolders(
      configuration: root.appending("etc"), runtime: root.appending("run"),
      data: root.appending("data"), proc: root.appending("proc"), sys: root.appending("sys"))
    host.lockTerms = FileLock.Terms(timeout: 5, owner: "test")
    self.host = host
    store = PoolStore(host: host)
  }

  func storage(isDryRun: Bool = false) -> Storage {
    Storage(
      host: host, locks: Locks(host: host), isDryRun: isDryRun
    ) { FileListing($0, host: $1, secrets: $2) }
  }

  /// Begins another boot, as a restart of the machine does.
  func reboot() throws {
    try temporary.write("second-boot\n", to: "proc/sys/kernel/random/boot_id")
  }

  /// Writes `pools/NAME.xml` for a directory pool, with a UUID made from the name.
  func writeDocument(_ name: String, target: String? = nil, file: String? = nil) throws {
    let folder = target ?? temporary.path.appending("pools-of-\(name)").text
    try temporary.write(
      """
      <pool type='dir'>
        <name>\(name)</name>
        <uuid>\(StorageUUID.derived(from: name))</uuid>
        <target><path>\(folder)</path></target>
      </pool>
      """, to: "etc/pools/\(file ?? name).xml")
  }

  func pool(_ name: String, type: PoolType = .dir, target: Path? = nil) throws -> PoolDefinition {
    PoolDefinition(
      type: type, name: try PoolName(name), uuid: .derived(from: name),
      target: PoolTarget(path: target ?? temporary.path.appending("pools-of-\(name)")))
  }

  /// A record of a pool that is defined and not started.
  func record(_ pool: PoolDefinition) throws -> PoolRecord {
    let record = PoolRecord(
      persistent: pool, origin: .document(store.document(pool.name)), live: nil,
      isAutostarted: false)
    guard let record else { throw StorageError(.failure, "test", "no record") }
    return record
  }
}

/// Pools whose volumes are the files in the target folder, and nothing else can be done with them.
struct FileListing: BuiltInBackend {
  static let type = PoolType.dir
  let folder: Path

  init(_ pool: PoolDefinition, host: HostFolders, secrets: any SecretSource) {
    folder = pool.target.path ?? Path("/")
  }

  func start(_ steps: Steps) throws(StorageError) {}
  func stop(_ steps: Steps) throws(StorageError) {}
  func checkReachable() throws(StorageError) { _ = try Folder(opening: folder) }
  func sizes() throws(StorageError) -> PoolSizes {
    try FileSystem(of: Folder(opening: folder)).sizes
  }
  func targetPermissions() -> Permissions? { Permissions(mode: 0o711) }
  func path(of name: VolumeName) -> Path { folder.appending(name.text) }

  func volumes() throws(StorageError) -> VolumeListing {
    let names = try Folder(opening: folder).entries().compactMap { VolumeName(found: $0.name) }
    return VolumeListing(volumes: names.map(volume(named:)))
  }

  func volume(_ name: VolumeName) throws(StorageError) -> Volume? {
    try Folder(opening: folder).status(name.text) == nil ? nil : volume(named: name)
  }

  func volumeName(forPath path: Path) -> VolumeName? {
    path.relative(to: folder).flatMap { VolumeName(found: $0) }
  }

  private func volume(named name: VolumeName) -> Volume {
    var volume = Volume(
      definition: VolumeDefinition(name: name),
      properties: LifecycleSettings().resolved(with: PoolLifecycle()), hasCommitted: true,
      hasWorkingCopy: false)
    volume.isOwnDevice = true
    return volume
  }
}

/// The error of what is expected to fail; nil where it does not.
func failure<Value>(_ body: () throws(StorageError) -> Value) -> StorageError? {
  do throws(StorageError) {
    _ = try body()
    return nil
  } catch { return error }
}
