"""One pool, two owners: this program and Qubes' own drivers, or a person. What is on record never outranks what lies
on the disk: content that it knows nothing of is reported, and stays."""

import os
import shlex
import shutil
import subprocess

import contents
import injections
import pytest
from qubesdrivers import EMPTY_STORE
from tools import BUSY, DONE, MIB, PROBLEMS, tree

SIZE = 4 * MIB
VID = "appvms/w/root"
SOURCE = "vm-templates/t/root"


class Place:
    """A pool in Qubes' layout, and the files in it."""

    def __init__(self, site, folder, driver, revisions=2):
        self.site, self.folder = site, folder
        folder.mkdir()
        (folder / "appvms" / "w").mkdir(parents=True)
        (folder / "vm-templates" / "t").mkdir(parents=True)
        site.ok(
            "pool-define-as", "q", "dir", "--target", folder, "--driver", driver,
            "--revisions-to-keep", 1 if driver == "file" else revisions,
        )  # fmt: skip
        site.ok("pool-build", "q")
        site.ok("pool-start", "q")

    def file(self, vid, ending=".img"):
        return self.folder / f"{vid}{ending}"

    def ok(self, tool, vid, *options):
        return self.site.ok(tool, vid, *options, "--pool", "q").strip()

    def refused(self, tool, vid, *options, words=()):
        return self.site.refused(BUSY, tool, vid, *options, "--pool", "q", words=words)

    def facts(self, vid):
        return self.site.volume(vid, "q")

    def kinds(self):
        return [finding["kind"] for finding in self.site.findings("q")]

    def advice(self, kind):
        [finding] = [one for one in self.site.findings("q") if one["kind"] == kind]
        return finding["repair"]

    def image(self, vid, text, ending=".img"):
        self.file(vid).parent.mkdir(parents=True, exist_ok=True)
        return contents.image(self.file(vid, ending), SIZE, at0=text)

    def snapshot(self):
        """A template, and a snapshot of it on record."""
        self.site.ok("vol-create-as", "q", SOURCE, SIZE, "--allocation", 0)
        contents.put(self.file(SOURCE), "template")
        self.site.ok(
            "vol-create-as", "q", VID, "--source", SOURCE, "--snap-on-start", "yes",
            "--save-on-stop", "no",
        )  # fmt: skip

    def vanish(self):
        """Loses every mark of the present boot."""
        shutil.rmtree(self.site.root / "run")
        self.site.ok("pool-start", "q")


@pytest.fixture(params=["xen", "file", "file-reflink"])
def owned(request, site, scratch, place):
    folder = place("xfs") if request.param == "file-reflink" else scratch
    return Place(site, folder / "qubes", request.param)


@pytest.mark.parametrize("driver", [None, "file-reflink"])
def test_a_pin_is_that_of_a_state_not_of_a_number(site, scratch, place, driver):
    """Who numbers by what is there gives a number again that was free; that state is nobody's to keep."""
    folder = (place("xfs") if driver else scratch) / "pool"
    options = ["--driver", driver] if driver else []
    site.ok("pool-define-as", "p", "dir", "--target", folder, "--revisions-to-keep", 2, *options)
    site.ok("pool-start", "p", "--build")
    site.ok("vol-create-as", "p", "v", SIZE, "--allocation", 0)
    site.ok("vol-clear", "v", "--pool", "p")
    site.ok("vol-revisions", "v", "--pool", "p", "--pin", 1)
    side, prefix = (folder, "v.img.") if driver else (folder / ".cistern" / "volumes" / "v", "")
    [revision] = side.glob(f"{prefix}1@*")
    revision.rename(side / f"{prefix}1@2001-01-01T00:00:00Z")
    assert [one["pinned"] for one in site.revisions("v", "p")] == [False]
    site.ok("vol-clear", "v", "--pool", "p")
    site.ok("vol-revisions", "v", "--pool", "p", "--pin", 2)
    record = (folder / ".cistern" / "volumes" / "v" / "volume.conf").read_text()
    assert record.count("pinned") == 1 and "1@" not in record


