"""Losses of power on XFS: a session is recorded in a guest, and what any cut leaves is looked at on this machine."""

import os
import subprocess
import tempfile
from pathlib import Path

import filesystems
import guests
import pytest
from logwrites import Log
from powercuts import POOL, SIZE, VOLUME, Machine, acceptable, sample, session
from tools import PATIENCE, REPOSITORY, Site

#: `make power-cuts` looks at every cut; everywhere else a sample stands for them.
ALL = os.environ.get("CISTERN_ALL") == "1"
ROUNDS = 9 if ALL else 1


def call(*argv, check=True, seconds=60):
    """Runs a program and returns what it printed."""
    done = subprocess.run([*map(str, argv)], capture_output=True, text=True, timeout=seconds, check=False)
    assert not check or done.returncode == 0, f"$ {argv}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def place():
    """A folder in memory, where images are copied fast; else wherever temporary files go."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="cistern-power-", dir=shared if shared.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def pool(place):
    """The mount of the file system, and what defines a pool on it."""
    if reason := filesystems.unavailable("xfs") or guests.Wishes(packages=["dmsetup"]).lacking():
        pytest.skip(reason)
    mount = place / "mount"
    mount.mkdir()

    def define(site):
        site.ok("pool-define-as", POOL, "dir", "--target", mount / "pool", "--driver", "file-reflink")

    return mount, define


@pytest.fixture(scope="module")
def recorded(place, pool):
    """The file system before the session, and the log of the session."""
    mount, define = pool
    base, disk, log = place / "base", place / "disk", place / "log"
    filesystems.make_image("xfs", base)
    call("mount", "-o", "loop", base, mount)
    machine = Machine(Site(place / "root"), define)
    (mount / "pool").mkdir(mode=0o711)
    machine.boot()
    machine.site.ok("vol-create-as", POOL, VOLUME, str(SIZE), "--revisions-to-keep", "2")
    filesystems.unmount(mount)
    call("cp", "--sparse=always", base, disk)
    with open(log, "wb") as file:
        file.truncate(1 << 30)
    line = [REPOSITORY / "scripts" / "guest", "--module=dm-log-writes", "--module=xfs", f"--time={600 * PATIENCE}"]
    line += [f"--disk-file={disk}", f"--disk-file={log}", "--env=CISTERN_PROGRAMS"]
    program = Path(__file__).with_name("record_xfs.py")
    call(*line, "--", "/usr/bin/python3", "-B", program, str(ROUNDS), seconds=660 * PATIENCE)
    return base, Log(log)


@pytest.mark.limit(3000 if ALL else 240)
def test_every_loss_of_power_on_xfs_leaves_the_old_or_the_new_state(place, pool, recorded):
    mount, define = pool
    base, log = recorded
    steps, states = session(ROUNDS)
    machine = Machine(Site(place / "root"), define)
    machine.learn(steps)
    cuts = log.cuts()
    chosen = sample(cuts, None if ALL else 15)
    assert len(chosen) >= (200 if ALL else 15)
    # Cuts come in the order of the log, so that each image goes on from the one before.
    rolling, image = place / "rolling", place / "image"
    call("cp", "--sparse=always", base, rolling)
    applied, failures = 0, []
    for cut in chosen:
        with open(rolling, "r+b", buffering=0) as disk:
            log.apply(disk.fileno(), range(applied, cut.applied))
        applied = cut.applied
        call("cp", "--sparse=always", rolling, image)
        with open(image, "r+b", buffering=0) as disk:
            log.apply(disk.fileno(), cut.extra)
        mark = log.mark_before(cut)
        call("mount", "-o", "loop", image, mount)
        try:
            problems = machine.examine(acceptable(mark, steps, states))
        finally:
            filesystems.unmount(mount)
        failures += [f"{cut} after mark '{mark}': {problem}" for problem in problems]
    print(f"{len(chosen)} of {len(cuts)} cuts examined")
    assert not failures, "\n".join(failures)
