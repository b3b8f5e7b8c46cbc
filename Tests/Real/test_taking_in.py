"""Content that comes from outside: what a volume takes, what it refuses, and what is converted on the way."""

import os
import re
import shlex
import subprocess

import images
import pytest
from images import qemu_img
from tools import BAD_DATA, BUSY, MIB, UNSUPPORTED, USAGE

SPARSE = ["--allocation", "0"]


@pytest.fixture
def q(site, pool):
    """A qcow2 volume with something in it."""
    site.ok("vol-create-as", "p", "q", "1M", "--format", "qcow2")
    images.write(pool / "q", "qcow2", 3)
    return pool / "q"


def unchanged(file):
    return images.reads(file, "qcow2", 3)


def ways(file, size):
    """Every command line that would put the file into the volume, with what it reads from standard input."""
    return [
        (["vol-import", "q", file], b""), (["vol-upload", "q", file], b""),
        (["vol-import", "q", "-", "--size", size], file.read_bytes()), (["vol-upload", "q", "-"], file.read_bytes()),
    ]  # fmt: skip


def refused(site, file, *more, words):
    for line, stdin in ways(file, file.stat().st_size):
        site.refused(BAD_DATA, *line, "--pool", "p", *more, stdin=stdin, words=words)


@pytest.mark.parametrize("revisions", ["-1", "2"])
def test_content_of_another_format_is_not_taken(site, pool, scratch, q, revisions):
    site.ok("vol-set", "q", "revisions_to_keep", revisions, "--pool", "p")
    (scratch / "raw").write_bytes(os.urandom(300032))
    refused(site, scratch / "raw", words=["is not of format qcow2, as volume 'q' is, but looks like raw", "vol-import q FILE --format raw --pool p converts it"])
    images.make(scratch / "vmdk", "vmdk", "1M")
    refused(site, scratch / "vmdk", words=["but looks like vmdk", "vol-import q FILE --format vmdk --pool p converts it"])
    subprocess.run(["zstd", "-q", "raw"], cwd=scratch, check=True, timeout=60)
    line = ["vol-import", "q", scratch / "raw.zst", "--size", "300032"]
    site.refused(BAD_DATA, *line, "--pool", "p", words="is not of format qcow2")
    assert unchanged(q) and site.findings("p") == []


@pytest.mark.parametrize("words", [[], ["--decompress", "zstd"], ["--size", "300032"]])
def test_what_is_compressed_tells_how_much_it_is_also_in_a_pipe(site, pool, scratch, words):
    (scratch / "raw").write_bytes(os.urandom(300032))
    subprocess.run(["zstd", "-q", "raw"], cwd=scratch, check=True, timeout=60)
    compressed = (scratch / "raw.zst").read_bytes()
    line = ["vol-import", "z", "-", "--create", "--pool", "p", *words]
    site.ok(*line, "--dry-run", stdin=compressed)
    site.ok(*line, stdin=compressed)
    assert (pool / "z").read_bytes() == (scratch / "raw").read_bytes()


def udif():
    """A disk image of macOS: data, then the trailer, whose last number is that of the sectors."""
    return bytes(4096) + b"koly".ljust(492, b"\0") + (8).to_bytes(8, "big") + bytes(12)


def bochs():
    head = b"Bochs Virtual HD Image".ljust(32, b"\0") + b"Redolog".ljust(16, b"\0") + b"Growing".ljust(16, b"\0")
    return (head + (0x20000).to_bytes(4, "little") + bytes(20) + (MIB).to_bytes(8, "little")).ljust(4096, b"\0")


def cloop():
    head = b"#!/bin/sh\n#V2.0 Format\nmodprobe cloop file=$0 && mount -r -t iso9660 /dev/cloop $1\n"
    return (head.ljust(128, b"\0") + (65536).to_bytes(4, "big") + (16).to_bytes(4, "big")).ljust(4096, b"\0")


def fat():
    return (b"\xeb\x3c\x90mkfs.fat".ljust(54, b"\0") + b"FAT16   ").ljust(510, b"\0") + b"\x55\xaa" + bytes(3584)


def fixed_vpc(scratch):
    """A VHD of fixed size whose file is whole 4 KiB blocks: all that tells it is its end."""
    qemu_img("create", "-q", "-f", "vpc", "-o", "subformat=fixed,force_size=on", scratch / "fixed", str(MIB - 512))
    assert (scratch / "fixed").stat().st_size == MIB
    return (scratch / "fixed").read_bytes()


