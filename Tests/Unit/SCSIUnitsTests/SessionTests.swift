import SCSIUnits
import StorageBackend
import StorageHost
import StorageModel
import StorageOS
import TestSupport
import Testing

@testable import ISCSIBackend
@testable import MultipathBackend

@Suite("iSCSI sessions and records; multipath maps")
struct SessionTests {
  private func pool(_ uuid: String = "d92d10a4-46ca-45eb-b3da-e99d4fd141b0") throws
    -> PoolDefinition
  {
    var pool = PoolDefinition(
      type: .iscsi, name: try PoolName("p"), uuid: try #require(StorageUUID(uuid)),
      target: PoolTarget(path: Path("/dev")))
    pool.source.hosts = [.init(name: "127.0.0.1")]
    pool.source.devices = [.init(path: Path(verbatim: "iqn.2026-01.test:disk0"))]
    return pool
  }

  @Test("sessions are read with their host, their interface and both names of their portal")
  func sessions() throws {
    let tree = try RecordedTree("iscsi")
    let all = try ISCSISessions(sys: tree.host.sys).all()
    #expect(all.map(\.number) == [1, 2])
    #expect(all.map(\.scsiHost) == [0, 3])
    #expect(all.map(\.isLoggedIn) == [true, false])
    #expect(all.map(\.initiator) == ["iqn.2026-01.test:init", ""])
    #expect(all[0].portals.map(\.description) == ["localhost:3260", "127.0.0.1:3260"])
    #expect(all[1].portals.map(\.description) == ["[fe80::1]:3261"])
  }

