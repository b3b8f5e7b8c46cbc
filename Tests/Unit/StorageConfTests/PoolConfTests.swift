import StorageConf
import StorageModel
import Testing

@Suite("Pools in storage.conf")
struct PoolConfTests {
  /// The first section's pool.
  static func pool(_ text: String) throws(ConfProblem) -> PoolDefinition {
    guard let section = try parse(text).sections.first else {
      throw ConfProblem(file: "f", message: "no section")
    }
    return try PoolConf.definition(of: section, file: "f", defaultFolder: Path("/var/lib/c"))
  }

  static func message(_ text: String) -> String {
    do {
      return "accepted: \(try pool(text))"
    } catch { return error.text }
  }

  @Test(arguments: [
    ("driver=xen", FileDriver.xen), ("driver=file", .file), ("driver=file-reflink", .fileReflink),
    ("class=qubes.storage.xen.XenStorage", .xen), ("class=qubes.storage.xen.XenPool", .xen),
    ("class=qubes.storage.file.FilePool", .file),
    ("class=qubes.storage.reflink.ReflinkPool", .fileReflink),
    ("class=ReflinkPool", .fileReflink), ("class=XenStorage", .xen),
    ("driver=nonsense\nclass=qubes.storage.xen.XenPool", .xen),
  ])
  func fileDrivers(line: String, driver: FileDriver) throws {
    let pool = try Self.pool("[a]\n\(line)\ndir_path=/srv//a/\n")
    #expect(pool.type == .dir)
    #expect(pool.name.text == "a")
    #expect(pool.uuid == StorageUUID.derived(from: "pool:a"))
    #expect(pool.lifecycle == PoolLifecycle(driver: driver))
    #expect(pool.target.path == Path("/srv/a"))
  }

  @Test func defaultPool() throws {
    #expect(try Self.pool("[default]\ndriver=xen").target.path == Path("/var/lib/c"))
    #expect(try Self.pool("[default]\ndriver=xen\ndir_path=/x").target.path == Path("/x"))
    #expect(try Self.pool("[default]\ndriver=dir").target.path == Path("/var/lib/c"))
    #expect(try Self.pool("[default]\ndriver=dir\ntarget=/x").target.path == Path("/x"))
    #expect(try Self.pool("[default]\ndriver=dir").lifecycle.driver == .plain)
  }

  @Test(arguments: [
    ("True", true), ("1", true), ("on", true), ("YES", true), ("False", false), ("0", false),
    ("off", false), ("No", false), ("", false), ("\"\"", false),
  ])
  func flags(text: String, value: Bool) throws {
    let pool = try Self.pool(
      "[a]\ndriver=file-reflink\ndir_path=/a\nsetup_check=\(text)\nephemeral_volatile=\(text)")
    #expect(pool.lifecycle.setupCheck == value)
    #expect(pool.lifecycle.ephemeralVolatile == value)
  }

  @Test func revisions() throws {
    for number in [-1, 0, 1, 7] {
      let pool = try Self.pool("[a]\ndriver=xen\ndir_path=/a\nrevisions_to_keep=\(number)")
      #expect(pool.lifecycle.revisionsToKeep?.number == number)
    }
    let one = try Self.pool("[a]\ndriver=file\ndir_path=/a\nrevisions_to_keep=1")
    #expect(one.lifecycle.revisionsToKeep == .count(1))
  }

  @Test func thinAndZFS() throws {
    let thin = try Self.pool("[a]\ndriver=lvm_thin\nvolume_group=qubes_dom0\nthin_pool=vm-pool")
    #expect(thin.type == .logical)
    #expect(thin.source.name == "qubes_dom0")
    #expect(thin.lifecycle.thinPool == "vm-pool")
    #expect(thin.source.format == "lvm2")
    #expect(thin.target.path == Path("/dev/qubes_dom0"))
    let byClass = try Self.pool(
      "[a]\nclass=qubes.storage.lvm.ThinPool\nvolume_group=qubes_dom0\nthin_pool=vm-pool")
    #expect(byClass == thin)
    let zfs = try Self.pool("[a]\ndriver=zfs\ncontainer=tank/vms")
    #expect(zfs.type == .zfs)
    #expect(zfs.source.name == "tank/vms")
    #expect(zfs.target.path == Path("/dev/zvol/tank/vms"))
    #expect(try Self.pool("[a]\nclass=qubes.storage.zfs.ZFSPool\ncontainer=tank/vms") == zfs)
    #expect(try Self.pool("[tank]\ndriver=zfs\nsource-dev=sda").source.devices.count == 1)
  }

