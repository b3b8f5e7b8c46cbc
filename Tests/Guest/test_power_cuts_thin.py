"""Losses of power on a thin pool: a session is recorded, and what any cut leaves is looked at, in one guest."""

import os
import shutil
from pathlib import Path

import pytest
from logwrites import Log, LoggedDisk, MappedDisk, dmsetup
from powercuts import POOL, SIZE, VOLUME, Machine, State, acceptable, sample, session
from volumegroups import lvm

ROUNDS = 3
GROUP, THIN = "vgc", "tp"
#: Where LVM keeps its metadata on a physical volume. It writes a text, then a header that points to it, with no flush
#: between: a disk that writes the header alone has no group any more, which vgcfgrestore mends, not we.
LVM_METADATA = 1 << 20
FOLDER = Path("/dev") / GROUP

if os.environ.get("CISTERN_ALL") == "1":
    pytestmark = pytest.mark.guest(
        modules=["dm-log-writes", "dm-thin-pool", "dm-snapshot"],
        packages=["lvm2", "dmsetup", "thin-provisioning-tools"],
        # The group, the log, the group as it was at a cut, what the look at a cut writes.
        disks=["64M", "1G", "64M", "64M"],
        seconds=7200,
    )
else:
    pytestmark = pytest.mark.skip("takes long in an emulated guest; make power-cuts runs it")


def define(site):
    """Defines the pool."""
    site.ok("pool-define-as", POOL, "logical", "--source-name", GROUP, "--thin-pool", THIN)


class ThinMachine(Machine):
    """Reads the devices themselves: each of our commands takes half a second here, and there are many cuts."""

    def boot(self):
        """As a machine does that activates all volumes that it can."""
        lvm("vgchange", "--activate", "y", "--ignoreactivationskip", GROUP, check=False)
        super().boot()

    def found(self):
        texts = {path.name: self.text(path.read_bytes()) for path in FOLDER.iterdir()}
        committed = texts.pop(VOLUME, "nothing")
        working = texts.pop(f"{VOLUME}-snap", None)
        # The names of revisions carry their times, in ten digits.
        return State(committed, tuple(texts[name] for name in sorted(texts)), working)

    @staticmethod
    def forget():
        """Takes everything away that was activated."""
        dmsetup("remove_all")
        shutil.rmtree(FOLDER, ignore_errors=True)


@pytest.fixture(scope="module")
def only_ours():
    """LVM looks at no disk but the one being worked with: there are several copies of the group."""
    path = Path("/etc/lvm/lvmlocal.conf")
    before = path.read_bytes() if path.exists() else None
    path.write_text('devices { global_filter=[ "a|^/dev/mapper/present$|", "r|.*|" ] }\n')
    yield
    if before is None:
        path.unlink()
    else:
        path.write_bytes(before)


def copy(source, target):
    """Copies a disk."""
    with open(source, "rb") as old, open(target, "r+b", buffering=0) as new:
        while data := old.read(1 << 20):
            if data.strip(b"\0"):
                new.write(data)
            else:
                new.seek(len(data), os.SEEK_CUR)
        os.fsync(new.fileno())


@pytest.mark.limit(2300)
def test_every_loss_of_power_on_a_thin_pool_leaves_the_old_or_the_new_state(only_ours, disks, site, capfd):
    disk, log, rolling, scratch = disks
    machine = ThinMachine(site, define)
    with MappedDisk("present", f"linear {disk} 0", disk) as present:
        lvm("vgcreate", "--physicalextentsize", "1m", GROUP, present.path)
        lvm("lvcreate", "-y", "--type", "thin-pool", "-L", "40M", "-n", THIN, GROUP)
        machine.boot()
        site.ok("vol-create-as", POOL, VOLUME, str(SIZE), "--revisions-to-keep", "2")
        lvm("vgchange", "-an", GROUP)
    copy(disk, rolling)
    with LoggedDisk("present", disk, log) as present:
        machine.boot()
        machine.record(ROUNDS, present.mark)
        lvm("vgchange", "-an", GROUP)
    recorded = Log(log)
    steps, states = session(ROUNDS)
    cuts = recorded.cuts(ordered=LVM_METADATA)
    count = os.environ.get("CISTERN_CUTS")
    chosen = sample(cuts, int(count) if count else None)
    assert len(chosen) >= int(count or 200)
    applied, failures = 0, []
    for number, cut in enumerate(chosen):
        with open(rolling, "r+b", buffering=0) as file:
            recorded.apply(file.fileno(), range(applied, cut.applied))
            os.fsync(file.fileno())
        applied = cut.applied
        mark = recorded.mark_before(cut)
        # What the look writes goes to another disk and is forgotten.
        present = MappedDisk("present", f"snapshot {rolling} {scratch} N 8", rolling)
        present.make()
        if cut.extra:
            with open(present.path, "r+b", buffering=0) as file:
                recorded.apply(file.fileno(), cut.extra)
                os.fsync(file.fileno())
        wanted = acceptable(mark, steps, states)
        problems = machine.examine(wanted, thoroughly=number % 5 == 0)
        machine.forget()
        failures += [f"{cut} after mark '{mark}': {problem}" for problem in problems]
        with capfd.disabled():
            print(f"cut {number + 1} of {len(chosen)}: {problems or 'well'}", flush=True)
    print(f"{len(chosen)} of {len(cuts)} cuts examined")
    assert not failures, "\n".join(failures)
