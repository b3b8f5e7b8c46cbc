"""Pools of type logical on a kernel without device mapper: LVM's metadata is there, but nothing can be active.

What needs device mapper is in Tests/Guest/test_logical.py."""

import subprocess
from pathlib import Path

import disks
import pytest
from tools import BAD_DATA, BUSY, EXISTS, UNSUPPORTED, cannot_be_root


@pytest.fixture
def disk(tmp_path):
    """A disk of 64 MiB, where there is no device mapper."""
    if reason := cannot_be_root() or disks.unavailable():
        pytest.skip(reason)
    if not next(Path("/usr/lib").glob("*/liblvm2cmd.so.2.03"), None):
        pytest.skip("needs LVM (package lvm2)")
    try:
        with open("/dev/mapper/control", "rb"):
            pytest.skip("this kernel has device mapper; see Tests/Guest/test_logical.py")
    except OSError:
        pass
    with disks.LoopDisk(tmp_path, 64) as disk:
        yield disk


@pytest.fixture
def pool(site, disk):
    """A built pool 'p' of a group with a name of its own."""
    group = f"cistern-{disk.name}"
    site.ok("pool-define-as", "p", "logical", "--source-dev", disk.path, "--source-name", group)
    site.ok("pool-build", "p")
    yield group
    environment = {**site.surroundings(), "DM_DISABLE_UDEV": "1"}
    subprocess.run(["vgremove", "-y", "-f", group], env=environment, capture_output=True, timeout=60, check=False)


def test_a_kernel_without_device_mapper_is_named(site, pool):
    words = ("the kernel has no device mapper", "modprobe dm-mod")
    site.refused(UNSUPPORTED, "pool-start", "p", words=words)
    site.refused(UNSUPPORTED, "pool-start", "p", "--dry-run", words=words)
    assert site.pool("p")["state"] == "inactive"
    site.refused(EXISTS, "pool-build", "p", words="already built")
    site.ok("pool-delete", "p")


def test_a_group_is_found_and_another_pool_does_not_take_its_device(site, pool, disk):
    assert f"<name>{pool}</name>" in site.ok("find-storage-pool-sources-as", "logical")
    site.ok("pool-undefine", "p")
    site.ok("pool-define-as", "q", "logical", "--source-dev", disk.path, "--source-name", "other")
    words = (f"belongs to volume group '{pool}'", "vgreduce")
    site.refused(BUSY, "pool-build", "q", "--overwrite", words=words)


def test_wrong_names_are_refused(site, disk):
    line = ("pool-define-as", "p", "logical", "--source-dev", disk.path, "--source-name")
    site.refused(BAD_DATA, *line, "no/name", words="malformed source name")
    site.ok(*line, "no:name")
    site.refused(BAD_DATA, "pool-build", "p", words="is no name of a volume group")
