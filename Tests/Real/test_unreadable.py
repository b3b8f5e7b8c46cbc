"""What cannot be looked at is said, and is never taken for something that is not there."""

import os
import shutil
import socket

import pytest
from tools import (
    BAD_DATA, BUSY, DONE, FORBIDDEN, MIB, NOT_FOUND, STRANGER, Site, cannot_be_root, public_programs, tree,
)  # fmt: skip


@pytest.fixture
def volume(site, pool):
    """A volume with a record; returns the record's path."""
    site.ok("vol-create-as", "p", "v", str(MIB), "--allocation", "0", "--revisions-to-keep", "2")
    return pool / ".cistern/volumes/v/volume.conf"


class TestRecords:
    def test_a_record_that_is_a_link_is_not_followed(self, site, pool, volume):
        elsewhere = pool.parent / "elsewhere"
        volume.rename(elsewhere)
        volume.symlink_to(elsewhere)
        site.refused(BAD_DATA, "vol-start", "v", "--pool", "p", words="is a symbolic link; not followed")
        assert "not followed" in site.run("vol-list", "p").err

    @pytest.mark.parametrize("kind", ["folder", "fifo"])
    def test_a_record_that_is_no_file_makes_nobody_wait_and_blocks_only_its_volume(self, site, pool, volume, kind):
        site.ok("vol-create-as", "p", "other", str(MIB), "--allocation", "0")
        volume.unlink()
        volume.mkdir() if kind == "folder" else os.mkfifo(volume)
        site.refused(BAD_DATA, "vol-start", "v", "--pool", "p", words="is no file, as a record should be")
        site.ok("vol-start", "other", "--pool", "p")

    @pytest.mark.parametrize("kind", ["folder", "fifo", "link", "text"])
    def test_the_advice_about_such_a_record_works(self, site, pool, volume, kind):
        volume.unlink()
        {
            "folder": volume.mkdir, "fifo": lambda: os.mkfifo(volume), "link": lambda: volume.symlink_to("/none"),
            "text": lambda: volume.write_text("nonsense"),
        }[kind]()  # fmt: skip
        [finding] = site.findings("p")
        assert finding["kind"] == "unreadable" and "delete the volume with vol-delete" in finding["repair"]
        site.ok("vol-delete", "v", "--pool", "p")
        assert not (pool / "v").exists() and site.findings("p") == []

    def test_a_folder_with_something_in_it_is_not_removed_with_it(self, site, pool, volume):
        volume.unlink()
        volume.mkdir()
        (volume / "kept").write_text("kept")
        [finding] = site.findings("p")
        assert "move away what is in it" in finding["repair"]
        before = tree(pool)
        site.refused(BUSY, "vol-delete", "v", "--pool", "p", words="is a directory with something in it")
        assert tree(pool) == before
        (volume / "kept").unlink()
        site.ok("vol-delete", "v", "--pool", "p")
        assert site.findings("p") == []

    @pytest.mark.parametrize("layout", ["plain", "xen"])
    @pytest.mark.parametrize("kind", ["file", "fifo", "link"])
    def test_what_stands_in_the_place_of_its_folder_is_told_and_goes_with_the_volume(self, site, scratch, layout, kind):
        folder = scratch / "q"
        site.ok("pool-define-as", "q", "dir", "--target", folder, "--driver", layout)
        site.ok("pool-build", "q")
        site.ok("pool-start", "q")
        for name in ("x", "other"):
            site.ok("vol-create-as", "q", name, str(MIB), "--allocation", "0")
        records = folder / ".cistern/volumes"
        shutil.rmtree(records, ignore_errors=True)
        records.mkdir()
        place = records / "x"
        {"file": place.touch, "fifo": lambda: os.mkfifo(place), "link": lambda: place.symlink_to("/etc")}[kind]()
        words = "is a symbolic link; not followed" if kind == "link" else "is no directory, as that of a record should be"
        [finding] = site.findings("q")
        assert finding["kind"] == "unreadable" and finding["volume"] == "x" and words in finding["repair"], finding
        assert site.run("pool-check", "q", "--repair").status == 2
        (scratch / "new").write_bytes(bytes(MIB))
        for line in (
            ["vol-start", "x"], ["vol-wipe", "x"], ["vol-import", "x", scratch / "new"], ["vol-clone", "x", "y"],
            ["vol-set", "x", "revisions_to_keep", "3"],
        ):  # fmt: skip
            site.refused(BAD_DATA, *line, "--pool", "q", words=words)
        assert {one["name"] for one in site.json("vol-list", "q")["volumes"]} == {"x", "other"}
        assert words in site.run("vol-info", "x", "--pool", "q").err
        site.ok("vol-start", "other", "--pool", "q")
        site.ok("vol-delete", "x", "--pool", "q")
        assert not os.path.lexists(place) and [one["name"] for one in site.json("vol-list", "q")["volumes"]] == ["other"]
        assert os.path.exists("/etc/passwd")
        site.ok("vol-create-as", "q", "x", str(MIB), "--revisions-to-keep", "2")
        assert [one for one in site.findings("q") if one["volume"] == "x"] == []


