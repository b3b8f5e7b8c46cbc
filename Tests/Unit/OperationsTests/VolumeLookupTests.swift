import Operations
import StorageBackend
import StorageModel
import StorageOS
import TestSupport
import Testing

@Suite("Which volume is meant")
struct VolumeLookupTests {
  let host: PrivateHost
  let storage: Storage
  var root: Path { host.temporary.path }

  /// Pools `one` and `two` are started and have a volume `disk` each; `off` is not started.
  init() throws {
    host = try PrivateHost()
    storage = host.storage()
    try host.temporary.shell("mkdir one two off")
    for name in ["one", "two", "off"] {
      try host.writeDocument(name, target: "\(host.temporary.path)/\(name)")
      try host.temporary.write("x", to: "\(name)/disk")
      if name != "off" { _ = try storage.start(name) }
    }
    try host.temporary.write("x", to: "two/Bdisk")
    try host.temporary.write("x", to: "two/adisk")
  }

  func find(_ text: String, in pool: String?) throws -> String {
    let (pool, volume) = try storage.volume(text, in: pool)
    return "\(pool.name) \(volume.name)"
  }

  func refusal(_ text: String, in pool: String?) -> StorageError? {
    failure { () throws(StorageError) in try storage.volume(text, in: pool) }
  }

  @Test("a name is looked up in the pool that is named, by its name or UUID")
  func byName() throws {
    #expect(try find("disk", in: "one") == "one disk")
    #expect(try find("disk", in: "two") == "two disk")
    #expect(try find("disk", in: "\(StorageUUID.derived(from: "two"))") == "two disk")
  }

  @Test("a path or key is looked up in all started pools")
  func byPath() throws {
    #expect(try find("\(root)/one/disk", in: nil) == "one disk")
    #expect(try find("\(root)/two/disk", in: nil) == "two disk")
    #expect(try find("\(root)//two///disk", in: nil) == "two disk")
    #expect(try find("\(root)/two/disk", in: "two") == "two disk")
  }

  @Test("a path in another pool than the named one is refused in libvirt's words")
  func otherPool() throws {
    let error = try #require(refusal("\(root)/one/disk", in: "two"))
    #expect(error.code == .notFound)
    #expect(error.text == "Requested volume '\(root)/one/disk' is not in pool 'two'")
  }

  @Test("a name without a pool is not guessed, and the error says what might help")
  func withoutPool() throws {
    let error = try #require(refusal("disk", in: nil))
    #expect(error.code == .notFound)
    #expect(
      error.text
        == "failed to get vol 'disk', specifying --pool might help: Storage volume not found: no storage vol with matching path 'disk'"
    )
  }

  @Test(
    "what is no volume is not found",
    arguments: ["", ".", "..", "nothing", "../two/disk", "/", "/nowhere", "disk/", "a\nb"])
  func absent(text: String) {
    #expect(refusal(text, in: "one")?.code == .notFound)
    #expect(refusal(text, in: nil)?.code == .notFound)
  }

  @Test("volumes of a pool that is not started are not found, and a look-up by name says why")
  func inactive() throws {
    #expect(refusal("\(root)/off/disk", in: nil)?.code == .notFound)
    let error = try #require(refusal("disk", in: "off"))
    #expect(error.code == .busy)
    #expect(error.text.contains("is not active"))
  }

  @Test("a pool that is not there is reported as that")
  func absentPool() {
    #expect(refusal("disk", in: "none")?.text.hasPrefix("failed to get pool 'none'") == true)
  }

  @Test("a pool that cannot be reached does not hide the volumes of others")
  func unreachable() throws {
    try host.temporary.shell("mv one gone")
    #expect(try find("\(root)/two/disk", in: nil) == "two disk")
    #expect(refusal("\(root)/one/disk", in: nil)?.code == .notFound)
  }

  @Test("a file dropped into the folder is a volume at once")
  func noCache() throws {
    #expect(refusal("late", in: "one") != nil)
    try host.temporary.write("x", to: "one/late")
    #expect(try find("late", in: "one") == "one late")
  }

  @Test("volumes are listed by name without regard to case, with those that are started marked")
  func listing() throws {
    let pool = try storage.activePool("two")
    try pool.started.insert(VolumeName("disk"), Steps())
    let volumes = try pool.volumes().volumes
    #expect(volumes.map(\.name.text) == ["adisk", "Bdisk", "disk"])
    #expect(volumes.map(\.isStarted) == [false, false, true])
    #expect(volumes.map(\.state) == [.clean, .clean, .running])
    #expect(try pool.volume(VolumeName("disk"))?.isStarted == true)
    #expect(try storage.activePool("one").volume(VolumeName("disk"))?.isStarted == false)
  }

  @Test("what was started is forgotten at a restart of the machine")
  func restart() throws {
    try storage.activePool("one").started.insert(VolumeName("disk"), Steps())
    try host.reboot()
    #expect(failure { () throws(StorageError) in try storage.activePool("one") }?.code == .busy)
    _ = try storage.start("one")
    #expect(try storage.activePool("one").volume(VolumeName("disk"))?.isStarted == false)
  }

  @Test("started volumes with nested names are kept apart and removed one by one")
  func nestedMarks() throws {
    let started = try storage.activePool("one").started
    let names = try ["appvms/work/root", "appvms/work/private", "appvms/work", "plain"].map {
      try VolumeName($0, nested: true)
    }
    for name in names { try started.insert(name, Steps()) }
    #expect(try started.all().keys.sorted() == names.sorted())
    try started.remove(names[2], Steps())
    #expect(try started.all().keys.sorted() == names.filter { $0 != names[2] }.sorted())
    let again = Steps()
    try started.remove(names[2], again)
    #expect(!again.changesSomething)
  }

  @Test("a pool type without a life cycle says so")
  func noLifecycle() throws {
    let pool = try storage.activePool("one")
    let error = try #require(failure { () throws(StorageError) in try pool.lifecycleBackend() })
    #expect(error.code == .unsupported)
  }
}
