"""Pools of type disk on loop devices: a kernel without partition parsers is told of every change."""

import os
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import contents
import disks
import pytest
from inplace import InPlaceConformance
from tools import BAD_DATA, BUSY, DONE, EXISTS, MIB, NO_SPACE, NOT_FOUND, UNSUPPORTED, USAGE

SIZE = 16 * MIB


@pytest.fixture
def disk(tmp_path, request):
    """A disk of 200 MiB without anything on it."""
    if reason := disks.unavailable():
        pytest.skip(reason)
    with disks.LoopDisk(tmp_path, 200, getattr(request, "param", 512)) as disk:
        yield disk


class DiskPool:
    """What the in-place conformance suite needs to know of a disk pool."""

    abilities = frozenset({"build", "create", "check"})

    def __init__(self, disk, label):
        self.disk, self.label, self.name = disk, label, f"disk-{label}"

    def define(self, site, pool):
        define(site, pool, self.disk, self.label)

    def next_name(self):
        used = self.disk.table()
        return self.disk.part(next(number for number in range(1, 129) if number not in used))


def define(site, pool, disk, label, target="/dev"):
    options = ["--source-dev", disk.path, "--source-format", label, "--target", target]
    site.ok("pool-define-as", pool, "disk", *options)


def make_label(disk, word):
    """An empty label, made by another program."""
    subprocess.run(
        ["sfdisk", "--quiet", disk.path], input=f"label: {word}\n", text=True, check=True, timeout=30
    )


@pytest.fixture(params=["gpt", "dos"])
def label(request):
    return request.param


class TestInPlace(InPlaceConformance):
    """The suite, once for each label."""

    @pytest.fixture
    def backend(self, disk, label):
        return DiskPool(disk, label)


@pytest.fixture
def pool(site, disk, label):
    """The name of a built and started pool."""
    define(site, "p", disk, label)
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")
    return "p"


def create(site, disk, number, size, *options):
    site.ok("vol-create-as", "p", disk.part(number), str(size), *options)
    return disk.part(number)


# Building and starting


def test_a_disk_without_a_label_is_not_started(site, disk, label):
    define(site, "p", disk, label)
    site.refused(BAD_DATA, "pool-start", "p", words=("is unrecognized, requires build", "pool-build"))


@pytest.mark.parametrize("option", [[], ["--no-overwrite"]], ids=["default", "no-overwrite"])
def test_nothing_is_overwritten_unless_told(site, disk, option):
    define(site, "p", disk, "gpt")
    words = "Storage pool already built: "
    disks.run("mkfs.ext4", "-q", disk.path)
    before = Path(disk.image).read_bytes()
    refused = site.refused(EXISTS, "pool-build", "p", *option, words=(words, "'ext4'"))
    assert "does not match the expected format 'gpt', forced overwrite is necessary" in refused.err
    site.refused(BUSY, "pool-start", "p", words="does not match the expected format 'gpt'")
    assert Path(disk.image).read_bytes() == before
    site.ok("pool-build", "p", "--overwrite")
    words = f"Device '{disk.path}' already formatted using 'gpt'"
    site.refused(EXISTS, "pool-build", "p", *option, words=words)
    site.ok("pool-start", "p")


def test_another_label_than_the_defined_one_is_told(site, disk):
    make_label(disk, "dos")
    define(site, "p", disk, "gpt")
    site.refused(BUSY, "pool-start", "p", words="does not match the expected format 'gpt'")
    site.refused(EXISTS, "pool-build", "p", words="forced overwrite is necessary: it holds 'dos'")


@pytest.mark.parametrize("word", ["sun", "bsd", "mac", "pc98", "dvh", "lvm2"])
def test_other_labels_cannot_be_made(site, disk, word):
    define(site, "p", disk, word)
    site.refused(UNSUPPORTED, "pool-build", "p", words=(f"'{word}'", "expected dos, gpt"))


def test_other_labels_are_recognised(site, disk):
    make_label(disk, "sun")
    define(site, "p", disk, "unknown")
    site.refused(UNSUPPORTED, "pool-start", "p", words="has a disk label of type 'sun'")


