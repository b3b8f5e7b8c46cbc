"""Root works in a pool whose folder belongs to somebody else, who swaps names for links meanwhile: nothing outside the
folder is read, written, cut, removed or given away."""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess

import contents
import pytest
from racers import rewriting, rounds, swapping
from tools import FORBIDDEN, MIB, STRANGER, tree

SECRET = b"the administrator's secret " * 4096
SECONDS = 2

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv"),
]


@pytest.fixture
def theirs(site, scratch):
    """A started pool in a folder of another user; root's own file lies beside it."""
    folder = scratch / "theirs"
    folder.mkdir()
    os.chown(folder, STRANGER, STRANGER)
    site.ok("pool-define-as", "p", "dir", "--target", folder, "--revisions-to-keep", "2")
    site.ok("pool-start", "p")
    (scratch / "victim").write_bytes(SECRET)
    (scratch / "victim").chmod(0o600)
    return folder


def hand_over(folder):
    """Gives the folder and all in it to the other user, as a pool of theirs has it."""
    for base, folders, files in os.walk(folder):
        for name in [".", *folders, *files]:
            os.chown(os.path.join(base, name), STRANGER, STRANGER, follow_symlinks=False)


def unharmed(scratch, folder):
    """Root's file is as it was, and its content nowhere in the pool."""
    victim = scratch / "victim"
    status = victim.stat()
    assert victim.read_bytes() == SECRET, "root's file was changed"
    assert (status.st_uid, status.st_mode & 0o7777, status.st_nlink) == (0, 0o600, 1)
    for base, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(base, name)
            try:
                file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            except OSError:
                continue  # a link, or swapped at this moment
            with open(file, "rb") as opened:
                assert SECRET[:27] not in opened.read(), f"root's file can be read in {path}"


def needs_qemu_img():
    if not shutil.which("qemu-img"):
        pytest.skip("needs qemu-img")


@pytest.mark.parametrize("form", ["raw", "qcow2", "vmdk"])
def test_making(site, theirs, scratch, form):
    needs_qemu_img()
    line = ("vol-create-as", "p", "v", "4M", "--format", form)
    site.ok(*line)
    site.ok("vol-delete", "v", "--pool", "p")
    hand_over(theirs)
    with swapping(theirs, STRANGER, scratch / "victim", "v"):
        for _ in rounds(SECONDS):
            site.run(*line)
            unharmed(scratch, theirs)
            (theirs / "v").unlink(missing_ok=True)


@pytest.mark.parametrize(("source", "form"), [("base", "qcow2"), ("base", "vdi"), ("over", "raw"), ("over", "qcow2")])
def test_making_from_another(site, theirs, scratch, source, form):
    needs_qemu_img()
    site.ok("vol-create-as", "p", "base", "1M", "--format", "raw")
    contents.put(theirs / "base", "theirs")
    site.ok(
        "vol-create-as", "p", "over", "1M", "--format", "qcow2", "--backing-vol", "base", "--backing-vol-format", "raw"
    )
    hand_over(theirs)
    (scratch / "v.xml").write_text(
        f"<volume><name>v</name><capacity>{2 * MIB}</capacity><target><format type='{form}'/></target></volume>"
    )
    line = ("vol-create-from", "p", scratch / "v.xml", source, "--inputpool", "p")
    site.ok(*line)
    site.ok("vol-delete", "v", "--pool", "p")
    with swapping(theirs, STRANGER, scratch / "victim", "v", source, "base"):
        for _ in rounds(SECONDS):
            site.run(*line)
            unharmed(scratch, theirs)
            site.run("vol-delete", "v", "--pool", "p")
            (theirs / "v").unlink(missing_ok=True)


@pytest.mark.parametrize("form", ["raw", "qcow2"])
def test_shrinking(site, theirs, scratch, form):
    needs_qemu_img()
    site.ok("vol-create-as", "p", "v", "8M", "--format", form)
    hand_over(theirs)
    lines = [("vol-resize", "v", size, "--pool", "p", "--shrink") for size in ("4096", "8M")]
    for line in lines:
        site.ok(*line)
    with swapping(theirs, STRANGER, scratch / "victim", "v"):
        for _ in rounds(SECONDS):
            for line in lines:
                site.run(*line)
                unharmed(scratch, theirs)


@pytest.mark.parametrize("form", ["raw", "qcow2"])
def test_wiping(site, theirs, scratch, form):
    needs_qemu_img()
    site.ok("vol-create-as", "p", "v", "1M", "--format", form)
    hand_over(theirs)
    site.ok("vol-wipe", "v", "--pool", "p")
    with swapping(theirs, STRANGER, scratch / "victim", "v"):
        for _ in rounds(SECONDS):
            site.run("vol-wipe", "v", "--pool", "p")
            unharmed(scratch, theirs)