class TestPaths:
    def test_links_that_lead_nowhere_are_an_error(self, site, pool, scratch, volume):
        (scratch / "loop").symlink_to("loop")
        result = site.run("vol-export", "v", scratch / "loop" / "out", "--pool", "p")
        assert result.status != DONE and "cannot follow its links" in result.err


class TestNames:
    @pytest.mark.parametrize("tool", ["vol-path", "vol-info", "vol-dumpxml", "vol-key", "vol-start", "vol-delete"])
    def test_a_name_that_no_file_can_have_is_not_found(self, site, pool, tool):
        site.refused(NOT_FOUND, tool, "a" * 256, "--pool", "p", words="no storage vol with matching path")

    def test_a_file_of_the_longest_name_is_a_volume(self, site, pool):
        name = "a" * 255
        (pool / name).write_bytes(b"x")
        assert site.volume(name, "p")["capacity"] == 1
        assert [one["name"] for one in site.json("vol-list", "p")["volumes"]] == [name]


class TestStrangers:
    """What is in a pool's folder and is no volume is told."""

    @pytest.fixture
    def strangers(self, pool):
        (pool / "a\nb").write_bytes(b"")
        os.mkfifo(pool / "fifo")
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(str(pool / "socket"))
        os.close(os.open(os.fsencode(pool) + b"/\xff", os.O_CREAT))
        return (
            r"a\x0ab' has a control character in its name; not listed",
            "fifo' is a socket, a FIFO or a device node; not listed",
            "socket' is a socket, a FIFO or a device node; not listed",
            "1 files have names that are not UTF-8; not listed",
        )

    @pytest.mark.parametrize("tool", ["vol-list", "pool-check"])
    def test_they_are_named(self, site, pool, strangers, tool):
        result = site.run(tool, "p")
        assert result.status == DONE
        for words in strangers:
            assert words in result.err, str(result)

    def test_what_is_beside_a_record_is_named_and_keeps_it(self, site, pool, volume):
        (volume.parent / "foo").touch()
        assert f"'{volume.parent}/foo' is none of a volume's files" in site.run("pool-check", "p").err
        site.ok("vol-delete", "v", "--pool", "p")
        [finding] = site.findings("p")
        assert finding["kind"] == "orphan-record"
        result = site.run("pool-check", "p", "--repair")
        assert result.status != DONE and "foo: is none of a volume's files" in result.err, result
        (volume.parent / "foo").unlink()
        assert site.run("pool-check", "p", "--repair").status == DONE
        assert site.findings("p") == []

    @pytest.mark.parametrize("driver", ["xen", "file-reflink"])
    def test_those_in_the_layout_of_qubes_are_named(self, site, scratch, driver):
        folder = scratch / "q"
        folder.mkdir()
        site.ok("pool-define-as", "q", "dir", "--target", folder, "--driver", driver)
        if site.run("pool-start", "q").status != DONE:
            pytest.skip("the file system cannot share blocks")
        site.ok("vol-create-as", "q", "a/v", str(MIB), "--allocation", "0")
        assert site.run("pool-check", "q").err == ""
        (folder / "ll.img").symlink_to("/etc/passwd")
        (folder / "x.img").mkdir()
        (folder / "a/y").touch()
        (folder / "z").touch()
        for tool in ("vol-list", "pool-check"):
            told = site.run(tool, "q").err
            assert "ll.img' is a symbolic link; not followed" in told and "x.img' is a directory; not listed" in told
        assert f"'{folder}/a/y' and 1 more are called as no file of a volume; not listed" in told

    def test_they_keep_a_folder_and_are_named(self, site, pool, strangers):
        site.ok("pool-destroy", "p")
        result = site.refused(BUSY, "pool-delete", "p", words=("Directory not empty", "No volume: "))
        assert pool.exists() and any(words in result.err for words in strangers)

    def test_one_whose_name_is_not_text_keeps_a_folder(self, site, pool):
        os.close(os.open(os.fsencode(pool) + b"/\xff", os.O_CREAT))
        site.ok("pool-destroy", "p")
        site.refused(BUSY, "pool-delete", "p", words="1 files have names that are not UTF-8")
        assert pool.exists()