# Formats that no first bytes tell, and an image of each with the size of its disk.
DECLARED = {
    "vpc": (fixed_vpc, MIB - 512), "vhd": (fixed_vpc, MIB - 512), "dmg": (lambda _: udif(), 4096),
    "bochs": (lambda _: bochs(), MIB), "cloop": (lambda _: cloop(), MIB),
}  # fmt: skip


@pytest.mark.parametrize("kind", DECLARED)
def test_formats_that_no_first_bytes_tell_are_looked_for(site, pool, scratch, kind):
    make, size = DECLARED[kind]
    (scratch / "junk").write_bytes(os.urandom(300032))
    words = f"is not of format {kind}, "
    site.ok("vol-create-as", "p", "v", "1M")
    (pool / "v").write_bytes(os.urandom(MIB))
    site.refused(BAD_DATA, "vol-set", "v", "format", kind, "--pool", "p", words=words)
    assert site.volume("v", "p")["format"] == "raw"
    (pool / "v").write_bytes(make(scratch))
    site.ok("vol-set", "v", "format", kind, "--pool", "p")
    volume = site.volume("v", "p")
    assert (volume["format"], volume["capacity"], volume["problem"]) == (kind, size, None)
    before = (pool / "v").read_bytes()
    for line, stdin in (
        (["vol-import", "v", scratch / "junk"], b""), (["vol-upload", "v", scratch / "junk"], b""),
        (["vol-import", "v", "-", "--size", "512"], b"x" * 512), (["vol-upload", "v", "-"], b"x" * 512),
    ):  # fmt: skip
        site.refused(BAD_DATA, *line, "--pool", "p", stdin=stdin, words=words)
    assert (pool / "v").read_bytes() == before
    (scratch / "good").write_bytes(make(scratch))
    site.ok("vol-import", "v", scratch / "good", "--pool", "p")
    # A guest that destroys its own disk, or a person, is seen.
    (pool / "v").write_bytes(os.urandom(MIB))
    assert site.volume("v", "p")["problem"] == f"is not of format {kind}, as recorded"


def test_a_new_volume_of_such_a_format_is_looked_at_too(site, pool, scratch):
    (scratch / "junk").write_bytes(os.urandom(300032))
    line = ["vol-import", "n", scratch / "junk", "--create", "--format", "vpc", "--pool", "p"]
    site.refused(BAD_DATA, *line, words="is not of format vpc, but looks like raw")
    assert not (pool / "n").exists()
    (scratch / "fixed.vpc").write_bytes(fixed_vpc(scratch))
    line = ["vol-import", "n", scratch / "fixed.vpc", "--create", "--format", "vpc", "--pool", "p"]
    site.ok(*line)
    # That only a record can say, written by hand.
    site.ok("vol-create-as", "p", "f", "1M")
    record = pool / ".cistern" / "volumes" / "f" / "volume.conf"
    record.write_text(record.read_text().replace("raw", "fat"))
    assert site.volume("f", "p")["problem"] == "is not of format fat, as recorded"
    (pool / "f").write_bytes(fat())
    assert site.volume("f", "p")["problem"] is None
    site.ok("vol-create-as", "p", "w", "1M", "--format", "vpc")
    assert site.volume("w", "p")["problem"] is None
    site.refused(BAD_DATA, "vol-import", "w", scratch / "junk", "--pool", "p", words="is not of format vpc")


def test_an_upload_into_an_image_is_a_whole_image(site, pool, scratch, q):
    """Neither nothing, nor a part: what is written into the middle of an image leaves none."""
    (scratch / "empty").write_bytes(b"")
    refused(site, scratch / "empty", words="is not of format qcow2")
    (scratch / "part").write_bytes(os.urandom(65536))
    line = ["vol-upload", "q", scratch / "part", "--offset", "65536", "--pool", "p"]
    site.refused(BAD_DATA, *line, words=["a part of its file is not written", "--force"])
    site.refused(BAD_DATA, *line[:2], "-", *line[3:], stdin=b"part", words="a part of its file is not written")
    assert unchanged(q)
    # Nothing of a longer image stays behind a shorter one.
    images.make(scratch / "small", "qcow2", "1M")
    site.ok("vol-upload", "q", scratch / "small", "--pool", "p")
    assert q.read_bytes() == (scratch / "small").read_bytes()
    site.ok(*line, "--force")
    assert q.read_bytes()[65536:131072] == (scratch / "part").read_bytes()