@pytest.fixture(params=["xen", "file"])
def in_place(request, site, scratch):
    """A pool whose other owner writes into the committed state itself."""
    return Place(site, scratch / "qubes", request.param)


def every_refusal(owned, vid, *, words, more=()):
    """What would remove, replace or commit something is refused and changes nothing."""
    before = tree(owned.folder)
    given = owned.site.root / "given"
    contents.image(given, SIZE, at0="given")
    for tool, *options in (
        ("vol-start",), ("vol-stop",), ("vol-revert",), ("vol-import", given), ("vol-upload", given),
        ("vol-wipe",), ("vol-resize", 2 * SIZE), ("vol-delete",), *more,
    ):  # fmt: skip
        owned.refused(tool, vid, *options, words=words)
    assert tree(owned.folder) == before


class TestContentThatIsNotOnRecord:
    def test_a_real_image_in_the_place_of_a_snapshot_stays(self, owned):
        owned.snapshot()
        owned.image(VID, "theirs")
        assert owned.kinds() == ["unexpected-content"]
        assert owned.site.run("pool-check", "q", "--repair").status == DONE
        every_refusal(owned, VID, words="holds content")
        assert contents.get(owned.file(VID)) == "theirs"
        assert owned.kinds() == ["unexpected-content"]

    def test_the_advice_keeps_it_as_the_volumes_own(self, owned):
        owned.snapshot()
        owned.image(VID, "theirs")
        advice = owned.advice("unexpected-content")
        for command in advice.split(";")[0].split(": ")[-1].split(", then "):
            words = shlex.split(command)
            assert words[0] == "vol-set"
            owned.site.ok(*words)
        assert contents.get(owned.file(VID)) == "theirs"
        assert owned.kinds() == [] and owned.facts(VID)["kind"] == "origin"
        device = owned.ok("vol-start", VID)
        contents.put(device, "more", 8192)
        owned.ok("vol-stop", VID)
        assert contents.get(owned.file(VID)) == "theirs"
        assert contents.get(owned.file(VID), 8192) == "more"

    def test_nor_is_it_removed_with_a_working_copy_beside_it(self, owned):
        """Another owner's session of the real image."""
        owned.snapshot()
        owned.image(VID, "theirs")
        owned.image(VID, "session", "-dirty.img")
        assert owned.kinds() == ["unexpected-content"]
        owned.site.ok("pool-check", "q", "--repair")
        owned.refused("vol-stop", VID, "--discard", words="holds content")
        owned.refused("vol-start", VID)
        assert contents.get(owned.file(VID)) == "theirs"
        assert contents.get(owned.file(VID, "-dirty.img")) == "session"

    def test_nor_in_the_place_of_a_running_snapshot(self, owned):
        owned.snapshot()
        owned.ok("vol-start", VID)
        os.unlink(owned.file(VID))
        owned.image(VID, "theirs")
        owned.refused("vol-stop", VID, words="holds content")
        owned.vanish()
        owned.site.run("pool-check", "q", "--repair")
        assert contents.get(owned.file(VID)) == "theirs"

    def test_in_the_place_of_a_volatile_volume(self, owned):
        owned.site.ok("vol-create-as", "q", VID, SIZE, "--save-on-stop", "no")
        owned.image(VID, "theirs")
        assert owned.kinds() == ["unexpected-content"]
        every_refusal(owned, VID, words="holds content")
        owned.ok("vol-set", VID, "save_on_stop", "yes")
        assert owned.kinds() == [] and contents.get(owned.file(VID)) == "theirs"
        owned.ok("vol-export", VID, owned.site.root / "out")
        assert contents.get(owned.site.root / "out") == "theirs"

    @pytest.mark.parametrize("snaps", [True, False])
    def test_in_a_plain_pool(self, site, pool, snaps):
        site.ok("vol-create-as", "p", "base", SIZE)
        options = ["--source", "base", "--snap-on-start", "yes"] if snaps else []
        site.ok("vol-create-as", "p", "v", *([] if snaps else [SIZE]), "--save-on-stop", "no", *options)
        contents.image(pool / "v", SIZE, at0="by hand")
        assert [one["kind"] for one in site.findings("p")] == ["unexpected-content"]
        site.ok("pool-check", "p", "--repair")
        for tool in ("vol-start", "vol-delete", "vol-stop"):
            site.refused(BUSY, tool, "v", "--pool", "p", words="holds content")
        assert contents.get(pool / "v") == "by hand"
        if snaps:
            site.ok("vol-set", "v", "snap_on_start", "no", "--pool", "p")
        site.ok("vol-set", "v", "save_on_stop", "yes", "--pool", "p")
        assert site.findings("p") == [] and contents.get(pool / "v") == "by hand"

    def test_a_snapshots_own_left_overs_are_still_removed(self, owned):
        """Also where its source has moved on and the state it was made from has no other name any more."""
        owned.snapshot()
        owned.ok("vol-start", VID)
        for text in ("one", "two", "three"):
            contents.put(owned.ok("vol-start", SOURCE), text)
            owned.ok("vol-stop", SOURCE)
        assert os.stat(owned.file(VID)).st_nlink == 1
        assert owned.facts(VID)["outdated"] is True
        owned.vanish()
        assert owned.kinds() == ["stale-working-copy"]
        owned.site.ok("pool-check", "q", "--repair")
        assert not owned.file(VID).exists() and not owned.file(VID, "-dirty.img").exists()
        assert contents.get(owned.ok("vol-start", VID)) == "three"
        owned.ok("vol-stop", VID)
        assert owned.kinds() == []