@pytest.mark.skipif(cannot_be_root() is not None, reason="needs root")
class TestPermissions:
    """What this user may not do is refused as such, and changes nothing."""

    @pytest.fixture
    def stranger(self, site, pool):
        site.ok("vol-create-as", "p", "v", str(MIB), "--revisions-to-keep", "1")
        for path in (pool, pool.parent, site.root):
            path.chmod(0o755)
        programs = public_programs()
        yield Site(site.root, user=STRANGER, programs=programs)
        shutil.rmtree(programs)

    @pytest.mark.parametrize(
        "command",
        [("vol-resize", "v", "2M"), ("vol-delete", "v"), ("vol-start", "v"), ("vol-wipe", "v"), ("vol-clone", "v", "w")],
    )
    def test_a_change_by_a_stranger_is_forbidden(self, site, pool, stranger, command):
        before = tree(pool)
        stranger.refused(FORBIDDEN, *command, "--pool", "p")
        assert tree(pool) == before

    def test_a_resize_without_permission_to_write_is_forbidden(self, pool, scratch):
        programs = public_programs()
        try:
            home = scratch / "home"
            home.mkdir()
            os.chown(home, STRANGER, STRANGER)
            own = Site(home / "root", user=STRANGER, programs=programs)
            own.ok("pool-define-as", "u", "dir", "--target", home / "u")
            own.ok("pool-build", "u")
            own.ok("pool-start", "u")
            own.ok("vol-create-as", "u", "v", str(MIB))
            (home / "u/v").chmod(0o444)
            own.refused(FORBIDDEN, "vol-resize", "v", "2M", "--pool", "u", words="Permission denied")
            assert (home / "u/v").stat().st_size == MIB
        finally:
            shutil.rmtree(programs)


BROKEN = {
    "qcow-version": b"QFI\xfb\0\0\0\x63",
    "qcow2-cut": b"QFI\xfb\0\0\0\3",
    "cluster-bits": b"QFI\xfb\0\0\0\3" + bytes(12) + b"\0\0\0\x40" + bytes(480),
    "luks": b"LUKS\xba\xbe\0\x09" + bytes(504),
    "qed": b"QED\0" + b"\xff" * 60,
    "vmdk": b"KDMV\xff\xff\xff\xff" + b"\xff" * 504,
    "vhdx": b"vhdxfile" + bytes(504),
}