def test_an_unknown_format_means_dos_when_built_and_either_when_started(site, disk):
    define(site, "p", disk, "unknown")
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")
    assert "<format type='dos'/>" in site.ok("pool-dumpxml", "p")
    site.ok("pool-destroy", "p")
    site.ok("pool-delete", "p")
    make_label(disk, "gpt")
    site.ok("pool-start", "p")
    assert "<format type='gpt'/>" in site.ok("pool-dumpxml", "p")


def test_a_disk_that_is_not_there_is_named(site):
    site.ok("pool-define-as", "p", "disk", "--source-dev", "/dev/nonesuch", "--target", "/dev")
    words = "device path '/dev/nonesuch' doesn't exist"
    site.refused(NOT_FOUND, "pool-start", "p", words=words)
    site.refused(NOT_FOUND, "pool-build", "p", words=words)


def test_what_is_no_disk_is_refused(site, scratch):
    file = scratch / "file"
    file.write_bytes(bytes(MIB))
    site.ok("pool-define-as", "p", "disk", "--source-dev", file, "--target", "/dev")
    site.refused(BAD_DATA, "pool-start", "p", words="is no block device")


def test_a_disk_in_use_is_not_built_or_deleted(site, pool, disk, scratch):
    name = create(site, disk, 1, SIZE)
    disks.run("mkfs.ext4", "-q", f"/dev/{name}")
    folder = scratch / "m"
    folder.mkdir()
    disks.run("mount", f"/dev/{name}", folder)
    try:
        site.ok("pool-destroy", "p")
        words = f"is in use by the mount '{folder}'"
        site.refused(BUSY, "pool-build", "p", "--overwrite", words=words)
        site.refused(BUSY, "pool-delete", "p", words=words)
        site.ok("pool-start", "p")
    finally:
        disks.run("umount", folder)
    assert set(disk.table()) == {1}


def test_a_deleted_pool_leaves_no_label_and_no_partitions(site, pool, disk):
    create(site, disk, 1, SIZE)
    site.ok("pool-destroy", "p")
    site.ok("pool-delete", "p")
    assert disk.nodes() == []
    assert disks.run("blkid", "-p", disk.path, check=False) == ""


# Partitions


def test_the_name_must_be_that_of_the_next_partition(site, pool, disk):
    before = Path(disk.image).read_bytes()
    words = f"invalid partition name 'wrong1', expected '{disk.part(1)}'"
    site.refused(BAD_DATA, "vol-create-as", "p", "wrong1", "20M", words=words)
    site.refused(BAD_DATA, "vol-create-as", "p", disk.part(3), "20M", words=words.replace("wrong1", disk.part(3)))
    assert Path(disk.image).read_bytes() == before, "a refused volume left something on the disk"
    assert site.pool("p")["allocation"] == 0


def test_partitions_begin_and_end_at_whole_mebibytes(site, pool, disk):
    create(site, disk, 1, 5_000_001)
    create(site, disk, 2, 7 * MIB)
    table = disk.table()
    assert table[1][:2] == (MIB, 5 * MIB) and table[2][:2] == (6 * MIB, 7 * MIB)
    assert site.volume(disk.part(1), "p")["capacity"] == 5 * MIB


def test_the_smallest_free_part_that_fits_is_taken(site, pool, disk):
    for number, size in ((1, 10), (2, 10), (3, 20)):
        create(site, disk, number, size * MIB)
    site.ok("vol-delete", disk.part(2), "--pool", "p")
    create(site, disk, 2, 10 * MIB)
    assert disk.table()[2][0] == 11 * MIB
    extents = site.ok("pool-dumpxml", "p").count("<freeExtent")
    assert extents == 1


def test_a_full_disk_says_what_is_free(site, pool, disk):
    result = site.refused(NO_SPACE, "vol-create-as", "p", disk.part(1), "300M", words="no large enough free extent")
    assert str(site.pool("p")["available"]) in result.err
    create(site, disk, 1, site.pool("p")["available"])
    assert site.pool("p")["available"] == 0
    site.refused(NO_SPACE, "vol-create-as", "p", disk.part(2), "1M", words="no large enough free extent")


GPT = {
    "linux": "0FC63DAF-8483-4772-8E79-3D69D8477DE4", "linux-swap": "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F",
    "linux-lvm": "E6D6D379-F507-44C2-A23C-238F2A3DF928",
}  # fmt: skip
DOS = {"linux": "83", "linux-swap": "82", "linux-lvm": "8e"}