  @Test func libvirtTypes() throws {
    let nfs = try Self.pool(
      "[n]\ndriver=netfs\nsource-host=h\nsource-path=/e/\nsource-format=nfs\nsource-protocol-ver=4.2\n"
        + "target=/mnt\nrevisions_to_keep=2")
    #expect(nfs.source.hosts == [PoolSource.Host(name: "h")])
    #expect(nfs.source.dir == Path("/e"))
    #expect(nfs.source.format == "nfs")
    #expect(nfs.source.protocolVersion == "4.2")
    #expect(nfs.lifecycle.revisionsToKeep == .count(2))
    let fs = try Self.pool("[n]\ndriver=fs\nsource-dev=/dev/sdb1\ntarget=/mnt")
    #expect(fs.source.format == "auto")
    let group = try Self.pool("[vg0]\ndriver=logical\nsource-dev=/dev/sdb\ntarget=/dev/vg0")
    #expect(group.source.name == "vg0")
    #expect(group.lifecycle.thinPool == nil)
    let direct = try Self.pool(
      "[i]\ndriver=iscsi-direct\nsource-host=h\nsource-dev=iqn.2001-01.x:y\nsource-initiator=iqn.me\n"
        + "auth-type=chap\nauth-username=u\nsecret-usage=s")
    #expect(direct.source.authentication?.secret == .usage("s"))
    #expect(direct.source.initiatorIQN == "iqn.me")
    #expect(direct.target.path == nil)
    let fibre = try Self.pool(
      "[s]\ndriver=scsi\ntarget=/dev/disk/by-path\nadapter-wwnn=20000000c9831b4b\n"
        + "adapter-wwpn=0x10000000c9831b4b\nadapter-parent=scsi_host3")
    guard case .fibreChannelHost(let adapter) = fibre.source.adapter else {
      Issue.record("no Fibre Channel adapter")
      return
    }
    #expect(adapter.parent == "scsi_host3")
    #expect(try Self.pool("[g]\ndriver=gluster\nsource-host=h").source.dir == Path("/"))
    #expect(try Self.pool("[m]\ndriver=mpath\ntarget=/dev/mapper").type == .mpath)
  }