def confines():
    """Whether the kernel keeps a program to the files that it is given (landlock(7))."""
    return ctypes.CDLL(None).syscall(444, None, 0, 1) > 0


def test_changing_a_header_under_the_reader(site, theirs, scratch):
    """The folder's owner can write to the images too: one moment the header names another file that the data is in, the
    next it does not."""
    needs_qemu_img()
    if not confines():
        pytest.skip("the kernel has no landlock(7)")
    victim = scratch / "victim"
    model = scratch / "m"
    size = str(len(SECRET))

    def image(name, *options):
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *options, scratch / name, size], check=True)
        subprocess.run(["qemu-io", "-c", f"write -q 0 {len(SECRET)}", scratch / name], check=True, stdout=subprocess.DEVNULL)
        return (scratch / name).read_bytes()

    # A name of the same length, so that it can be replaced.
    stand_in = victim.with_name("standi")
    evil = image("evil", "-o", f"data_file={stand_in},data_file_raw=on").replace(bytes(stand_in), bytes(victim))
    plain = image("plain")
    for name, content in (("evil", evil), ("plain", plain)):
        (scratch / name).write_bytes(content.ljust(max(len(evil), len(plain)), b"\0"))
        (scratch / name).chmod(0o644)
    subprocess.run(["qemu-img", "convert", "-O", "raw", scratch / "evil", model], check=True)
    assert SECRET[:27] in model.read_bytes(), "the image does not do what it is for"
    shutil.copy2(scratch / "plain", theirs / "v")
    hand_over(theirs)
    (scratch / "v.xml").write_text(
        f"<volume><name>w</name><capacity>{size}</capacity><target><format type='raw'/></target></volume>"
    )
    line = ("vol-create-from", "p", scratch / "v.xml", "v", "--inputpool", "p")
    site.ok(*line)
    site.ok("vol-delete", "w", "--pool", "p")
    with rewriting(theirs / "v", STRANGER, scratch / "plain", scratch / "evil"):
        for _ in rounds(SECONDS):
            site.run(*line)
            unharmed(scratch, theirs)
            site.run("vol-delete", "w", "--pool", "p")


def test_repairing_beside_another_pool(site, theirs, scratch):
    """What a left-over's folder is swapped for by a link is another pool's."""
    other = scratch / "other"
    site.ok("pool-define-as", "other", "dir", "--target", other, "--revisions-to-keep", "2")
    site.ok("pool-build", "other")
    site.ok("pool-start", "other")
    for pool in ("p", "other"):
        site.ok("vol-create-as", pool, "v", "1M")
    hand_over(theirs)
    # Many, so that some are looked at before and removed after a change of the folder's name.
    names = ["import", *(f"dirty~{number:08}" for number in range(200))]
    left = other / ".cistern/volumes/v"
    for name in names:
        (left / name).write_text("data")
    own = theirs / ".cistern/volumes/v"
    lines = (["pool-check", "p", "--repair"], ["vol-resize", "v", "1M", "--pool", "p"])
    for line in lines:
        site.ok(*line)
    with swapping(theirs, STRANGER, left, ".cistern/volumes/v", prefix="-", pause=0.02):
        for _ in rounds(SECONDS):
            for place in (own, own.with_name(".swapped-v")):
                try:
                    folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
                except OSError:
                    continue
                for name in names:
                    os.close(os.open(name, os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=folder))
                os.close(folder)
            for line in lines:
                site.run(*line)
                assert set(names) <= set(os.listdir(left)), "another pool's files were removed"
    if own.is_symlink():
        # Where the racer's last step was half done, the folder has the other name, or the one in between.
        folders = [path for path in own.parent.iterdir() if path.is_dir() and not path.is_symlink()]
        own.unlink()
        if not folders:
            return  # under its other name it was the record of a volume that is not there, and was removed
        folders[0].rename(own)
    site.ok("pool-check", "p", "--repair")
    assert os.listdir(own) == ["volume.conf"] and set(names) <= set(os.listdir(left))


@pytest.fixture
def roots(scratch):
    """A folder of root's, and one of the other user's that is to lead there."""
    (scratch / "roots").mkdir(mode=0o700)
    (scratch / "home").mkdir()
    os.chown(scratch / "home", STRANGER, STRANGER)
    return scratch / "roots"


def plant(link, target):
    link.symlink_to(target)
    os.chown(link, STRANGER, STRANGER, follow_symlinks=False)


POOL = """<pool type='dir'><name>p</name><target><path>{}</path>
<permissions><mode>0777</mode><owner>54321</owner><group>54321</group></permissions></target></pool>"""


