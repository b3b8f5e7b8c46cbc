"""Refusals that take a file system, a mount, a missing library or a session without a terminal."""

import os
import subprocess
from pathlib import Path

import images
import pytest
from filesystems import BindMount, LoopFilesystem, unavailable
from tools import BAD_DATA, BUSY, EXISTS, FORBIDDEN, MIB, NO_SPACE, UNSUPPORTED, USAGE, cannot_be_root, tree

LIBRARIES = Path("/usr/lib") / f"{os.uname().machine}-linux-gnu"


def document(pool, folder, inside=""):
    return f"<pool type='dir'><name>{pool}</name>{inside}<target><path>{folder}</path></target></pool>"


def test_blocks_cannot_be_shared_on_ext4(site, place):
    folder = place("ext4") / "p"
    site.ok("pool-define-as", "p", "dir", "--target", folder, "--driver", "file-reflink")
    site.refused(
        UNSUPPORTED, "pool-build", "p",
        words="cannot share blocks between files (FICLONE); set setup_check to no to use the pool with full copies",
    )  # fmt: skip
    assert not folder.exists()


def test_there_is_no_revision_behind_the_last_number(site, pool, scratch):
    """What would be called by a larger number, nobody would find again."""
    site.ok("vol-create-as", "p", "v", "1M", "--revisions-to-keep", "2")
    (scratch / "new").write_bytes(b"x" * MIB)
    site.ok("vol-import", "v", scratch / "new", "--pool", "p")
    side = pool / ".cistern" / "volumes" / "v"
    [revision] = side.glob("1@*")
    revision.rename(side / "1000000000@2026-01-01T00:00:00Z")
    before = tree(pool)
    words = "has had revision 1000000000, and there is no larger number for another"
    site.refused(UNSUPPORTED, "vol-import", "v", scratch / "new", "--pool", "p", words=words)
    assert tree(pool) == before
    site.ok("vol-set", "v", "revisions_to_keep", "0", "--pool", "p")
    site.ok("vol-import", "v", scratch / "new", "--pool", "p")
    site.ok("vol-delete", "v", "--pool", "p")
    assert not side.exists()


@pytest.mark.parametrize("files", [8, 10, 12])
def test_too_few_open_files_are_no_room(site, pool, files):
    site.ok("vol-create-as", "p", "v", "1M")
    line = ["sh", "-c", f'ulimit -n {files} && exec "$@"', "sh", *site.argv("vol-resize", "v", "2M", "--pool", "p")]
    done = subprocess.run(line, capture_output=True, text=True, env=site.surroundings(), timeout=60, check=False)
    assert done.returncode in (0, NO_SPACE), done
    assert done.returncode == 0 or "Too many open files" in done.stderr


def test_a_copy_is_no_program(site, pool):
    """Who owns a volume could have made its file run as another user; what is made of it does not."""
    site.ok("vol-create-as", "p", "v", "1M", "--revisions-to-keep", "1")
    (pool / "v").chmod(0o6755)
    device = site.ok("vol-start", "v", "--pool", "p").strip()
    assert os.stat(device).st_mode & 0o7777 == 0o755
    site.ok("vol-stop", "v", "--pool", "p")
    assert (pool / "v").stat().st_mode & 0o7777 == 0o755


def test_space_for_all_blocks_at_once(site, scratch):
    if reason := unavailable("ext4"):
        pytest.skip(reason)
    with LoopFilesystem("ext4", scratch, megabytes=16) as filesystem:
        site.ok("pool-define-as", "p", "dir", "--target", filesystem.path)
        site.ok("pool-start", "p")
        words = f"cannot allocate {64 * MIB} bytes in file '{filesystem.path}/"
        site.refused(NO_SPACE, "vol-create-as", "p", "v", "64M", words=words)
        assert site.json("vol-list", "p")["volumes"] == []
        assert set(os.listdir(filesystem.path)) <= {"lost+found", ".cistern"}


