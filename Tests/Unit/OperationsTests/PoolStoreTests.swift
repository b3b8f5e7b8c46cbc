import Definitions
import Operations
import StorageBackend
import StorageHost
import StorageModel
import StorageOS
import TestSupport
import Testing

@Suite("Definitions of pools on disk")
struct PoolStoreTests {
  let host: PrivateHost
  var store: PoolStore { host.store }
  var temporary: TemporaryFolder { host.temporary }

  init() throws { host = try PrivateHost() }

  func setAutostart(_ on: Bool, of pool: PoolRecord, _ steps: Steps = Steps()) throws(StorageError)
  {
    try store.setAutostart(on, pool.name, at: pool.origin, steps)
  }

  func remove(_ pool: PoolRecord, _ steps: Steps = Steps()) throws(StorageError) {
    try store.remove(pool.name, at: pool.origin, steps)
  }

  func find(_ name: String) throws -> PoolRecord? { try store.pool(PoolName(name)) }

  @Test("without any file there is the pool default for whoever uses it, and nothing else")
  func builtIn() throws {
    let (pools, warnings) = try store.all(withUnused: true)
    #expect(warnings == [])
    #expect(pools.map(\.name) == [.default])
    #expect(try store.all().pools == [])
    let pool = try #require(pools.first)
    #expect(pool.isUnused)
    #expect(pool.origin == .builtIn)
    #expect(pool.definition.type == .dir)
    #expect(pool.definition.target.path == host.host.data)
    #expect(pool.definition.lifecycle == PoolLifecycle())
    #expect(!pool.isActive && pool.isPersistent && !pool.isAutostarted)
    #expect(try find("default") == pool)
    #expect(try store.pool(matching: "default") == pool)
    #expect(failure { () throws(StorageError) in try store.pool(usedAs: "default") } != nil)
    #expect(try store.pool(uuid: pool.definition.uuid) == nil)
  }

  @Test("the pool default is there for all once it is started, or is to be started at boot")
  func usedBuiltIn() throws {
    let pool = try #require(try find("default"))
    try setAutostart(true, of: pool)
    #expect(try store.all().pools.map(\.name) == [.default])
    try setAutostart(false, of: pool)
    try store.setLive(pool.definition, Steps())
    #expect(try store.pool(usedAs: "default").isActive)
    #expect(try store.pool(uuid: pool.definition.uuid)?.name == .default)
  }

  @Test("looking makes no files")
  func looking() throws {
    let before = try temporary.names()
    _ = try store.all()
    _ = try find("nothing")
    #expect(try temporary.names() == before)
  }

  @Test("the UUID of the default pool is always the same")
  func stableUUID() throws {
    let other = try PrivateHost()
    #expect(try find("default")?.definition.uuid == other.store.pool(.default)?.definition.uuid)
  }

  @Test("a document or a section named default replaces the built-in pool")
  func replacedDefault() throws {
    try temporary.write(
      "[default]\ndir_path=/srv/images\ndriver=file-reflink\n", to: "etc/storage.conf")
    let section = try #require(try find("default"))
    #expect(section.origin == .section(store.confFile, line: 1))
    #expect(section.definition.target.path == Path("/srv/images"))
    #expect(section.definition.lifecycle.effectiveRevisionsToKeep == .count(1))
    try temporary.shell("rm etc/storage.conf")
    try host.writeDocument("default", target: "/srv/other")
    #expect(try find("default")?.definition.target.path == Path("/srv/other"))
    #expect(try store.all().pools.count == 1)
  }

