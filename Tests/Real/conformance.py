"""The conformance suite: what every backend must do, one test for each numbered case.

The numbers are those of the project's list of cases for Qubes' life cycle. Cases (or halves of
cases) that say something about a backend are skipped where that backend lacks the ability. Left
out for all:
  1  a key given twice is no error: as in Python's RawConfigParser the last one holds
 10  size 0 is allowed, as in libvirt
 16  the encrypted half: ephemeral volumes are refused at start
 27  revert never removes the chosen revision from the list, in no layout"""

import itertools
import json
import os
import subprocess
import time
from pathlib import Path

import contents
import pytest
from making import Maker, Making
from tools import BAD_DATA, BUSY, DONE, EXISTS, FORBIDDEN, MIB, NOT_FOUND, UNSUPPORTED, USAGE, tree

SIZE = 32 * MIB
FAR = 20 * MIB  # a second marker, away from the first
SNAPSHOT = ("--snap-on-start", "yes", "--save-on-stop", "no")


class Lab:
    """A built and started pool of one backend, and the verbs of the cases on it."""

    def __init__(self, backend, site, place, scratch):
        self.backend, self.site, self.place, self.scratch = backend, site, place, scratch
        self.pool, self.storage = self.add_pool("p", backend.revisions)
        # The numbers that revisions of each volume were seen with, oldest first.
        self.seen = {}

    def add_pool(self, name, revisions_to_keep=None):
        """Another pool of the same backend, built and started; returns its name and storage."""
        storage = self.backend.prepare(self.place, self.scratch)
        self.backend.define(self.site, name, storage, revisions_to_keep)
        self.site.ok("pool-build", name)
        self.site.ok("pool-start", name)
        return name, storage

    def run(self, tool, volume, *arguments, pool=None, **options):
        """Runs a volume command on a volume of the pool, which must succeed."""
        return self.site.ok(tool, volume, *arguments, "--pool", pool or self.pool, **options)

    def refuse(self, status, tool, volume, *arguments, words=(), **options):
        """Runs a volume command, which must be refused."""
        arguments = (volume, *arguments, "--pool", self.pool)
        return self.site.refused(status, tool, *arguments, words=words, **options)

    def create(self, name, *options, size=SIZE, pool=None):
        capacity = [] if size is None else [str(size), "--allocation", "0"]
        self.site.ok("vol-create-as", pool or self.pool, name, *capacity, *options)
        return name

    def volume(self, vm, *options, **named):
        """Creates a volume that saves its state, named in the backend's way."""
        return self.create(self.backend.volume(vm), *options, **named)

    def volatile(self, vm, *options):
        return self.create(self.backend.volume(vm, "volatile"), "--save-on-stop", "no", *options)

    def snapshot(self, vm, source, *options):
        name = self.backend.volume(vm, "root")
        return self.create(name, "--source", source, *SNAPSHOT, *options, size=None)

    def start(self, name):
        """Starts the volume; returns the path of its device."""
        out = self.run("vol-start", name)
        device = out.strip()
        assert os.path.exists(device), out
        return device

    def stop(self, name, *options):
        self.run("vol-stop", name, *options)

    def session(self, name, text, offset=0):
        """Starts, writes and stops."""
        contents.put(self.start(name), text, offset)
        self.stop(name)
        if not self.backend.counts_revisions:
            self.revisions(name)

    def read(self, name, offset=0, revision=None, pool=None):
        """What is at the offset of the committed state, or of a revision, through vol-export."""
        file = self.scratch / "read"
        options = [] if revision is None else ["--revision", self.revision(name, revision)]
        file.unlink(missing_ok=True)
        # A device, whose holes nobody tells, is read from end to end, which takes an emulated processor long.
        self.run("vol-export", name, file, *options, pool=pool, timeout=300)
        return contents.get(file, offset)

    def fill(self, name, text, size=SIZE):
        """Imports an image of the size with the marker at its start."""
        image = contents.image(self.scratch / "image", size, at0=text)
        self.run("vol-import", name, image)

    def facts(self, name):
        facts = self.site.volume(name, self.pool)
        # Looking changes it.
        (facts["timestamps"] or {}).pop("access", None)
        for fact in self.backend.settled_late:
            del facts[fact]
        return facts

    def state(self, name):
        return self.facts(name)["state"]

    def revisions(self, name):
        """Which of all the revisions that there have been there are, counted from 1."""
        found = [revision["number"] for revision in self.site.revisions(name, self.pool)]
        assert found == sorted(set(found))
        if self.backend.counts_revisions:
            return found
        seen = self.seen.setdefault(name, [])
        new = [number for number in found if number not in seen]
        assert not seen or not new or min(new) > max(seen), "a number has moved"
        seen.extend(new)
        return [seen.index(number) + 1 for number in found]

    def revision(self, name, number):
        """What the commands call the revision of this number, counted from 1."""
        if self.backend.counts_revisions:
            return str(number)
        self.revisions(name)
        return str(self.seen[name][int(number) - 1])

    def crash(self):
        """What a reboot leaves: nothing in the runtime folder says what was started. The pool is
        started again."""
        subprocess.run(["rm", "-rf", self.site.root / "run"], check=True, timeout=10)
        self.site.ok("pool-start", self.pool)

    def needs(self, ability):
        if ability not in self.backend.abilities:
            pytest.skip(f"{self.backend.name} has no ability '{ability}'")

    def check_clean(self):
        """No left-over of any kind."""
        assert self.site.run("pool-check", self.pool).out.strip() == f"Pool {self.pool} is clean"


