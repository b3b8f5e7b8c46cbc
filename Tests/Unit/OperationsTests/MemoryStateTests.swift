import Operations
import StorageBackend
import StorageModel
import StorageOS
import Testing

@Suite("Operations and the state machine")
struct MemoryStateTests {
  struct Case: Sendable, CustomStringConvertible {
    let kind: LifecycleKind
    let state: LifecycleState
    let event: LifecycleEvent
    var description: String { "\(kind.rawValue) \(state.rawValue) \(event.rawValue)" }
  }

  /// Every event in every state that a volume of the kind can be in.
  static let cases: [Case] = LifecycleKind.allCases.flatMap { kind in
    [LifecycleState.clean, .running, .dirty].flatMap { state in
      LifecycleEvent.allCases.map { Case(kind: kind, state: state, event: $0) }
    }
  }.filter {
    // A crash leaves nothing of a volume that is its own device, and its revisions are off.
    $0.kind != .inPlace || $0.state != .dirty && $0.event != .configureRetention
  }

  /// A pool with a volume `x` of the kind in the state.
  static func made(_ kind: LifecycleKind, _ state: LifecycleState) throws -> MemoryPool {
    let pool = try MemoryPool()
    try pool.create("source")
    var settings = LifecycleSettings()
    if kind == .inPlace { settings.revisionsToKeep = .disabled }
    settings.saveOnStop = kind.savesState
    if kind == .snapshot || kind == .originSnapshot {
      (settings.source, settings.snapOnStart) = (try VolumeName("source"), true)
    }
    try pool.create("x", settings)
    if kind.savesState { try pool.session("x", "one") }
    if state != .clean { try pool.start("x") }
    if state == .dirty { try pool.crash() }
    #expect(try pool.volume("x").properties.kind == kind)
    #expect(try pool.state("x") == state)
    return pool
  }

  static func run(_ event: LifecycleEvent, _ pool: MemoryPool) throws {
    switch event {
    case .create: try pool.create("x")
    case .start: try pool.start("x")
    case .stop: try pool.stop("x")
    case .discard: try pool.stop("x", discard: true)
    case .revert: try pool.revert("x")
    case .revertDiscarding: try pool.revert("x", discard: true)
    case .commit: _ = try pool.storage().commitVolume("x", in: "m")
    case .resize: try pool.resize("x", to: MemoryPool.twice)
    case .importData: try pool.importText("new", into: "x")
    case .export: _ = try pool.export("x")
    case .configure: try pool.set("rw", "no", of: "x")
    case .configureRetention: try pool.set("revisions_to_keep", "7", of: "x")
    case .rename: _ = try pool.storage().renameVolume("x", to: "y", in: "m")
    case .remove: try pool.delete("x")
    }
  }

  @Test("an operation leads where the table says, or is refused as it says", arguments: cases)
  func agree(_ one: Case) throws {
    let pool = try MemoryStateTests.made(one.kind, one.state)
    let before = try pool.picture()
    var failed: StorageError?
    do { try MemoryStateTests.run(one.event, pool) } catch { failed = error as? StorageError }
    switch MemoryStateTests.expected(one) {
    case .success(let state):
      #expect(failed == nil)
      #expect(try pool.state(one.event == .rename ? "y" : "x") == state)
    case .failure(let refusal):
      #expect(failed?.code == refusal.error.code, "\(failed?.text ?? "was not refused")")
      // That a name is taken is said before anything of the volume is looked at.
      #expect(one.event == .create || failed?.problem == refusal.error.problem)
      #expect(try pool.picture() == before)
    }
  }

  static func expected(_ one: Case) -> Result<LifecycleState, LifecycleRefusal> {
    Result { () throws(LifecycleRefusal) in
      try Lifecycle(kind: one.kind, isWritable: true).transition(one.event, in: one.state).state
    }
  }
}
