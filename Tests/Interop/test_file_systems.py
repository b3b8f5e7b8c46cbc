"""One file system on a device, seen by virsh and by us: each builds, starts, fills and stops what the other can use.

Written differences: libvirt shows the file system's lost+found and the folder in which we keep what belongs to
volumes as volumes, and what we have made only after its next refresh; it counts what only root may use as
available; it has no times of birth."""

import disks
import pytest
from bothsides import BIRTH, SPACE, names
from filesystems import MAKERS, unavailable
from tools import DONE, MIB

NO_VOLUMES = {"lost+found", ".cistern"}


@pytest.fixture(params=["ext4", "xfs"])
def disk(request, scratch):
    """An empty disk, and the kind of file system that it is to get."""
    if reason := disks.unavailable() or unavailable(request.param):
        pytest.skip(reason)
    with disks.LoopDisk(scratch, 320) as disk:
        disk.kind = request.param
        yield disk


@pytest.fixture
def both(disk, both, scratch):
    """Both sides, which know the disk as pool f."""
    both.target = both.virsh.shared / scratch.name
    both.define(
        "f", "fs", "--source-dev", disk.path, "--source-format", disk.kind, "--target", both.target
    )
    return both


@pytest.fixture(params=["virsh first", "ours first"])
def order(request, both):
    """Who does it, and who finds it done: two functions in the shape of Site.run."""
    runs = [both.virsh.run, both.site.run]
    return runs if request.param == "virsh first" else runs[::-1]


def mounts(target):
    """What is mounted on a folder."""
    with open("/proc/self/mounts", encoding="utf-8") as table:
        return [line.split()[0] for line in table if line.split()[1] == str(target)]


def do(run, *line):
    result = run(*line)
    assert result.status == DONE, result


def test_what_one_builds_the_other_does_not_overwrite(both, order, disk):
    first, _ = order
    other = "xfs" if disk.kind == "ext4" else "ext4"
    disks.run(*MAKERS[other][0], disk.path)
    words = f"does not match the expected format '{disk.kind}', forced overwrite is necessary"
    both.refused(f"Format of device '{disk.path}' {words}", "pool-build", "f", "--no-overwrite")
    do(first, "pool-build", "f", "--overwrite")
    words = f"Storage pool already built: Device '{disk.path}' already formatted using '{disk.kind}'"
    both.refused(words, "pool-build", "f", "--no-overwrite")
    assert disks.run("blkid", "-p", "-o", "value", "-s", "TYPE", disk.path).strip() == disk.kind


def test_what_one_starts_the_other_uses_and_stops(both, order, disk, scratch):
    first, second = order
    both.same("pool-dumpxml", "f")
    do(first, "pool-build", "f", "--no-overwrite")
    for run in order:
        do(run, "pool-start", "f")
        assert mounts(both.target) == [str(disk.path)]
    both.same("pool-dumpxml", "f", but=SPACE)
    both.same("pool-info", "f", but=r"(?m)^(Allocation|Available): .*$")
    for run, name in ((first, "first"), (second, "second")):
        do(run, "vol-create-as", "f", name, str(MIB), "--allocation", "4096")
    both.ok("pool-refresh", "f")
    theirs, ours = both("vol-list", "f")
    assert [name for name in names(theirs.out) if name not in NO_VOLUMES] == names(ours.out) == ["first", "second"]
    for name in ("first", "second"):
        both.refused(f"storage volume '{name}' exists already", "vol-create-as", "f", name, "1M")
        both.same("vol-dumpxml", name, "--pool", "f", but=BIRTH)
        for tool in ("vol-info", "vol-path", "vol-key"):
            both.same(tool, name, "--pool", "f")
    # What one writes the other reads.
    (scratch / "in").write_bytes(b"content" * 1000)
    do(first, "vol-upload", "second", scratch / "in", "--pool", "f")
    do(second, "vol-download", "second", scratch / "out", "--pool", "f", "--length", "7000")
    assert (scratch / "out").read_bytes() == b"content" * 1000
    do(second, "vol-delete", "first", "--pool", "f")
    assert not (both.target / "first").exists()
    # Who stops it unmounts it; the other can still stop and start it.
    do(first, "pool-destroy", "f")
    assert mounts(both.target) == []
    do(second, "pool-destroy", "f")
    do(second, "pool-start", "f")
    assert mounts(both.target) == [str(disk.path)]
    result = second("vol-list", "f")
    assert [name for name in names(result.out) if name not in NO_VOLUMES] == ["second"]
    do(second, "pool-destroy", "f")
    assert mounts(both.target) == []
    do(second, "pool-delete", "f")
    assert not both.target.exists()