def test_an_overlay_from_outside_is_not_taken(site, pool, scratch, q):
    """Unless its base is a volume that users name, or the one that the volume has already."""
    (scratch / "secret").write_bytes(b"the secret".ljust(MIB))
    site.ok("vol-create-as", "p", "base", "1M", "--format", "qcow2")
    site.ok("vol-create-as", "p", "other", "1M", "--format", "qcow2")
    for base, kind in ((scratch / "secret", "raw"), ("file:secret", "raw"), ("nbd://h/x", "raw"), ("base", "qcow2")):
        qemu_img("create", "-q", "-u", "-f", "qcow2", "-b", base, "-F", kind, scratch / "o", "1M")
        refused(site, scratch / "o", words="is an overlay on '")
        refused(site, scratch / "o", "--backing-vol", "other", words="is an overlay on '")
    qemu_img("create", "-q", "-u", "-f", "qcow2", "-b", 'json:{"driver":"x"}', "-F", "raw", scratch / "o", "1M")
    refused(site, scratch / "o", words="is no local file by its name alone")
    qemu_img("create", "-q", "-f", "qcow2", "-o", f"data_file={scratch}/data", scratch / "o", "1M")
    refused(site, scratch / "o", words="keeps its data in another file")
    # One that says something else of its base than is on record.
    qemu_img("create", "-q", "-u", "-f", "qcow2", "-b", pool / "base", "-F", "raw", scratch / "o", "1M")
    refused(site, scratch / "o", "--backing-vol", "base", words="is of format qcow2, as recorded, not raw")
    assert unchanged(q)
    qemu_img("create", "-q", "-u", "-f", "qcow2", "-b", pool / "base", "-F", "qcow2", scratch / "o", "1M")
    site.ok("vol-import", "q", scratch / "o", "--pool", "p", "--backing-vol", "base")
    site.ok("vol-import", "q", scratch / "o", "--pool", "p")
    site.ok("vol-upload", "q", scratch / "o", "--pool", "p")
    site.refused(BUSY, "vol-delete", "base", "--pool", "p", words="is the backing store of volume 'q'")


def test_a_part_does_not_make_an_overlay(site, pool, scratch, q):
    """Written over the header byte by byte, a name of another file is seen all the same."""
    (scratch / "secret").write_bytes(bytes(MIB))
    qemu_img("create", "-q", "-u", "-f", "qcow2", "-b", scratch / "secret", "-F", "raw", scratch / "o", "1M")
    header = (scratch / "o").read_bytes()[:65536]
    (scratch / "part").write_bytes(header[8:])
    for line, stdin in ((["vol-upload", "q", scratch / "part"], b""), (["vol-upload", "q", "-"], header[8:])):
        line = [*line, "--offset", "8", "--pool", "p", "--force"]
        site.refused(BAD_DATA, *line, stdin=stdin, words="is an overlay on")
    assert unchanged(q)


@pytest.mark.parametrize("kind", ["qcow2", "vmdk", "vdi", "qed", "vpc", "qcow"])
def test_an_image_is_converted_into_a_raw_volume(site, pool, scratch, kind):
    images.make(scratch / "image", kind, "8M")
    images.write(scratch / "image", kind, 7)
    site.ok("vol-create-as", "p", "v", "20M", *SPARSE)
    site.ok("vol-import", "v", scratch / "image", "--pool", "p", "--format", kind)
    images.same(scratch / "image", kind, pool / "v", "raw")
    volume = site.volume("v", "p")
    assert volume["format"] == "raw" and volume["allocation"] <= MIB
    assert site.findings("p") == []


def test_a_disk_is_converted_into_an_image(site, pool, scratch):
    """Which stays as it was made, and keeps what it held as a revision."""
    site.ok("vol-create-as", "p", "q", "1M", "--format", "qcow2", "--revisions-to-keep", "1")
    (scratch / "disk").write_bytes(b"disk".ljust(2 * MIB, b"\1"))
    out = site.ok("vol-import", "q", scratch / "disk", "--pool", "p", "--format", "raw", "--checksum")
    assert str(scratch / "disk") in out and len(out.split()[0]) == 64
    images.same(scratch / "disk", "raw", pool / "q", "qcow2")
    images.sound(pool / "q", "qcow2")
    volume = site.volume("q", "p")
    assert (volume["format"], volume["capacity"]) == ("qcow2", 2 * MIB)
    assert len(site.revisions("q", "p")) == 1


