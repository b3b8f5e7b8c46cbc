"""Volume groups: made, listed, changed and removed as pools of type logical."""

import subprocess

import contents
import pytest
import sessions
from disks import LoopDisk
from inplace import InPlaceConformance
from tools import BAD_DATA, BUSY, DONE, EXISTS, MIB, NO_SPACE, NOT_FOUND, UNSUPPORTED, USAGE
from volumegroups import (  # noqa: F401  (a fixture)
    ALL, ENVIRONMENT, Picture, each_cut, inside_lvm, light_lvm, lvm, volumes,
)  # fmt: skip

pytestmark = [pytest.mark.limit(240), pytest.mark.guest(
    modules=["dm-mod", "dm-snapshot", "dm-thin-pool", "dm-raid", "raid1", "loop"],
    packages=["lvm2", "thin-provisioning-tools", "e2fsprogs", "cryptsetup-bin", "strace"],
    disks=["512M", "512M", "256M"],
    seconds=3600 if ALL else 2400,
)]


def kernel_name(disk):
    return f"/dev/{disk.resolve().name}"


@pytest.fixture
def group(site, disks):
    """A started pool 'vg' of the group 'vgl' on the first disk; nothing is left of it afterwards."""
    device = kernel_name(disks[0])
    site.ok("pool-define-as", "vg", "logical", "--source-dev", device, "--source-name", "vgl")
    site.ok("pool-build", "vg")
    site.ok("pool-start", "vg")
    yield site
    forget(disks)


def forget(disks):
    """Removes the group 'vgl', and what makes devices members of one."""
    lvm("vgremove", "-y", "-f", "vgl", check=False)
    for disk in disks:
        lvm("pvremove", "-y", "-ff", kernel_name(disk), check=False)


class LinearPool:
    """What the in-place conformance suite needs to know of a group."""

    name = "logical"
    abilities = frozenset({"build", "create", "check"})

    def __init__(self, device):
        self.device = device

    def define(self, site, pool):
        site.ok("pool-define-as", pool, "logical", "--source-dev", self.device, "--source-name", "vgl")

    def next_name(self):
        used = volumes("vgl")
        return next(name for number in range(1, 100) if (name := f"v{number}") not in used)


@pytest.mark.limit(180)
class TestLinear(InPlaceConformance):
    """The suite; where it is not asked for, those of its cases that the mechanism decides."""

    SAMPLE = ("an_import_replaces", "a_failed_import", "a_clone_shows", "a_volume_in_use", "delete_gives",
              "making_of_encrypted", "making_for_sectors")  # fmt: skip

    @pytest.fixture(autouse=True)
    def chosen(self, request):
        if not ALL and not request.function.__name__.removeprefix("test_").startswith(self.SAMPLE):
            pytest.skip("takes long in an emulated guest; make conformance-units runs it")

    @pytest.fixture
    def backend(self, disks):
        yield LinearPool(kernel_name(disks[0]))
        forget(disks[:1])


def test_build_guards_what_devices_carry(site, disks, call):
    device = kernel_name(disks[1])
    site.ok("pool-define-as", "p", "logical", "--source-dev", device, "--source-name", "vgb")
    call("mkfs.ext4", "-q", device)
    site.refused(EXISTS, "pool-build", "p", words=["forced overwrite is necessary", "ext4"])
    call("mount", device, "/mnt")
    site.refused(BUSY, "pool-build", "p", "--overwrite")
    call("umount", "/mnt")
    site.ok("pool-build", "p", "--overwrite")
    site.refused(EXISTS, "pool-build", "p", words="already built")
    site.ok("pool-define-as", "q", "logical", "--source-name", "vgq")
    site.refused(BAD_DATA, "pool-build", "q", words="missing source devices")
    site.refused(NOT_FOUND, "pool-start", "q", words="cannot find logical volume group name 'vgq'")
    # A member of another group is never taken, whatever is said.
    site.ok("pool-undefine", "p")
    site.ok("pool-define-as", "other", "logical", "--source-dev", device, "--source-name", "vgo")
    site.refused(BUSY, "pool-build", "other", "--overwrite", words="belongs to volume group 'vgb'")
    found = site.ok("find-storage-pool-sources-as", "logical")
    assert f"<device path='{device}'/>" in found and "<name>vgb</name>" in found
    sources = site.json("find-storage-pool-sources-as", "logical")["sources"]
    assert [source["devices"] for source in sources if source["name"] == "vgb"] == [[device]]
    lvm("vgremove", "-y", "vgb")
    lvm("pvremove", "-y", device)


