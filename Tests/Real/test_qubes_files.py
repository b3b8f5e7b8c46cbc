"""Pools that Qubes' file-reflink driver left, made by hand from its published names: taken over,
used, and left so that Qubes would find everything where it looks for it."""

import os

import contents
import pytest
from tools import BUSY, MIB, UNSUPPORTED

SIZE = 4 * MIB
VID = "appvms/work/private"
TIME = "2026-01-02T03:04:05Z"


def stamp(path, seconds):
    os.utime(path, (seconds, seconds))


@pytest.fixture(params=["xfs", "btrfs", "ext4"])
def pool(request, site, place):
    """A pool with one volume: committed, precache, and revision 3."""
    kind = request.param
    folder = place(kind) / "qubes"
    vm = folder / "appvms" / "work"
    vm.mkdir(parents=True, mode=0o700)
    (folder / "vm-templates").mkdir()
    contents.image(vm / "private.img", SIZE, at0="committed")
    contents.image(vm / f"private.img.3@{TIME}", SIZE, at0="three")
    stamp(vm / "private.img", 1767400000)
    # Prepared once the committed image has its name and time.
    contents.image(vm / "private-precache.img", SIZE, at0="committed")
    stamp(vm / "private-precache.img", 1767400000)
    stamp(vm / f"private.img.3@{TIME}", 1767323045)
    driver = "xen" if kind == "ext4" else "file-reflink"
    site.ok("pool-define-as", "q", "dir", "--target", folder, "--driver", driver)
    site.ok("pool-build", "q")
    site.ok("pool-start", "q")
    return folder


def names(folder):
    """The files of the volume's folder."""
    return sorted(os.listdir(folder / "appvms" / "work"))


def read(site, scratch, *options):
    target = scratch / "exported"
    target.unlink(missing_ok=True)
    site.ok("vol-export", VID, target, "--pool", "q", *options)
    return contents.get(target)


def test_taken_over_as_it_is(site, pool, scratch):
    assert [one["name"] for one in site.json("vol-list", "q")["volumes"]] == [VID]
    volume = site.volume(VID, "q")
    assert volume["state"] == "clean" and volume["capacity"] == SIZE
    assert volume["kind"] == "origin" and volume["revisions_to_keep"] == 1
    assert volume["path"] == str(pool / "appvms/work/private.img")
    [revision] = site.revisions(VID, "q")
    assert (revision["number"], revision["time"]) == (3, TIME)
    assert read(site, scratch) == "committed"
    assert read(site, scratch, "--revision", "3") == "three"
    assert site.run("pool-check", "q").out.strip() == "Pool q is clean"


def test_session_and_commit(site, pool, scratch):
    before = os.stat(pool / "appvms/work/private-precache.img").st_ino
    device = site.ok("vol-start", VID, "--pool", "q").strip()
    assert device == str(pool / "appvms/work/private-dirty.img")
    # The prepared copy fits, so it is what becomes the working copy.
    assert os.stat(device).st_ino == before
    assert names(pool) == ["private-dirty.img", "private.img", f"private.img.3@{TIME}"]
    contents.put(device, "changed")
    site.ok("vol-stop", VID, "--pool", "q")
    left = set(names(pool)) - {"private-precache.img"}
    # Number 4, with the time of the state that was saved; 3 is pruned.
    assert left == {"private.img", "private.img.4@2026-01-03T00:26:40Z"}
    assert read(site, scratch) == "changed"
    assert read(site, scratch, "--revision", "4") == "committed"
    precache = pool / "appvms/work/private-precache.img"
    if precache.exists():
        committed = os.stat(pool / "appvms/work/private.img")
        assert os.stat(precache).st_mtime_ns == committed.st_mtime_ns
        assert os.stat(precache).st_size == committed.st_size


def test_revert(site, pool, scratch):
    site.ok("vol-revert", VID, "3", "--pool", "q")
    assert read(site, scratch) == "three"
    found = {name for name in names(pool) if "@" in name}
    assert found == {f"private.img.3@{TIME}", "private.img.4@2026-01-03T00:26:40Z"}
    assert contents.get(pool / "appvms/work/private.img") == "three"
    assert "private-dirty.img" not in names(pool)