  @Test("pools are listed from both notations, by name without regard to case")
  func listing() throws {
    for name in ["beta", "Alpha", "zulu", "Émile"] { try host.writeDocument(name) }
    try temporary.write(
      "[Gamma]\ndriver=file\ndir_path=/g\n[alpine]\ndriver=file\ndir_path=/a\n",
      to: "etc/storage.conf")
    let (pools, warnings) = try store.all()
    #expect(warnings == [])
    #expect(
      pools.map(\.name.text) == ["Alpha", "alpine", "beta", "Gamma", "zulu", "Émile"])
  }

  @Test("only files that end in .xml are definitions, and folders and hidden temporaries are not")
  func otherFiles() throws {
    try host.writeDocument("real")
    try temporary.shell(
      "cd etc/pools; mkdir autostart folder.xml; : > notes.txt; : > real.xml~abcdefgh; : > xml")
    let (pools, warnings) = try store.all()
    #expect(pools.map(\.name.text) == ["real"])
    #expect(warnings == [])
  }

  @Test("a pool that is defined twice is an error which names both places")
  func definedTwice() throws {
    try host.writeDocument("twice")
    try temporary.write("# comment\n\n[twice]\ndriver=file\ndir_path=/x\n", to: "etc/storage.conf")
    let name = try PoolName("twice")
    let error = try #require(failure { () throws(StorageError) in try store.pool(name) })
    #expect(error.code == .badInput)
    #expect(error.text.contains(store.document(name).text))
    #expect(error.text.contains("\(store.confFile):3"))
    let (pools, warnings) = try store.all()
    #expect(pools.map(\.name.text) == [])
    #expect(warnings == [error.text])
  }

  @Test("a broken document is a warning that names it, and the other pools are listed")
  func brokenDocument() throws {
    try host.writeDocument("good")
    try temporary.write("<pool type='dir'><name>bad</na", to: "etc/pools/bad.xml")
    try temporary.write("", to: "etc/pools/empty.xml")
    try temporary.write("<volume/>", to: "etc/pools/volume.xml")
    let (pools, warnings) = try store.all()
    #expect(pools.map(\.name.text) == ["good"])
    #expect(warnings.count == 3)
    for (warning, file) in zip(warnings, ["bad", "empty", "volume"]) {
      #expect(warning.contains(temporary.path.appending("etc/pools/\(file).xml").text))
    }
    #expect(try find("good") != nil)
    let bad = try PoolName("bad")
    #expect(failure { () throws(StorageError) in try store.pool(bad) }?.code == .badInput)
  }

  @Test("a broken section is a warning with its line, and the other sections are pools")
  func brokenSection() throws {
    try temporary.write(
      "[good]\ndriver=file\ndir_path=/g\n[bad]\ndriver=file\n[-x]\ndriver=file\ndir_path=/x\n",
      to: "etc/storage.conf")
    let (pools, warnings) = try store.all()
    #expect(pools.map(\.name.text) == ["good"])
    #expect(warnings.count == 2)
    #expect(warnings.contains { $0.hasPrefix("\(store.confFile):4") && $0.contains("bad") })
    #expect(warnings.contains { $0.hasPrefix("\(store.confFile):6") && $0.contains("-x") })
  }

  @Test("a storage.conf that cannot be read is a warning, and documents are still listed")
  func brokenConf() throws {
    try temporary.write("no section here\n", to: "etc/storage.conf")
    try host.writeDocument("good")
    let (pools, warnings) = try store.all()
    // Whether the pool default is in that file, and on which folder, cannot be told.
    #expect(pools.map(\.name.text) == ["good"])
    #expect(warnings.allSatisfy { $0.hasPrefix(store.confFile.text) })
    #expect(warnings.count == 1)
    #expect(try find("good") != nil)
    #expect(failure { () throws(StorageError) in try store.pool(.default) }?.code == .badInput)
  }

  @Test("a document whose name is not that of its file is not taken for either pool")
  func misnamed() throws {
    try host.writeDocument("inside", file: "outside")
    let (pools, warnings) = try store.all()
    #expect(pools.map(\.name.text) == [])
    #expect(warnings.count == 1)
    #expect(
      warnings.first?.contains(temporary.path.appending("etc/pools/outside.xml").text) == true)
    #expect(try find("inside") == nil)
    let outside = try PoolName("outside")
    #expect(failure { () throws(StorageError) in try store.pool(outside) }?.code == .badInput)
  }

  @Test("a pool is found by name and by UUID, and a name of 36 characters is still a name")
  func matching() throws {
    try host.writeDocument("one")
    let uuid = StorageUUID.derived(from: "one")
    #expect(try store.pool(matching: "one").name.text == "one")
    #expect(try store.pool(matching: "\(uuid)").name.text == "one")
    #expect(try store.pool(matching: "\(uuid)".uppercased()).name.text == "one")
    let long = "00000000-0000-0000-0000-00000000000x"
    try host.writeDocument(long)
    #expect(try store.pool(matching: long).name.text == long)
    let uuidLike = "11111111-2222-3333-4444-555555555555"
    try host.writeDocument(uuidLike)
    #expect(try store.pool(matching: uuidLike).name.text == uuidLike)
  }

  @Test(
    "a pool that is not there is reported in libvirt's words", arguments: ["x", "", "a/b", ".."])
  func absent(text: String) throws {
    let error = try #require(failure { () throws(StorageError) in try store.pool(matching: text) })
    #expect(error.code == .notFound)
    #expect(
      error.text
        == "failed to get pool '\(text)': Storage pool not found: no storage pool with matching name '\(text)'"
    )
  }

  @Test("a written definition reads back as it was")
  func roundTrip() throws {
    var pool = try host.pool("full")
    pool.target.permissions = Permissions(mode: 0o711, owner: 0, group: 5)
    pool.lifecycle = PoolLifecycle(
      driver: .fileReflink, revisionsToKeep: .count(4), ephemeralVolatile: true, setupCheck: false)
    try store.write(pool, Steps())
    let record = try #require(try find("full"))
    #expect(record.persistent == pool)
    #expect(record.origin == .document(store.document(pool.name)))
    #expect(record.origin.place == store.document(pool.name).text)
  }

  @Test("a written section reads back, and comments and order of the file stay")
  func sectionRoundTrip() throws {
    try temporary.write(
      "# mine\n[first]\n; why\ndriver=file\ndir_path=/f\n\n[last]\ndriver=xen\ndir_path=/l\n",
      to: "etc/storage.conf")
    var pool = try #require(try find("first")).definition
    pool.target.path = Path("/moved")
    try store.writeSection(pool, Steps())
    #expect(try find("first")?.persistent == pool)
    let text = try temporary.text("etc/storage.conf")
    #expect(text.hasPrefix("# mine\n[first]\n; why\ndriver"))
    #expect(text.hasSuffix("\n[last]\ndriver=xen\ndir_path=/l\n"))
    try store.writeSection(host.pool("added"), Steps())
    #expect(try store.all().pools.map(\.name.text) == ["added", "first", "last"])
  }

  @Test("autostart is a link to the document, or to storage.conf")
  func autostart() throws {
    try host.writeDocument("doc")
    try temporary.write("[sec]\ndriver=file\ndir_path=/f\n", to: "etc/storage.conf")
    for (name, target) in [
      ("doc", "../doc.xml"), ("sec", "../../storage.conf"), ("default", "../default.xml"),
    ] {
      let pool = try #require(try find(name))
      #expect(!pool.isAutostarted)
      try setAutostart(true, of: pool)
      #expect(try temporary.shell("readlink etc/pools/autostart/\(name).xml") == target + "\n")
      #expect(try find(name)?.isAutostarted == true)
      let again = Steps()
      try setAutostart(true, of: pool, again)
      #expect(!again.changesSomething)
    }
    #expect(try temporary.shell("cat etc/pools/autostart/doc.xml").contains("<name>doc</name>"))
    #expect(try store.all().pools.map(\.isAutostarted) == [true, true, true])
    let pool = try #require(try find("doc"))
    try setAutostart(false, of: pool)
    #expect(try find("doc")?.isAutostarted == false)
    #expect(try temporary.names().contains("etc/pools/doc.xml"))
  }

  @Test("removing a definition removes its link and nothing else")
  func removal() throws {
    try host.writeDocument("doc")
    try host.writeDocument("other")
    try temporary.write(
      "[a]\ndriver=file\ndir_path=/a\n[b]\ndriver=file\ndir_path=/b\n", to: "etc/storage.conf")
    try setAutostart(true, of: #require(try find("doc")))
    try setAutostart(true, of: #require(try find("other")))
    try remove(#require(try find("doc")))
    try remove(#require(try find("a")))
    #expect(try store.all().pools.map(\.name.text) == ["b", "other"])
    #expect(try temporary.shell("ls etc/pools/autostart") == "other.xml\n")
    #expect(try temporary.text("etc/storage.conf") == "[b]\ndriver=file\ndir_path=/b\n")
  }

  @Test("a started pool keeps the definition it was started with until it is stopped")
  func live() throws {
    try host.writeDocument("pool", target: "/old")
    let started = try #require(try find("pool")).definition
    try store.setLive(started, Steps())
    try host.writeDocument("pool", target: "/new")
    let running = try #require(try find("pool"))
    #expect(running.isActive)
    #expect(running.definition.target.path == Path("/old"))
    #expect(running.live?.target.path == Path("/old"))
    #expect(running.persistent?.target.path == Path("/new"))
    try store.clearLive(running.name, Steps())
    let stopped = try #require(try find("pool"))
    #expect(!stopped.isActive)
    #expect(stopped.definition.target.path == Path("/new"))
  }

  @Test("a started pool whose definition is gone is still listed, as not persistent")
  func orphaned() throws {
    try store.setLive(host.pool("lost"), Steps())
    let (pools, _) = try store.all()
    #expect(pools.map(\.name.text) == ["lost"])
    let lost = try #require(try find("lost"))
    #expect(lost.isActive && !lost.isPersistent)
    #expect(lost.origin == .none)
  }

  @Test("no pool is started after a restart of the machine")
  func restart() throws {
    try store.setLive(#require(try find("default")).definition, Steps())
    #expect(try find("default")?.isActive == true)
    try host.reboot()
    #expect(try find("default")?.isActive == false)
    #expect(try store.all().warnings == [])
  }

  @Test("where the boot cannot be told, nothing is taken for stopped that a known boot has started")
  func unknownBoot() throws {
    try temporary.folder().remove("proc/sys/kernel/random/boot_id")
    try store.setLive(#require(try find("default")).definition, Steps())
    #expect(try find("default")?.isActive == true)
    try host.reboot()
    try store.setLive(#require(try find("default")).definition, Steps())
    try temporary.folder().remove("proc/sys/kernel/random/boot_id")
    let error = failure { () throws(StorageError) in _ = try store.pool(matching: "default") }
    #expect(error?.code == .busy)
    #expect(error?.text.contains("cannot tell what is started") == true)
  }

  @Test("a broken live definition is a warning, and the other pools are listed")
  func brokenLive() throws {
    try host.writeDocument("pool")
    try store.setLive(#require(try find("pool")).definition, Steps())
    let file = try #require(
      try temporary.names().first { $0.hasPrefix("run/") && $0.hasSuffix("pool.xml") })
    try temporary.write("<pool", to: file)
    let (pools, warnings) = try store.all()
    #expect(pools.map(\.name.text) == [])
    #expect(warnings.count == 1)
  }

  @Test("a folder of definitions that cannot be read is an error, not an empty list")
  func unreadable() throws {
    try temporary.shell("mkdir -p etc; ln -s loop etc/loop; ln -s loop etc/pools")
    #expect(failure { () throws(StorageError) in try store.all() } != nil)
  }

  @Test("a dry run of every change leaves all files as they were")
  func dryRun() throws {
    try host.writeDocument("doc")
    try temporary.write("[sec]\ndriver=file\ndir_path=/f\n", to: "etc/storage.conf")
    let doc = try #require(try find("doc"))
    let section = try #require(try find("sec"))
    let before = try temporary.shell("find . -type f | sort | xargs sha256sum; find . -type l")
    let steps = Steps(isDryRun: true)
    try store.write(host.pool("new"), steps)
    try store.writeSection(host.pool("new"), steps)
    try setAutostart(true, of: doc, steps)
    try store.setLive(doc.definition, steps)
    try store.clearLive(doc.name, steps)
    try remove(doc, steps)
    try remove(section, steps)
    #expect(steps.told.count == 7)
    #expect(
      try temporary.shell("find . -type f | sort | xargs sha256sum; find . -type l") == before)
  }
}
