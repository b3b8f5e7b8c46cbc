import Operations
import StorageBackend
import StorageModel
import StorageOS
import Testing

@Suite("Calls that fail")
struct MemoryFailureTests {
  /// A command on the volume `v`, and what comes before it.
  struct Operation: Sendable, CustomStringConvertible {
    let description: String
    var before: @Sendable (MemoryPool) throws -> Void = { _ in }
    let run: @Sendable (MemoryPool) throws -> Void

    init(
      _ description: String, before: @escaping @Sendable (MemoryPool) throws -> Void = { _ in },
      run: @escaping @Sendable (MemoryPool) throws -> Void
    ) {
      (self.description, self.before, self.run) = (description, before, run)
    }
  }

  static let operations: [Operation] = [
    Operation("create") { try $0.create("n") },
    Operation("start") { try $0.start("v") },
    Operation("start two") { _ = try $0.storage().startVolumes(["v", "s"], in: "m") },
    Operation("start in place") { try $0.start("i") },
    Operation("start volatile") { try $0.start("t") },
    Operation("stop", before: { try $0.start("v") }, run: { try $0.stop("v") }),
    Operation(
      "discard", before: { try $0.start("v") }, run: { try $0.stop("v", discard: true) }),
    Operation("stop in place", before: { try $0.start("i") }, run: { try $0.stop("i") }),
    Operation("revert") { try $0.revert("v", to: "1") },
    Operation("import") { try $0.importText("new", into: "v") },
    Operation("clear") { _ = try $0.storage().clearVolume("v", in: "m") },
    Operation("wipe", before: { try $0.delete("s") }) {
      _ = try $0.storage().wipeVolume("v", in: "m", .zero)
    },
    Operation("clone") { try $0.clone("v", to: "n") },
    Operation(
      "commit",
      before: {
        try $0.start("v")
        try $0.put("new", into: "v")
      }
    ) { _ = try $0.storage().commitVolume("v", in: "m") },
    Operation("resize") { try $0.resize("v", to: MemoryPool.twice) },
    Operation("rename", before: { try $0.delete("s") }) {
      _ = try $0.storage().renameVolume("v", to: "n", in: "m")
    },
    Operation("delete") { try $0.delete("s") },
    Operation("set") { try $0.set("rw", "no", of: "v") },
    Operation("begin to save") { try $0.set("save_on_stop", "yes", of: "t") },
    Operation("pin") { _ = try $0.storage().setPinned(true, revision: "1", of: "v", in: "m") },
    Operation("delete revision") {
      _ = try $0.storage().deleteRevision("1", of: "v", in: "m")
    },
  ]

  /// A pool with a volume of each kind.
  static func made(_ operation: Operation) throws -> MemoryPool {
    let pool = try MemoryPool()
    try pool.create("v")
    for text in ["one", "two"] { try pool.session("v", text) }
    try pool.create("s", MemoryPoolTests.saving("v"))
    var settings = LifecycleSettings()
    settings.saveOnStop = false
    try pool.create("t", settings)
    settings = LifecycleSettings()
    settings.revisionsToKeep = .disabled
    try pool.create("i", settings)
    try operation.before(pool)
    pool.store.begin()
    return pool
  }

  @Test(
    "whichever call fails, everything is as it was or as it was to be, and the same again does it",
    arguments: operations)
  func eachCall(_ operation: Operation) throws {
    let whole = try MemoryFailureTests.made(operation)
    let old = try whole.picture()
    whole.store.begin()
    try operation.run(whole)
    let calls = whole.store.calls
    whole.store.begin()
    let new = try whole.picture()
    #expect(!calls.isEmpty && new != old || operation.description == "pin")
    for number in calls.indices.map({ $0 + 1 }) {
      let pool = try MemoryFailureTests.made(operation)
      pool.store.begin(failing: number)
      var failed: StorageError?
      do { try operation.run(pool) } catch { failed = error as? StorageError }
      pool.store.begin()
      let call = "\(calls[number - 1]), number \(number)"
      #expect(failed?.code == .inputOutput, "\(call) did not fail")
      #expect(failed?.failedUndo.isEmpty == true, "\(call): \(failed?.text ?? "")")
      let found = try pool.picture()
      #expect(found == (failed?.made == nil ? old : new), "\(call)")
      guard found == old else { continue }
      try operation.run(pool)
      #expect(try pool.picture() == new, "again after \(call)")
    }
  }
}