class TestSessionsThatWriteInPlace:
    def session(self, owned):
        """What Qubes' driver leaves when the machine crashes: new blocks in the image, old ones beside it."""
        owned.image(VID, "theirs")
        with open(owned.file(VID, "-cow.img"), "wb") as cow:
            cow.truncate(SIZE)
            cow.write(EMPTY_STORE)
            cow.seek(128 << 10)
            cow.write((0).to_bytes(8, "little") + (2).to_bytes(8, "little"))
            cow.seek(256 << 10)
            cow.write(contents.marker("before"))

    def test_is_dirty_and_nothing_touches_it(self, in_place):
        self.session(in_place)
        old = in_place.file(VID, "-cow.img.old")
        old.write_bytes(b"older blocks")
        assert in_place.facts(VID)["state"] == "dirty"
        out = in_place.site.root / "out"
        every_refusal(
            in_place, VID, words="root-cow.img",
            more=[("vol-export", out), ("vol-download", out), ("vol-stop", "--discard"),
                  ("vol-clone", "appvms/w/copy")],
        )  # fmt: skip
        assert not out.exists()
        [finding] = in_place.site.findings("q")
        assert finding["kind"] == "foreign-session"
        assert finding["path"] == str(in_place.file(VID, "-cow.img"))
        in_place.site.ok("pool-check", "q", "--repair")
        assert old.read_bytes() == b"older blocks" and in_place.kinds() == ["foreign-session"]

    def test_what_starts_from_it_is_refused_too(self, in_place):
        self.session(in_place)
        in_place.site.ok(
            "vol-create-as", "q", "appvms/x/root", "--source", VID, "--snap-on-start", "yes",
            "--save-on-stop", "no",
        )  # fmt: skip
        in_place.refused("vol-start", "appvms/x/root", words="root-cow.img")

    def test_removing_it_accepts_the_content(self, in_place):
        """As the finding advises."""
        self.session(in_place)
        assert "removing that file" in in_place.advice("foreign-session")
        os.unlink(in_place.file(VID, "-cow.img"))
        assert in_place.facts(VID)["state"] == "clean" and in_place.kinds() == []
        assert contents.get(in_place.ok("vol-start", VID)) == "theirs"

    @pytest.mark.parametrize("start", [b"", EMPTY_STORE])
    def test_one_that_wrote_nothing_is_none(self, in_place, start):
        in_place.image(VID, "theirs")
        with open(in_place.file(VID, "-cow.img"), "wb") as cow:
            cow.truncate(SIZE)
            cow.write(start)
        assert in_place.facts(VID)["state"] == "clean" and in_place.kinds() == []
        contents.put(in_place.ok("vol-start", VID), "ours")
        in_place.ok("vol-stop", VID)
        assert contents.get(in_place.file(VID)) == "ours"

    @pytest.mark.parametrize("start", [b"XnAp", EMPTY_STORE[:8] + b"\2", EMPTY_STORE + b"\1"])
    def test_a_store_of_another_form_counts_as_one(self, in_place, start):
        in_place.image(VID, "theirs")
        with open(in_place.file(VID, "-cow.img"), "wb") as cow:
            cow.truncate(SIZE)
            cow.write(start)
        in_place.refused("vol-start", VID, words="root-cow.img")

    def test_file_reflink_has_no_such_files(self, site, place):
        owned = Place(site, place("btrfs") / "qubes", "file-reflink")
        self.session(owned)
        assert owned.facts(VID)["state"] == "clean"