def test_what_cannot_be_converted(site, pool, scratch, q):
    (scratch / "disk").write_bytes(b"disk".ljust(2 * MIB, b"\1"))
    words = "can be converted only as a file that is not compressed"
    line = ["vol-import", "q", "--pool", "p", "--format", "raw"]
    site.refused(UNSUPPORTED, *line[:2], "-", *line[2:], stdin=b"x" * 512, words=words)
    site.refused(UNSUPPORTED, *line[:2], scratch / "disk", *line[2:], "--decompress", "zstd", words=words)
    words = "holds a disk of 2097152 bytes, expected 1048576"
    site.refused(BAD_DATA, *line[:2], scratch / "disk", *line[2:], "--keep-size", words=words)
    site.refused(BAD_DATA, *line[:2], scratch / "disk", *line[2:], "--size", "1M", words=words)
    site.refused(BAD_DATA, *line[:2], scratch / "disk", *line[2:], "--verify", "0" * 64, words="another checksum")
    site.ok("vol-create-as", "p", "base", "1M")
    qemu_img("create", "-q", "-f", "qcow2", "-b", pool / "base", "-F", "raw", scratch / "o", "1M")
    site.ok("vol-create-as", "p", "v", "1M")
    site.refused(
        BAD_DATA, "vol-import", "v", scratch / "o", "--pool", "p", "--format", "qcow2",
        words=["is an overlay on", "which is not converted with it"],
    )  # fmt: skip
    words = "is not of format vmdk, but looks like raw"
    site.refused(BAD_DATA, "vol-import", "v", scratch / "disk", "--pool", "p", "--format", "vmdk", words=words)
    words = "images of format cow are not read"
    site.refused(UNSUPPORTED, "vol-import", "v", scratch / "disk", "--pool", "p", "--format", "cow", words=words)
    assert unchanged(q)


def test_a_raw_volume_takes_what_looks_like_an_image(site, pool, scratch):
    """It may be the backup of such a disk; users are told, and what they are told to do works."""
    images.make(scratch / "cloud", "qcow2", "8M")
    images.write(scratch / "cloud", "qcow2", 7)
    told = "looks like qcow2, but volume 'v' is raw: a guest gets the bytes of the image as its disk"
    for line, stdin in (
        (["vol-import", "v", scratch / "cloud"], b""), (["vol-upload", "v", scratch / "cloud"], b""),
        (["vol-import", "v", "-", "--size", (scratch / "cloud").stat().st_size], (scratch / "cloud").read_bytes()),
        (["vol-upload", "v", "-"], (scratch / "cloud").read_bytes()),
    ):  # fmt: skip
        site.ok("vol-create-as", "p", "v", "8M", *SPARSE)
        for _ in range(2):
            done = site.run(*line, "--pool", "p", stdin=stdin)
            assert done.status == 0 and told in done.err, done
        assert site.volume("v", "p")["format"] == "raw"
        site.ok("vol-set", "v", "format", "qcow2", "--pool", "p")
        assert images.reads(pool / "v", "qcow2", 7)
        volume = site.volume("v", "p")
        assert (volume["format"], volume["capacity"], volume["problem"]) == ("qcow2", 8 * MIB, None)
        site.ok("vol-delete", "v", "--pool", "p")
    site.ok("vol-create-as", "p", "v", "8M", *SPARSE)
    done = site.run("vol-import", "v", scratch / "cloud", "--pool", "p", "--format", "raw")
    assert done.status == 0 and done.err == ""
    site.ok("vol-import", "v", scratch / "cloud", "--pool", "p", "--format", "qcow2")
    images.same(scratch / "cloud", "qcow2", pool / "v", "raw")