  @Test(arguments: [
    ("[a]\nk=v", "f:1: pool 'a': no driver given: expected the key 'driver' or 'class'"),
    (
      "\n[default]\ndir_path=/x",
      "f:2: pool 'default': no driver given: expected the key 'driver' or 'class'"
    ),
    ("[a]\ndriver=xen", "f:1: pool 'a': missing key 'dir_path'"),
    (
      "[a]\ndriver=xen\ndir_path=x",
      "f:3: pool 'a': dir_path: 'x' is not accepted: expected an absolute path"
    ),
    ("[a]\ndriver=xen\ndir_path=", "f:3: pool 'a': dir_path: value is empty"),
    (
      "[a]\ndriver=xen\ndir_path=/x\n  /y",
      "f:3: pool 'a': dir_path: '/x?/y' is not accepted: expected one line without control characters"
    ),
    (
      "[a]\ndriver=xen\ndir_path=/x\nsetup_check=no",
      "f:4: pool 'a': unknown key 'setup_check': expected one of driver, class, dir_path, "
        + "revisions_to_keep, ephemeral_volatile"
    ),
    (
      "[a]\ndriver=file-reflink\ndir_path=/x\nsetup_check=maybe",
      "f:4: pool 'a': setup_check: 'maybe' is not accepted: expected yes, true, on or 1, or no, "
        + "false, off or 0"
    ),
    (
      "[a]\ndriver=xen\ndir_path=/x\nrevisions_to_keep=-2",
      "f:4: pool 'a': revisions_to_keep: '-2' is not accepted: expected -1, 0 or a positive number"
    ),
    (
      "[a]\ndriver=xen\ndir_path=/x\nrevisions_to_keep=abc",
      "f:4: pool 'a': revisions_to_keep: 'abc' is not accepted: expected -1, 0 or a positive number"
    ),
    (
      "[a]\ndriver=file\ndir_path=/x\nrevisions_to_keep=2",
      "f:4: pool 'a': revisions_to_keep: '2' is not accepted: expected -1, 0 or 1 with driver 'file'"
    ),
    ("[a]\ndriver=lvm_thin\nvolume_group=vg", "f:1: pool 'a': missing key 'thin_pool'"),
    (
      "[a]\ndriver=lvm_thin\nvolume_group=v/g\nthin_pool=t",
      "f:3: pool 'a': volume_group: 'v/g' is not accepted: expected letters, digits and '+_.-', "
        + "not '.' or '..'"
    ),
    (
      "[a]\ndriver=zfs\ncontainer=/tank",
      "f:3: pool 'a': container: '/tank' is not accepted: expected a dataset such as 'tank' or "
        + "'tank/volumes'"
    ),
    (
      "[a]\ndriver=fs\nsource-dev=-x\ntarget=/m",
      "f:3: pool 'a': source-dev: '-x' is not accepted: expected a value that does not start with '-'"
    ),
    ("[a]\ndriver=dir", "f:1: pool 'a': missing key 'target'"),
    (
      "[a]\ndriver=dir\ntarget=/x\nsource-host=h",
      "f:4: pool 'a': unknown key 'source-host': expected one of driver, class, target, "
        + "revisions_to_keep, ephemeral_volatile"
    ),
    ("[a]\ndriver=rbd\nsource-host=h", "f:1: pool 'a': missing key 'source-name'"),
    (
      "[a]\ndriver=logical\ntarget=/x",
      "f:3: pool 'a': target: '/x' is not accepted: expected /dev/a, where volumes of this pool "
        + "always are"
    ),
    (
      "[a]\ndriver=fs\nsource-dev=/d\ntarget=/m\nsource-format=zfs",
      "f:5: pool 'a': source-format: 'zfs' is not accepted: expected auto, ext2, ext3, ext4, ufs, "
        + "iso9660, udf, gfs, gfs2, vfat, hfs+, xfs, ocfs2, vmfs, btrfs, f2fs"
    ),
    (
      "[a]\ndriver=scsi\ntarget=/d\nadapter-wwnn=2000\nadapter-wwpn=1",
      "f:4: pool 'a': adapter-wwnn: '2000' is not accepted: expected 16 hexadecimal digits"
    ),
    (
      "[a]\ndriver=iscsi\nsource-host=h\nsource-dev=i\ntarget=/d\nauth-username=u",
      "f:6: pool 'a': auth-username: not without auth-type"
    ),
    (
      "[a]\ndriver=iscsi\nsource-host=h\nsource-dev=i\ntarget=/d\nauth-type=chap\nauth-username=u",
      "f:6: pool 'a': expected one of the keys 'secret-usage' and 'secret-uuid'"
    ),
    ("[a/b]\ndriver=dir\ntarget=/x", "f:1: pool name 'a/b' cannot contain '/'"),
    (
      "[a]\ndriver=../x",
      "f:2: pool 'a': driver: '../x' is not accepted: expected callback, xen, file, file-reflink, linux-kernel, lvm_thin, dir, fs, netfs, logical, disk, iscsi, iscsi-direct, scsi, mpath, rbd, sheepdog, gluster, zfs, vstorage, or the name of a driver process"
    ),
    (
      "[DEFAULT]\nrevisions_to_keep=x\n[a]\ndriver=dir\ntarget=/x",
      "f:2: pool 'a': revisions_to_keep: 'x' is not accepted: expected -1, 0 or a positive number"
    ),
  ])
  func refusals(text: String, message: String) {
    #expect(Self.message(text) == message)
  }