class Conformance(Making):
    """Inherited by the class that names the backends, as values of the parameter `backend`."""

    @pytest.fixture
    def lab(self, backend, site, place, scratch):
        return Lab(backend, site, place, scratch)

    @pytest.fixture
    def maker(self, lab, site, scratch):
        numbers = itertools.count(1)
        return Maker(site, scratch, lab.pool, lambda: lab.backend.volume(f"made{next(numbers)}"))

    # Pools

    def test_case_01_bad_definitions_change_nothing(self, lab, scratch):
        here = scratch / "new"
        sections = {
            "unknown driver": f"[n]\ndriver=floppy\ndir_path={here}",
            "missing key": "[n]\ndriver=file-reflink",
            "unknown key": f"[n]\ndriver=xen\ndir_path={here}\ncolour=blue",
            "bad name": f"[a/b]\ndriver=xen\ndir_path={here}",
            "existing name": f"[p]\ndriver=xen\ndir_path={here}",
        }
        if lab.backend.is_section:
            del sections["existing name"]
        before = tree(lab.site.root / "etc")
        for title, text in sections.items():
            file = scratch / "pool.conf"
            file.write_text(text + "\n")
            result = lab.site.run("pool-define", file, "--conf")
            assert result.status in (EXISTS, BAD_DATA, UNSUPPORTED), f"{title}:\n{result}"
            assert tree(lab.site.root / "etc") == before, title
        assert not here.exists()

    def test_case_02_build_makes_and_undefine_keeps(self, lab):
        lab.needs("files")
        assert lab.storage.is_dir()
        if "qubes" in lab.backend.abilities:
            assert (lab.storage / "appvms").is_dir() and (lab.storage / "vm-templates").is_dir()
        volume = lab.volume("work")
        lab.session(volume, "kept")
        before = lab.backend.artefacts(lab.storage)
        lab.site.ok("pool-destroy", "p")
        lab.site.ok("pool-undefine", "p")
        lab.site.refused(NOT_FOUND, "pool-info", "p")
        assert lab.backend.artefacts(lab.storage) == before
        # A pool describes itself: defined again, everything is there.
        lab.backend.define(lab.site, "p", lab.storage, lab.backend.revisions)
        lab.site.ok("pool-start", "p")
        assert lab.read(volume) == "kept"
        assert len(lab.revisions(volume)) == 1

    def test_case_03_undefine_of_an_active_pool_is_refused(self, lab):
        lab.site.refused(BUSY, "pool-undefine", "p", words="is still active")
        assert lab.site.pool("p")["state"] in ("running", "active")

    def test_case_04_reflink_required(self, lab, scratch):
        lab.needs("drivers")
        folder = lab.storage.parent / "wants-reflink"
        lab.site.ok("pool-define-as", "r", "dir", "--target", folder, "--driver", "file-reflink")
        if "reflink" in lab.backend.abilities:
            lab.site.ok("pool-build", "r")
            return
        lab.site.refused(UNSUPPORTED, "pool-build", "r", words="setup_check")
        assert not folder.exists(), "the folder that the refused build made is still there"
        lab.site.ok("pool-undefine", "r")
        file = scratch / "pool.conf"
        file.write_text(f"[r]\ndriver=file-reflink\ndir_path={folder}\nsetup_check=False\n")
        lab.site.ok("pool-define", file, "--conf")
        lab.site.ok("pool-build", "r")
        lab.site.ok("pool-start", "r")

    def test_case_05_thin_pool_must_exist(self):
        pytest.skip("no pool of files can be a thin pool")

    def test_case_06_sizes_are_the_file_systems(self, lab):
        lab.needs("statvfs")
        # XFS gives the blocks of a file that was removed back a little later.
        for _ in range(50):
            pool, facts = lab.site.pool("p"), os.statvfs(lab.storage)
            if pool["available"] == facts.f_bavail * facts.f_frsize:
                break
            time.sleep(0.1)
        assert pool["capacity"] == facts.f_blocks * facts.f_frsize
        assert pool["available"] == facts.f_bavail * facts.f_frsize
        words = lab.backend.take_away(lab.storage)
        pool = lab.site.pool("p")
        assert pool["state"] in ("inaccessible", "inactive"), pool
        assert lab.site.run("pool-list", "--all", "--details").status == DONE
        lab.site.refused((NOT_FOUND, 1, BUSY, UNSUPPORTED), "vol-list", "p", words=words)

    def test_case_07_revisions_to_keep_of_a_pool(self, lab):
        for number in (-1, 0, 1):
            storage = lab.backend.prepare(lab.place, lab.scratch)
            lab.backend.define(lab.site, f"keeps{number}", storage, number)
            assert lab.site.pool(f"keeps{number}")["revisions_to_keep"] == number
        for bad in ("-2", "abc", "1.5", ""):
            lab.site.refused(
                (USAGE, BAD_DATA), "pool-define-as", "bad", "dir", "--target", lab.storage.parent / "b",
                f"--revisions-to-keep={bad}",
            )  # fmt: skip
        if "history" not in lab.backend.abilities:
            limited = ["--target", lab.storage.parent / "b", "--driver", lab.backend.driver]
            lab.site.refused(
                BAD_DATA, "pool-define-as", "bad", "dir", *limited, "--revisions-to-keep", "2"
            )
            volume = lab.volume("work")
            lab.refuse(BAD_DATA, "vol-set", volume, "revisions_to_keep", "2")
            assert lab.facts(volume)["revisions_to_keep"] == 1

    def test_case_08_the_pool_of_a_path_is_found(self, lab):
        volume = lab.volume("work")
        path = lab.run("vol-path", volume).strip()
        assert lab.site.ok("vol-pool", path).strip() == "p"
        other, _ = lab.add_pool("other")
        assert lab.site.ok("vol-pool", path).strip() == "p"
        second = lab.create(lab.backend.volume("work"), pool=other)
        path = lab.run("vol-path", second, pool=other).strip()
        assert lab.site.ok("vol-pool", path).strip() == other
        lab.site.refused(NOT_FOUND, "vol-pool", "/etc/hostname")

    # Definitions of volumes

    def test_case_09_impossible_combinations(self, lab):
        source = lab.volume("template")
        other, _ = lab.add_pool("other")
        lab.create(lab.backend.volume("foreign"), pool=other)
        foreign = lab.backend.volume("foreign")
        name = lab.backend.volume("work", "root")
        make = ("vol-create-as", "p", name, str(SIZE))
        refused = lab.site.refused
        refused((USAGE, BAD_DATA), *make, "--snap-on-start", "yes", "--save-on-stop", "no")
        refused((USAGE, BAD_DATA), *make, "--source", source)
        refused((BAD_DATA, NOT_FOUND), *make, *SNAPSHOT, "--source", foreign)
        refused((USAGE, BAD_DATA), "vol-set", source, "snap_on_start", "yes", "--pool", "p")
        assert lab.site.run("vol-info", name, "--pool", "p").status == NOT_FOUND
        # All four combinations of the two flags are legal otherwise.
        lab.volatile("work")
        lab.snapshot("work", source)
        lab.needs("origin-snapshot")
        lab.create(
            lab.backend.volume("work", "both"), "--source", source, "--snap-on-start", "yes",
            "--save-on-stop", "yes", size=None,
        )  # fmt: skip

    def test_case_10_create_never_wipes(self, lab):
        volume = lab.volume("work")
        lab.session(volume, "precious")
        before = lab.backend.everything(lab.storage)
        words = f"storage volume '{volume}' exists already"
        lab.site.refused(EXISTS, "vol-create-as", "p", volume, str(SIZE), words=words)
        assert lab.backend.everything(lab.storage) == before
        assert lab.read(volume) == "precious"

    def test_case_11_ephemeral_where_legal(self, lab, scratch):
        volatile = lab.volatile("work")
        origin = lab.volume("work")
        assert lab.facts(volatile)["ephemeral"] is False
        lab.run("vol-set", volatile, "ephemeral", "yes")
        assert lab.facts(volatile)["ephemeral"] is True
        lab.refuse((BAD_DATA, USAGE), "vol-set", origin, "ephemeral", "yes")
        lab.refuse(UNSUPPORTED, "vol-start", volatile, words="ephemeral")
        assert lab.state(volatile) == "clean"
        result = lab.site.run("vol-set", volatile, "rw", "no", "--pool", "p")
        assert result.status != DONE or lab.facts(volatile)["ephemeral"] is False

    def test_case_11b_a_pools_default_for_ephemeral(self, lab, scratch):
        """It holds for volatile volumes that can be written, and for no others."""
        lab.needs("qubes")
        storage = lab.backend.prepare(lab.place, scratch)
        file = scratch / "pool.conf"
        file.write_text(f"[e]\ndriver=xen\ndir_path={storage}\nephemeral_volatile=True\n")
        lab.site.ok("pool-define", file, "--conf")
        lab.site.ok("pool-build", "e")
        lab.site.ok("pool-start", "e")
        for name, options, expected in (
            ("volatile", ["--save-on-stop", "no"], True),
            ("read-only", ["--save-on-stop", "no", "--rw", "no"], False),
            ("origin", [], False),
        ):
            lab.create(name, *options, pool="e")
            assert lab.site.volume(name, "e")["ephemeral"] is expected, name

    def test_case_12_volatile_and_snapshot_have_no_image(self, lab):
        source = lab.volume("template")
        before = lab.backend.artefacts(lab.storage)
        volatile, snapshot = lab.volatile("work"), lab.snapshot("work", source)
        assert lab.backend.artefacts(lab.storage) == before
        assert lab.state(volatile) == "clean" and lab.state(snapshot) == "clean"
        assert lab.facts(volatile)["capacity"] == SIZE
        assert lab.facts(snapshot)["capacity"] == SIZE
        lab.check_clean()

    # The life cycle

    def test_case_13_origin_keeps_and_others_forget(self, lab):
        origin, volatile = lab.volume("work"), lab.volatile("work")
        snapshot = lab.snapshot("work", origin)
        for name in (origin, volatile, snapshot):
            lab.session(name, name)
        assert contents.get(lab.start(origin)) == origin
        assert contents.get(lab.start(volatile)) == ""
        # The snapshot sees its source's last commit, not what it wrote itself.
        assert contents.get(lab.start(snapshot)) == origin
        for name in (origin, volatile, snapshot):
            lab.stop(name)
        lab.check_clean()

    def test_case_14_volatile_is_zero_at_each_start(self, lab):
        volatile = lab.volatile("work")
        for _ in range(2):
            device = lab.start(volatile)
            assert contents.size(device) == SIZE
            assert contents.get(device) == "" and contents.get(device, FAR) == ""
            contents.put(device, "one")
            contents.put(device, "two", FAR)
            lab.stop(volatile)
        # A left-over of a crash is not handed on either.
        contents.put(lab.start(volatile), "secret")
        lab.crash()
        assert contents.get(lab.start(volatile)) == ""

    def test_case_15_read_only(self, lab):
        volume = lab.volume("work")
        lab.session(volume, "before")
        lab.run("vol-set", volume, "rw", "no")
        disk = lab.run("vol-start", volume, "--print-disk", "vdb")
        assert "<readonly/>" in disk
        lab.stop(volume)
        # Whoever writes in spite of that (root can) changes nothing that lasts.
        lab.session(volume, "against the rules")
        assert lab.read(volume) == "before"
        assert lab.revisions(volume) == [1]
        lab.refuse(FORBIDDEN, "vol-resize", volume, str(2 * SIZE))

    def test_case_16_a_volatile_device_comes_and_goes(self, lab):
        volatile = lab.volatile("work")
        identities = []
        for _ in range(2):
            device = lab.start(volatile)
            identities.append((os.stat(device).st_ino, os.stat(device).st_ctime_ns))
            lab.stop(volatile)
            assert not os.path.exists(device)
        assert identities[0] != identities[1]
        device = lab.start(volatile)
        lab.crash()
        assert lab.state(volatile) == "dirty"
        lab.start(volatile)
        lab.stop(volatile)
        assert not os.path.exists(device)

    def test_case_17_snapshot_isolation(self, lab):
        origin = lab.volume("template")
        snapshot = lab.snapshot("work", origin)
        seen = ""
        for text in ("first", "second"):
            device, copy = lab.start(origin), lab.start(snapshot)
            contents.put(device, text)
            assert contents.get(copy) == seen
            lab.stop(origin)
            assert contents.get(copy) == seen
            lab.stop(snapshot)
            assert contents.get(lab.start(snapshot)) == text
            lab.stop(snapshot)
            seen = text

    def test_case_18_snapshot_writes_vanish(self, lab):
        origin = lab.volume("template")
        lab.session(origin, "original")
        snapshot = lab.snapshot("work", origin)
        lab.session(snapshot, "scribble")
        device = lab.start(snapshot)
        assert contents.get(device) == "original"
        contents.put(device, "more scribble")
        lab.stop(snapshot)
        assert lab.read(origin) == "original"
        assert lab.revisions(origin) == [1]

    def test_case_19_outdated(self, lab):
        origin = lab.volume("template")
        snapshot = lab.snapshot("work", origin)
        assert lab.facts(snapshot)["outdated"] is False
        lab.start(snapshot)
        assert lab.facts(snapshot)["outdated"] is False
        lab.session(origin, "news")
        assert lab.facts(snapshot)["outdated"] is True
        lab.stop(snapshot)
        assert lab.facts(snapshot)["outdated"] is False
        # A revert of the source moves it on, too.
        lab.start(snapshot)
        lab.run("vol-revert", origin)
        assert lab.facts(snapshot)["outdated"] is True

    def test_case_20_dirty(self, lab):
        origin = lab.volume("work")
        snapshot = lab.snapshot("work", origin)
        assert lab.state(origin) == "clean"
        lab.start(origin)
        assert lab.state(origin) == "running"
        lab.stop(origin)
        assert lab.state(origin) == "clean"
        lab.start(origin)
        lab.start(snapshot)
        lab.crash()
        assert lab.state(origin) == "dirty"
        lab.stop(snapshot)
        assert lab.state(snapshot) == "clean"

    def test_case_21_snapshots_are_of_the_committed_state(self, lab):
        origin = lab.volume("template")
        lab.session(origin, "committed")
        contents.put(lab.start(origin), "running")
        snapshot = lab.snapshot("work", origin)
        assert contents.get(lab.start(snapshot)) == "committed"

    def test_case_22_stop_twice(self, lab):
        volume = lab.volume("work")
        lab.session(volume, "data")
        before = lab.revisions(volume)
        out = lab.run("vol-stop", volume)
        assert out.strip() == f"Vol {volume} is already stopped"
        assert lab.read(volume) == "data"
        assert lab.revisions(volume) == before

    # Revisions

    @pytest.mark.parametrize("keep, expected", [(0, []), (2, [2, 3])])
    def test_case_23_retention(self, lab, keep, expected):
        if keep > 1:
            lab.needs("history")
        volume = lab.volume("work", f"--revisions-to-keep={keep}")
        for text in ("one", "two", "three"):
            lab.session(volume, text)
        assert lab.revisions(volume) == expected
        assert lab.read(volume) == "three"
        for number, text in zip(expected, ("one", "two")):
            assert lab.read(volume, revision=number) == text

    def test_case_24_identities_at_commit(self, lab):
        lab.needs("files")
        volume = lab.volume("work")
        committed = lab.backend.committed(lab.storage, volume)
        old = os.stat(committed).st_ino
        device = lab.start(volume)
        new = os.stat(device).st_ino
        assert new != old
        lab.stop(volume)
        assert os.stat(committed).st_ino == new
        [revision] = lab.site.revisions(volume, "p")
        path = lab.backend.revision(lab.storage, volume, revision["number"], revision["time"])
        assert os.stat(path).st_ino == old

    def test_case_25_interrupted_commit(self, lab):
        lab.needs("history")
        lab.needs("files")
        volume = lab.volume("work")
        lab.session(volume, "committed")
        contents.put(lab.start(volume), "working")
        lab.crash()
        # Killed between naming the revision and renaming the working copy.
        committed = lab.backend.committed(lab.storage, volume)
        name = lab.backend.revision(lab.storage, volume, 2, "2026-01-02T03:04:05Z")
        os.link(committed, name)
        assert lab.facts(volume)["capacity"] == SIZE
        assert lab.run("vol-path", volume).strip() == str(committed)
        assert lab.state(volume) == "dirty"
        assert lab.read(volume) == "committed"
        kinds = {finding["kind"] for finding in lab.site.findings("p")}
        assert kinds >= {"interrupted-commit", "uncommitted"}
        device = lab.start(volume)
        assert contents.get(device) == "working"
        lab.stop(volume)
        assert lab.read(volume) == "working"
        assert lab.read(volume, revision=lab.revisions(volume)[-1]) == "committed"
        assert len(lab.revisions(volume)) == 2
        lab.check_clean()

    @pytest.mark.parametrize("keep, revisions", [(1, 1), (0, 0)])
    def test_case_26_started_by_somebody_else(self, lab, keep, revisions):
        lab.needs("files")
        volume = lab.volume("work", f"--revisions-to-keep={keep}")
        working = lab.backend.working(lab.storage, volume)
        working.parent.mkdir(parents=True, exist_ok=True)
        contents.image(working, SIZE, at0="theirs")
        assert lab.state(volume) == "dirty"
        lab.stop(volume)
        assert lab.read(volume) == "theirs"
        assert len(lab.revisions(volume)) == revisions
        assert not working.exists()

    def test_case_27_revert(self, lab):
        lab.needs("history")
        volume = lab.volume("work", "--revisions-to-keep=5")
        for text in ("one", "two", "three"):
            lab.session(volume, text)
        assert lab.revisions(volume) == [1, 2, 3]
        out = lab.run("vol-revert", volume)
        assert out.strip() == f"Vol {volume} reverted to revision {lab.revision(volume, 3)}"
        assert lab.read(volume) == "two"
        # The state that was left is a revision now; all others stayed.
        assert lab.revisions(volume) == [1, 2, 3, 4]
        assert lab.read(volume, revision=4) == "three"
        lab.run("vol-revert", volume, lab.revision(volume, 2))
        assert lab.read(volume) == "one"
        assert lab.revisions(volume) == [1, 2, 3, 4, 5]
        lab.run("vol-revert", volume, lab.revision(volume, 4))
        assert lab.read(volume) == "three"
        # Numbers only grow, times are real.
        for revision in lab.site.revisions(volume, "p"):
            assert revision["epoch"] > 1_600_000_000 and revision["capacity"] == SIZE

    def test_case_27b_revert_prunes_nothing(self, lab):
        volume = lab.volume("work", "--revisions-to-keep=1")
        lab.session(volume, "one")
        lab.session(volume, "two")
        lab.run("vol-revert", volume)
        assert lab.revisions(volume) == [2, 3]
        lab.session(volume, "three")
        assert lab.revisions(volume) == [4]

    def test_case_28_refused_reverts(self, lab):
        volume = lab.volume("work")
        lab.refuse(NOT_FOUND, "vol-revert", volume)
        lab.session(volume, "data")
        lab.refuse(NOT_FOUND, "vol-revert", volume, "99")
        lab.start(volume)
        lab.refuse(BUSY, "vol-revert", volume)
        lab.crash()
        lab.refuse(BUSY, "vol-revert", volume, lab.revision(volume, 1))
        assert lab.state(volume) == "dirty"
        lab.run("vol-revert", volume, "--discard")
        assert lab.state(volume) == "clean"
        assert lab.read(volume) == ""

    def test_case_29_names_that_begin_alike(self, lab):
        lab.needs("history")
        short, long = lab.create("a"), lab.create("a-root")
        lab.session(long, "long one")
        lab.session(long, "long two")
        lab.session(short, "short one")
        assert lab.revisions(short) == [1] and lab.revisions(long) == [1, 2]
        assert lab.read(short) == "short one" and lab.read(long) == "long two"
        lab.run("vol-delete", short)
        assert lab.read(long, revision=2) == "long one"
        if "qubes" in lab.backend.abilities:
            for name in ("a-root-dirty", "a-root-import", "a-root-precache"):
                lab.site.refused(BAD_DATA, "vol-create-as", "p", name, str(SIZE))

    def test_case_30_revisions_disabled(self, lab):
        lab.needs("files")
        volume = lab.volume("work")
        lab.session(volume, "one")
        assert lab.revisions(volume) == [1]
        lab.run("vol-set", volume, "revisions_to_keep", "-1")
        committed = lab.backend.committed(lab.storage, volume)
        identity = os.stat(committed).st_ino
        device = lab.start(volume)
        assert os.stat(device).st_ino == identity
        assert device == str(
            lab.backend.working(lab.storage, volume)
            if "qubes" in lab.backend.abilities
            else committed
        )
        assert lab.revisions(volume) == []
        assert lab.facts(volume)["capacity"] == SIZE
        contents.put(device, "two")
        lab.stop(volume)
        assert os.stat(committed).st_ino == identity
        assert lab.read(volume) == "two"
        assert lab.revisions(volume) == []
        lab.check_clean()

    def test_case_31_revisions_disabled_and_running(self, lab):
        volume = lab.volume("work", "--revisions-to-keep=-1")
        snapshot = lab.snapshot("app", volume)
        contents.put(lab.start(volume), "data")
        lab.refuse(BUSY, "vol-export", volume, "-")
        lab.refuse(BUSY, "vol-start", snapshot)
        lab.refuse(BUSY, "vol-set", volume, "revisions_to_keep", "1")
        lab.stop(volume)
        assert lab.read(volume) == "data"
        assert contents.get(lab.start(snapshot)) == "data"
        lab.stop(snapshot)
        lab.run("vol-set", volume, "revisions_to_keep", "1")
        lab.start(volume)
        lab.refuse(BUSY, "vol-set", volume, "revisions_to_keep", "-1")
        lab.run("vol-set", volume, "revisions_to_keep", "0")
        lab.stop(volume)
        assert lab.facts(volume)["revisions_to_keep"] == 0

    # Import, export, resize

    def test_case_32_import_replaces_or_changes_nothing(self, lab):
        lab.needs("history")
        volume = lab.volume("work")
        lab.session(volume, "old")
        before = lab.facts(volume), lab.revisions(volume), lab.backend.artefacts(lab.storage)
        lab.refuse(BAD_DATA, "vol-import", volume, "-", f"--size={SIZE}", stdin=b"too short")
        after = lab.facts(volume), lab.revisions(volume), lab.backend.artefacts(lab.storage)
        assert after == before
        lab.fill(volume, "new")
        assert lab.read(volume) == "new"
        assert len(lab.revisions(volume)) == 2
        assert lab.read(volume, revision=2) == "old"
        lab.check_clean()

    def test_case_33_an_empty_import_clears(self, lab):
        volume = lab.volume("work")
        lab.session(volume, "old", FAR)
        image = contents.image(lab.scratch / "zeroes", SIZE)
        lab.run("vol-import", volume, image, "--keep-size")
        assert lab.read(volume, FAR) == ""
        lab.session(volume, "old", FAR)
        if "files" not in lab.backend.abilities:
            lab.refuse(BAD_DATA, "vol-import", volume, "-", "--size=0", stdin=b"")
            return
        lab.run("vol-import", volume, "-", "--size=0", stdin=b"")
        assert lab.facts(volume)["capacity"] == 0

    @pytest.mark.parametrize("size", [2 * MIB, 20 << 30])
    def test_case_34_import_with_a_new_size(self, lab, size):
        volume = lab.volume("work", size=size // 2)
        lab.fill(volume, "bigger", size)
        assert lab.facts(volume)["capacity"] == size
        assert lab.read(volume) == "bigger"

    def test_case_35_short_and_long_streams(self, lab):
        volume = lab.volume("work", size=MIB)
        lab.session(volume, "old")
        before = lab.facts(volume), lab.revisions(volume)
        long = b"x" * (MIB + 1)
        for options in (["--keep-size"], [f"--size={MIB}"]):
            lab.refuse(BAD_DATA, "vol-import", volume, "-", *options, stdin=long)
            lab.refuse(BAD_DATA, "vol-import", volume, "-", *options, stdin=long[:-2])
        assert (lab.facts(volume), lab.revisions(volume)) == before
        assert lab.read(volume) == "old"
        lab.run("vol-import", volume, "-", "--keep-size", stdin=long[:-1])
        lab.check_clean()

    def test_case_36_import_while_running(self, lab):
        volume = lab.volume("work")
        image = contents.image(lab.scratch / "image", SIZE, at0="new")
        lab.start(volume)
        lab.refuse(BUSY, "vol-import", volume, image)
        lab.crash()
        lab.refuse(BUSY, "vol-import", volume, image)
        lab.stop(volume, "--discard")
        lab.run("vol-import", volume, image)
        assert lab.read(volume) == "new"

    def pipe(self, lab, source, target, source_pool="p", target_pool="p"):
        """Clones by a pipe from vol-export into vol-import, as long as there is no vol-clone."""
        site = lab.site
        size = site.volume(source, source_pool)["capacity"]
        sender = site.start("vol-export", source, "-", "--pool", source_pool)
        arguments = (target, "-", f"--size={size}", "--pool", target_pool)
        result = site.run("vol-import", *arguments, stdin=sender.stdout)
        sender.stdout.close()
        assert sender.wait(30) == 0 and result.status == 0, result

    def test_case_37_clone_in_one_pool(self, lab):
        source, target = lab.volume("source"), lab.volume("target", size=SIZE // 2)
        lab.session(source, "source")
        lab.session(target, "target")
        self.pipe(lab, source, target)
        assert lab.read(target) == "source"
        assert lab.facts(target)["capacity"] == SIZE
        assert lab.read(target, revision=lab.revisions(target)[-1]) == "target"
        lab.session(target, "target again")
        assert lab.read(source) == "source"

    def test_case_38_clone_from_another_pool(self, lab):
        other, _ = lab.add_pool("other")
        name = lab.backend.volume("work")
        lab.create(name, pool=other)
        image = contents.image(lab.scratch / "image", 16 * MIB, at0="small")
        lab.run("vol-import", name, image, pool=other)
        target = lab.volume("work")
        self.pipe(lab, name, target, source_pool=other)
        assert lab.facts(target)["capacity"] == 16 * MIB
        assert lab.read(target) == "small"

    def test_case_39_clone_of_a_running_volume(self, lab):
        source, target = lab.volume("source"), lab.volume("target")
        lab.session(source, "before the start")
        contents.put(lab.start(source), "since the start")
        self.pipe(lab, source, target)
        assert lab.read(target) == "before the start"
        lab.stop(source)
        self.pipe(lab, source, target)
        assert lab.read(target) == "since the start"

    def test_case_40_an_import_killed_midway(self, lab):
        volume = lab.volume("work")
        lab.session(volume, "old")
        before = lab.facts(volume), lab.revisions(volume)
        process = lab.site.start(
            "vol-import", volume, "-", f"--size={SIZE}", "--pool", "p", stdin=subprocess.PIPE
        )
        process.stdin.write(b"x" * (8 * MIB))
        process.stdin.flush()
        process.kill()
        process.wait(10)
        process.communicate()
        lab.site.ok("pool-check", "p", "--repair")
        assert (lab.facts(volume), lab.revisions(volume)) == before
        assert lab.read(volume) == "old"
        lab.check_clean()

    def test_case_41_exports_are_copies(self, lab):
        volume = lab.volume("work")
        lab.session(volume, "data")
        first, second = lab.scratch / "first", lab.scratch / "second"
        lab.run("vol-export", volume, first)
        contents.put(first, "changed outside")
        lab.run("vol-export", volume, second)
        assert contents.get(second) == "data"
        assert os.path.getsize(second) == SIZE
        assert contents.blocks(second) < 4 * MIB, "a sparse volume was exported without its holes"

    @pytest.mark.parametrize("first", ["clone", "source"])
    def test_case_42_order_of_removal(self, lab, first):
        source, clone = lab.volume("source"), lab.volume("clone")
        lab.session(source, "data")
        self.pipe(lab, source, clone)
        order = [clone, source] if first == "clone" else [source, clone]
        lab.run("vol-delete", order[0])
        assert lab.read(order[1]) == "data"
        lab.run("vol-delete", order[1])
        assert lab.backend.artefacts(lab.storage) == set()
        lab.check_clean()

    def test_case_43_resize(self, lab):
        volume = lab.volume("work")
        lab.session(volume, "data")
        lab.run("vol-resize", volume, str(2 * SIZE))
        assert lab.facts(volume)["capacity"] == 2 * SIZE
        assert lab.revisions(volume) == [1]
        device = lab.start(volume)
        loop = self.loop(device) if "files" in lab.backend.abilities else None
        try:
            lab.run("vol-resize", volume, str(3 * SIZE))
            assert contents.size(device) == 3 * SIZE
            if loop:
                size = Path(f"/sys/block/{os.path.basename(loop)}/size").read_text()
                assert int(size) * 512 == 3 * SIZE, "the loop device did not follow"
            # The committed state keeps its size until the commit.
            lab.run("vol-export", volume, lab.scratch / "committed")
            assert os.path.getsize(lab.scratch / "committed") == 2 * SIZE
        finally:
            if loop:
                subprocess.run(["losetup", "--detach", loop], check=True, timeout=10)
        lab.stop(volume)
        assert lab.facts(volume)["capacity"] == 3 * SIZE
        assert lab.read(volume) == "data"

    @staticmethod
    def loop(path):
        done = subprocess.run(
            ["losetup", "--find", "--show", path], capture_output=True, text=True, timeout=10
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def test_case_44_shrink_only_when_told(self, lab):
        volume = lab.volume("work")
        lab.session(volume, "data")
        lab.refuse((BAD_DATA, USAGE), "vol-resize", volume, str(SIZE // 2), words="shrink")
        assert lab.facts(volume)["capacity"] == SIZE
        lab.run("vol-resize", volume, str(SIZE // 2), "--shrink")
        assert lab.facts(volume)["capacity"] == SIZE // 2
        assert lab.read(volume) == "data"
        lab.run("vol-resize", volume, str(SIZE))
        lab.session(volume, "beyond", SIZE - contents.BLOCK)
        assert lab.read(volume, SIZE - contents.BLOCK) == "beyond"

    def test_what_a_started_volatile_volume_grew_to_stays(self, lab):
        """Its size is in its record alone."""
        volume = lab.volatile("work")
        lab.start(volume)
        lab.run("vol-resize", volume, str(2 * SIZE))
        assert lab.facts(volume)["capacity"] == 2 * SIZE
        lab.stop(volume)
        assert lab.facts(volume)["capacity"] == 2 * SIZE
        with open(lab.start(volume), "rb") as device:
            assert device.seek(0, os.SEEK_END) == 2 * SIZE

    @pytest.mark.parametrize("size", [SIZE // 2, 2 * SIZE])
    def test_a_clone_of_a_volume_resized_while_it_is_started_is_of_the_committed_state(self, lab, size):
        volume = lab.volume("work")
        lab.session(volume, "far", FAR)
        lab.start(volume)
        lab.run("vol-resize", volume, str(size), "--shrink")
        clone = lab.backend.volume("copy")
        lab.run("vol-clone", volume, clone)
        assert lab.facts(clone)["capacity"] == SIZE
        assert lab.read(clone, FAR) == "far"
        lab.stop(volume)
        lab.check_clean()

    def test_case_45_listing(self, lab):
        origin, volatile = lab.volume("work"), lab.volatile("work")
        lab.session(origin, "one")
        lab.session(origin, "two")
        lab.start(origin)
        lab.start(volatile)
        names = {volume["name"] for volume in lab.site.json("vol-list", "p")["volumes"]}
        assert names - {"appvms", "vm-templates"} == {origin, volatile}
        table = lab.site.ok("vol-list", "p")
        assert "@" not in table and "dirty" not in table
        lab.stop(volatile)
        lab.run("vol-delete", volatile)
        names = {volume["name"] for volume in lab.site.json("vol-list", "p")["volumes"]}
        assert names == {origin}

    def test_case_46_a_replaced_image_is_honoured(self, lab):
        lab.needs("files")
        volume = lab.volume("work")
        lab.session(volume, "ours")
        committed = lab.backend.committed(lab.storage, volume)
        replacement = contents.image(committed.with_name("replacement.tmp"), SIZE, at0="theirs")
        replacement.rename(committed)
        assert contents.get(lab.start(volume)) == "theirs"
        lab.stop(volume)
        lab.check_clean()

    # Beyond the numbered cases: what the library of cases takes for granted.

    def test_crash_then_continue(self, lab):
        volume = lab.volume("work")
        lab.session(volume, "committed")
        contents.put(lab.start(volume), "uncommitted")
        lab.crash()
        assert lab.state(volume) == "dirty"
        assert lab.read(volume) == "committed"
        findings = lab.site.findings("p")
        assert [finding["kind"] for finding in findings] == ["uncommitted"], json.dumps(findings)
        lab.site.run("pool-check", "p", "--repair")
        device = lab.start(volume)
        assert contents.get(device) == "uncommitted"
        lab.stop(volume)
        assert lab.read(volume) == "uncommitted"

    def test_crash_then_discard(self, lab):
        volume = lab.volume("work")
        lab.session(volume, "committed")
        contents.put(lab.start(volume), "uncommitted")
        lab.crash()
        out = lab.run("vol-stop", volume, "--discard")
        assert out.strip() == f"Vol {volume} stopped, changes discarded"
        assert lab.read(volume) == "committed"
        assert lab.revisions(volume) == [1]
        lab.check_clean()

    def test_origin_snapshot_starts_from_its_source(self, lab):
        lab.needs("origin-snapshot")
        source = lab.volume("template")
        lab.session(source, "template")
        both = lab.create(
            lab.backend.volume("app", "root"), "--source", source, "--snap-on-start", "yes",
            "--save-on-stop", "yes", size=None,
        )  # fmt: skip
        device = lab.start(both)
        assert contents.get(device) == "template"
        contents.put(device, "saved")
        lab.stop(both)
        assert lab.read(both) == "saved"
        assert contents.get(lab.start(both)) == "template"
        lab.stop(both, "--discard")
        assert lab.read(both) == "saved"

    def test_working_copies_share_blocks_or_stay_sparse(self, lab):
        volume = lab.volume("work", size=64 * MIB)
        image = lab.scratch / "image"
        image.write_bytes(os.urandom(8 * MIB))
        os.truncate(image, 64 * MIB)
        lab.run("vol-import", volume, image, "--keep-size")
        before = lab.site.pool("p")["available"]
        device = lab.start(volume)
        used = before - lab.site.pool("p")["available"]
        if "reflink" in lab.backend.abilities:
            assert used < 4 * MIB, f"{used} bytes for a working copy"
        assert contents.blocks(device) < 12 * MIB, "a hole was filled"
        assert contents.digest(device) == contents.digest(image)

    def test_a_volume_gets_another_name_with_all_that_belongs_to_it(self, lab):
        lab.needs("history")
        volume, other = lab.volume("work"), lab.volume("other")
        new = lab.backend.volume("new")
        lab.session(volume, "one")
        lab.session(volume, "two")
        lab.refuse(EXISTS, "vol-rename", volume, other)
        snapshot = lab.snapshot("app", volume)
        lab.refuse(BUSY, "vol-rename", volume, new, words=["source"])
        lab.run("vol-delete", snapshot)
        lab.start(volume)
        lab.refuse(BUSY, "vol-rename", volume, new)
        lab.stop(volume, "--discard")
        numbers = lab.revisions(volume)
        lab.run("vol-rename", volume, new)
        assert lab.read(new) == "two" and lab.revisions(new) == numbers
        assert lab.read(new, revision=numbers[-1]) == "one"
        lab.refuse(NOT_FOUND, "vol-info", volume)
        lab.check_clean()
        lab.session(new, "three")
        lab.run("vol-rename", new, volume)
        assert lab.read(volume) == "three"
        lab.check_clean()

    def test_each_state_has_an_identifier_that_goes_with_it(self, lab):
        lab.needs("history")
        volume, other = lab.volume("work"), lab.backend.volume("other")
        seen = []

        def states(name):
            """Those of the revisions, oldest first, and that of the committed state."""
            revisions = lab.site.revisions(name, lab.pool)
            return [one["state_id"] for one in revisions] + [lab.facts(name)["state_id"]]

        def expect_new(name, kept):
            """A new state, behind the ones before it, of which the last so many are there."""
            found = states(name)
            assert found[-1] not in seen and found[:-1] == seen[len(seen) - kept :], (found, seen)
            seen.append(found[-1])

        expect_new(volume, 0)
        contents.put(lab.start(volume), "dropped")
        assert states(volume) == seen
        lab.stop(volume, "--discard")
        assert states(volume) == seen
        lab.session(volume, "one")
        expect_new(volume, 1)
        lab.run("vol-revert", volume)
        expect_new(volume, 2)
        lab.run("vol-clear", volume)
        expect_new(volume, 2)
        lab.fill(volume, "two")
        expect_new(volume, 2)
        if lab.backend.abilities & {"reflink", "thin"}:
            contents.put(lab.start(volume), "three")
            lab.run("vol-commit", volume)
            expect_new(volume, 2)
            lab.stop(volume, "--discard")
        before = states(volume)
        lab.run("vol-rename", volume, other)
        assert states(other) == before
        lab.run("vol-clone", other, volume)
        [copy] = states(volume)
        assert copy not in seen and states(other) == before
        lab.run("vol-wipe", volume)
        assert states(volume)[0] not in (copy, *seen)
        table = lab.run("vol-revisions", other, "--output", "+state_id")
        assert all(state in table for state in before[:-1]) and before[-1] not in table

    def test_what_is_changed_in_place_is_not_the_state_that_it_was(self, lab):
        volume = lab.volume("work", "--revisions-to-keep=-1")
        first = lab.facts(volume)["state_id"]
        device = lab.start(volume)
        assert first and lab.facts(volume)["state_id"] is None
        contents.put(device, "written")
        lab.stop(volume)
        second = lab.facts(volume)["state_id"]
        assert second != first
        lab.run("vol-set", volume, "revisions_to_keep", "1")
        assert lab.facts(volume)["state_id"] == second
        lab.session(volume, "committed")
        last = lab.facts(volume)["state_id"]
        assert last not in (None, first, second)
        assert [one["state_id"] for one in lab.site.revisions(volume, lab.pool)] == [second]

    def test_a_pinned_revision_stays_until_it_is_let_go(self, lab):
        lab.needs("history")
        volume = lab.volume("work")
        lab.session(volume, "one")
        lab.session(volume, "two")
        pinned = lab.revisions(volume)[-1]
        lab.run("vol-revisions", volume, "--pin", lab.revision(volume, pinned))
        for text in ("three", "four", "five"):
            lab.session(volume, text)
        assert pinned in lab.revisions(volume) and len(lab.revisions(volume)) == 3
        assert lab.read(volume, revision=pinned) == "one"
        lab.refuse(
            BUSY, "vol-revisions", volume, "--delete", lab.revision(volume, pinned), words=["pinned"]
        )
        lab.run("vol-revisions", volume, "--unpin", lab.revision(volume, pinned))
        lab.session(volume, "six")
        assert pinned not in lab.revisions(volume) and len(lab.revisions(volume)) == 2

    def test_one_revision_is_deleted_and_no_other_changes(self, lab):
        lab.needs("history")
        volume = lab.volume("work")
        lab.session(volume, "one")
        lab.session(volume, "two")
        first, second = lab.revisions(volume)
        lab.refuse(NOT_FOUND, "vol-revisions", volume, "--delete", second + 5)
        lab.run("vol-revisions", volume, "--delete", lab.revision(volume, first))
        assert lab.revisions(volume) == [second]
        assert lab.read(volume) == "two" and lab.read(volume, revision=second) == "one"
        lab.check_clean()

    def test_a_number_of_a_revision_is_never_given_again(self, lab):
        """However the revisions go, the next one has a higher number than every one before."""
        lab.needs("history")
        volume = lab.volume("work")

        def numbers():
            return [revision["number"] for revision in lab.site.revisions(volume, lab.pool)]

        highest = 0
        for way in ("deleted", "wiped", "none kept", "changed in place"):
            lab.run("vol-clear", volume)
            [found] = numbers()
            assert found > highest, f"{found} is used again"
            highest = found
            if way == "deleted":
                lab.run("vol-revisions", volume, "--delete", found)
            elif way == "wiped":
                lab.run("vol-wipe", volume)
            elif way == "none kept":
                lab.run("vol-set", volume, "revisions_to_keep", "0")
                lab.run("vol-clear", volume)
                lab.run("vol-set", volume, "revisions_to_keep", "2")
            else:
                lab.run("vol-set", volume, "revisions_to_keep", "-1")
                lab.start(volume)
                lab.stop(volume)
                lab.run("vol-set", volume, "revisions_to_keep", "2")
            assert numbers() == [], way
        lab.run("vol-clear", volume)
        assert numbers()[-1] > highest
        lab.check_clean()

    def test_a_pin_goes_with_its_revision(self, lab):
        lab.needs("history")
        volume = lab.volume("work")
        lab.session(volume, "one")
        lab.session(volume, "two")
        lab.run("vol-revisions", volume, "--pin", lab.revision(volume, lab.revisions(volume)[-1]))
        lab.run("vol-wipe", volume)
        for text in ("three", "four", "five"):
            lab.session(volume, text)
        found = lab.site.revisions(volume, lab.pool)
        assert len(found) == 2 and not any(revision["pinned"] for revision in found)
        lab.check_clean()

    def test_a_running_volume_is_committed_where_that_takes_one_instant(self, lab):
        volume = lab.volume("work")
        lab.session(volume, "one")
        device = lab.start(volume)
        contents.put(device, "two")
        if not lab.backend.abilities & {"reflink", "thin"}:
            lab.refuse(
                UNSUPPORTED, "vol-commit", volume, words=["cannot be committed while it is started"]
            )
            assert lab.read(volume) == "one"
            return
        lab.run("vol-commit", volume)
        assert lab.state(volume) == "running" and lab.read(volume) == "two"
        contents.put(device, "three")
        assert lab.read(volume) == "two"
        lab.stop(volume, "--discard")
        assert lab.read(volume) == "two"
        assert lab.read(volume, revision=lab.revisions(volume)[-1]) == "one"
        assert lab.run("vol-commit", volume).strip() == f"Vol {volume} has nothing to commit"
        lab.check_clean()

    def test_a_cleared_volume_keeps_what_it_was_as_a_revision(self, lab):
        volume = lab.volume("work")
        lab.session(volume, "one")
        size = lab.facts(volume)["capacity"]
        lab.run("vol-clear", volume)
        assert lab.read(volume) == "" and lab.facts(volume)["capacity"] == size
        assert lab.read(volume, revision=lab.revisions(volume)[-1]) == "one"
        lab.check_clean()

    def test_a_revision_is_cloned(self, lab):
        lab.needs("history")
        volume, new = lab.volume("work"), lab.backend.volume("new")
        lab.session(volume, "one")
        lab.session(volume, "two")
        lab.run("vol-resize", volume, str(2 * SIZE))
        contents.put(lab.start(volume), "three")
        revision = lab.revisions(volume)[-1]
        lab.refuse(NOT_FOUND, "vol-clone", volume, new, "--revision", revision + 7)
        lab.run("vol-clone", volume, new, "--revision", lab.revision(volume, revision))
        assert lab.read(new) == "one" and lab.facts(new)["capacity"] == SIZE
        lab.stop(volume)
        assert lab.read(volume) == "three" and lab.read(new) == "one"
        lab.check_clean()

    def test_content_comes_from_another_volume(self, lab):
        volume, other = lab.volume("work"), lab.volume("other")
        lab.session(volume, "mine")
        lab.session(other, "theirs")
        lab.refuse(BAD_DATA, "vol-import", volume, "--from-volume", volume, words=["itself"])
        lab.refuse(NOT_FOUND, "vol-import", volume, "--from-volume", lab.backend.volume("none"))
        lab.start(volume)
        lab.refuse(BUSY, "vol-import", volume, "--from-volume", other)
        lab.stop(volume, "--discard")
        contents.put(lab.start(other), "later")
        lab.run("vol-import", volume, "--from-volume", other)
        assert lab.read(volume) == "theirs"
        assert lab.read(volume, revision=lab.revisions(volume)[-1]) == "mine"
        lab.stop(other)
        assert lab.read(other) == "later" and lab.read(volume) == "theirs"
        lab.check_clean()