def test_types_are_those_of_the_label(site, pool, disk, label):
    for number, word in enumerate(DOS, start=1):
        create(site, disk, number, MIB, "--format", word)
        assert disk.table()[number][2] == (GPT if label == "gpt" else DOS)[word]
        assert site.volume(disk.part(number), "p")["format"] == word
    site.refused(BAD_DATA, "vol-create-as", "p", disk.part(4), "1M", "--format", "qcow2", words="qcow2")


@pytest.mark.parametrize("label", ["dos"], indirect=True)
class TestExtended:
    def test_logical_partitions_live_in_the_extended_one(self, site, pool, disk):
        words = "expected"
        site.refused(BAD_DATA, "vol-create-as", "p", disk.part(5), "1M", words=words)
        create(site, disk, 1, 60 * MIB, "--format", "extended")
        site.refused(EXISTS, "vol-create-as", "p", disk.part(2), "1M", "--format", "extended",
                     words="extended partition already exists")  # fmt: skip
        create(site, disk, 5, 10 * MIB)
        create(site, disk, 6, 10 * MIB)
        table = disk.table()
        assert table[5][0] == 2 * MIB and table[6][0] == 13 * MIB
        for number in (2, 3, 4):
            create(site, disk, number, 10 * MIB)
        # No primary entry is left: the next is a logical one.
        site.refused(BAD_DATA, "vol-create-as", "p", disk.part(8), "1M", words=f"expected '{disk.part(7)}'")
        create(site, disk, 7, 10 * MIB)
        site.refused(NO_SPACE, "vol-create-as", "p", disk.part(8), "100M")
        assert disk.nodes() == [1, 2, 3, 4, 5, 6, 7]

    def test_four_primary_partitions_are_all(self, site, pool, disk):
        for number in (1, 2, 3, 4):
            create(site, disk, number, MIB)
        words = "no extended partition found and no primary partition available"
        site.refused(NO_SPACE, "vol-create-as", "p", disk.part(5), "1M", words=words)

    def test_deleting_a_logical_one_renumbers_those_behind(self, site, pool, disk):
        create(site, disk, 1, 60 * MIB, "--format", "extended")
        for number, text in ((5, "five"), (6, "six"), (7, "seven")):
            contents.put(f"/dev/{create(site, disk, number, 10 * MIB)}", text)
        site.ok("vol-set", disk.part(7), "rw", "no", "--pool", "p")
        holder = subprocess.Popen(["sleep", "60"], stdin=open(f"/dev/{disk.part(7)}", "rb"))
        try:
            words = (f"'{disk.part(7)}' would get another name", f"(pid {holder.pid})")
            site.refused(BUSY, "vol-delete", disk.part(6), "--pool", "p", words=words)
        finally:
            holder.kill()
            holder.wait()
        site.ok("vol-delete", disk.part(6), "--pool", "p")
        assert disk.nodes() == [1, 5, 6]
        assert contents.get(f"/dev/{disk.part(6)}") == "seven"
        # What was said of a partition follows it.
        assert site.volume(disk.part(6), "p")["rw"] is False
        assert site.volume(disk.part(5), "p")["rw"] is True
        site.refused(BUSY, "vol-delete", disk.part(1), "--pool", "p", words="holds logical partitions")

    def test_an_extended_partition_has_no_content(self, site, pool, disk, scratch):
        name = create(site, disk, 1, 20 * MIB, "--format", "extended")
        words = f"cannot wipe extended partition '{name}'"
        site.refused(UNSUPPORTED, "vol-wipe", name, "--pool", "p", words=words)
        image = contents.image(scratch / "image", MIB)
        site.refused(UNSUPPORTED, "vol-import", name, image, "--pool", "p")
        site.refused(UNSUPPORTED, "vol-export", name, scratch / "copy", "--pool", "p")
        site.ok("vol-delete", name, "--pool", "p")