def test_volumes_are_made_listed_and_removed(group, scratch):
    group.ok("vol-create-as", "vg", "lin", "10000001")
    facts = group.volume("lin", "vg")
    assert facts["capacity"] == 12 * MIB and facts["type"] == "block"
    assert facts["key"] == volumes("vgl")["lin"]["lv_uuid"] and facts["path"] == "/dev/vgl/lin"
    document = group.ok("vol-dumpxml", "lin", "--pool", "vg")
    assert "<extent start='0' end='12582912'/>" in document and "<format" not in document
    group.refused(EXISTS, "vol-create-as", "vg", "lin", "4M")
    group.refused(BAD_DATA, "vol-create-as", "vg", "snapshot1", "4M", words="reserved")
    group.refused(NO_SPACE, "vol-create-as", "vg", "big", "1T", words="insufficient free space")
    assert group.ok("vol-name", "/dev/mapper/vgl-lin").strip() == "lin"
    contents.put("/dev/vgl/lin", "data")
    # A snapshot over it, then resizing, cloning, wiping.
    group.ok("vol-create-as", "vg", "s", "12M", "--backing-vol", "lin")
    assert contents.get("/dev/vgl/s") == "data"
    group.refused(BUSY, "vol-delete", "lin", "--pool", "vg", words="origin of snapshot 's'")
    group.ok("vol-delete", "s", "--pool", "vg")
    group.ok("vol-resize", "lin", "16M", "--pool", "vg")
    group.refused((BAD_DATA, USAGE), "vol-resize", "lin", "8M", "--pool", "vg", words="shrink")
    group.ok("vol-resize", "lin", "12M", "--shrink", "--pool", "vg")
    group.ok("vol-clone", "lin", "copy", "--pool", "vg")
    assert contents.get("/dev/vgl/copy") == "data"
    image = contents.image(scratch / "image", 8 * MIB, at0="imported")
    group.ok("vol-import", "copy", image, "--pool", "vg")
    assert contents.get("/dev/vgl/copy") == "imported"
    group.ok("vol-export", "copy", scratch / "out", "--pool", "vg")
    assert contents.get(scratch / "out") == "imported"
    group.ok("vol-wipe", "copy", "--pool", "vg")
    assert contents.get("/dev/vgl/copy") == ""
    group.ok("vol-delete", "copy", "--pool", "vg")
    assert set(volumes("vgl")) == {"lin"}


def test_thin_where_the_group_has_a_thin_pool(group):
    lvm("lvcreate", "-y", "--type", "thin-pool", "-L", "64M", "-n", "tp", "vgl")
    group.ok("vol-create-as", "vg", "thin", "1G", "--allocation", "0")
    group.ok("vol-create-as", "vg", "thick", "8M")
    rows = volumes("vgl")
    assert rows["thin"]["pool_lv"] == "tp" and rows["thick"]["pool_lv"] == ""
    names = {volume["name"] for volume in group.json("vol-list", "vg")["volumes"]}
    assert names == {"thin", "thick"}
    contents.put("/dev/vgl/thin", "data")
    group.ok("vol-clone", "thin", "clone", "--pool", "vg")
    assert volumes("vgl")["clone"]["origin"] == "thin"
    assert contents.get("/dev/vgl/clone") == "data"
    assert group.volume("thin", "vg")["allocation"] < 2 * MIB