def test_copy_on_write_is_chosen_on_btrfs_only(site, scratch, place):
    folder = place("ext4") / "p"
    file = scratch / "p.xml"
    file.write_text(document("p", folder, "<features><cow state='yes'/></features>"))
    site.ok("pool-define", file)
    site.refused(
        UNSUPPORTED, "pool-build", "p",
        words=f"copy-on-write can only be chosen on Btrfs, which '{folder}' is not on",
    )  # fmt: skip
    assert not folder.exists()


def test_a_mount_point_is_not_removed(site, pool, scratch):
    if reason := unavailable():
        pytest.skip(reason)
    site.ok("pool-destroy", "p")
    (scratch / "other").mkdir()
    with BindMount(scratch / "other", pool):
        site.refused(BUSY, "pool-delete", "p", words=f"failed to remove pool '{pool}': it is a mount point")
    assert pool.is_dir()


def test_what_somebody_mounted_there_is_not_removed(site, scratch):
    if reason := unavailable("ext4"):
        pytest.skip(reason)
    with LoopFilesystem("ext4", scratch, megabytes=16) as filesystem:
        source = subprocess.run(
            ["findmnt", "-no", "SOURCE", filesystem.path], capture_output=True, text=True, timeout=20, check=True
        ).stdout.strip()
        site.ok("pool-define-as", "p", "fs", "--source-dev", "/dev/absent", "--target", filesystem.path)
        words = f"failed to remove pool '{filesystem.path}': '{source}' is mounted on it"
        site.refused(BUSY, "pool-delete", "p", words=words)


def test_blocks_cannot_be_given_back_on_vfat(site, scratch):
    if reason := unavailable() or (not os.path.exists("/usr/sbin/mkfs.vfat") and "needs mkfs.vfat"):
        pytest.skip(reason)
    image, target = scratch / "image", scratch / "mnt"
    image.touch()
    os.truncate(image, 16 * MIB)
    target.mkdir()
    subprocess.run(["mkfs.vfat", image], check=True, capture_output=True, timeout=30)
    done = subprocess.run(
        ["mount", "-t", "vfat", "-o", "loop", image, target], capture_output=True, text=True, timeout=30, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"the kernel cannot mount vfat: {done.stderr.strip()}")
    site.ok("pool-define-as", "p", "dir", "--target", target)
    site.ok("pool-start", "p")
    site.ok("vol-create-as", "p", "v", "1M")
    words = "its file system cannot give blocks back"
    site.refused(UNSUPPORTED, "vol-wipe", "v", "--algorithm", "trim", "--pool", "p", words=words)


def test_an_overlay_without_a_recorded_format_is_not_copied(site, pool):
    """Whoever wrote into the image below could make it look like another format, and name any file."""
    site.ok("vol-create-as", "p", "base", "1M", "--allocation", "0")
    site.ok("vol-create-as", "p", "o", "1M", "--format", "qcow2", "--backing-vol", "base", "--backing-vol-format", "raw")
    # The header's extension that tells the format; one of an unknown kind is passed over.
    header = (pool / "o").read_bytes()
    (pool / "o").write_bytes(header.replace(b"\xe2\x79\x2a\xca", b"\x01\x02\x03\x04", 1))
    words = "has no format recorded; record it with qemu-img rebase -u -b BASE -F FORMAT IMAGE"
    site.refused(BAD_DATA, "vol-clone", "o", "c", "--pool", "p", words=words)
    assert not (pool / "c").exists()


def test_a_working_copy_reaches_no_image_in_another_folder(site, scratch, pool):
    site.ok("vol-create-as", "p", "base", "1M", "--allocation", "0")
    site.ok("pool-destroy", "p")
    site.ok("pool-undefine", "p")
    site.ok("pool-define-as", "p", "dir", "--target", pool, "--revisions-to-keep", "1")
    site.ok("pool-start", "p")
    site.ok("pool-define-as", "q", "dir", "--target", scratch / "q")
    site.ok("pool-build", "q")
    site.ok("pool-start", "q")
    site.ok("vol-create-as", "q", "base", "1M", "--allocation", "0")
    images.make(pool / "o", "qcow2", "1M", "-b", "../q/base", "-F", "raw")
    words = (
        "its backing store '../q/base' is named relative to the pool's folder, which a working copy cannot follow;"
        " name it by an absolute path (qemu-img rebase -u)"
    )
    site.refused(UNSUPPORTED, "vol-start", "o", "--pool", "p", words=words)
    assert site.volume("o", "p")["state"] == "clean"