@pytest.mark.parametrize("label", ["dos"], indirect=True)
def test_what_can_be_no_partition_is_refused(site, pool, disk, scratch):
    words = "volume capacity required for this storage pool"
    site.refused(BAD_DATA, "vol-create-as", "p", disk.part(1), "0", words=words)
    name = create(site, disk, 1, MIB)
    document = scratch / "extended.xml"
    document.write_text(
        f"<volume><name>{disk.part(2)}</name><capacity>{MIB}</capacity>"
        "<target><format type='extended'/></target></volume>"
    )
    words = "an extended partition has no content to copy"
    site.refused(UNSUPPORTED, "vol-create-from", "p", document, name, words=words)
    words = "volumes of pools of type 'disk' cannot share blocks"
    site.refused(UNSUPPORTED, "vol-clone", name, disk.part(2), "--reflink", "--pool", "p", words=words)
    assert disk.nodes() == [1]


def test_a_gpt_has_no_extended_partitions(site, disk):
    define(site, "p", disk, "gpt")
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")
    site.refused(USAGE, "vol-create-as", "p", disk.part(1), "1M", "--format", "extended", words="gpt")


# Resizing


def test_a_partition_grows_into_the_room_behind_it_also_while_mounted(site, pool, disk, scratch):
    name = create(site, disk, 1, SIZE)
    device = f"/dev/{name}"
    disks.run("mkfs.ext4", "-q", device)
    folder = scratch / "m"
    folder.mkdir()
    disks.run("mount", device, folder)
    try:
        site.ok("vol-resize", name, str(2 * SIZE), "--pool", "p")
        assert disk.table()[1][1] == 2 * SIZE
        assert int(Path(f"/sys/class/block/{name}/size").read_text()) * 512 == 2 * SIZE
        site.refused(BUSY, "vol-resize", name, str(SIZE), "--shrink", "--pool", "p", words="the mount")
    finally:
        disks.run("umount", folder)
    site.refused((BAD_DATA, 64), "vol-resize", name, str(SIZE), "--pool", "p", words="shrink")
    site.ok("vol-resize", name, str(SIZE), "--shrink", "--pool", "p")
    assert disk.table()[1][1] == SIZE
    assert int(Path(f"/sys/class/block/{name}/size").read_text()) * 512 == SIZE


def test_a_partition_does_not_grow_into_the_next_one(site, pool, disk):
    first = create(site, disk, 1, SIZE)
    create(site, disk, 2, SIZE)
    words = ("Not enough space left in storage pool", f"can have {SIZE} bytes")
    site.refused(NO_SPACE, "vol-resize", first, str(SIZE + MIB), "--pool", "p", words=words)
    site.ok("vol-delete", disk.part(2), "--pool", "p")
    site.ok("vol-resize", first, "1M", "--delta", "--pool", "p")
    assert site.volume(first, "p")["capacity"] == SIZE + MIB


# Names, the kernel, sectors


def test_a_kernel_that_knows_no_partitions_is_told_at_the_start(site, pool, disk):
    create(site, disk, 1, SIZE)
    create(site, disk, 2, SIZE)
    disk.forget()
    assert disk.nodes() == []
    facts = site.volume(disk.part(1), "p")
    assert "the kernel does not know the partition" in facts["problem"]
    assert {one["kind"] for one in site.findings("p")} == {"stale-kernel-view"}
    site.ok("pool-destroy", "p")
    site.ok("pool-start", "p")
    assert disk.nodes() == [1, 2]
    disk.forget()
    assert "; told" in site.ok("pool-check", "p", "--repair")
    assert disk.nodes() == [1, 2]
    assert "is clean" in site.ok("pool-check", "p")


def test_stopping_leaves_the_partitions(site, pool, disk):
    create(site, disk, 1, SIZE)
    site.ok("pool-destroy", "p")
    assert disk.nodes() == [1]


