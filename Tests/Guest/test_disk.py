"""Disk pools where the kernel reads partition tables itself: a virtio disk, a SCSI disk with sectors of
4096 bytes, and a loop device."""

import os
import subprocess
import time
from pathlib import Path

import contents
import pytest
from tools import BAD_DATA, BUSY, MIB

pytestmark = pytest.mark.guest(
    modules=["scsi_debug", "sd_mod", "loop"], packages=["fdisk"], disks=["256M"]
)
SIZE = 16 * MIB


def real(disk):
    return Path(disk).resolve()


def table(disk):
    out = subprocess.run(["sfdisk", "--dump", disk], capture_output=True, text=True, check=True).stdout
    return [line.split(":", 1)[0].strip() for line in out.splitlines() if line.startswith("/dev/")]


def define(site, pool, disk, label):
    site.ok("pool-define-as", pool, "disk", "--source-dev", disk, "--source-format", label, "--target", "/dev")
    site.ok("pool-build", pool)
    site.ok("pool-start", pool)


def test_a_virtio_disk_through_a_link(site, disks, call, scratch):
    """The pool names the disk by a link; its volumes are called as the kernel calls them."""
    label, device = "gpt", real(disks[0])
    define(site, label, disks[0], label)
    first, second = f"{device.name}1", f"{device.name}2"
    site.refused(BAD_DATA, "vol-create-as", label, f"{device.name}p1", "8M", words=f"expected '{first}'")
    site.ok("vol-create-as", label, first, str(SIZE))
    site.ok("vol-create-as", label, second, str(SIZE))
    contents.put(f"/dev/{first}", "first")
    assert table(device) == [f"/dev/{first}", f"/dev/{second}"]
    # What the kernel reads from the table itself is what it was told.
    call("blockdev", "--rereadpt", device)
    assert Path(f"/dev/{second}").exists() and contents.get(f"/dev/{first}") == "first"
    assert "is clean" in site.ok("pool-check", label)
    folder = scratch / "m"
    folder.mkdir()
    call("mkfs.ext4", "-q", f"/dev/{first}")
    call("mount", f"/dev/{first}", folder)
    site.refused(BUSY, "vol-delete", first, "--pool", label, words=f"the mount '{folder}'")
    site.ok("vol-delete", second, "--pool", label)
    site.ok("vol-resize", first, str(2 * SIZE), "--pool", label)
    call("resize2fs", f"/dev/{first}")
    facts = os.statvfs(folder)
    assert facts.f_blocks * facts.f_frsize > 1.5 * SIZE, "the mounted file system did not grow"
    call("umount", folder)
    site.ok("vol-delete", first, "--pool", label)
    assert table(device) == [] and not Path(f"/dev/{first}").exists()
    site.ok("pool-destroy", label)
    site.ok("pool-delete", label)


@pytest.fixture
def scsi(call):
    """A SCSI disk with the sectors asked for."""
    call("modprobe", "-r", "scsi_debug")

    def make(sector):
        before = {path.name for path in Path("/sys/block").iterdir()}
        call("modprobe", "scsi_debug", "dev_size_mb=64", f"sector_size={sector}")
        for _ in range(100):
            new = {path.name for path in Path("/sys/block").iterdir()} - before
            new = {name for name in new if name.startswith("sd")}
            if new and Path(f"/dev/{min(new)}").exists():
                return f"/dev/{new.pop()}"
            time.sleep(0.1)
        raise AssertionError("no SCSI disk came")

    yield make
    for _ in range(50):
        done = subprocess.run(["modprobe", "-r", "scsi_debug"], capture_output=True, check=False)
        if done.returncode == 0:
            return
        time.sleep(0.2)


def test_a_scsi_disk_with_sectors_of_4096_bytes(site, scsi, scratch, call):
    disk = scsi(4096)
    pool = "scsi"
    define(site, pool, disk, "dos")
    name = f"{Path(disk).name}1"
    site.ok("vol-create-as", pool, name, str(SIZE))
    assert site.volume(name, pool)["sector_size"] == 4096
    call("blockdev", "--rereadpt", disk)
    assert site.volume(name, pool)["capacity"] == SIZE
    assert "is clean" in site.ok("pool-check", pool)
    image = contents.image(scratch / "image", SIZE, at0="x")
    site.refused(BAD_DATA, "vol-import", name, image, "--pool", pool, words="sectors of 4096 bytes")
    site.ok("vol-import", name, image, "--pool", pool, "--sector-size", "4096")
    assert contents.get(f"/dev/{name}") == "x"
    site.ok("vol-delete", name, "--pool", pool)
    site.ok("pool-destroy", pool)
    site.ok("pool-delete", pool)


def test_a_loop_device_as_the_kernel_module_makes_it(site, disks, call, scratch):
    """Without max_part and without losetup -P the kernel would show no partitions."""
    image = scratch / "image"
    with open(image, "wb") as file:
        file.truncate(64 * MIB)
    loop = call("losetup", "--find", "--show", image).strip()
    define(site, "loop", loop, "gpt")
    name = f"{Path(loop).name}p1"
    site.ok("vol-create-as", "loop", name, str(SIZE))
    contents.put(f"/dev/{name}", "on a loop")
    site.ok("vol-delete", name, "--pool", "loop")
    assert not Path(f"/dev/{name}").exists()
    site.ok("pool-destroy", "loop")
    call("losetup", "--detach", loop)
