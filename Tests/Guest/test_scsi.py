"""SCSI hosts and multipath maps: adapters of scsi_debug, maps made by dmsetup, no udev."""

import os
import subprocess
from pathlib import Path

import contents
import pytest
from tools import BAD_DATA, BUSY, DONE, EXISTS, MIB, NOT_FOUND, UNSUPPORTED
from unitpools import UnitConformance, UnitPool

pytestmark = pytest.mark.guest(
    packages=["dmsetup", "udev", "e2fsprogs", "libdevmapper1.02.1"], seconds=1200
)

SIZE = 16 * MIB
SCSI_DEBUG = Path("/sys/bus/pseudo/drivers/scsi_debug/add_host")


@pytest.fixture(scope="module", autouse=True)
def adapters():
    """Two hosts that show the same two units. Nobody loads the driver of disks: the pool does."""
    options = ["dev_size_mb=16", "num_tgts=1", "max_luns=2", "add_host=2", "vpd_use_hostno=0", "delay=0"]
    subprocess.run(["modprobe", "scsi_debug", *options], check=True, timeout=60)


@pytest.fixture
def pool(site):
    """A started pool of the first host."""
    site.ok("pool-define-as", "s", "scsi", "--adapter-name", "scsi_host0", "--target", "/dev")
    site.ok("pool-start", "s")
    return "s"


def device(host, unit):
    """The kernel's name of a unit's device."""
    return os.listdir(f"/sys/bus/scsi/devices/{host}:0:0:{unit}/block")[0]


def scsi_id(node):
    """What udev's program says of a device: libvirt takes it as the key."""
    line = ["/lib/udev/scsi_id", "--replace-whitespace", "--whitelisted", "--device", node]
    return subprocess.run(line, capture_output=True, text=True, timeout=30, check=True).stdout.strip()


def test_units_are_listed_as_libvirt_names_them(site, pool):
    listed = site.json("vol-list", pool)["volumes"]
    assert [volume["name"] for volume in listed] == ["unit:0:0:0", "unit:0:0:1"]
    assert [volume["path"] for volume in listed] == [f"/dev/{device(0, unit)}" for unit in (0, 1)]
    for volume in listed:
        assert site.ok("vol-key", volume["name"], "--pool", pool).strip() == scsi_id(volume["path"])
    facts = site.pool(pool)
    assert (facts["capacity"], facts["allocation"], facts["available"]) == (2 * SIZE, 2 * SIZE, 0)
    assert site.ok("vol-pool", listed[1]["path"]).strip() == pool


def test_a_units_content_is_imported_exported_started_and_wiped(site, pool, scratch):
    unit = ["unit:0:0:0", "--pool", pool]
    image = contents.image(scratch / "image", SIZE, at0="first", at8388608="middle")
    site.ok("vol-import", unit[0], image, *unit[1:])
    node = site.ok("vol-start", *unit).strip()
    assert contents.get(node, 8 * MIB) == "middle"
    contents.put(node, "session")
    site.ok("vol-stop", *unit)
    site.ok("vol-export", unit[0], scratch / "out", *unit[1:])
    assert contents.get(scratch / "out") == "session" and os.path.getsize(scratch / "out") == SIZE
    site.ok("vol-wipe", *unit)
    assert contents.get(node) == "" and contents.get(node, 8 * MIB) == ""


def test_nobody_makes_or_removes_units(site, pool):
    unit = ["unit:0:0:0", "--pool", pool]
    for words, line in (
        ("storage pool does not support volume creation", ["vol-create-as", pool, "new", "1M"]),
        ("storage pool does not support vol deletion", ["vol-delete", *unit]),
        ("storage pool does not support changing of volume capacity", ["vol-resize", unit[0], "32M", *unit[1:]]),
        ("pool does not support pool deletion", ["pool-delete", "other"]),
    ):
        if line[-1] == "other":
            site.ok("pool-define-as", "other", "scsi", "--adapter-name", "host1", "--target", "/dev")
        site.refused(UNSUPPORTED, *line, words=words)