class TestBrokenImages:
    """What is not known is shown as unknown, and everybody says the same of it."""

    @pytest.mark.parametrize("kind", sorted(BROKEN))
    def test_the_size_is_not_made_up(self, site, pool, kind):
        (pool / "bad").write_bytes(BROKEN[kind])
        (pool / "good").write_bytes(b"x" * 512)
        facts = site.volume("bad", "p")
        assert facts["capacity"] is None and facts["problem"]
        assert "Capacity:       -" in site.ok("vol-info", "bad", "--pool", "p")
        assert "Capacity:       -" in site.ok("vol-info", "bad", "--pool", "p", "--bytes")
        line = next(line for line in site.ok("vol-list", "p", "--details").splitlines() if " bad " in line)
        assert "(broken)" in line and " - " in line
        document = site.ok("vol-dumpxml", "bad", "--pool", "p")
        assert "<capacity" not in document and "<allocation" in document
        # The listing, the check and the plugin agree.
        [finding] = site.findings("p")
        assert (finding["kind"], finding["volume"], finding["path"]) == ("unreadable", "bad", f"{pool}/bad")
        assert finding["repair"] == f"none: volume 'bad': {facts['problem']}"
        health = site.run("pool-health")
        assert health.status == 1 and "1 volume that cannot be read" in health.out
        result = site.run("pool-check", "p", "--repair")
        assert result.status == 2 and (pool / "bad").exists()
        # Nothing is done by a size that nobody knows.
        site.refused(BAD_DATA, "vol-resize", "bad", "1M", "--delta", "--pool", "p", words="its size is not known")

    def test_an_image_that_is_not_what_is_recorded_has_no_size(self, site, pool):
        site.ok("vol-create-as", "p", "v", "1M", "--format", "qcow2")
        (pool / "v").write_bytes(b"x" * 4096)
        site.ok("vol-create-as", "p", "s", "--source", "v", "--snap-on-start", "yes", "--save-on-stop", "no")
        assert [site.volume(name, "p")["capacity"] for name in "vs"] == [None, None]
        assert {(one["kind"], one["volume"]) for one in site.findings("p")} == {("unreadable", "v"), ("unreadable", "s")}
        site.ok("vol-delete", "s", "--pool", "p")
        site.refused(BAD_DATA, "vol-wipe", "v", "--pool", "p", words="its size is not known")
        assert (pool / "v").read_bytes() == b"x" * 4096

    def test_a_revision_that_cannot_be_read_has_no_size(self, site, pool):
        site.ok("vol-create-as", "p", "v", "1M", "--format", "qcow2", "--revisions-to-keep", "2")
        site.ok("vol-start", "v", "--pool", "p")
        site.ok("vol-stop", "v", "--pool", "p")
        [revision] = [file for file in (pool / ".cistern/volumes/v").iterdir() if "@" in file.name]
        revision.write_bytes(b"x" * 4096)
        [facts] = site.revisions("v", "p")
        assert facts["capacity"] is None
        assert " - " in site.ok("vol-revisions", "v", "--pool", "p")

    @pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
    def test_what_a_user_may_not_read_ends_no_check(self, user, pool):
        """The images of others are named, one by one, and the others looked at."""
        pool.chmod(0o755)
        for name in ("a", "z"):
            (pool / name).write_bytes(b"QFI\xfb" + bytes(508))
            (pool / name).chmod(0o600)
        (pool / "mine").write_bytes(b"QFI\xfb\0\0\0\x63")
        (pool / "mine").chmod(0o644)
        user.ok("pool-define-as", "p", "dir", "--target", pool)
        user.ok("pool-start", "p")
        found = {one["volume"]: one for one in user.findings("p")}
        assert set(found) == {"a", "mine", "z"}
        assert {one["kind"] for one in found.values()} == {"unreadable"}
        assert "Permission denied" in found["a"]["repair"] and "unknown version" in found["mine"]["repair"]
        assert "Capacity:       -" in user.ok("vol-info", "a", "--pool", "p")
        assert user.volume("a", "p")["format"] is None
        document = user.ok("vol-dumpxml", "a", "--pool", "p")
        assert "<capacity" not in document and "<format" not in document
        # Folders of records that are closed hide what is in them, and nothing else.
        (pool / ".cistern/volumes").mkdir(parents=True, exist_ok=True)
        (pool / ".cistern/volumes").chmod(0o700)
        named = [(one["kind"], one["volume"]) for one in user.findings("p")]
        assert ("unreadable", "z") in named and ("unreadable", None) in named

    @pytest.mark.skipif(os.geteuid() != 0, reason="needs root to close a folder")
    def test_the_sizes_of_a_pool_that_cannot_be_reached(self, site, pool):
        pool.rename(f"{pool}-gone")
        facts = site.pool("p")
        assert (facts["state"], facts["capacity"], facts["available"]) == ("inaccessible", None, None)
        site.ok("pool-destroy", "p")
        assert site.pool("p")["capacity"] == 0