class TestACommittedStateThatChanged:
    """Another owner put a new committed state there while a session was going on here."""

    def changed(self, owned, how):
        owned.site.ok("vol-create-as", "q", VID, SIZE, "--allocation", 0)
        device = owned.ok("vol-start", VID)
        contents.put(device, "ours")
        how(owned.file(VID))
        return device

    @staticmethod
    def in_place(file):
        contents.put(file, "theirs")

    @staticmethod
    def by_another_file(file):
        contents.image(file.with_name("new"), SIZE, at0="theirs")
        facts = os.stat(file)
        os.utime(file.with_name("new"), ns=(facts.st_atime_ns, facts.st_mtime_ns))
        os.rename(file.with_name("new"), file)

    @staticmethod
    def in_size(file):
        facts = os.stat(file)
        os.truncate(file, 2 * SIZE)
        contents.put(file, "theirs")
        os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    @pytest.mark.parametrize("how", ["in_place", "by_another_file", "in_size"])
    @pytest.mark.parametrize("crash", [False, True])
    def test_is_not_committed_over(self, owned, how, crash):
        device = self.changed(owned, getattr(self, how))
        if crash:
            owned.vanish()
            owned.refused("vol-start", VID, words="changed since")
        owned.refused("vol-stop", VID, words="changed since the session was begun")
        assert contents.get(owned.file(VID)) == "theirs" and contents.get(device) == "ours"
        assert owned.kinds() == ["changed-state"]
        owned.site.ok("pool-check", "q", "--repair")
        assert contents.get(device) == "ours"

    def test_the_advice_keeps_both(self, owned):
        device = self.changed(owned, self.in_place)
        assert "vol-import" in owned.advice("changed-state")
        kept = owned.site.root / "kept"
        shutil.copy(device, kept)
        owned.ok("vol-stop", VID, "--discard")
        owned.ok("vol-import", VID, kept)
        assert contents.get(owned.file(VID)) == "ours" and owned.kinds() == []
        [revision] = [one["id"] for one in owned.site.revisions(VID, "q")]
        owned.ok("vol-revert", VID, revision)
        assert contents.get(owned.file(VID)) == "theirs"

    def test_in_a_plain_pool_without_revisions(self, site, scratch):
        site.ok("pool-define-as", "p", "dir", "--target", scratch / "p", "--revisions-to-keep", 0)
        site.ok("pool-build", "p")
        site.ok("pool-start", "p")
        site.ok("vol-create-as", "p", "v", SIZE)
        device = site.ok("vol-start", "v", "--pool", "p").strip()
        contents.put(device, "ours")
        self.by_another_file(scratch / "p" / "v")
        site.refused(BUSY, "vol-stop", "v", "--pool", "p", words="changed since")
        assert contents.get(scratch / "p" / "v") == "theirs"

    def test_links_modes_and_labels_are_no_change(self, owned):
        self.changed(owned, lambda file: (os.link(file, file.with_name("kept")), os.chmod(file, 0o640)))
        owned.ok("vol-stop", VID)
        assert contents.get(owned.file(VID)) == "ours"

    def test_a_session_that_qubes_began_is_committed(self, owned):
        """Nothing is remembered of its start, also where an older session's is."""
        self.changed(owned, lambda file: None)
        # Qubes' own stop and start: the working copy becomes the committed state, and a new one is made.
        os.rename(owned.file(VID, "-dirty.img"), owned.file(VID))
        owned.vanish()
        owned.image(VID, "qubes", "-dirty.img")
        owned.ok("vol-stop", VID)
        assert contents.get(owned.file(VID)) == "qubes"


