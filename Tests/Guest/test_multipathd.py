"""Multipath maps that multipathd makes, and SCSI units under the names that udev gives them: with both daemons running."""

import os
import subprocess
from pathlib import Path

import contents
import pytest
from networkservers import wait_until
from tools import BUSY, DONE, MIB

pytestmark = pytest.mark.guest(
    packages=["udev", "multipath-tools", "dmsetup", "libdevmapper1.02.1"], seconds=600
)

SIZE = 16 * MIB
#: Where a unit is set offline, which multipathd's checker sees.
STATES = "/sys/class/scsi_device/{}/device/state"


@pytest.fixture(scope="module", autouse=True)
def daemons():
    """udevd, two hosts that show the same two units, and multipathd."""
    Path("/etc/multipath.conf").write_text(
        "defaults {\n find_multipaths no\n user_friendly_names yes\n polling_interval 1\n}\n"
    )
    for line in (
        ["/lib/systemd/systemd-udevd", "--daemon"],
        ["modprobe", "-a", "dm-multipath", "dm-service-time", "sd_mod"],
        ["modprobe", "scsi_debug", "dev_size_mb=16", "num_tgts=1", "max_luns=2", "add_host=2", "vpd_use_hostno=0", "delay=0"],
        ["udevadm", "settle", "--timeout=60"],
    ):
        subprocess.run(line, check=True, timeout=120)
    daemon = subprocess.Popen(["multipathd", "-d"], stdin=subprocess.DEVNULL)
    wait_until(lambda: len(maps()) == 2, 90)
    yield
    subprocess.run(["multipath", "-F"], check=False, timeout=60)
    daemon.terminate()
    daemon.wait(30)
    subprocess.run(["pkill", "-x", "systemd-udevd"], check=False, timeout=30)


def maps():
    return sorted(Path("/dev/mapper").glob("mpath?"))


@pytest.fixture
def pool(site):
    """A started pool of the maps, and the names of its volumes."""
    site.ok("pool-define-as", "m", "mpath", "--target", "/dev/mapper")
    site.ok("pool-start", "m")
    return [volume["name"] for volume in site.json("vol-list", "m")["volumes"]]


def test_the_maps_of_multipathd_are_the_volumes(site, pool, scratch):
    listed = site.json("vol-list", "m")["volumes"]
    assert sorted(volume["path"] for volume in listed) == [str(one) for one in maps()]
    assert [one["name"] for one in listed] == [f"dm-{os.minor(os.stat(one['path']).st_rdev)}" for one in listed]
    assert site.pool("m")["capacity"] == 2 * SIZE and site.pool("m")["state"] == "running"
    image = contents.image(scratch / "image", SIZE, at0="by the map")
    site.ok("vol-import", pool[0], image, "--pool", "m")
    site.ok("vol-export", pool[0], scratch / "out", "--pool", "m")
    assert contents.get(scratch / "out") == "by the map"
    # Stopping leaves alone what multipathd made.
    site.ok("pool-destroy", "m")
    assert len(maps()) == 2


def test_paths_that_multipathd_fails_are_told(site, pool):
    states = [Path(STATES.format(f"{host}:0:0:0")) for host in (0, 1)]
    assert all(state.read_text() == "running\n" for state in states)
    try:
        states[0].write_text("offline\n")
        wait_until(lambda: site.pool("m")["state"] == "degraded", 90)
        assert "1 of the 2 paths of map 'mpath" in site.run("pool-info", "m").err
        states[1].write_text("offline\n")
        wait_until(lambda: "none of its paths works" in site.run("vol-list", "m").err, 90)
        assert site.run("vol-list", "m").status == DONE
    finally:
        for state in states:
            state.write_text("running\n")
    wait_until(lambda: site.pool("m")["state"] == "running", 90)
    assert len(site.json("vol-list", "m")["volumes"]) == 2


def test_a_unit_has_a_name_of_udevs_and_is_in_use_by_its_map(site, pool):
    site.ok("pool-define-as", "s", "scsi", "--adapter-name", "scsi_host0", "--target", "/dev/disk/by-id")
    site.ok("pool-start", "s")
    listed = site.json("vol-list", "s")["volumes"]
    assert [volume["name"] for volume in listed] == ["unit:0:0:0", "unit:0:0:1"]
    for number, volume in enumerate(listed):
        [kernels] = os.listdir(f"/sys/bus/scsi/devices/0:0:0:{number}/block")
        # Both hosts show a unit with the same identity, so udev's names may be those of the other's device.
        links = {str(link) for link in Path("/dev/disk/by-id").iterdir() if link.resolve().name == kernels}
        assert volume["path"] in (links or {f"/dev/{kernels}"})
        site.refused(BUSY, "vol-wipe", volume["name"], "--pool", "s", words="in use by /dev/mapper/mpath")