def test_what_others_made_is_listed_right(group, disks):
    second = kernel_name(disks[1])
    group.ok("pool-extend", "vg", second)
    lvm("lvcreate", "-y", "--type", "raid1", "-m1", "-L", "8M", "-n", "raid", "vgl")
    lvm("lvcreate", "-y", "-i2", "-L", "16M", "-n", "striped", "vgl")
    lvm("lvcreate", "-y", "-an", "-Zn", "-L", "4M", "-n", "inactive", "vgl")
    listed = {volume["name"]: volume for volume in group.json("vol-list", "vg", "--details")["volumes"]}
    assert set(listed) == {"raid", "striped", "inactive"}
    assert listed["raid"]["capacity"] == 8 * MIB and listed["striped"]["capacity"] == 16 * MIB
    for name in ("raid", "striped"):
        document = group.ok("vol-dumpxml", name, "--pool", "vg")
        for disk in disks[:2]:
            assert f"<device path='{kernel_name(disk)}'>" in document, document


def test_extending(group, disks, call):
    second, third = kernel_name(disks[1]), kernel_name(disks[2])
    before = group.pool("vg")["capacity"]
    call("mkfs.ext4", "-q", "-F", second)
    group.refused(EXISTS, "pool-extend", "vg", second, words="ext4")
    group.refused(USAGE, "pool-extend", "vg", "vdb")
    group.refused(NOT_FOUND, "pool-extend", "vg", "/dev/nothing")
    group.refused(BUSY, "pool-extend", "vg", kernel_name(disks[0]), words="belongs to volume group 'vgl'")
    assert group.pool("vg")["capacity"] == before
    group.ok("pool-extend", "vg", second, third, "--overwrite")
    assert group.pool("vg")["capacity"] > before + 600 * MIB
    document = group.ok("pool-dumpxml", "vg", "--inactive")
    assert f"<device path='{third}'/>" in document


def test_stop_is_refused_while_a_volume_is_open(group, call):
    group.ok("vol-create-as", "vg", "lin", "32M")
    call("mkfs.ext4", "-q", "/dev/vgl/lin")
    call("mount", "/dev/vgl/lin", "/mnt")
    for tool in (["pool-destroy", "vg"], ["vol-delete", "lin", "--pool", "vg"]):
        group.refused(BUSY, *tool, words="the mount '/mnt'")
    call("umount", "/mnt")
    with open("/dev/vgl/lin", "rb"):
        group.refused(BUSY, "pool-destroy", "vg", words="python3 (pid")
    group.ok("pool-destroy", "vg")
    assert volumes("vgl")["lin"]["lv_attr"][4] == "-"
    group.ok("pool-start", "vg")
    group.ok("pool-destroy", "vg")
    group.ok("pool-delete", "vg")
    group.refused(NOT_FOUND, "pool-start", "vg")


def test_in_place_life_cycle(group):
    group.ok("vol-create-as", "vg", "lin", "8M")
    device = group.ok("vol-start", "lin", "--pool", "vg").strip()
    assert device == "/dev/vgl/lin"
    contents.put(device, "data")
    group.ok("vol-stop", "lin", "--pool", "vg")
    group.ok("vol-set", "lin", "rw", "no", "--pool", "vg")
    assert volumes("vgl")["lin"]["lv_attr"][1] == "r"
    assert group.volume("lin", "vg")["rw"] is False
    group.ok("vol-set", "lin", "rw", "yes", "--pool", "vg")
    group.refused(BAD_DATA, "vol-set", "lin", "revisions_to_keep", "2", "--pool", "vg")


def test_a_group_of_others_is_refused(group):
    lvm("vgchange", "-an", "vgl")
    lvm("vgexport", "vgl")
    group.refused(UNSUPPORTED, "vol-list", "vg", words="is exported")
    assert group.pool("vg")["state"] == "inaccessible"
    lvm("vgimport", "vgl")
    lvm("vgchange", "-y", "--systemid", "elsewhere", "vgl", check=False)
    group.refused(UNSUPPORTED, "vol-list", "vg", words="another system")
    here = 'global{system_id_source="lvmlocal"} local{system_id="elsewhere"}'
    lvm("vgchange", "-y", "--config", here, "--systemid", "", "vgl")


def test_a_missing_library_names_its_package(group, call):
    call("mount", "--bind", "/dev/null", "/lib/x86_64-linux-gnu/liblvm2cmd.so.2.03")
    try:
        group.refused(UNSUPPORTED, "vol-list", "vg", words="install the package lvm2")
    finally:
        call("umount", "/lib/x86_64-linux-gnu/liblvm2cmd.so.2.03")