class TestSnapshotsThatQubesStarted:
    """They have no record: only that their image is the very file of another volume tells."""

    def started(self, owned):
        owned.image(SOURCE, "template")
        os.link(owned.file(SOURCE), owned.file(VID))
        owned.image(VID, "session", "-dirty.img")

    def test_is_recognised_and_never_committed(self, owned):
        self.started(owned)
        facts = owned.facts(VID)
        assert (facts["kind"], facts["source"], facts["state"]) == ("snapshot", SOURCE, "dirty")
        assert owned.facts(SOURCE)["kind"] == "origin"
        [listed] = [one for one in owned.site.json("vol-list", "q")["volumes"] if one["name"] == VID]
        assert listed["kind"] == "snapshot"
        every_refusal(owned, VID, words="snapshot")
        owned.site.ok("pool-check", "q", "--repair")
        assert owned.kinds() == ["foreign-snapshot"]
        assert os.path.samefile(owned.file(VID), owned.file(SOURCE))
        assert contents.get(owned.file(VID, "-dirty.img")) == "session"

    def test_is_dropped_when_that_is_asked_for(self, owned):
        self.started(owned)
        owned.ok("vol-stop", VID, "--discard")
        assert not owned.file(VID).exists() and not owned.file(VID, "-dirty.img").exists()
        assert contents.get(owned.file(SOURCE)) == "template" and owned.kinds() == []

    def test_becomes_a_volume_of_its_own_when_that_is_said(self, owned):
        self.started(owned)
        owned.ok("vol-set", VID, "save_on_stop", "yes")
        owned.ok("vol-stop", VID)
        assert contents.get(owned.file(VID)) == "session"
        assert contents.get(owned.file(SOURCE)) == "template"

    def test_its_source_can_be_used_meanwhile(self, owned):
        self.started(owned)
        contents.put(owned.ok("vol-start", SOURCE), "changed")
        owned.ok("vol-stop", SOURCE)
        # It is a revision of the source now.
        assert owned.facts(VID)["source"] == SOURCE
        assert contents.get(owned.file(VID)) == "template"
        owned.refused("vol-stop", VID, words="snapshot")

    @pytest.mark.parametrize("tool", ["vol-delete", "vol-wipe"])
    def test_its_source_is_not_taken_from_it(self, owned, tool):
        self.started(owned)
        before = tree(owned.folder)
        owned.refused(tool, SOURCE, words=f"is the source of volume '{VID}'")
        assert tree(owned.folder) == before

    @pytest.mark.parametrize("way", ["import", "stop", "resize", "clear"])
    def test_stays_one_when_its_source_has_moved_on(self, owned, way):
        """Also when no revision of the source is the state that it was made from any more."""
        self.started(owned)
        owned.ok("vol-set", SOURCE, "revisions_to_keep", 1)
        given = owned.site.root / "given"
        for turn in range(3):
            contents.image(given, SIZE, at0=f"state {turn}")
            if way == "import":
                owned.ok("vol-import", SOURCE, given)
            elif way == "stop":
                contents.put(owned.ok("vol-start", SOURCE), f"state {turn}")
                owned.ok("vol-stop", SOURCE)
            elif way == "clear":
                owned.ok("vol-clear", SOURCE)
            else:
                owned.ok("vol-resize", SOURCE, SIZE + (turn + 1) * MIB)
        if way != "resize":
            assert os.stat(owned.file(VID)).st_nlink == 1
        facts = owned.facts(VID)
        assert (facts["kind"], facts["source"], facts["state"]) == ("snapshot", SOURCE, "dirty")
        assert owned.kinds() == ["foreign-snapshot"]
        owned.refused("vol-stop", VID, words="snapshot")
        owned.refused("vol-delete", SOURCE, words=f"is the source of volume '{VID}'")
        owned.site.ok("pool-check", "q", "--repair")
        assert contents.get(owned.file(VID, "-dirty.img")) == "session"
        owned.ok("vol-stop", VID, "--discard")
        assert not owned.file(VID).exists() and not owned.file(VID, "-dirty.img").exists()
        owned.site.ok("pool-check", "q", "--repair")
        assert owned.kinds() == []
        owned.ok("vol-delete", SOURCE)

    def test_of_two_that_are_started_the_origin_is_told_by_its_revisions(self, owned):
        self.started(owned)
        owned.image(SOURCE, "running", "-dirty.img")
        owned.image(SOURCE, "old", ".img.1@2026-01-02T03:04:05Z")
        assert owned.facts(SOURCE)["kind"] == "origin" and owned.facts(VID)["kind"] == "snapshot"
        owned.ok("vol-stop", SOURCE)
        assert contents.get(owned.file(SOURCE)) == "running"
        assert contents.get(owned.file(VID)) == "template"

    def test_of_two_that_cannot_be_told_apart_neither_is_committed(self, owned):
        self.started(owned)
        owned.image(SOURCE, "running", "-dirty.img")
        for vid in (VID, SOURCE):
            owned.refused("vol-stop", vid, words="which is a snapshot of which")
        assert owned.kinds() == ["shared-state", "shared-state"]
        owned.ok("vol-set", SOURCE, "save_on_stop", "yes")
        assert owned.facts(VID)["kind"] == "snapshot"
        owned.ok("vol-stop", SOURCE)
        owned.ok("vol-stop", VID, "--discard")
        assert contents.get(owned.file(SOURCE)) == "running" and owned.kinds() == []

    def test_a_snapshot_on_record_is_what_its_record_says(self, owned):
        """Its link makes no snapshot of a source that has no record."""
        owned.image(SOURCE, "template")
        owned.site.ok(
            "vol-create-as", "q", VID, "--source", SOURCE, "--snap-on-start", "yes",
            "--save-on-stop", "no",
        )  # fmt: skip
        owned.ok("vol-start", VID)
        contents.put(owned.ok("vol-start", SOURCE), "changed")
        assert owned.facts(SOURCE)["kind"] == "origin"
        owned.ok("vol-stop", SOURCE)
        owned.ok("vol-stop", VID)
        assert contents.get(owned.file(SOURCE)) == "changed"


