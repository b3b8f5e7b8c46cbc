import Operations
import StorageBackend
import StorageModel
import StorageOS
import Testing

@Suite("Operations on volumes in memory")
struct MemoryPoolTests {
  let pool: MemoryPool

  init() throws { pool = try MemoryPool() }

  static func saving(_ source: String? = nil) throws -> LifecycleSettings {
    var settings = LifecycleSettings()
    settings.source = try source.map { try VolumeName($0) }
    if source != nil { (settings.snapOnStart, settings.saveOnStop) = (true, false) }
    return settings
  }

  func refusal(_ body: () throws -> Void) -> StorageError.Code? {
    do {
      try body()
      return nil
    } catch { return (error as? StorageError)?.code }
  }

  @Test("a session is committed at its end, and the state before is kept")
  func sessions() throws {
    try pool.create("v")
    #expect(refusal { try pool.create("v") } == .exists)
    for text in ["one", "two", "three", "four"] { try pool.session("v", text) }
    #expect(try pool.text("v") == "four")
    #expect(try pool.history("v") == ["3 two", "4 three"])
    #expect(try pool.export("v") == "four")
    #expect(try pool.export("v", revision: "3") == "two")
    #expect(refusal { _ = try pool.export("v", revision: "1") } == .notFound)
  }

  @Test("a session that is discarded leaves nothing")
  func discarding() throws {
    try pool.create("v")
    try pool.session("v", "one")
    try pool.start("v")
    try pool.put("dropped", into: "v")
    #expect(refusal { try pool.start("v") } == .busy)
    try pool.stop("v", discard: true)
    #expect(try pool.text("v") == "one" && pool.state("v") == .clean)
    #expect(try pool.history("v") == ["1 "])
  }

  @Test("what a crash leaves goes on, or is committed or dropped")
  func crashes() throws {
    try pool.create("v")
    try pool.start("v")
    try pool.put("kept", into: "v")
    try pool.crash()
    #expect(try pool.state("v") == .dirty)
    #expect(refusal { try pool.revert("v") } != nil)
    try pool.start("v")
    #expect(try pool.store.entry(VolumeName("v")).working?.text() == "kept")
    try pool.crash()
    try pool.stop("v")
    #expect(try pool.text("v") == "kept")
  }

  @Test("a revert makes a new state, keeps all revisions, and can be reverted")
  func reverting() throws {
    try pool.create("v")
    for text in ["one", "two", "three"] { try pool.session("v", text) }
    try pool.revert("v", to: "2")
    #expect(try pool.text("v") == "one")
    #expect(try pool.history("v") == ["2 one", "3 two", "4 three"])
    try pool.start("v")
    #expect(refusal { try pool.revert("v") } == .busy)
    try pool.revert("v", discard: true)
    #expect(try pool.text("v") == "three" && pool.state("v") == .clean)
  }

  @Test("a volume that is started is committed and goes on")
  func committing() throws {
    try pool.create("v")
    try pool.start("v")
    try pool.put("one", into: "v")
    _ = try pool.storage().commitVolume("v", in: "m")
    try pool.put("two", into: "v")
    #expect(try pool.text("v") == "one" && pool.state("v") == .running)
    try pool.stop("v")
    #expect(try pool.text("v") == "two")
    #expect(try !pool.storage().commitVolume("v", in: "m").0.isChanged)
  }

  @Test("a clone is of the committed state, or of a revision")
  func cloning() throws {
    try pool.create("v")
    for text in ["one", "two"] { try pool.session("v", text) }
    try pool.start("v")
    try pool.put("three", into: "v")
    try pool.clone("v", to: "c")
    try pool.clone("v", to: "r", revision: "2")
    #expect(try pool.text("c") == "two" && pool.text("r") == "one")
    #expect(refusal { try pool.clone("v", to: "c") } == .exists)
    #expect(refusal { try pool.clone("v", to: "v") } == .exists)
  }

  @Test("a clone shares blocks where the pool always does, and never where that is not asked for")
  func sharing() throws {
    try pool.create("v")
    for (sharing, call) in [
      (Sharing.always, "create sharing"), (.onRequest, "create with content"),
      (.impossible("no"), "create with content"),
    ] {
      pool.store.sharing = sharing
      pool.store.begin()
      try pool.clone("v", to: "c")
      #expect(pool.store.calls.contains(call))
      try pool.delete("c")
    }
  }

  @Test("a snapshot is of its source's committed state, and tells when that moves on")
  func snapshots() throws {
    try pool.create("v")
    try pool.session("v", "one")
    try pool.create("s", MemoryPoolTests.saving("v"))
    try pool.start("v")
    try pool.put("two", into: "v")
    try pool.start("s")
    #expect(try pool.store.entry(VolumeName("s")).working?.text() == "one")
    #expect(try !pool.volume("s").isOutdated)
    try pool.stop("v")
    #expect(try pool.volume("s").isOutdated)
    try pool.stop("s")
    #expect(try !pool.volume("s").isOutdated && pool.text("s") == nil)
    #expect(refusal { try pool.delete("v") } == .busy)
    try pool.delete("s")
    try pool.delete("v")
  }