@pytest.mark.limit(200)
@pytest.mark.parametrize("page", sorted(name for name, text in sessions.sources().items() if sessions.NEEDS_DEVICES in text))
def test_what_pages_show_of_devices_is_so(page, site, scratch):
    """The blocks of EXAMPLES that need devices, which take down what they make."""
    try:
        assert sessions.check(site, scratch, sessions.script("--devices", "--marked", page), seconds=500) > 2
        left = subprocess.run(["losetup", "--list", "--noheadings"], capture_output=True, text=True, timeout=60, check=True)
        assert left.stdout == ""
    finally:
        lvm("vgremove", "-y", "-f", "vg0", check=False)
        subprocess.run(["losetup", "--detach-all"], check=False, timeout=60)


# Encryption

UUID = "11111111-2222-3333-4444-555555555555"


def secret(site, scratch):
    """A secret with a value; returns the file with its passphrase."""
    (scratch / "secret.xml").write_text(
        f"<secret><uuid>{UUID}</uuid><usage type='volume'><volume>v</volume></usage></secret>"
    )
    (scratch / "key").write_text("passphrase")
    site.ok("secret-define", scratch / "secret.xml")
    return scratch / "key"


def document(scratch, name, kind, size):
    file = scratch / f"{name}.xml"
    file.write_text(
        f"<volume><name>{name}</name><capacity>{size}</capacity><target><encryption format='{kind}'>"
        f"<secret type='passphrase' uuid='{UUID}'/></encryption></target></volume>"
    )
    return file


def opens(call, device, key):
    call("cryptsetup", "open", "--test-passphrase", "--key-file", key, device)


def header(device):
    """What decides how a volume with a LUKS 1 header opens: trying takes seconds in a guest."""
    with open(device, "rb") as file:
        return file.read(2 * MIB)


def test_an_encrypted_volume_opens_with_its_secret(group, scratch, call):
    key = secret(group, scratch)
    new = document(scratch, "v", "luks", 16 * MIB)
    group.refused(NOT_FOUND, "vol-create", "vg", new, words="secret")
    assert volumes("vgl") == {}, "a refused volume left something"
    group.ok("secret-set-value", UUID, "--file", key, "--plain")
    group.ok("vol-create", "vg", new, timeout=300)
    opens(call, "/dev/vgl/v", key)
    # The header comes on top of what was asked for, and both are rounded up to whole extents.
    assert (group.volume("v", "vg")["capacity"], group.volume("v", "vg")["physical"]) == (18 * MIB, 20 * MIB)
    assert f"<secret type='passphrase' uuid='{UUID}'/>" in group.ok("vol-dumpxml", "v", "--pool", "vg")
    group.ok("vol-create-as", "vg", "s", "18M", "--backing-vol", "v")
    assert header("/dev/vgl/s") == header("/dev/vgl/v")
    assert "<encryption format='luks'>" in group.ok("vol-dumpxml", "s", "--pool", "vg")
    assert group.volume("s", "vg")["capacity"] == 18 * MIB
    group.ok("vol-delete", "s", "--pool", "vg")
    group.ok("vol-clone", "v", "w", "--pool", "vg")
    assert header("/dev/vgl/w") == header("/dev/vgl/v")
    group.ok("vol-resize", "w", "4M", "--delta", "--pool", "vg")
    facts = group.volume("w", "vg")
    assert (facts["capacity"], facts["physical"]) == (22 * MIB, 24 * MIB)
    plain = scratch / "plain.xml"
    plain.write_text(f"<volume><name>x</name><capacity>{18 * MIB}</capacity></volume>")
    group.refused(UNSUPPORTED, "vol-create-from", "vg", plain, "v", words="can only be copied as it is")
    assert set(volumes("vgl")) == {"v", "w"}
    # Export and import move the whole device, with its header.
    group.ok("vol-export", "v", scratch / "out", "--pool", "vg")
    with open("/dev/vgl/w", "r+b") as file:
        file.write(bytes(2 * MIB))
    group.ok("vol-import", "w", scratch / "out", "--pool", "vg")
    assert header("/dev/vgl/w") == header("/dev/vgl/v")
    group.ok("vol-wipe", "w", "--pool", "vg")
    assert "<encryption" not in group.ok("vol-dumpxml", "w", "--pool", "vg")
    assert group.volume("w", "vg")["capacity"] == 24 * MIB
    for name in ("v", "w"):
        group.ok("vol-delete", name, "--pool", "vg")
    assert "is clean" in group.ok("pool-check", "vg")