def test_only_what_works_is_advised(site, pool, scratch):
    """Not every image can be converted, nor has every pool volumes of other formats."""
    images.make(scratch / "cloud", "qcow2", "1M")
    site.ok("pool-define-as", "f", "dir", "--target", scratch / "f", "--driver", "file")
    site.ok("pool-build", "f")
    site.ok("pool-start", "f")
    (scratch / "disk").write_bytes(bytes(MIB))
    qemu_img("create", "-q", "-f", "qcow2", "-b", scratch / "disk", "-F", "raw", scratch / "overlay")
    # An overlay can be the volume's own where its base is a volume.
    site.ok("vol-create-as", "p", "base", "1M", *SPARSE)
    qemu_img("create", "-q", "-f", "qcow2", "-b", pool / "base", "-F", "raw", scratch / "inside")
    data = f"data_file={scratch / 'data'},data_file_raw=on"
    qemu_img("create", "-q", "-f", "qcow2", "-o", data, scratch / "split", "1M")
    flat = "createType=\"monolithicFlat\"\nRW 2048 FLAT \"disk\" 0\n"
    (scratch / "flat").write_text(f"# Disk DescriptorFile\nversion=1\nparentCID=ffffffff\n{flat}")
    offered: dict[str, dict[str, list[str]]] = {
        "cloud": {"p": ["import", "set"], "f": ["import"]}, "overlay": {"p": [], "f": []},
        "inside": {"p": ["set"], "f": []}, "split": {"p": [], "f": []}, "flat": {"p": [], "f": []},
    }  # fmt: skip
    for image, advised in offered.items():
        for where, ways in advised.items():
            site.ok("vol-create-as", where, image, "1M", *SPARSE)
            told = site.run("vol-import", image, scratch / image, "--pool", where).err
            assert "gets the bytes of the image as its disk" in told
            lines = re.findall(r"(vol-(?:import|set) .+?) (?:converts|makes)", told.split(" as its disk")[1])
            assert [line.split()[0][4:] for line in lines] == ways, told
            for line in lines:
                site.ok(*(str(scratch / image) if word == "FILE" else word for word in shlex.split(line)))
                if line.startswith("vol-set"):
                    assert site.volume(image, where)["problem"] is None
                # As it was, for the next one.
                site.ok("vol-delete", image, "--pool", where)
                site.ok("vol-create-as", where, image, "1M", *SPARSE)
                site.run("vol-import", image, scratch / image, "--pool", where)


def test_an_upload_can_say_what_it_is(site, pool, scratch):
    site.ok("vol-create-as", "p", "v", "64M", *SPARSE)
    images.make(scratch / "cloud", "qcow2", "8M")
    site.ok("vol-upload", "v", scratch / "cloud", "--pool", "p", "--format", "qcow2")
    assert (pool / "v").read_bytes() == (scratch / "cloud").read_bytes()
    assert site.volume("v", "p")["format"] == "qcow2"
    words = "is about the whole content"
    line = ["vol-upload", "v", scratch / "cloud", "--pool", "p", "--format", "raw"]
    site.refused(USAGE, *line, "--offset", "512", words=words)
    site.ok(*line)
    assert site.volume("v", "p")["format"] == "raw"
    (scratch / "raw").write_bytes(bytes(4096))
    line = ["vol-upload", "v", scratch / "raw", "--pool", "p", "--format", "qcow2"]
    site.refused(BAD_DATA, *line, words="is not of format qcow2, but looks like raw")
    assert site.volume("v", "p")["format"] == "raw"