  @Test("a pool finds its session by its own interface or by target and portal, and no other")
  func reach() throws {
    let tree = try RecordedTree("iscsi")
    #expect(try ISCSIBackend(pool(), host: tree.host, secrets: NoSecrets()).hostNumber() == 0)
    let other = "11111111-2222-3333-4444-555555555555"
    #expect(try ISCSIBackend(pool(other), host: tree.host, secrets: NoSecrets()).hostNumber() == 0)
    var elsewhere = try pool(other)
    elsewhere.source.hosts = [.init(name: "127.0.0.1", port: 3261)]
    let absent = failure { () throws(StorageError) in
      try ISCSIBackend(elsewhere, host: tree.host, secrets: NoSecrets()).checkReachable()
    }
    #expect(absent?.code == .notFound)
    var initiator = try pool()
    initiator.source.initiatorIQN = "iqn.2026-01.test:somebody"
    #expect(
      failure { () throws(StorageError) in
        try ISCSIBackend(initiator, host: tree.host, secrets: NoSecrets()).checkReachable()
      } != nil)
    try tree.set("class/iscsi_session/session1/state", to: "FAILED")
    let failing = ISCSIBackend(try pool(), host: tree.host, secrets: NoSecrets())
    let failed = failure { () throws(StorageError) in
      try failing.checkReachable()
    }
    #expect(failed?.problem.hasSuffix("at 127.0.0.1:3260 is FAILED") == true)
  }

  @Test("definitions that name no portal or target, or several, are refused in libvirt's words")
  func definitions() throws {
    let host = try RecordedTree("iscsi").host
    func problem(_ change: (inout PoolDefinition) -> Void) throws -> String? {
      var pool = try pool()
      change(&pool)
      return failure { () throws(StorageError) in try Login(pool, host: host, secrets: NoSecrets())
      }?.problem
    }
    #expect(try problem { _ in } == nil)
    let hosts = "Expected exactly 1 host for the storage pool"
    #expect(try problem { $0.source.hosts = [] } == hosts)
    #expect(try problem { $0.source.hosts.append(.init(name: "b")) } == hosts)
    #expect(try problem { $0.source.devices = [] } == "missing source device")
    #expect(
      try problem { $0.source.hosts = [.init(name: "-p")] }
        == "'-p' is not the name or address of a host")
    #expect(
      try problem { $0.source.devices = [.init(path: Path(verbatim: "../x"))] }
        == "'../x' is not an iSCSI name")
    #expect(
      try problem {
        $0.source.authentication = .init(kind: .ceph, username: "u", secret: .usage("s"))
      } == "iscsi pool only supports 'chap' auth type")
  }

  private static let record = """
    # BEGIN RECORD 2.1.8
    node.name = iqn.2026-01.test:disk0
    node.tpgt = -1
    node.startup = automatic
    iface.iscsi_ifacename = cistern-d92d10a4-46ca-45eb-b3da-e99d4fd141b0
    node.session.initial_login_retry_max = 8
    node.session.auth.authmethod = None
    node.session.auth.username_in = old
    node.conn[0].address = 127.0.0.1
    node.conn[0].port = 3260
    node.conn[0].timeo.login_timeout = 15
    # END RECORD

    """

  @Test(
    "a password goes into the pool's own record, which others cannot read, and nothing else is left"
  )
  func password() throws {
    let temporary = try TemporaryFolder()
    let place = "nodes/iqn.2026-01.test:disk0/127.0.0.1,3260"
    try temporary.write(Self.record, to: place)
    try temporary.write(
      Self.record.split(separator: "cistern-").joined(separator: "default-"),
      to: "nodes/iqn.2026-01.test:disk0/127.0.0.2,3260,1/default")
    try temporary.write("pass word\n", to: "secret")
    let files = RecordFiles(pool: try pool(), roots: [temporary.path])
    #expect(try files.nodes().map(\.file) == [temporary.path.appending(place)])
    var settings = NodeSettings(seconds: 7, userName: "user", password: nil)
    let bytes = try SecretBytes(reading: Descriptor(reading: temporary.path.appending("secret")))
    #expect(!bytes.isOneLine)
    try temporary.shell("printf 'pass word' > secret")
    settings.password = try SecretBytes(
      reading: Descriptor(reading: temporary.path.appending("secret")))
    #expect(settings.password?.isOneLine == true)
    try files.set(settings, in: try #require(files.nodes().first))
    let text = try temporary.text(place)
    #expect(text.contains("\nnode.session.auth.authmethod = CHAP\n"))
    #expect(text.contains("\nnode.session.auth.username = user\n"))
    #expect(text.contains("\nnode.session.auth.password = pass word\n# END RECORD\n"))
    #expect(text.contains("\nnode.conn[0].timeo.login_timeout = 7\n"))
    #expect(text.contains("\nnode.startup = manual\n"))
    #expect(!text.contains("username_in") && !text.contains("automatic"))
    #expect(try FileStatus(following: temporary.path.appending(place)).mode == 0o600)
    #expect(try !temporary.names().contains { $0.hasSuffix(".new") })
    try temporary.write("half", to: "\(files.interface).new")
    #expect(try files.hasUnfinished())
    try files.sweep()
    #expect(try !files.hasUnfinished())
    #expect(try files.nodes().count == 1)
    try temporary.shell(
      "mkdir static && ln -s ../nodes static/t,127.0.0.1,3260,1,\(files.interface)")
    try files.remove(try #require(files.nodes().first))
    // The other interface's record is in the same target's folder.
    #expect(
      try temporary.names().filter { $0.contains("3260") || $0.contains("static/") } == [
        "nodes/iqn.2026-01.test:disk0/127.0.0.2,3260,1",
        "nodes/iqn.2026-01.test:disk0/127.0.0.2,3260,1/default",
      ])
  }

  @Test("somebody else's record at the same portal is seen, so that it can be left alone")
  func foreignRecords() throws {
    let temporary = try TemporaryFolder()
    let foreign = Self.record.split(separator: "cistern-").joined(separator: "default-")
    try temporary.write(foreign, to: "nodes/iqn.2026-01.test:disk0/127.0.0.1,3260")
    let files = RecordFiles(pool: try pool(), roots: [temporary.path])
    let portal = try Portal(.init(name: "127.0.0.1"))
    #expect(try files.nodes().isEmpty)
    #expect(try files.foreignRecord(of: ISCSIName("iqn.2026-01.test:disk0"), at: portal) != nil)
    #expect(try files.foreignRecord(of: ISCSIName("iqn.2026-01.test:disk1"), at: portal) == nil)
  }

  @Test("what discovery prints gives each target once")
  func discovery() throws {
    let output = """
      127.0.0.1:3260,1 iqn.2026-01.test:a
      [fe80::1]:3260,2 iqn.2026-01.test:a
      10.0.0.1:3260,1 iqn.2026-01.test:b
      nonsense

      """
    let targets = ISCSIAdmin.targets(in: output)
    #expect(targets.map(\.name.description).map { $0.suffix(1) } == ["a", "a", "b"])
    #expect(targets.map(\.group) == [1, 2, 1])
  }

  @Test("iscsiadm's statuses tell what failed, in the daemon's own words")
  func failures() {
    let refused = ISCSIAdmin.failure(
      24,
      """
      iscsiadm: Could not login to [iface: default, target: t, portal: p].
      iscsiadm: initiator reported error (24 - iSCSI login failed due to authorization failure)
      iscsiadm: Could not log into all portals
      """, "pool 'p'")
    #expect(refused.code == .permission)
    #expect(
      refused.text
        == "pool 'p': Failed to login: iSCSI login failed due to authorization failure")
    let daemon = ISCSIAdmin.failure(20, "iscsiadm: can not connect to iSCSI daemon (111)!", "")
    #expect(daemon.hint == "Start it: systemctl start iscsid")
    #expect(
      ISCSIAdmin.failure(6, "", "x").text == "x: iscsiadm failed: iscsiadm failed with status 6")
  }

  @Test("maps of other targets than multipath are none, and each path's state is read")
  func maps() {
    func target(_ minor: UInt32, _ type: String, _ status: String) -> MultipathMaps.Target {
      .init(
        name: "m\(minor)", uuid: "mpath-36", device: DeviceNumber(major: 253, minor: minor),
        sectors: 32768, type: type, status: status)
    }
    // As dmsetup status of Linux 6.1 printed it.
    let status = "2 1 0 0 1 1 E 0 2 2 8:0 F 1 0 1 8:32 A 0 0 1 "
    let maps = MultipathMaps.maps(of: [
      target(2, "multipath", status), target(1, "linear", ""),
      target(0, "multipath", "2 0 0 0 0 0"),
      target(3, "multipath", status), target(3, "linear", ""),
    ])
    #expect(maps.map(\.kernelName) == ["dm-0", "dm-2"])
    #expect(maps[1].paths.map(\.device) == ["8:0", "8:32"])
    #expect(maps[1].isImpaired)
    #expect(maps[1].impairment == "1 of the 2 paths of map 'm2' failed")
    #expect(maps[1].size == ByteCount(16 << 20))
    #expect(!maps[0].isImpaired && maps[0].paths.isEmpty)
  }
}