def test_luks2_comes_from_a_file_as_it_is(group, scratch, call):
    """Its key takes a minute to make here, so another program makes a cheap one."""
    key = secret(group, scratch)
    group.ok("secret-set-value", UUID, "--file", key, "--plain")
    folder = scratch / "files"
    group.ok("pool-define-as", "files", "dir", "--target", folder)
    group.ok("pool-build", "files")
    group.ok("pool-start", "files")
    with open(folder / "f", "wb") as file:
        file.truncate(24 * MIB)
    call("cryptsetup", "luksFormat", "--batch-mode", "--type", "luks2", "--key-file", key, "--pbkdf", "pbkdf2",
         "--pbkdf-force-iterations", "1000", folder / "f")  # fmt: skip
    new = document(scratch, "v", "luks2", 8 * MIB)
    group.ok("vol-create-from", "vg", new, "f", "--inputpool", "files")
    opens(call, "/dev/vgl/v", key)
    facts = group.volume("v", "vg")
    assert (facts["capacity"], facts["physical"]) == (8 * MIB, 24 * MIB)
    group.ok("vol-resize", "v", "16M", "--pool", "vg")
    assert group.volume("v", "vg")["physical"] == 32 * MIB
    opens(call, "/dev/vgl/v", key)
    group.ok("vol-resize", "v", "8M", "--shrink", "--pool", "vg")
    assert group.volume("v", "vg")["physical"] == 24 * MIB
    group.ok("pool-destroy", "files")


# Sectors


def test_sectors_of_4096_bytes(site, scratch):
    """A group on such a disk takes no content that is made for others, unless told."""
    other = scratch / "usual"
    other.mkdir()
    with LoopDisk(scratch, 64, 4096) as disk, LoopDisk(other, 64) as usual:
        for pool, device in (("big", disk), ("usual", usual)):
            site.ok("pool-define-as", pool, "logical", "--source-dev", device.path, "--source-name", f"vg{pool}")
            site.ok("pool-build", pool)
            site.ok("pool-start", pool)
            site.ok("vol-create-as", pool, "v", "8M")
        assert site.volume("v", "big")["sector_size"] == 4096
        assert site.volume("v", "usual")["sector_size"] == 512
        image = contents.image(scratch / "image", 8 * MIB, at0="x")
        words = ("has sectors of 4096 bytes, but the content is made for 512", "--sector-size 4096")
        site.refused(BAD_DATA, "vol-import", "v", image, "--pool", "big", words=words)
        site.ok("vol-import", "v", image, "--pool", "big", "--sector-size", "4096")
        new = scratch / "new.xml"
        new.write_text(f"<volume><name>new</name><capacity>{8 * MIB}</capacity></volume>")
        for pool, other, size in (("usual", "big", 512), ("big", "usual", 4096)):
            line = ("vol-create-from", pool, new, "v", "--inputpool", other)
            site.refused(BAD_DATA, *line, words=f"has sectors of {size} bytes")
            assert site.run("vol-info", "new", "--pool", pool).status == NOT_FOUND
            site.ok(*line, "--sector-size", str(size))
        assert contents.get("/dev/vgusual/new") == "x"
        site.ok("vol-clone", "v", "again", "--pool", "big")
        for pool in ("big", "usual"):
            site.ok("pool-destroy", pool)
            site.ok("pool-delete", pool)


# What goes wrong