def test_a_session_that_qubes_began(site, pool, scratch):
    """The dirty image of a power cut: continued by a start, committed by a stop."""
    os.rename(pool / "appvms/work/private-precache.img", pool / "appvms/work/private-dirty.img")
    contents.put(pool / "appvms/work/private-dirty.img", "theirs")
    assert site.volume(VID, "q")["state"] == "dirty"
    site.refused(BUSY, "vol-revert", VID, "3", "--pool", "q")
    assert read(site, scratch) == "committed"
    device = site.ok("vol-start", VID, "--pool", "q").strip()
    assert contents.get(device) == "theirs"
    site.ok("vol-stop", VID, "--pool", "q")
    assert read(site, scratch) == "theirs"
    assert read(site, scratch, "--revision", "4") == "committed"


def test_stale_precache_is_not_used(site, pool):
    """The committed image was replaced by hand after the precache was made."""
    vm = pool / "appvms/work"
    contents.image(vm / "new", SIZE, at0="by hand")
    os.rename(vm / "new", vm / "private.img")
    findings = site.findings("q")
    assert [finding["kind"] for finding in findings] == ["stale-precache"]
    device = site.ok("vol-start", VID, "--pool", "q").strip()
    assert contents.get(device) == "by hand"


def test_left_overs_of_a_crash_of_qubes(site, pool):
    vm = pool / "appvms/work"
    (vm / "private.img~a1b2c3d4").write_bytes(b"half")
    (vm / "private-dirty.img~_bcdefgh").write_bytes(b"half")
    (vm / "private-import.img").write_bytes(b"half")
    kinds = sorted(finding["kind"] for finding in site.findings("q"))
    assert kinds == ["import", "temporary", "temporary"]
    site.ok("pool-check", "q", "--repair")
    assert names(pool) == ["private-precache.img", "private.img", f"private.img.3@{TIME}"]


def test_revisions_disabled_while_started(site, pool):
    """With -1 Qubes renames the committed image to the dirty name for the session."""
    site.ok("vol-set", VID, "revisions_to_keep", "-1", "--pool", "q")
    device = site.ok("vol-start", VID, "--pool", "q").strip()
    assert device == str(pool / "appvms/work/private-dirty.img")
    assert names(pool) == ["private-dirty.img"]
    assert [one["name"] for one in site.json("vol-list", "q")["volumes"]] == [VID]
    contents.put(device, "in place")
    site.ok("vol-stop", VID, "--pool", "q")
    assert contents.get(pool / "appvms/work/private.img") == "in place"
    assert "private-dirty.img" not in names(pool)
    site.refused(UNSUPPORTED, "vol-revert", VID, "--pool", "q")


def test_snapshot_files(site, pool):
    """A started snapshot: its own image is a second name of the source's, its device the dirty one."""
    site.ok(
        "vol-create-as", "q", "appvms/work/root", "--source", VID, "--snap-on-start", "yes",
        "--save-on-stop", "no",
    )  # fmt: skip
    device = site.ok("vol-start", "appvms/work/root", "--pool", "q").strip()
    vm = pool / "appvms/work"
    assert device == str(vm / "root-dirty.img")
    assert os.path.samefile(vm / "root.img", vm / "private.img")
    site.ok("vol-stop", "appvms/work/root", "--pool", "q")
    assert not [name for name in names(pool) if name.startswith("root")]


def test_delete_removes_everything(site, pool):
    site.ok("vol-delete", VID, "--pool", "q")
    assert not os.path.exists(pool / "appvms/work") or names(pool) == []
    assert site.json("vol-list", "q")["volumes"] == []


def test_a_deeper_name_and_an_ordinary_one(site, pool):
    """Files that are not volumes by Qubes' rules are left alone and not listed."""
    (pool / "appvms/work/icon.png").write_bytes(b"png")
    (pool / "appvms/work/root-cow.img").write_bytes(b"cow")
    names_before = [one["name"] for one in site.json("vol-list", "q")["volumes"]]
    assert names_before == [VID]
    site.ok("pool-check", "q", "--repair")
    assert (pool / "appvms/work/icon.png").exists()
    assert (pool / "appvms/work/root-cow.img").exists()