def test_a_host_is_of_one_pool_whatever_it_is_called(site, pool):
    again = ["pool-define-as", "t", "scsi", "--adapter-name", "host0", "--target", "/dev"]
    site.refused(EXISTS, *again, words="Storage source conflict with pool: 's'")
    site.ok("pool-define-as", "u", "scsi", "--adapter-name", "host77", "--target", "/dev")
    site.refused(NOT_FOUND, "pool-start", "u", words=["host77/scan' to trigger host scan"])
    site.ok("pool-define-as", "v", "scsi", "--adapter-name", "host1", "--target", "/srv")
    site.refused(BAD_DATA, "pool-start", "v", words="unable to use target path '/srv'")


def test_a_mounted_unit_is_left_alone(site, pool, scratch, call):
    node = f"/dev/{device(0, 1)}"
    call("mkfs.ext4", "-q", node)
    mount = scratch / "mount"
    mount.mkdir()
    call("mount", node, mount)
    try:
        for line in (["vol-wipe", "unit:0:0:1"], ["vol-import", "unit:0:0:1", "/dev/null", "--size", "0"]):
            site.refused(BUSY, *line, "--pool", pool, words=f"the mount '{mount}'")
    finally:
        call("umount", mount)


def test_links_of_udev_are_the_paths_where_there_are_any(site, scratch):
    folder = Path("/dev/disk/by-path")
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "pseudo-0:0"
    link.symlink_to(f"../../{device(1, 0)}")
    site.ok("pool-define-as", "links", "scsi", "--adapter-name", "host1", "--target", folder)
    site.ok("pool-start", "links")
    result = site.run("vol-list", "links")
    assert f"no link in '{folder}' to /dev/{device(1, 1)}" in result.err
    assert site.ok("vol-path", "unit:0:0:0", "--pool", "links").strip() == str(link)
    assert site.ok("vol-path", "unit:0:0:1", "--pool", "links").strip() == f"/dev/{device(1, 1)}"
    assert site.ok("vol-name", link).strip() == "unit:0:0:0"
    link.unlink()


def test_a_unit_that_goes_while_started_is_missed_and_found_again(site, pool):
    unit = ["unit:0:0:1", "--pool", pool]
    site.ok("vol-start", *unit)
    Path(f"/sys/block/{device(0, 1)}/device/delete").write_text("1")
    site.refused(NOT_FOUND, "vol-info", *unit)
    assert "unit:0:0:1" not in site.ok("vol-list", pool)
    assert site.run("pool-info", pool).status == DONE
    site.ok("pool-refresh", pool)
    assert site.volume(*unit[::2])["state"] == "running"
    site.ok("vol-stop", *unit)


def test_a_unit_that_does_not_answer_is_marked_and_harms_no_other(site, pool):
    state = Path(f"/sys/block/{device(0, 1)}/device/state")
    state.write_text("offline\n")
    try:
        result = site.run("vol-list", pool)
        assert result.status == DONE and "unit:0:0:0" in result.out
        assert "volume 'unit:0:0:1': the SCSI device is offline" in result.err
    finally:
        state.write_text("running\n")


def test_a_host_that_goes_leaves_the_pool_inaccessible_and_stoppable(site):
    SCSI_DEBUG.write_text("1")
    number = max(int(path.name[4:]) for path in Path("/sys/class/scsi_host").glob("host*"))
    site.ok("pool-define-as", "gone", "scsi", "--adapter-name", f"host{number}", "--target", "/dev")
    site.ok("pool-start", "gone")
    SCSI_DEBUG.write_text("-1")
    assert site.pool("gone")["state"] == "inaccessible"
    site.refused(NOT_FOUND, "vol-list", "gone", words=f"host{number}")
    assert site.run("pool-list", "--all", "--details").status == DONE
    site.ok("pool-destroy", "gone")