def test_a_group_that_lacks_a_device(group, scratch, call):
    with LoopDisk(scratch, 64) as disk:
        group.ok("pool-extend", "vg", disk.path)
        group.ok("vol-create-as", "vg", "whole", "8M")
        lvm("lvcreate", "-y", "-n", "lost", "-L", "8M", "vgl", disk.path)
        contents.put("/dev/vgl/whole", "kept")
        group.ok("pool-destroy", "vg")
        disk.detach()
        # It starts, with what is whole.
        started = group.run("pool-start", "vg")
        assert started.status == DONE and "volumes on the missing device are not active" in started.err
        assert group.pool("vg")["state"] == "degraded"
        assert " degraded " in group.ok("pool-list", "--details")
        health = group.run("pool-health", "vg")
        assert health.status == 1 and "is degraded: volume group 'vgl' lacks a device" in health.out, health
        [metrics] = [one for one in group.json("pool-metrics")["pools"] if one["name"] == "vg"]
        assert (metrics["state"], metrics["volumes"]["broken"]) == ("degraded", 1)
        assert metrics["leftovers"]["missing-device"] == 1
        found = [(one["kind"], one["path"]) for one in group.findings("vg")]
        assert found == [("missing-device", "/dev/vgl/lost")]
        broken = {one["name"]: one["problem"] for one in group.json("vol-list", "vg")["volumes"]}
        assert broken["whole"] is None and "device that it lies on is missing" in broken["lost"]
        # What is whole can be read and written and deleted; LVM changes nothing else.
        group.ok("vol-export", "whole", scratch / "out", "--pool", "vg")
        assert contents.get(scratch / "out") == "kept"
        group.ok("vol-import", "whole", scratch / "out", "--pool", "vg")
        hint = "vgreduce --removemissing"
        group.refused(BUSY, "vol-create-as", "vg", "new", "4M", words=("while PVs are missing", hint))
        group.refused(BUSY, "vol-resize", "whole", "12M", "--pool", "vg", words="while PVs are missing")
        for tool in ("vol-start", "vol-export"):
            more = ["-"] if tool == "vol-export" else []
            group.refused((BUSY, BAD_DATA), tool, "lost", *more, "--pool", "vg")
        group.ok("vol-delete", "whole", "--pool", "vg")
        group.ok("pool-destroy", "vg")
        group.refused(BUSY, "pool-delete", "vg", words=("lacks a device", hint))
        # The device comes back; LVM wants to be told, because the group was changed without it.
        call("losetup", disk.path, disk.image)
        lvm("vgextend", "--restoremissing", "vgl", disk.path)
        group.ok("pool-start", "vg")
        assert group.pool("vg")["state"] == "running"
        assert group.json("vol-list", "vg")["volumes"][0]["problem"] is None
        assert "is clean" in group.ok("pool-check", "vg")
        lvm("vgremove", "-y", "-f", "vgl")


def test_what_goes_behind_the_pools_back(group, call):
    for name in ("gone", "running"):
        group.ok("vol-create-as", "vg", name, "8M")
    group.ok("vol-start", "running", "--pool", "vg")
    lvm("lvremove", "-y", "vgl/gone", "vgl/running")
    for tool in ("vol-info", "vol-start", "vol-delete", "vol-stop"):
        group.refused(NOT_FOUND, tool, "gone", "--pool", "vg")
    assert [one["kind"] for one in group.findings("vg")] == ["stale-marker"]
    group.ok("pool-check", "vg", "--repair")
    # A disk that takes no writes: LVM says so, and nothing is made.
    device = group.ok("pool-dumpxml", "vg").split("<device path='")[1].split("'")[0]
    call("blockdev", "--setro", device)
    try:
        refused = group.run("vol-create-as", "vg", "v", "4M")
        assert refused.status not in (DONE, NOT_FOUND) and refused.err.startswith("vol-create-as: "), refused
    finally:
        call("blockdev", "--setrw", device)
    assert volumes("vgl") == {}
    lvm("vgremove", "-y", "vgl")
    assert group.pool("vg")["state"] == "inaccessible"
    for line in (["vol-list", "vg"], ["vol-create-as", "vg", "v", "4M"], ["pool-check", "vg"]):
        group.refused(NOT_FOUND, *line, words="volume group 'vgl'")
    group.ok("pool-destroy", "vg")
    group.refused(NOT_FOUND, "pool-start", "vg", words="cannot find logical volume group name 'vgl'")


