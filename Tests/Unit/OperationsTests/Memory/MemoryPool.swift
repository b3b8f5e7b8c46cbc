import Definitions
import Operations
import StorageBackend
import StorageHost
import StorageModel
import StorageOS
import TestSupport

/// A started pool `m` in memory, and the verbs of the tests on it.
final class MemoryPool {
  let host: PrivateHost
  let store = MemoryStore()
  private var boots = 0
  static let size: ByteCount = 65536
  static let twice: ByteCount = 131072
  static let thrice: ByteCount = 196608

  init(revisionsToKeep: RevisionsToKeep = .count(2)) throws {
    // What is said of the pool is kept in memory as well, where there is a file system for that.
    let shared = Path("/dev/shm")
    host = try PrivateHost(in: FileStatus.ifPresent(shared) == nil ? Path("/tmp") : shared)
    var pool = try host.pool("m", target: Path("/memory/m"))
    pool.lifecycle.revisionsToKeep = revisionsToKeep
    _ = try storage().define(
      pool, uuidIsGiven: true, notation: .document, ifNotExists: false)
    _ = try storage().build("m", overwrite: .unspecified)
    _ = try storage().start("m")
    store.begin()
  }

  /// What one command works with.
  func storage(isDryRun: Bool = false) -> Storage {
    let store = store
    return Storage(
      host: host.host, locks: Locks(host: host.host), isDryRun: isDryRun
    ) { pool, _, _ in MemoryBackend(pool, store) }
  }

  // MARK: Verbs

  func create(_ name: String, _ settings: LifecycleSettings = LifecycleSettings()) throws {
    var request = VolumeDefinition(name: try VolumeName(name), lifecycle: settings)
    if settings.source == nil { request.capacity = MemoryPool.size }
    _ = try storage().createVolume(request, in: "m", ifNotExists: false, CreationOptions())
  }

  @discardableResult
  func start(_ name: String) throws -> Path {
    let (_, _, started) = try storage().startVolumes([name], in: "m")
    return started[0].device
  }

  func stop(_ name: String, discard: Bool = false) throws {
    for stopped in try storage().stopVolumes([name], in: "m", discard: discard).1 {
      if let error = stopped.error { throw error }
    }
  }

  /// Writes into a started volume.
  func put(_ text: String, into name: String) throws {
    let entry = try store.entry(VolumeName(name))
    try (entry.working ?? entry.committed)?.put(text)
  }

  /// Starts, writes and stops.
  func session(_ name: String, _ text: String) throws {
    try start(name)
    try put(text, into: name)
    try stop(name)
  }

  /// Ends the boot: what was started has crashed.
  func crash() throws {
    boots += 1
    try host.temporary.write("boot-\(boots)\n", to: "proc/sys/kernel/random/boot_id")
    _ = try storage().start("m")
  }

  func importText(_ text: String, into name: String) throws {
    let state = try MemoryStore.State(MemoryPool.size)
    try state.put(text)
    _ = try storage().importVolume(name, in: "m", from: state.opened(), .init())
  }

  func clone(_ name: String, to new: String, revision: String? = nil) throws {
    var options = CreationOptions()
    options.revision = revision
    let (pool, volume) = try storage().volume(name, in: "m")
    let request = try storage().cloneRequest(
      of: volume, in: pool, revision: revision, named: VolumeName(new))
    _ = try storage().createVolume(request, in: "m", from: name, in: "m", options)
  }

  func resize(_ name: String, to size: ByteCount) throws {
    _ = try storage().resizeVolume(name, in: "m", .to(size), allocate: false, shrink: false)
  }

  func set(_ property: String, _ value: String, of name: String) throws {
    _ = try storage().setProperty(property, to: value, of: name, in: "m")
  }

  func revert(_ name: String, to revision: String? = nil, discard: Bool = false) throws {
    _ = try storage().revertVolume(name, in: "m", to: revision, discard: discard)
  }

  func export(_ name: String, revision: String? = nil) throws -> String {
    let target = try MemoryStore.State(0)
    var options = Storage.ExportOptions()
    options.revision = revision
    let output = try Descriptor(opening: target.path, flags: 2)
    _ = try storage().export(name, in: "m", to: .open(output), named: "test", options)
    return try target.text()
  }

  func delete(_ name: String) throws { _ = try storage().deleteVolume(name, in: "m") }

  // MARK: Looking

  func volume(_ name: String) throws -> Volume { try storage().volume(name, in: "m").1 }

  func state(_ name: String) throws -> LifecycleState {
    try storage().activePool("m").volume(VolumeName(name))?.state ?? .absent
  }

  /// The text of the committed state.
  func text(_ name: String) throws -> String? {
    try store.entry(VolumeName(name)).committed?.text()
  }

  /// The revisions' texts by their numbers, oldest first.
  func history(_ name: String) throws -> [String] {
    try store.entry(VolumeName(name)).revisions.map { former in
      "\(former.revision.number) \(try former.state.text())"
    }
  }

  /// All that users see of all volumes.
  func picture() throws -> [String] {
    let pool = try storage().activePool("m")
    return try pool.volumes().volumes.map { volume in
      let entry = try store.entry(volume.name)
      return "\(volume.name) \(volume.state) \(volume.properties.kind) \(volume.capacity.bytes)"
        + " \(try entry.committed?.text() ?? "-") \(try entry.working?.text() ?? "-")"
        + " \(try history(volume.name.text)) \(volume.properties.isWritable)"
    }
  }
}

extension MemoryStore.State {
  /// Writes a text at the start.
  func put(_ text: String) throws(StorageError) {
    try Descriptor(opening: path, flags: 2).write(Array(text.utf8) + [0])
  }

  /// What is at the start, up to the first zero.
  func text() throws(StorageError) -> String {
    let bytes = try file.read(at: 0, count: 64)
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}