def test_a_file_that_was_replaced_by_hand(site, pool, scratch):
    """Keeps the recorded format until somebody says what it is now."""
    site.ok("vol-create-as", "p", "v", "1M", *SPARSE)
    images.make(pool / "v", "qcow2", "8M")
    assert site.volume("v", "p")["format"] == "raw"
    site.refused(BAD_DATA, "vol-set", "v", "format", "vmdk", "--pool", "p", words="but looks like qcow2")
    site.refused(BAD_DATA, "vol-set", "v", "format", "dir", "--pool", "p", words="is not a format of images")
    site.ok("vol-set", "v", "format", "qcow2", "--pool", "p")
    assert site.volume("v", "p")["capacity"] == 8 * MIB
    qemu_img("create", "-q", "-u", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", pool / "v", "1M")
    site.ok("vol-set", "v", "format", "raw", "--pool", "p")
    words = "its backing store '/etc/passwd' is not a volume of an active pool"
    site.refused(BAD_DATA, "vol-set", "v", "format", "qcow2", "--pool", "p", words=words)


def test_a_volume_that_keeps_nothing_has_no_format_of_its_own(site, pool):
    site.ok("vol-create-as", "p", "v", "1M", "--save-on-stop", "no")
    words = "keeps nothing, and is what it starts from"
    site.refused(UNSUPPORTED, "vol-set", "v", "format", "raw", "--pool", "p", words=words)


def test_an_encrypted_volume_takes_only_what_is_encrypted(site, pool, scratch):
    """As it was made, byte for byte; anything else would be read in clear by nobody, or be what it is not."""
    secret = scratch / "secret.xml"
    secret.write_text("<secret><usage type='volume'><volume>x</volume></usage></secret>")
    uuid = site.ok("secret-define", secret).split()[1]
    site.ok("secret-set-value", uuid, "--file", "-", "--plain", stdin=b"open")
    for kind in ("raw", "qcow2"):
        document = scratch / "v.xml"
        document.write_text(
            f"<volume><name>{kind}</name><capacity>4194304</capacity><target><format type='{kind}'/>"
            f"<encryption format='luks'><secret type='passphrase' uuid='{uuid}'/></encryption></target></volume>"
        )
        site.ok("vol-create", "p", document, timeout=120)
        before = (pool / kind).read_bytes()
        images.make(scratch / "plain", kind, "4M")
        words = f"is not encrypted by luks, as volume '{kind}' is"
        for tool in ("vol-import", "vol-upload"):
            site.refused(BAD_DATA, tool, kind, scratch / "plain", "--pool", "p", words=words)
        words = "is encrypted: content of another format is not converted"
        images.make(scratch / "other", "vmdk", "4M")
        line = ["vol-import", kind, scratch / "other", "--pool", "p", "--format", "vmdk"]
        site.refused(UNSUPPORTED, *line, words=words)
        assert (pool / kind).read_bytes() == before
        site.ok("vol-export", kind, scratch / f"{kind}-copy", "--pool", "p")
        site.ok("vol-import", kind, scratch / f"{kind}-copy", "--pool", "p")
        assert (pool / kind).read_bytes() == before


def test_layouts_of_raw_volumes_stay_raw(site, scratch):
    site.ok("pool-define-as", "l", "dir", "--target", scratch / "l", "--driver", "xen")
    site.ok("pool-build", "l")
    site.ok("pool-start", "l")
    site.ok("vol-create-as", "l", "a/v", "1M")
    images.make(scratch / "cloud", "qcow2", "8M")
    words = "is raw as every volume of its pool, not qcow2"
    (scratch / "small").write_bytes(b"x" * 512)
    site.ok("vol-upload", "a/v", scratch / "small", "--pool", "l")
    before = (scratch / "l" / "a" / "v.img").read_bytes()
    site.refused(UNSUPPORTED, "vol-set", "a/v", "format", "qcow2", "--pool", "l", words=words)
    site.refused(UNSUPPORTED, "vol-upload", "a/v", scratch / "cloud", "--pool", "l", "--format", "qcow2", words=words)
    assert (scratch / "l" / "a" / "v.img").read_bytes() == before
    site.ok("vol-import", "a/v", scratch / "cloud", "--pool", "l", "--format", "qcow2")
    images.same(scratch / "cloud", "qcow2", scratch / "l" / "a" / "v.img", "raw")


@pytest.mark.parametrize("version", ["luks1", "luks2"])
def test_what_is_encrypted_is_said_where_the_volume_is_not(site, pool, scratch, version):
    (scratch / "key").write_text("secret")
    subprocess.run(["truncate", "-s", "20M", scratch / "luks"], check=True)
    options = ["--batch-mode", "--type", version, "--key-file", scratch / "key", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"]
    try:
        subprocess.run(["cryptsetup", "luksFormat", *options, scratch / "luks"], check=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("needs cryptsetup")
    site.ok("vol-create-as", "p", "v", "20M", *SPARSE)
    words = "is encrypted by luks"
    for line in (["vol-import", "v"], ["vol-upload", "v"], ["vol-import", "n", "--create"]):
        result = site.run(line[0], line[1], scratch / "luks", *line[2:], "--pool", "p")
        assert result.status == 0 and words in result.err, result
    # Who says what it is knows.
    for line in (["vol-import", "v"], ["vol-import", "m", "--create"]):
        result = site.run(line[0], line[1], scratch / "luks", *line[2:], "--format", "raw", "--pool", "p")
        assert (result.status, result.err) == (0, ""), result