class TestALoneWorkingCopy:
    def test_both_pieces_of_advice_work(self, owned):
        for command in ("vol-stop", "vol-delete"):
            owned.image(VID, "session", "-dirty.img")
            [finding] = owned.site.findings("q")
            assert finding["kind"] == "uncommitted" and command in finding["repair"]
            owned.site.ok("pool-check", "q", "--repair")
            assert contents.get(owned.file(VID, "-dirty.img")) == "session"
            for refused in (["vol-start"], ["vol-stop", "--discard"]):
                owned.refused(refused[0], VID, *refused[1:], words="no committed state")
            owned.ok(command, VID)
            assert owned.kinds() == [] and not owned.file(VID, "-dirty.img").exists()
            if command == "vol-stop":
                assert contents.get(owned.file(VID)) == "session"
                owned.ok("vol-delete", VID)


class TestRepair:
    def test_one_that_is_in_use_keeps_none_of_the_others_from_being_repaired(self, site, pool):
        for name in ("a", "b", "c"):
            folder = pool / ".cistern" / "volumes" / name
            site.ok("vol-create-as", "p", name, MIB, "--revisions-to-keep", 1)
            (folder / "import").write_bytes(b"half")
        held = pool / ".cistern/volumes/b/import"
        with open(held, "rb"):
            result = site.run("pool-check", "p", "--repair")
            assert result.status == PROBLEMS
            assert f"{held}: is a left-over, but in use by" in result.err
            assert held.exists()
            assert result.out.count("removed") == 2 and f"{held}: data of an import" in result.out
        left = [name for name in ("a", "b", "c") if (pool / f".cistern/volumes/{name}/import").exists()]
        assert left == ["b"]
        assert site.run("pool-check", "p", "--repair").status == DONE
        assert site.findings("p") == []

    def test_one_that_cannot_be_removed_is_named(self, site, pool):
        for name in ("a", "b", "c"):
            site.ok("vol-create-as", "p", name, MIB, "--revisions-to-keep", 1)
            (pool / ".cistern/volumes" / name / "import").write_bytes(b"half")
        held = pool / ".cistern/volumes/b/import"
        if subprocess.run(["chattr", "+i", held], check=False, capture_output=True).returncode != 0:
            pytest.skip("needs files that cannot be removed (chattr +i)")
        try:
            result = site.run("pool-check", "p", "--repair")
            assert result.status == PROBLEMS and str(held) in result.err
            assert result.out.count("removed") == 2
        finally:
            subprocess.run(["chattr", "-i", held], check=True)

    def test_a_deletion_that_was_interrupted_takes_nothing_of_a_new_volume(self, owned):
        """Qubes made the volume anew before anybody tidied up."""
        owned.image(VID, "deleted", ".img~deleted0")
        owned.image(VID, "new")
        owned.image(VID, "session", "-dirty.img")
        owned.image(VID, "revision", ".img.1@2026-01-02T03:04:05Z")
        owned.site.ok("pool-check", "q", "--repair")
        assert not owned.file(VID, ".img~deleted0").exists()
        assert contents.get(owned.file(VID)) == "new"
        assert contents.get(owned.file(VID, "-dirty.img")) == "session"
        assert contents.get(owned.file(VID, ".img.1@2026-01-02T03:04:05Z")) == "revision"