def test_a_secrets_folder_of_somebody_else(site):
    if reason := cannot_be_root():
        pytest.skip(reason)
    folder = site.root / "etc" / "cistern" / "secrets"
    folder.mkdir(parents=True, mode=0o700)
    os.chown(folder, 12345, 12345)
    site.refused(FORBIDDEN, "secret-list", words="belongs to user 12345")


@pytest.mark.parametrize("line, name, advice", [
    (["vol-export", "v", "out", "--pool", "p", "--compress", "zstd"], "libzstd.so.1", "install the package libzstd1"),
    (["vol-export", "v", "out", "--pool", "p", "--checksum"], "libcrypto.so.3", "install the package libssl3"),
    (["pool-build", "f", "--no-overwrite"], "libblkid.so.1", "install the package libblkid1"),
    (["pool-start", "f"], "libmount.so.1", "install the package libmount1"),
])  # fmt: skip
def test_a_missing_library_is_named(site, scratch, pool, line, name, advice):
    """Only what needs it fails, and says what to install."""
    if reason := unavailable():
        pytest.skip(reason)
    site.ok("vol-create-as", "p", "v", "1M", "--allocation", "0")
    image = scratch / "image"
    image.touch()
    os.truncate(image, MIB)
    site.ok("pool-define-as", "f", "fs", "--source-dev", image, "--source-format", "ext4", "--target", scratch / "f")
    (scratch / "f").mkdir()
    library = (LIBRARIES / name).resolve(strict=True)
    before = tree(scratch)
    words = f"cannot load {name.split('.')[0]}: "
    done = site.refused(UNSUPPORTED, *line, words=words, cwd=scratch, instead=(library, "/dev/null"))
    assert done.err.endswith(f": {advice}\n"), done
    after = tree(scratch)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert all(path.startswith("root/run") for path in changed), changed


def test_what_is_left_of_another_volume_does_not_become_part_of_one_that_gets_its_name(site, pool, scratch):
    (scratch / "content").write_bytes(b"content" * 1000)
    for name in ("gone", "other"):
        site.ok("vol-create-as", "p", name, str(MIB), "--revisions-to-keep", "2")
        site.ok("vol-import", name, scratch / "content", "--pool", "p")
    (pool / "gone").unlink()
    records = pool / ".cistern" / "volumes" / "gone"
    (records / "volume.conf").unlink()
    before = tree(pool)
    (scratch / "v.xml").write_text("<volume><name>gone</name><capacity>1048576</capacity></volume>")
    for line in (
        ["vol-rename", "other", "gone", "--pool", "p"], ["vol-create-as", "p", "gone", "1M"],
        ["vol-create-as", "p", "gone", "1M", "--save-on-stop", "no"], ["vol-create", "p", scratch / "v.xml"],
        ["vol-create-from", "p", scratch / "v.xml", "other"], ["vol-clone", "other", "gone", "--pool", "p"],
        ["vol-import", "--create", "gone", scratch / "content", "--pool", "p"],
    ):  # fmt: skip
        site.refused(EXISTS, *line, words=["is left of another volume 'gone'", "see pool-check p"])
    assert tree(pool) == before
    assert len(list(records.iterdir())) == 1


def test_nothing_is_asked_without_a_terminal(site, scratch):
    file = scratch / "secret.xml"
    file.write_text("<secret><usage type='volume'><volume>/v</volume></usage></secret>")
    uuid = site.json("secret-define", file)["secret"]
    process = site.start("secret-set-value", uuid, "--interactive", start_new_session=True)
    _, error = process.communicate(timeout=30)
    assert process.returncode == UNSUPPORTED
    assert error.startswith(b"secret-set-value: there is no terminal to ask on: "), error


def test_the_generator_is_for_systemd(site, scratch):
    link = scratch / "cistern-generator"
    link.symlink_to(site.programs / "cistern")
    done = subprocess.run([link], env=site.surroundings(), capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == USAGE
    assert done.stderr == "cistern-generator: is called by systemd, with the folders to write units to\n"