def test_two_at_once(group):
    """Each makes what it was asked for, or says that the other has."""
    started = [group.start("vol-create-as", "vg", name, "4M") for name in ("a", "b", "same", "same")]
    results = [(process.wait(120), process.stderr.read().decode()) for process in started]
    statuses = [status for status, _ in results]
    assert statuses[:2] == [DONE, DONE] and sorted(statuses[2:]) == [DONE, EXISTS], results
    assert set(volumes("vgl")) == {"a", "b", "same"}


def test_a_disk_of_device_mapper_has_no_partitions(site, disks, call):
    device = kernel_name(disks[2])
    sectors = call("blockdev", "--getsz", device).strip()
    call("dmsetup", "create", "big", "--table", f"0 {sectors} linear {device} 0", env=ENVIRONMENT)
    try:
        site.ok("pool-define-as", "d", "disk", "--source-dev", "/dev/mapper/big", "--target", "/dev/mapper")
        for tool in ("pool-build", "pool-start"):
            site.refused(UNSUPPORTED, tool, "d", words="device '/dev/mapper/big' is of device mapper")
    finally:
        call("dmsetup", "remove", "big", env=ENVIRONMENT)


def test_a_partition_under_a_group_is_left_alone(site, scratch):
    with LoopDisk(scratch, 64) as disk:
        device = ["--source-dev", disk.path]
        site.ok("pool-define-as", "d", "disk", *device, "--source-format", "gpt", "--target", "/dev")
        site.ok("pool-build", "d")
        site.ok("pool-start", "d")
        name = disk.part(1)
        site.ok("vol-create-as", "d", name, "32M", "--format", "linux-lvm")
        site.ok("pool-define-as", "on", "logical", "--source-dev", f"/dev/{name}", "--source-name", "vgon")
        site.ok("pool-build", "on")
        site.ok("pool-start", "on")
        site.ok("vol-create-as", "on", "v", "4M")
        for tool in ("vol-delete", "vol-wipe"):
            site.refused(BUSY, tool, name, "--pool", "d", words="in use by /dev/mapper/vgon-v")
        site.ok("pool-destroy", "d")
        site.refused(BUSY, "pool-delete", "d", words="in use by /dev/mapper/vgon-v")
        site.ok("pool-destroy", "on")
        site.ok("pool-delete", "on")


# Cuts


@pytest.mark.limit(800 if ALL else 240)
@pytest.mark.parametrize("name", ["clone", "delete", "resize", "import"])
def test_a_cut_leaves_the_old_or_the_new(group, scratch, name):
    """An import in place is the exception: what it leaves half done is reported, and not given to anybody."""
    cut_a_change(group, scratch, name)


@pytest.mark.limit(400 if ALL else 120)
@pytest.mark.parametrize("with_repair", [True, False] if ALL else [True])
def test_a_kill_inside_lvm_leaves_the_old_or_the_new(group, scratch, with_repair):
    """It can leave the volume suspended."""
    cut_a_change(group, scratch, "resize", **inside_lvm(with_repair))


def cut_a_change(group, scratch, name, **how):
    """Cuts one of the changes as `each_cut` is told."""

    def make():
        group.ok("vol-create-as", "vg", "v", "4M")
        contents.put("/dev/vgl/v", "old")

    make()
    image = contents.image(scratch / "image", 4 * MIB, at0="imported")
    place = ["--pool", "vg"]
    each_cut(group, "vg", "vgl", scratch / "log", **{
        "clone": {
            "line": ["vol-clone", "v", "new", *place], "again": (DONE, EXISTS),
            "undo": lambda: group.ok("vol-delete", "new", *place),
        },
        "delete": {"line": ["vol-delete", "v", *place], "again": (DONE, NOT_FOUND), "undo": make},
        "resize": {
            "line": ["vol-resize", "v", "8M", *place],
            "undo": lambda: group.ok("vol-resize", "v", "4M", "--shrink", *place),
        },
        "import": {
            "line": ["vol-import", "v", image, *place], "undo": lambda: contents.put("/dev/vgl/v", "old"),
            "between": lambda old: [Picture({"v": "incomplete"})],
        },
    }[name], **how)  # fmt: skip