def test_a_prepared_copy_of_another_file_is_not_used(owned):
    """A backup with the time and the size of what the copy was prepared of was put there."""
    owned.image(VID, "old")
    contents.image(owned.file(VID, "-precache.img"), SIZE, at0="old")
    os.utime(owned.file(VID), (1767400000, 1767400000))
    os.utime(owned.file(VID, "-precache.img"), (1767400000, 1767400000))
    owned.image(VID, "backup", ".new")
    os.utime(owned.file(VID, ".new"), (1767400000, 1767400000))
    os.rename(owned.file(VID, ".new"), owned.file(VID))
    assert contents.get(owned.ok("vol-start", VID)) == "backup"


class TestStatesInWords:
    def test_info_and_list_say_what_is_running_dirty_and_outdated(self, owned):
        owned.snapshot()
        plain = owned.ok("vol-info", SOURCE)
        assert "State" not in plain and "State" not in owned.site.ok("vol-list", "q", "--details")
        device = owned.ok("vol-start", VID)
        contents.put(owned.ok("vol-start", SOURCE), "new")
        owned.ok("vol-stop", SOURCE)
        lines = dict(line.split(":", 1) for line in owned.ok("vol-info", VID).splitlines())
        assert lines["State"].strip() == "running, outdated"
        assert lines["Format"].strip() == "raw" and lines["Device"].strip() == device
        owned.vanish()
        owned.ok("vol-start", SOURCE)
        header, _, *rows = owned.site.ok("vol-list", "q", "--details").splitlines()
        assert header.split()[-1] == "State"
        assert [row.rsplit("  ", 1)[-1].strip() for row in rows if row] == ["dirty, outdated", "running"]

    def test_start_if_stopped(self, owned):
        owned.image(VID, "content")
        device = owned.ok("vol-start", VID, "--if-stopped")
        contents.put(device, "session")
        assert owned.ok("vol-start", VID, "--if-stopped") == device
        answer = owned.site.json("vol-start", VID, "--pool", "q", "--if-stopped")
        assert answer["changed"] is False and answer["device"] == device
        assert contents.get(device) == "session"
        owned.refused("vol-start", VID, words="already started")