@pytest.mark.parametrize("below", ["", "/pool", "/new/pool"])
def test_building_behind_a_link_that_others_planted(site, scratch, roots, below):
    link = scratch / "home" / "link"
    plant(link, roots)
    if below == "/pool":
        (roots / "pool").mkdir(mode=0o700)
    before = tree(roots), roots.stat().st_mode, roots.stat().st_uid
    (scratch / "p.xml").write_text(POOL.format(f"{link}{below}"))
    site.ok("pool-define", scratch / "p.xml")
    words = "is a symbolic link of user 54321 to what belongs to somebody else"
    site.refused(FORBIDDEN, "pool-build", "p", words=words)
    assert (tree(roots), roots.stat().st_mode, roots.stat().st_uid) == before
    if below != "/new/pool":
        site.refused(FORBIDDEN, "pool-start", "p", words=words)
        site.refused(FORBIDDEN, "pool-delete", "p", words=words)
    assert (tree(roots), roots.stat().st_mode, roots.stat().st_uid) == before


def test_building_behind_links_that_count(site, scratch, roots):
    """Those of root, and those of whom the folder belongs to that they lead to."""
    (scratch / "link").symlink_to(roots)
    os.chown(scratch / "home", 0, 0)
    (scratch / "home" / "theirs").mkdir()
    os.chown(scratch / "home" / "theirs", STRANGER, STRANGER)
    plant(scratch / "home" / "own", "theirs/.//../theirs")
    for name, target in (("a", "link"), ("b", "link/new"), ("c", "home/own")):
        site.ok("pool-define-as", name, "dir", "--target", scratch / target)
        site.ok("pool-build", name)
        site.ok("pool-start", name)
        site.ok("vol-create-as", name, f"v{name}", "1M")
        assert site.findings(name) == []
    assert (roots / "va").exists() and (roots / "new" / "vb").exists() and (scratch / "home/theirs/vc").exists()


def test_building_while_names_are_swapped(site, scratch, roots):
    """The folder that is made gets owner and mode, whatever takes its name."""
    home = scratch / "home"
    (scratch / "p.xml").write_text(POOL.format(home / "pool"))
    site.ok("pool-define", scratch / "p.xml")
    site.ok("pool-build", "p")
    (home / "pool").rmdir()
    with swapping(home, STRANGER, roots, "pool"):
        for _ in rounds(SECONDS):
            site.run("pool-build", "p")
            assert (roots.stat().st_uid, roots.stat().st_mode & 0o7777) == (0, 0o700)
            for entry in os.scandir(home):
                with contextlib.suppress(OSError):
                    os.rmdir(entry.path)


def test_exporting_behind_a_link_that_others_planted(site, theirs, scratch, roots):
    site.ok("vol-create-as", "p", "v", "4096")
    victim = scratch / "victim"
    link = scratch / "home" / "out"
    plant(link, victim)
    for tool in ("vol-export", "vol-download"):
        site.refused(FORBIDDEN, tool, "v", link, "--pool", "p", words=["is not followed", "is a symbolic link of user 54321"])
    assert victim.read_bytes() == SECRET
    link.unlink()
    plant(link, roots / "new")
    site.refused(FORBIDDEN, "vol-export", "v", link, "--pool", "p")
    assert not (roots / "new").exists()
    # Root's own link is followed, and stays.
    link.unlink()
    link.symlink_to(roots / "new")
    for _ in range(2):
        site.ok("vol-export", "v", link, "--pool", "p")
        assert link.is_symlink() and (roots / "new").read_bytes() == bytes(4096)
    assert site.run("vol-export", "v", "/dev/stdout", "--pool", "p").data.startswith(bytes(4096))


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGQUIT, signal.SIGABRT])
def test_a_crash_starts_no_program_of_the_current_folder(site, theirs, scratch, number):
    """What the Swift runtime would start to tell of a crash, it looks for below the folder of argv[0]."""
    mark = scratch / "started"
    for place in ("swift-backtrace", "bin/swift-backtrace", "libexec/swift/linux/swift-backtrace"):
        for name in (place, f"{place}-static"):
            planted = theirs / name
            planted.parent.mkdir(parents=True, exist_ok=True)
            planted.write_text(f"#!/bin/sh\ntouch {mark}\n")
            planted.chmod(0o755)
    site.ok("vol-create-as", "p", "v", "1M")
    pipe = scratch / "pipe"
    os.mkfifo(pipe)
    # Called as a shell does that found it through PATH.
    running = subprocess.Popen(
        ["vol-import", "v", pipe, "--size", "1M", "--pool", "p"], executable=site.programs / "vol-import", cwd=theirs,
        env=site.surroundings(), stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        with open(pipe, "wb"):  # opened once the command reads
            running.send_signal(number)
            assert running.wait(30) == -number
    finally:
        running.kill()
        running.wait()
    assert not mark.exists()
