import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// Pools whose volumes are files in memory, with all that a backend can do with files and no folder: what operations do
/// with it is looked at in milliseconds, and each of its calls can be made to fail.
///
/// A volume changes in one step each, at whose beginning the call can fail.
struct MemoryBackend: BuiltInBackend, BuildingBackend, NamingBackend {
  static let type = PoolType.dir

  let pool: PoolDefinition
  let store: MemoryStore

  init(_ pool: PoolDefinition, _ store: MemoryStore) {
    self.pool = pool
    self.store = store
  }

  /// A pool with nothing in it.
  init(_ pool: PoolDefinition, host: HostFolders, secrets: any SecretSource) {
    self.init(pool, MemoryStore())
  }

  /// Does one step, whose call can fail.
  func step(
    _ call: String, _ name: VolumeName?, _ steps: Steps,
    undo: (() throws(StorageError) -> Void)? = nil, _ body: () throws(StorageError) -> Void
  ) throws(StorageError) {
    try steps.run("\(call) \(name?.text ?? "")", undo: undo) { () throws(StorageError) in
      try store.reach(call)
      try body()
    }
  }

  /// Changes a volume in one step, after which it can be put back as it was.
  func change(
    _ call: String, _ name: VolumeName, _ steps: Steps,
    _ body: (inout MemoryStore.Entry) throws(StorageError) -> Void
  ) throws(StorageError) {
    let before = store.entries[name]
    try step(call, name, steps, undo: { () throws(StorageError) in store.entries[name] = before }) {
      () throws(StorageError) in try store.change(name, body)
    }
  }

  // MARK: The pool

  func start(_ steps: Steps) throws(StorageError) {
    try checkReachable()
    try step("start", nil, steps) {}
  }

  func stop(_ steps: Steps) throws(StorageError) { try step("stop", nil, steps) {} }

  func checkReachable() throws(StorageError) {
    try store.reach("checkReachable")
    guard store.isBuilt else {
      throw StorageError(.notFound, "pool '\(pool.name)'", "is not in memory")
    }
  }

  func sizes() throws(StorageError) -> PoolSizes {
    try store.reach("sizes")
    return PoolSizes(capacity: 1_000_000_000, allocation: 0, available: 1_000_000_000)
  }

  func targetPermissions() -> Permissions? { nil }

  func build(overwrite: OverwritePolicy, _ steps: Steps) throws(StorageError) {
    try step("build", nil, steps) { store.isBuilt = true }
  }

  func delete(_ steps: Steps) throws(StorageError) {
    guard store.entries.isEmpty else {
      throw StorageError(.busy, "pool '\(pool.name)'", "is not empty")
    }
    try step("delete", nil, steps) { store.isBuilt = false }
  }

  // MARK: Looking

  func path(of name: VolumeName) -> Path {
    (pool.target.path ?? Path("/")).appending(name.text)
  }

  func volumeName(forPath path: Path) -> VolumeName? {
    pool.target.path.flatMap { path.relative(to: $0) }.flatMap { VolumeName(found: $0) }
  }

  func volumeNames() throws(StorageError) -> [VolumeName] {
    try store.reach("volumeNames")
    return Array(store.entries.keys)
  }

  func volumes() throws(StorageError) -> VolumeListing {
    try store.reach("volumes")
    var listing = VolumeListing()
    for name in store.entries.keys { listing.volumes += try volume(name).map { [$0] } ?? [] }
    return listing
  }

  func volume(_ name: VolumeName) throws(StorageError) -> Volume? {
    try store.reach("volume")
    guard let entry = store.entries[name] else { return nil }
    var properties = entry.settings.resolved(with: pool.lifecycle)
    if entry.working != nil, properties.kind == .inPlace { properties.revisionsToKeep = .count(0) }
    var definition = VolumeDefinition(name: name, lifecycle: entry.settings)
    definition.target.format = .raw
    definition.target.path = path(of: name)
    definition.key = path(of: name).text
    let source = properties.source.flatMap { store.entries[$0]?.committed }
    let shown = entry.working ?? entry.committed ?? (properties.snapOnStart ? source : nil)
    definition.capacity = try shown?.size() ?? entry.size
    definition.physical = definition.capacity
    definition.allocation = 0
    var volume = Volume(
      definition: definition, properties: properties, hasCommitted: entry.committed != nil,
      hasWorkingCopy: entry.working != nil)
    volume.isOwnDevice = properties.kind == .inPlace
    volume.hasRecord = true
    volume.hasRecordedFormat = true
    volume.isOutdated =
      properties.snapOnStart && entry.working != nil && entry.begunFrom != source?.identifier
    return volume
  }
}
