import Definitions
import Operations
import StorageModel
import StorageOS
import TestSupport
import Testing

@Suite("Pools that would share storage")
struct SourceConflictTests {
  let host: PrivateHost
  var root: Path { host.temporary.path }

  init() throws {
    host = try PrivateHost()
    try host.temporary.shell("mkdir -p srv/a/inner srv/b; ln -s srv/a link; ln -s ../a srv/b/back")
  }

  /// Whether a new pool at `new` collides with one at `old`; paths are below the test's folder.
  func collide(
    _ new: String, _ old: String, types: (PoolType, PoolType) = (.dir, .dir),
    oldDriver: FileDriver = .plain
  ) throws -> Bool {
    var present = try host.pool("old", type: types.1, target: Path(verbatim: "\(root)/\(old)"))
    present.lifecycle.driver = oldDriver
    let wanted = try host.pool("new", type: types.0, target: Path(verbatim: "\(root)/\(new)"))
    let records = [try host.record(present)]
    let error = failure { () throws(StorageError) in
      try SourceConflicts.check(wanted, against: records, on: host.host)
    }
    if let error {
      #expect(error.code == .exists)
      #expect(
        error.text
          == "pool 'new': operation failed: Storage source conflict with pool: 'old'")
    }
    return error != nil
  }

  @Test(
    "one folder in two spellings is a conflict, whichever came first",
    arguments: [
      ("srv/a", "srv/a"), ("link", "srv/a"), ("srv/b/../a", "srv/a"), ("srv/./a", "srv/a"),
      ("srv//a", "srv/a"), ("srv/a/", "srv/a"), ("srv/b/back", "srv/a"),
      ("link/../a", "srv/b/back"), ("srv/a/inner/..", "link"), ("nowhere", "nowhere"),
    ])
  func spellings(left: String, right: String) throws {
    #expect(try collide(left, right))
    #expect(try collide(right, left))
  }

  @Test(
    "a folder inside another pool's is none, be it there or yet to be made",
    arguments: [
      ("srv/a/inner", "srv/a"), ("link/inner", "srv/a"), ("srv/a/inner", "link"),
      ("srv/a/new", "srv/a"), ("link/new/deeper", "srv/a"), ("srv/b/back/new", "srv/a"),
      ("nowhere/new", "nowhere"), ("srv/a", "."), ("fresh", "."),
    ])
  func nested(inner: String, outer: String) throws {
    #expect(try !collide(inner, outer))
    #expect(try !collide(outer, inner))
  }

  @Test(
    "a folder inside a pool of Qubes' layout is one: the pool's own volumes lie in folders",
    arguments: [
      ("srv/a/inner", "srv/a"), ("link/inner", "srv/a"), ("srv/a/inner", "link"),
      ("srv/a/new", "srv/a"), ("link/new/deeper", "srv/a"), ("srv/b/back/new", "srv/a"),
      ("nowhere/new", "nowhere"),
    ])
  func nestedInLayout(inner: String, outer: String) throws {
    #expect(try collide(inner, outer, oldDriver: .xen))
    #expect(try !collide(outer, inner, oldDriver: .xen))
  }

  @Test("a folder among another pool's records is one")
  func amongRecords() throws {
    #expect(try collide("srv/a/.cistern", "srv/a"))
    #expect(try collide("link/.cistern/volumes", "srv/a"))
    #expect(try collide("srv/a", "link/.cistern"))
    #expect(try !collide("srv/.cistern", "srv/a"))
  }

  @Test(
    "folders beside each other are none, however alike their names",
    arguments: [
      ("srv/a", "srv/b"), ("srv/a", "srv/ab"), ("srv/new", "srv/newer"), ("srv/a/inner", "srv/b"),
      ("nowhere/a", "nowhere/b"), ("link", "srv/b"),
    ])
  func neighbours(left: String, right: String) throws {
    #expect(try !collide(left, right))
    #expect(try !collide(right, left))
  }

  @Test("folders that are yet to be made are compared in their real place too")
  func notMadeYet() throws {
    #expect(try collide("link/new", "srv/a/new"))
    #expect(try collide("srv/b/../a/new", "srv/a/new"))
    #expect(try collide("link/new/deeper", "srv/b/back/new/deeper"))
    #expect(try !collide("link/new", "srv/b/new"))
    #expect(try !collide("link/new", "srv/a/newer"))
  }

  @Test("types whose volumes are files collide with each other, others do not")
  func types() throws {
    for type in [PoolType.fs, .netfs, .vstorage] {
      #expect(try collide("srv/a", "srv/a", types: (type, .dir)))
      #expect(try collide("link", "srv/a", types: (.dir, type)))
    }
    #expect(try !collide("srv/a", "srv/a", types: (.dir, .logical)))
  }

  @Test(
    "a bind mount is the same folder",
    .enabled(if: MountedFileSystem.isPossible("ext4"), "needs root"))
  func bindMount() throws {
    try host.temporary.shell("mkdir bound && mount --bind srv/a bound")
    defer { _ = Shell.run("umount '\(root)/bound'") }
    #expect(try collide("bound", "srv/a"))
    #expect(try collide("srv/a/inner", "bound/inner"))
    #expect(try collide("srv/a/new", "bound/new"))
    #expect(try !collide("srv/a/inner", "bound"))
  }

  @Test("a pool is not in conflict with itself, but with what it runs as under another name")
  func itself() throws {
    let pool = try host.pool("pool", target: root.appending("srv/a"))
    try SourceConflicts.check(pool, against: [host.record(pool)], on: host.host)
    let moved = try host.pool("other", target: root.appending("srv/b"))
    let live = try host.pool("other", target: root.appending("srv/a"))
    let running = try #require(
      PoolRecord(persistent: moved, origin: .builtIn, live: live, isAutostarted: false))
    #expect(
      failure { () throws(StorageError) in
        try SourceConflicts.check(pool, against: [running], on: host.host)
      } != nil)
  }

  /// Two pools of one type without a target, told apart by their sources.
  func collide(
    _ type: PoolType, _ left: (inout PoolSource) -> Void, _ right: (inout PoolSource) -> Void
  )
    throws -> Bool
  {
    var pools = [try host.pool("new", type: type), try host.pool("old", type: type)]
    left(&pools[0].source)
    right(&pools[1].source)
    let (wanted, records) = (pools[0], [try host.record(pools[1])])
    return failure { () throws(StorageError) in
      try SourceConflicts.check(wanted, against: records, on: host.host)
    } != nil
  }

  @Test("devices are compared by the file they are, not by their spelling")
  func devices() throws {
    try host.temporary.shell(": > disk; : > second; ln -s disk by-id")
    func device(_ name: String) -> (inout PoolSource) -> Void {
      { $0.devices = [PoolSource.Device(path: self.root.appending(name))] }
    }
    for type in [PoolType.fs, .logical, .disk, .zfs] {
      #expect(try collide(type, device("disk"), device("disk")))
      #expect(try collide(type, device("by-id"), device("disk")))
      #expect(try !collide(type, device("second"), device("disk")))
      #expect(try collide(type, device("absent"), device("absent")))
      #expect(try !collide(type, device("absent"), device("absent2")))
    }
  }

  @Test("network sources are compared by host, port and name")
  func network() throws {
    func export(_ host: String, _ dir: String, port: Int = 0) -> (inout PoolSource) -> Void {
      {
        $0.hosts = [PoolSource.Host(name: host, port: port)]
        $0.dir = Path(dir)
        $0.name = "volume"
      }
    }
    for type in [PoolType.netfs, .gluster] {
      #expect(try collide(type, export("h", "/e"), export("h", "/e")))
      #expect(try !collide(type, export("h", "/e"), export("h", "/f")))
      #expect(try !collide(type, export("h", "/e"), export("i", "/e")))
      #expect(try !collide(type, export("h", "/e", port: 1), export("h", "/e", port: 2)))
    }
    #expect(try collide(.mpath, { _ in }, { _ in }))
    #expect(
      try collide(
        .scsi, { $0.adapter = .scsiHost(name: "a") }, { $0.adapter = .scsiHost(name: "a") }))
    #expect(
      try !collide(
        .scsi, { $0.adapter = .scsiHost(name: "a") }, { $0.adapter = .scsiHost(name: "b") }))
  }
}