class TestUnits(UnitConformance):
    """The suite on the units of an adapter."""

    @pytest.fixture
    def backend(self):
        adapter = ["--adapter-name", "host0", "--target", "/dev"]
        return UnitPool(
            "scsi", "unit:0:0:0", lambda site, pool: site.ok("pool-define-as", pool, "scsi", *adapter)
        )


# Multipath


@pytest.fixture
def map_over_both_hosts(call):
    """A multipath map over the first unit by both hosts, and a map of another kind."""
    call("modprobe", "dm-multipath")
    call("modprobe", "dm-service-time")
    for host in (0, 1):
        Path(f"/sys/class/scsi_host/host{host}/scan").write_text("- - -")
    nodes = [f"/dev/{device(host, 0)}" for host in (0, 1)]
    environment = {**os.environ, "DM_DISABLE_UDEV": "1"}
    sectors = SIZE // 512
    table = f"0 {sectors} multipath 0 0 1 1 service-time 0 2 2 {nodes[0]} 1 1 {nodes[1]} 1 1"
    call("dmsetup", "create", "mp0", "--table", table, env=environment)
    call("dmsetup", "create", "other", "--table", f"0 {sectors} zero", env=environment)
    yield nodes
    for name in ("mp0", "other"):
        call("dmsetup", "remove", name, env=environment)


def test_multipath_maps_are_volumes_and_others_are_not(site, map_over_both_hosts, scratch):
    site.ok("pool-define-as", "m", "mpath", "--target", "/dev/mapper")
    site.ok("pool-start", "m")
    minor = os.minor(os.stat("/dev/mapper/mp0").st_rdev)
    name = f"dm-{minor}"
    assert [(v["name"], v["path"]) for v in site.json("vol-list", "m")["volumes"]] == [(name, "/dev/mapper/mp0")]
    assert site.ok("vol-key", name, "--pool", "m").strip() == scsi_id("/dev/mapper/mp0")
    assert site.pool("m")["capacity"] == SIZE
    image = contents.image(scratch / "image", SIZE, at0="by the map")
    site.ok("vol-import", name, image, "--pool", "m")
    assert contents.get("/dev/mapper/mp0") == "by the map"
    words = "Storage source conflict with pool: 'm'"
    site.refused(EXISTS, "pool-define-as", "n", "mpath", "--target", "/dev/mapper", words=words)
    site.refused(UNSUPPORTED, "vol-delete", name, "--pool", "m", words="does not support vol deletion")
    # What the map is made of is in use by it.
    site.ok("pool-define-as", "s", "scsi", "--adapter-name", "host0", "--target", "/dev")
    site.ok("pool-start", "s")
    site.refused(BUSY, "vol-wipe", "unit:0:0:0", "--pool", "s", words="in use by /dev/mapper/mp0")


def test_a_map_with_a_failed_path_is_degraded_and_without_any_not_opened(site, map_over_both_hosts, call):
    site.ok("pool-define-as", "m", "mpath", "--target", "/dev/mapper")
    site.ok("pool-start", "m")
    assert site.pool("m")["state"] == "running"
    numbers = [Path(f"/sys/block/{Path(node).name}/dev").read_text().strip() for node in map_over_both_hosts]
    call("dmsetup", "message", "mp0", "0", f"fail_path {numbers[0]}")
    result = site.run("pool-info", "m")
    assert "degraded" in result.out and "1 of the 2 paths of map 'mp0' failed" in result.err
    call("dmsetup", "message", "mp0", "0", f"fail_path {numbers[1]}")
    result = site.run("vol-list", "m")
    assert result.status == DONE and "none of its paths works" in result.err


class TestMaps(UnitConformance):
    """The suite on multipath maps."""

    @pytest.fixture
    def backend(self, map_over_both_hosts):
        name = f"dm-{os.minor(os.stat('/dev/mapper/mp0').st_rdev)}"
        define = lambda site, pool: site.ok("pool-define-as", pool, "mpath", "--target", "/dev/mapper")  # noqa: E731
        return UnitPool("mpath", name, define, abilities=())