  @Test("a volume is renamed with all that belongs to it, unless others need its name")
  func renaming() throws {
    try pool.create("v")
    try pool.session("v", "one")
    try pool.create("s", MemoryPoolTests.saving("v"))
    #expect(refusal { _ = try pool.storage().renameVolume("v", to: "w", in: "m") } == .busy)
    #expect(refusal { _ = try pool.storage().renameVolume("v", to: "s", in: "m") } == .exists)
    try pool.delete("s")
    _ = try pool.storage().renameVolume("v", to: "w", in: "m")
    #expect(try pool.text("w") == "one" && pool.history("w") == ["1 "])
    #expect(try pool.state("v") == .absent)
  }

  @Test("content that is imported or cleared away becomes a revision, and what is wiped none")
  func replacing() throws {
    try pool.create("v")
    try pool.importText("one", into: "v")
    _ = try pool.storage().clearVolume("v", in: "m")
    #expect(try pool.text("v") == "" && pool.history("v") == ["1 ", "2 one"])
    try pool.importText("two", into: "v")
    _ = try pool.storage().wipeVolume("v", in: "m", .zero)
    #expect(try pool.text("v") == "" && pool.history("v").isEmpty)
    #expect(try pool.volume("v").capacity == MemoryPool.size)
    try pool.importText("three", into: "v")
    #expect(try pool.history("v") == ["4 "])
  }

  @Test("while it is started the working copy is resized, else the state")
  func resizing() throws {
    try pool.create("v")
    try pool.start("v")
    try pool.resize("v", to: MemoryPool.twice)
    #expect(try pool.store.entry(VolumeName("v")).committed?.size() == MemoryPool.size)
    try pool.stop("v")
    #expect(try pool.volume("v").capacity == MemoryPool.twice)
    #expect(refusal { try pool.resize("v", to: 1024) } == .badInput)
    try pool.resize("v", to: MemoryPool.thrice)
    #expect(try pool.volume("v").capacity == MemoryPool.thrice)
  }

  @Test("a pinned revision stays, and one that is deleted leaves the others")
  func pinning() throws {
    try pool.create("v")
    for text in ["one", "two"] { try pool.session("v", text) }
    _ = try pool.storage().setPinned(true, revision: "1", of: "v", in: "m")
    for text in ["three", "four"] { try pool.session("v", text) }
    #expect(try pool.history("v") == ["1 ", "3 two", "4 three"])
    let delete = { (number: String) throws in
      _ = try pool.storage().deleteRevision(number, of: "v", in: "m")
    }
    #expect(refusal { try delete("1") } == .busy)
    try delete("3")
    #expect(try pool.history("v") == ["1 ", "4 three"])
  }

  @Test("a volume begins to keep a state, and ends only while there is nothing to lose")
  func saving() throws {
    var settings = LifecycleSettings()
    settings.saveOnStop = false
    try pool.create("v", settings)
    try pool.session("v", "dropped")
    #expect(try pool.text("v") == nil)
    try pool.set("save_on_stop", "yes", of: "v")
    try pool.session("v", "kept")
    #expect(try pool.text("v") == "kept")
    #expect(refusal { try pool.set("save_on_stop", "no", of: "v") } == .busy)
  }

  @Test("each state has an identifier of its own, which goes with it")
  func identifiers() throws {
    try pool.create("v")
    func present(_ revision: Revision? = nil) throws -> StateID? {
      let active = try pool.storage().activePool("m")
      return try active.stateID(of: pool.volume("v"), at: revision)
    }
    let first = try present()
    try pool.start("v")
    #expect(try present() == first)
    try pool.stop("v")
    let second = try present()
    let revision = try pool.store.entry(VolumeName("v")).revisions[0].revision
    #expect(try present(revision) == first && second != first)
    try pool.set("revisions_to_keep", "-1", of: "v")
    #expect(try present() == second)
    try pool.start("v")
    #expect(try present() == nil)
  }

  @Test("what somebody has open is neither stopped, replaced nor deleted")
  func holders() throws {
    try pool.create("v")
    try pool.start("v")
    pool.store.holders[try VolumeName("v")] = ["qemu (pid 7)"]
    #expect(refusal { try pool.stop("v") } == .busy)
    pool.store.holders = [:]
    try pool.stop("v")
    pool.store.holders[try VolumeName("v")] = ["qemu (pid 7)"]
    for refused in [
      { try pool.delete("v") }, { try pool.importText("x", into: "v") }, { try pool.revert("v") },
      { try pool.start("v") },
    ] as [() throws -> Void] { #expect(refusal(refused) == .busy) }
  }

  @Test("a dry run tells the steps and changes nothing")
  func dryRun() throws {
    try pool.create("v")
    try pool.start("v")
    let before = try pool.picture()
    let storage = pool.storage(isDryRun: true)
    let stopped = try storage.stopVolumes(["v"], in: "m", discard: false).1
    #expect(stopped.first?.change?.told.first == "commit v")
    #expect(try pool.picture() == before)
  }
}
