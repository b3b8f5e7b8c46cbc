import StorageModel
import StorageOS
import Testing

@Suite("The mount table")
struct MountTableTests {
  let table = MountTable(
    text: """
      22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
      30 22 0:40 / /srv rw,nosuid,nodev - nfs4 nas:/export rw,vers=4.2
      31 30 8:17 /sub /srv/a\\040b rw - xfs /dev/sdb1 rw
      32 22 8:33 / /srv rw master:2 propagate_from:1 - ext4 /dev/sdc1 rw
      33 22 0:41 / /mnt/\\134 rw - fuse.glusterfs host:/gv0 rw
      broken line
      34 22 0:42 / /short rw
      """)

  @Test("has every mount that is written as the kernel writes it")
  func all() {
    #expect(table.mounts.map(\.identifier) == [22, 30, 31, 32, 33])
    let mount = table.mounts[1]
    #expect(mount.source == "nas:/export" && mount.type == "nfs4" && mount.device == "0:40")
    #expect(mount.options == ["rw", "nosuid", "nodev"])
    #expect(table.mounts[2].root == Path("/sub"))
  }

  @Test("paths are told without the escapes of /proc")
  func escapes() {
    #expect(table.mounts[2].target.text == "/srv/a b")
    #expect(table.mounts[4].target.text == "/mnt/\\")
  }

  @Test("of two mounts at one place the later one counts")
  func stacked() {
    #expect(table.mount(at: Path("/srv"))?.source == "/dev/sdc1")
    #expect(table.mount(at: Path("/sr")) == nil)
  }

  @Test("a path is on the deepest mount above it")
  func holding() {
    #expect(table.mount(holding: Path("/srv/a b/c"))?.source == "/dev/sdb1")
    #expect(table.mount(holding: Path("/srvx"))?.source == "/dev/sda1")
    #expect(table.mount(holding: Path("/srv"))?.source == "/dev/sdc1")
    #expect(table.mounts(below: Path("/srv")).map(\.source) == ["/dev/sdb1"])
  }

  @Test("file systems that others serve are known")
  func remote() {
    #expect(table.mounts.filter(\.isRemote).map(\.identifier) == [30, 33])
  }

  @Test("this machine's own can be read")
  func real() throws {
    #expect(try MountTable().mounts.contains { $0.target.text == "/" })
  }
}
