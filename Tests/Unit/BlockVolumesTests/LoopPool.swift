import BlockVolumes
import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS
import TestSupport

/// A pool with one volume, `disk`, which is a loop device; its record is in the state folder.
struct LoopPool: BlockBackend {
  static let type = PoolType.disk
  let pool: PoolDefinition
  let host: HostFolders

  init(_ pool: PoolDefinition, host: HostFolders, secrets: any SecretSource) {
    self.pool = pool
    self.host = host
  }

  init(on device: LoopDevice, below folder: TemporaryFolder) throws {
    let root = folder.path
    var pool = PoolDefinition(
      type: .disk, name: try PoolName("p"), uuid: .derived(from: "p"),
      target: PoolTarget(path: Path("/dev")))
    pool.source.devices = [.init(path: device.path)]
    self.init(
      pool,
      host: HostFolders(
        configuration: root.appending("etc"), runtime: root.appending("run"),
        data: root.appending("data")), secrets: NoSecrets())
  }

  var records: StateRecords { StateRecords(host: host, pool: pool.name) }

  func record(of name: VolumeName) throws(StorageError) -> VolumeRecord? {
    try records.record(of: name, identity: "loop")
  }
  func setRecord(_ record: VolumeRecord?, of name: VolumeName) throws(StorageError) {
    try records.set(record, of: name, identity: "loop")
  }

  func start(_ steps: Steps) throws(StorageError) {}
  func stop(_ steps: Steps) throws(StorageError) {}
  func checkReachable() throws(StorageError) {}
  func sizes() throws(StorageError) -> PoolSizes { PoolSizes() }
  func volumes() throws(StorageError) -> VolumeListing {
    VolumeListing(volumes: [try disk()])
  }
  func volume(_ name: VolumeName) throws(StorageError) -> Volume? { describe(name) }
  func volumeName(forPath path: Path) -> VolumeName? { nil }
  func path(of name: VolumeName) -> Path { pool.source.devices.first?.path ?? Path("/") }

  /// The volume.
  func disk() throws(StorageError) -> Volume {
    guard let name = VolumeName(found: "disk"), let volume = describe(name) else {
      throw StorageError(.notFound, "disk", "is not there")
    }
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
