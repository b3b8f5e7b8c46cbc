"""What users without privileges can do: everything in their own pools, nothing in those of root."""

import os
import shutil

import contents
import pytest
from images import sound
from test_dry_run import LINES, SECRET_LINES, prepare
from tools import FORBIDDEN, STRANGER, Site, tree


def test_the_whole_main_job_without_any_setting(user, scratch):
    """In the pool `default`, below the home folder."""
    if user.user is None and os.geteuid() == 0:
        pytest.skip("needs setpriv")
    home = user.root
    home_only = {"CISTERN_ROOT": None, "HOME": str(home), "XDG_RUNTIME_DIR": None}

    def ok(*line, **options):
        return user.ok(*line, environment=home_only, cwd=home, **options)

    ok("pool-build", "default")
    ok("pool-start", "default")
    ok("pool-autostart", "default")
    ok("vol-create-as", "default", "v", "1M", "--allocation", "0")
    ok("vol-upload", "v", "-", "--pool", "default", stdin=contents.marker("one"))
    ok("vol-clone", "v", "w", "--pool", "default")
    ok("vol-resize", "w", "2M", "--pool", "default")
    ok("vol-export", "v", "copy", "--pool", "default", "--compress", "zstd", "--checksum")
    ok("vol-wipe", "v", "--pool", "default")
    ok("vol-import", "v", "copy", "--pool", "default")
    ok("vol-download", "v", "out", "--pool", "default")
    assert contents.get(home / "out") == "one"
    if shutil.which("qemu-img"):
        ok("vol-create-as", "default", "q", "1M", "--format", "qcow2", "--backing-vol", "w", "--backing-vol-format", "raw")
        sound(home / ".local/share/cistern/q", "qcow2")
        ok("vol-delete", "q", "--pool", "default")
    file = home / "secret.xml"
    file.write_text("<secret><usage type='volume'><volume>/v</volume></usage></secret>")
    uuid = ok("secret-define", "secret.xml").split()[1]
    ok("secret-set-value", uuid, "--file", "-", "--plain", stdin=b"x")
    ok("secret-undefine", uuid)
    ok("pool-define-as", "vms", "dir", "--target", home / "vms", "--revisions-to-keep", "2")
    ok("pool-build", "vms")
    ok("pool-start", "vms")
    ok("vol-create-as", "vms", "v", "1M", "--allocation", "0")
    for text in ("one", "two"):
        contents.put(ok("vol-start", "v", "--pool", "vms").strip(), text)
        ok("vol-stop", "v", "--pool", "vms")
    ok("vol-revert", "v", "--pool", "vms")
    ok("vol-set", "v", "revisions_to_keep", "1", "--pool", "vms")
    assert ok("pool-check", "vms").strip() == "Pool vms is clean"
    ok("pool-list", "--all", "--details")
    for pool, volumes in (("vms", "v"), ("default", "vw")):
        for volume in volumes:
            ok("vol-delete", volume, "--pool", pool)
        ok("pool-destroy", pool)
        ok("pool-delete", pool)
    ok("pool-undefine", "vms")
    assert not (home / "vms").exists()
    owners = {path.lstat().st_uid for path in home.rglob("*") if path != file}
    assert owners == {user.user if user.user is not None else os.geteuid()}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
@pytest.mark.parametrize("visible", [True, False], ids=["readable", "closed"])
def test_nothing_of_root_is_changed(user, site, scratch, visible):
    """One error that says so, whether the user may look at the definitions or not; and no trace."""
    prepare(site, scratch)
    if not visible:
        (scratch / "p").chmod(0o700)
    other = Site(site.root, user=STRANGER, programs=user.programs)
    for line in LINES + SECRET_LINES:
        words = line.replace("@W@", str(scratch)).split(" ")
        before = tree(scratch)
        result = other.run(*words)
        assert result.status == FORBIDDEN, str(result)
        assert result.err.startswith(f"{words[0]}: ") and "Permission denied" in result.err, str(result)
        assert len(result.err.splitlines()) == 1, str(result)
        assert tree(scratch) == before, f"{result}left traces"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
@pytest.mark.parametrize("kind", ["raw", "qcow2", "overlay"])
@pytest.mark.parametrize("folder", [(0, STRANGER, 0o2775), (0, 0, 0o1777), (STRANGER, STRANGER, 0o755)])
def test_a_copy_of_a_volume_of_root_belongs_to_who_makes_it(user, scratch, folder, kind):
    """Also what a document says that was made of it; what a document asks for by itself is refused."""
    owner, group, mode = folder
    place = scratch / "shared"
    place.mkdir()
    os.chown(place, owner, group)
    place.chmod(mode)
    root = Site(scratch / "root", programs=user.programs)
    for site in (root, user):
        site.ok("pool-define-as", "p", "dir", "--target", place)
        site.ok("pool-start", "p")
    words: dict[str, list[str]] = {"raw": [], "qcow2": ["--format", "qcow2"], "overlay": ["--format", "qcow2", "--backing-vol", "b", "--backing-vol-format", "raw"]}
    root.ok("vol-create-as", "p", "b", "1M")
    root.ok("vol-create-as", "p", "v", "1M", *words[kind])
    for name in ("b", "v"):
        os.chown(place / name, 0, 0)
        (place / name).chmod(0o644)
    user.ok("vol-clone", "v", "copy", "--pool", "p")
    (user.root / "copy.xml").write_text(user.ok("vol-clone", "v", "other", "--pool", "p", "--print-xml"))
    user.ok("vol-create-from", "p", user.root / "copy.xml", "v")
    for name in ("copy", "other"):
        facts = (place / name).stat()
        assert (facts.st_uid, facts.st_gid) == (STRANGER, STRANGER)
        assert facts.st_mode & 0o077 == 0o004, "no rights for a group that is another one"
    (user.root / "given.xml").write_text(user.ok("vol-dumpxml", "v", "--pool", "p").replace("<name>v<", "<name>w<"))
    user.refused(FORBIDDEN, "vol-create-from", "p", user.root / "given.xml", "v", words="cannot set owner to 0:0")
    assert not (place / "w").exists()
    # Root's own copies are as the volume is.
    os.chown(place / "v", STRANGER, STRANGER)
    root.ok("vol-clone", "v", "again", "--pool", "p")
    assert (place / "again").stat().st_uid == STRANGER


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_a_pool_that_names_an_owner_gives_what_a_user_can_give(user):
    """So that the definition of a running pool of root's, read by a user, can be used by that user."""
    pool = user.root / "pool"
    pool.mkdir()
    os.chown(pool, STRANGER, STRANGER)
    (user.root / "p.xml").write_text(
        f"<pool type='dir'><name>p</name><target><path>{pool}</path>"
        "<permissions><mode>0755</mode><owner>0</owner><group>0</group></permissions></target></pool>"
    )
    user.ok("pool-define", user.root / "p.xml")
    user.ok("pool-start", "p")
    user.ok("vol-create-as", "p", "v", "1M")
    user.ok("vol-create-as", "p", "t", "1M", "--save-on-stop", "no")
    user.ok("vol-start", "t", "--pool", "p")
    assert {one.stat().st_uid for one in pool.rglob("*")} == {STRANGER}