def test_a_node_is_made_where_dev_does_not_follow_the_kernel(site, pool, disk):
    """As in a container whose /dev is a plain folder."""
    name = create(site, disk, 1, SIZE)
    # A mount namespace whose /dev holds the disk, and nothing that the kernel adds.
    script = f"""
        mount -t tmpfs none /mnt && cp -a /dev/null /dev/random /dev/urandom {disk.path} /mnt/ &&
        mount --move /mnt /dev && partx -d {disk.path} && test ! -e /dev/{name} &&
        "$@" pool-destroy p >&2 && "$@" pool-start p >&2 && stat -c %t:%T /dev/{name} &&
        "$@" vol-create-as p {disk.part(2)} 1M >&2 && test -b /dev/{disk.part(2)} &&
        "$@" vol-delete {disk.part(2)} --pool p >&2 && test ! -e /dev/{disk.part(2)}"""
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-euc", script, "sh", site.programs / "cistern"],
        env=site.surroundings(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_link_in_the_target_is_the_path(site, disk, label):
    define(site, "p", disk, label, target="/dev/disk/by-cistern-test")
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")
    name = create(site, disk, 1, SIZE)
    assert site.ok("vol-path", name, "--pool", "p").strip() == f"/dev/{name}"
    folder = Path("/dev/disk/by-cistern-test")
    folder.mkdir(parents=True)
    try:
        (folder / "stable-part1").symlink_to(f"../../{name}")
        link = str(folder / "stable-part1")
        assert site.ok("vol-path", name, "--pool", "p").strip() == link
        assert site.ok("vol-name", link).strip() == name
    finally:
        (folder / "stable-part1").unlink()
        folder.rmdir()


@pytest.mark.parametrize("disk", [4096], indirect=True)
def test_sectors_of_4096_bytes(site, pool, disk, scratch):
    name = create(site, disk, 1, SIZE)
    assert disk.table()[1][:2] == (MIB, SIZE)
    image = contents.image(scratch / "image", SIZE, at0="made for 512")
    words = ("has sectors of 4096 bytes, but the content is made for 512", "--sector-size 4096")
    site.refused(BAD_DATA, "vol-import", name, image, "--pool", "p", words=words)
    site.ok("vol-import", name, image, "--pool", "p", "--sector-size", "4096")
    assert contents.get(f"/dev/{name}") == "made for 512"
    site.ok("vol-clone", name, disk.part(2), "--pool", "p")
    # A file remembers what its content is made for.
    folder = scratch / "images"
    site.ok("pool-define-as", "images", "dir", "--target", folder)
    site.ok("pool-build", "images")
    site.ok("pool-start", "images")
    file = scratch / "volume.xml"
    file.write_text(f"<volume><name>copy</name><capacity>{SIZE}</capacity></volume>")
    site.ok("vol-create-from", "images", file, name, "--inputpool", "p")
    assert site.volume("copy", "images")["sector_size"] == 4096
    (folder / "plain").write_bytes(bytes(SIZE))
    file.write_text(f"<volume><name>{disk.part(3)}</name><capacity>{SIZE}</capacity></volume>")
    site.refused(BAD_DATA, "vol-create-from", "p", file, "plain", "--inputpool", "images", words="sectors of 4096")
    assert set(disk.table()) == {1, 2}
    site.ok("vol-create-from", "p", file, "copy", "--inputpool", "images")
    # A part of a 4096-byte disk does not go onto a disk with sectors of 512 bytes.
    with disks.LoopDisk(scratch, 64) as small:
        define(site, "small", small, "gpt")
        site.ok("pool-build", "small")
        site.ok("pool-start", "small")
        file.write_text(f"<volume><name>{small.part(1)}</name><capacity>{SIZE}</capacity></volume>")
        arguments = ("vol-create-from", "small", file, name, "--inputpool", "p")
        site.refused(BAD_DATA, *arguments, words="has sectors of 512 bytes")
        site.ok(*arguments, "--sector-size", "512")
        site.ok("pool-destroy", "small")


# What goes wrong


def test_a_vanished_disk_makes_the_pool_inaccessible(site, pool, disk):
    name = create(site, disk, 1, SIZE)
    disk.detach()
    assert site.pool("p")["state"] == "inaccessible"
    assert site.run("pool-list", "--all", "--details").status == DONE
    site.refused(NOT_FOUND, "vol-list", "p", words=f"device '{disk.path}' has no medium or is gone")
    site.refused(NOT_FOUND, "vol-info", name, "--pool", "p")
    site.ok("pool-destroy", "p")


def test_a_read_only_disk_is_not_changed(site, pool, disk):
    create(site, disk, 1, SIZE)
    disks.run("blockdev", "--setro", disk.path)
    try:
        result = site.run("vol-create-as", "p", disk.part(2), "1M")
        assert result.status != DONE and "read-only" in result.err.lower(), result
        assert set(site.json("vol-list", "p")["volumes"][0]) and disk.nodes() == [1]
    finally:
        disks.run("blockdev", "--setrw", disk.path)


def test_a_partition_that_is_swapped_to_is_left_alone(site, pool, disk):
    name = create(site, disk, 1, SIZE, "--format", "linux-swap")
    disks.run("mkswap", f"/dev/{name}")
    swapping = subprocess.run(["swapon", f"/dev/{name}"], capture_output=True, text=True, timeout=20, check=False)
    if swapping.returncode != 0:
        pytest.skip(f"cannot swap here: {swapping.stderr.strip()}")
    try:
        for tool in ("vol-delete", "vol-wipe"):
            site.refused(BUSY, tool, name, "--pool", "p", words="is in use by swapping")
        site.ok("pool-destroy", "p")
        site.refused(BUSY, "pool-delete", "p", words="is in use by swapping")
    finally:
        disks.run("swapoff", f"/dev/{name}")


def test_two_at_once_never_damage_the_table(site, pool, disk):
    """Everybody wants the next partition, and asks again until the others have theirs."""
    stop = threading.Event()

    def work(number):
        while not stop.is_set():
            result = site.run("vol-create-as", "p", disk.part(number), "2M")
            if result.status == DONE:
                return
            assert result.status == BAD_DATA and "expected" in result.err, result

    with ThreadPoolExecutor(4) as workers:
        # Each waits for those before it only, so the first that fails is the first that is looked at.
        working = [workers.submit(work, number) for number in (1, 2, 3, 4)]
        try:
            for one in working:
                one.result()
        finally:
            stop.set()
    assert disk.nodes() == [1, 2, 3, 4]
    spans = sorted(entry[:2] for entry in disk.table().values())
    assert all(start + size <= following[0] for (start, size), following in zip(spans, spans[1:]))
    assert "is clean" in site.ok("pool-check", "p")


def test_a_lock_of_another_partitioning_program_is_waited_for(site, pool, disk):
    holder = subprocess.Popen(["flock", disk.path, "sleep", "0.7"])
    try:
        create(site, disk, 1, SIZE)
    finally:
        holder.wait(10)
    assert disk.nodes() == [1]


def test_another_programs_changes_are_seen_at_once(site, pool, disk):
    subprocess.run(
        ["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", disk.path], input="start=2048,size=20480\n",
        text=True, check=True, timeout=30,
    )  # fmt: skip
    assert {one["name"] for one in site.json("vol-list", "p")["volumes"]} == {disk.part(1)}
    site.ok("pool-check", "p", "--repair")
    create(site, disk, 2, SIZE)
    assert disk.nodes() == [1, 2]


def test_without_the_library_its_package_is_named(site, disk, scratch):
    define(site, "p", disk, "gpt")
    disks.run("sfdisk", "--version")
    library = next(Path("/usr/lib").glob("*/libfdisk.so.1")).resolve()
    words = ["cannot load libfdisk", "install the package libfdisk1"]
    site.refused(UNSUPPORTED, "pool-start", "p", words=words, instead=(library, "/dev/null"))
    assert os.path.exists(library)


# Encryption


@pytest.mark.limit(180)
@pytest.mark.parametrize("label", ["gpt"], indirect=True)
@pytest.mark.parametrize("kind", ["luks", "luks2"])
def test_an_encrypted_partition_opens_with_its_secret(site, pool, disk, scratch, kind):
    uuid = "11111111-2222-3333-4444-555555555555"
    secret, key, document = scratch / "secret.xml", scratch / "key", scratch / "volume.xml"
    secret.write_text(f"<secret><uuid>{uuid}</uuid><usage type='volume'><volume>v</volume></usage></secret>")
    key.write_text("passphrase")
    name = disk.part(1)
    document.write_text(
        f"<volume><name>{name}</name><capacity>{SIZE}</capacity><target><encryption format='{kind}'>"
        f"<secret type='passphrase' uuid='{uuid}'/></encryption></target></volume>"
    )
    site.ok("secret-define", secret)
    site.refused(NOT_FOUND, "vol-create", "p", document, words="secret")
    assert disk.nodes() == [], "a refused volume left a partition"
    site.ok("secret-set-value", uuid, "--file", key, "--plain")
    site.ok("vol-create", "p", document, timeout=120)
    opened = ["cryptsetup", "open", "--test-passphrase", "--key-file", key, f"/dev/{name}"]
    disks.run(*opened)
    assert site.volume(name, "p")["capacity"] == SIZE
    assert f"<encryption format='{kind}'>" in site.ok("vol-dumpxml", name, "--pool", "p")
    site.ok("vol-clone", name, disk.part(2), "--pool", "p")
    disks.run(*opened[:-1], f"/dev/{disk.part(2)}")
    assert site.volume(disk.part(2), "p")["capacity"] == SIZE
    plain = scratch / "plain.xml"
    plain.write_text(f"<volume><name>{disk.part(3)}</name><capacity>{SIZE}</capacity></volume>")
    site.refused(UNSUPPORTED, "vol-create-from", "p", plain, name, words="can only be copied as it is")
    assert disk.nodes() == [1, 2]
    # What its header takes stays, also when it gets another size or another content of its size.
    header = disk.table()[1][1] - SIZE
    second = disk.part(2)
    site.ok("vol-resize", second, str(2 * SIZE), "--pool", "p")
    assert disk.table()[2][1] == 2 * SIZE + header and site.volume(second, "p")["capacity"] == 2 * SIZE
    site.ok("vol-resize", second, str(SIZE), "--shrink", "--pool", "p")
    site.ok("vol-export", name, scratch / "out", "--pool", "p")
    assert (scratch / "out").stat().st_size == SIZE + header
    site.ok("vol-import", second, scratch / "out", "--pool", "p")
    disks.run(*opened[:-1], f"/dev/{second}")
    # Nothing else gets in, whole or in part; and whoever gives it to a guest is told what it is.
    (scratch / "plain").write_bytes(b"x" * 200_000)
    for line in (["vol-import"], ["vol-upload"], ["vol-upload", "--offset", "65536"]):
        site.refused(BAD_DATA, *line, second, scratch / "plain", "--pool", "p", words="encrypted by")
    for tool in ("vol-import", "vol-upload"):
        words = "cannot be looked at before it is written"
        site.refused(BAD_DATA, tool, second, "-", "--pool", "p", stdin=b"junk" * 5000, words=words)
    disks.run(*opened[:-1], f"/dev/{second}")
    disk_element = site.ok("vol-start", second, "--pool", "p", "--print-disk")
    assert "<disk type='block'" in disk_element and "type='raw'" in disk_element
    assert f"<source dev='/dev/{second}'>" in disk_element and "<encryption format='luks" in disk_element
    site.ok("vol-stop", second, "--pool", "p")
    # A header that somebody overwrote is missed, and what is recorded of it does not help.
    contents.put(f"/dev/{second}", "no header")
    assert site.volume(second, "p")["problem"] == "is not encrypted, as recorded"
    site.ok("vol-delete", second, "--pool", "p")
    site.ok("vol-wipe", name, "--pool", "p")
    assert "<encryption" not in site.ok("vol-dumpxml", name, "--pool", "p")
    assert "is clean" in site.ok("pool-check", "p")


def test_a_partition_has_a_size(site, disk):
    define(site, "d", disk, "gpt")
    site.ok("pool-build", "d")
    site.ok("pool-start", "d")
    for words in (["0"], ["0", "--allocation", "1M"]):
        site.refused(
            BAD_DATA, "vol-create-as", "d", disk.part(1), *words, words="volume capacity required for this storage pool"
        )
    assert disk.table() == {}
    site.ok("pool-destroy", "d")


@pytest.mark.limit(120)
def test_readers_that_follow_each_other_keep_no_change_out(site, pool, disk):
    loop = 'while :; do "$0" p --timeout 5 >/dev/null; done'
    readers = [
        subprocess.Popen(["sh", "-c", loop, site.programs / "vol-list"], env=site.surroundings(), start_new_session=True)
        for _ in range(8)
    ]
    try:
        for number in (1, 2, 3):
            create(site, disk, number, SIZE, "--lock-timeout", "20")
    finally:
        for reader in readers:
            os.killpg(reader.pid, signal.SIGKILL)
            reader.wait()
    assert set(disk.table()) == {1, 2, 3}