  @Test(arguments: [
    ("driver=dummy", "dummy"), ("class=my.own.Pool", "my.own.Pool"),
    ("driver=xen\nclass=my.XenPool", "my.XenPool"),
  ])
  func externalDrivers(line: String, name: String) {
    let pool = try? Self.pool("[a]\n\(line)\nanything=1\ntarget=/x")
    #expect(pool?.lifecycle.process?.name.text == name)
    #expect(pool?.lifecycle.process?.options == ["anything": "1"])
    #expect(pool?.target.path == Path("/x"))
  }

  /// Each section is what its own pool is written as.
  @Test(arguments: [
    "driver=folder\ntarget=/a\nlevel=3", "driver=my.rbd\ntype=rbd\nsource-host=h\nsource-name=p",
    "driver=xen\ndir_path=/a", "driver=file-reflink\ndir_path=/a\nsetup_check=no",
    "driver=file\ndir_path=/a\nrevisions_to_keep=0\nephemeral_volatile=yes",
    "driver=lvm_thin\nvolume_group=vg\nthin_pool=t", "driver=zfs\ncontainer=tank/x",
    "driver=zfs\nsource-dev=sda\nsource-name=tank", "driver=dir\ntarget=/a\nrevisions_to_keep=3",
    "driver=fs\nsource-dev=/dev/sdb\ntarget=/m\nsource-format=xfs",
    "driver=netfs\nsource-host=h\nsource-path=/e\ntarget=/m\nsource-protocol-ver=3",
    "driver=logical\nsource-dev=/dev/sdb\nsource-name=vg",
    "driver=iscsi\nsource-host=h\nsource-dev=iqn.x\ntarget=/dev/disk/by-path\nauth-type=chap\n"
      + "auth-username=u\nsecret-uuid=3e3fce45-4f53-4fa7-bb32-11f34168b82b",
    "driver=scsi\ntarget=/d\nadapter-name=host5",
    "driver=scsi\ntarget=/d\nadapter-wwnn=20000000c9831b4b\nadapter-wwpn=10000000c9831b4b",
    "driver=rbd\nsource-host=h\nsource-name=p\nauth-type=ceph\nauth-username=u\nsecret-usage=s",
    "driver=gluster\nsource-host=h\nsource-path=/\nsource-name=v",
    "driver=mpath\ntarget=/dev/mapper",
    "driver=vstorage\nsource-name=v\ntarget=/m", "driver=disk\nsource-dev=/dev/sdb\ntarget=/dev",
  ])
  func writing(lines: String) throws {
    let pool = try Self.pool("[p]\n\(lines)")
    let entries = try PoolConf.entries(for: pool, file: "f")
    #expect(entries.map { "\($0.key)=\($0.value)" }.joined(separator: "\n") == lines)
  }

  @Test func whatCannotBeWritten() throws {
    let pool = try Self.pool("[p]\ndriver=netfs\nsource-host=h\nsource-path=/e\ntarget=/m")
    func refused(_ change: (inout PoolDefinition) -> Void) -> String? {
      var changed = pool
      change(&changed)
      do {
        _ = try PoolConf.entries(for: changed, file: "f")
        return nil
      } catch { return error.text }
    }
    #expect(refused { $0.uuid = StorageUUID.random() } == nil)
    #expect(
      refused { $0.target.permissions.mode = 0o700 }
        == "f: pool 'p': target permissions cannot be written here, only in XML")
    #expect(refused { $0.mountOptions = ["x"] }?.contains("mount options") == true)
    #expect(refused { $0.source.hosts[0].port = 1 }?.contains("host's port") == true)
    #expect(refused { $0.source.vendor = "x" }?.contains("source vendor") == true)
    #expect(refused { $0.target.path = Path("/a ;b") }?.contains("cannot be written") == true)
    #expect(refused { $0.copyOnWrite = true }?.contains("copy-on-write") == true)
  }
}