class TestRecordsWithoutTheirFolder:
    """Who removes a machine in Qubes removes its folder; what is on record here lies elsewhere."""

    def test_are_found_and_removed(self, owned):
        owned.site.ok("vol-create-as", "q", "appvms/gone/private", "1M", "--save-on-stop", "yes", "--rw", "no")
        shutil.rmtree(owned.folder / "appvms" / "gone")
        assert owned.kinds() == ["orphan-record"]
        owned.site.ok("pool-check", "q", "--repair")
        assert owned.kinds() == []
        owned.image("appvms/gone/private", "new")
        assert owned.facts("appvms/gone/private")["rw"] is True

    def test_so_is_what_a_killed_command_left_beside_one(self, owned):
        owned.site.ok("vol-create-as", "q", "b/c/z", "1M", "--save-on-stop", "no")
        record = owned.folder / ".cistern/volumes/b/c/z/volume.conf"
        shutil.copy(record, f"{record}~abcdefgh")
        assert owned.kinds() == ["temporary"]
        owned.site.ok("pool-check", "q", "--repair")
        assert sorted(os.listdir(record.parent)) == ["volume.conf"]

    def test_strangers_among_records_are_named(self, owned):
        owned.site.ok("vol-create-as", "q", "b/c/z", "1M", "--save-on-stop", "no")
        records = owned.folder / ".cistern/volumes/b"
        (records / "c/z/foreign").touch()
        (records / "link").symlink_to("/tmp")
        said = owned.site.run("pool-check", "q").err
        for path in (records / "c/z/foreign", records / "link"):
            assert f"'{path}' is none of a volume's files" in said

    def test_a_name_with_a_tilde_is_listed_and_not_said_to_be_left_out(self, owned):
        owned.site.ok("vol-create-as", "q", "b~x", "1M", "--save-on-stop", "yes")
        assert "b~x" in [one["name"] for one in owned.site.json("vol-list", "q")["volumes"]]
        assert "not listed" not in owned.site.run("pool-check", "q").err


def test_a_stop_of_a_snapshot_that_fails_keeps_what_tells_whether_it_is_outdated(owned):
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    owned.snapshot()
    owned.ok("vol-start", VID)
    contents.image(owned.folder / "new", SIZE, at0="new")
    owned.ok("vol-import", SOURCE, owned.folder / "new")
    assert owned.facts(VID)["outdated"] is True
    failed = 0
    for number in range(1, 200):
        done = injections.inject(owned.site, "unlinkat", number, "EIO", "vol-stop", VID, "--pool", "q")
        if done.returncode == DONE:
            break
        failed += 1
        facts = owned.facts(VID)
        assert facts["state"] != "running" or facts["outdated"], number
    assert failed > 0
