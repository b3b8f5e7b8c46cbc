"""The guest itself: what the other files of this tier rely on."""

import os
import subprocess
from pathlib import Path

import pytest
from tools import DONE

pytestmark = pytest.mark.guest(modules=["loop"], packages=["e2fsprogs"], disks=["64M", "1G"])


def test_it_has_a_kernel_of_its_own_with_the_modules_asked_for():
    assert "-amd64" in os.uname().release
    assert Path("/sys/module/loop").is_dir()


def test_its_disks_are_numbered_as_asked_for(disks):
    sizes = [int(Path(f"/sys/class/block/{disk.resolve().name}/size").read_text()) for disk in disks]
    assert sizes == [64 << 11, 1 << 21]


def test_a_file_system_on_a_disk_works(disks, scratch, call):
    call("mkfs.ext4", "-q", disks[0])
    call("mount", disks[0], scratch)
    (scratch / "file").write_text("text")
    call("umount", scratch)
    call("mount", "-o", "ro", disks[0], scratch)
    assert (scratch / "file").read_text() == "text"
    call("umount", scratch)


def test_what_it_writes_stays_in_its_memory():
    """The overlay takes writes; below it the machine's root is read-only."""
    Path("/etc/written-by-the-guest").write_text("text")
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    assert [line for line in mounts if line.startswith("overlay / overlay ")]


def test_the_commands_run_in_it(site, scratch):
    site.ok("pool-define-as", "p", "dir", "--target", scratch / "p")
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")
    site.ok("vol-create-as", "p", "v", "1M")
    assert site.run("vol-info", "v", "--pool", "p").status == DONE


def test_its_own_loopback_is_up(call):
    out = subprocess.run(["ip", "-o", "addr", "show", "lo"], capture_output=True, text=True, check=True)
    assert "127.0.0.1/8" in out.stdout
