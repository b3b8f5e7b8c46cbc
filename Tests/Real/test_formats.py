"""Volumes in every format that qemu-img writes: made here and read by qemu-img, and the other way round."""

import hashlib
import os
import re
import subprocess

import images
import pytest
from filesystems import LoopFilesystem, unavailable
from images import FORMATS, GROWING, options
from tools import BAD_DATA, IO_ERROR, MIB, UNSUPPORTED

VOLUME = "<volume><name>{}</name><capacity unit='MiB'>{}</capacity><allocation>{}</allocation>{}</volume>"


def create(site, scratch, target="", name="v", megabytes=8, allocation="0", *words):
    file = scratch / "v.xml"
    file.write_text(VOLUME.format(name, megabytes, allocation, target))
    return site.ok("vol-create", "p", file, *words)


def target(inside):
    return f"<target>{inside}</target>"


@pytest.mark.parametrize("kind", FORMATS)
def test_created_here(site, pool, kind):
    """Right from the start: what the listing says, what qemu-img says, and its check."""
    site.ok("vol-create-as", "p", "v", "8M", "--allocation", "0", "--format", kind)
    volume = site.volume("v", "p")
    facts = images.info(pool / "v", kind)
    assert volume["format"] == kind == facts["format"]
    assert volume["capacity"] == facts["virtual-size"]
    # VHD has sizes of whole cylinders only; qemu-img rounds up.
    assert 8 * MIB <= volume["capacity"] < 9 * MIB and (kind == "vpc" or volume["capacity"] == 8 * MIB)
    assert volume["physical"] == os.path.getsize(pool / "v")
    assert volume["allocation"] == os.stat(pool / "v").st_blocks * 512
    assert volume["problem"] is None
    images.sound(pool / "v", kind)
    assert f"<format type='{kind}'/>" in site.ok("vol-dumpxml", "v", "--pool", "p")


@pytest.mark.parametrize("kind", FORMATS)
def test_created_by_qemu_img(site, pool, kind):
    images.make(pool / "v", kind)
    volume = site.volume("v", "p")
    assert (volume["format"], volume["problem"]) == (kind, None)
    assert volume["capacity"] == images.info(pool / "v", kind)["virtual-size"]


@pytest.mark.parametrize("kind", FORMATS)
def test_the_whole_life_cycle(site, pool, kind):
    """It moves whole files, so that it works for every format."""
    site.ok(
        "vol-create-as", "p", "v", "8M", "--allocation", "0", "--format", kind, "--revisions-to-keep", "2"
    )
    for pattern in (1, 2):
        device = site.ok("vol-start", "v", "--pool", "p").strip()
        assert images.info(device, kind)["virtual-size"] == site.volume("v", "p")["capacity"]
        images.write(device, kind, pattern)
        assert images.reads(pool / "v", kind, pattern - 1), "the committed state changed under the session"
        site.ok("vol-stop", "v", "--pool", "p")
        assert images.reads(pool / "v", kind, pattern)
    site.ok("vol-revert", "v", "1", "--pool", "p")
    assert images.reads(pool / "v", kind, 0)
    site.ok("vol-revert", "v", "--pool", "p")
    assert images.reads(pool / "v", kind, 2)
    images.sound(pool / "v", kind)
    assert site.volume("v", "p")["format"] == kind
    site.ok("pool-check", "p")


def test_a_snapshot_has_its_sources_format(site, pool):
    site.ok("vol-create-as", "p", "v", "8M", "--format", "qcow2", "--revisions-to-keep", "1")
    snapshot = ["--source", "v", "--snap-on-start", "yes", "--save-on-stop", "no"]
    site.ok("vol-create-as", "p", "s", *snapshot)
    device = site.ok("vol-start", "s", "--pool", "p").strip()
    assert site.volume("s", "p")["format"] == "qcow2"
    images.write(device, "qcow2")
    site.ok("vol-stop", "s", "--pool", "p")
    assert images.reads(pool / "v", "qcow2", 0)


def test_what_is_made_a_snapshot_has_its_sources_format(site, pool):
    """Whatever was on record, and whatever the source becomes later."""
    site.ok("vol-create-as", "p", "v", "8M", "--format", "qcow2", "--revisions-to-keep", "1")
    site.ok("vol-create-as", "p", "s", "1M", "--save-on-stop", "no")
    site.ok("vol-set", "s", "source", "v", "--pool", "p")
    volume = site.volume("s", "p")
    assert (volume["format"], volume["capacity"]) == ("qcow2", 8 * MIB)
    disk = site.ok("vol-start", "s", "--pool", "p", "--print-disk")
    assert "type='qcow2'" in disk
    assert site.volume("s", "p")["problem"] is None
    site.ok("vol-stop", "s", "--pool", "p")
    site.ok("vol-set", "v", "format", "raw", "--pool", "p")
    assert site.volume("s", "p")["format"] == "raw"
    assert "type='raw'" in site.ok("vol-start", "s", "--pool", "p", "--print-disk")
    site.ok("vol-stop", "s", "--pool", "p")
    site.ok("vol-set", "v", "format", "qcow2", "--pool", "p")
    site.ok("vol-set", "s", "source", "none", "--pool", "p")
    assert site.volume("s", "p")["format"] == "raw" and site.volume("s", "p")["kind"] == "volatile"
    assert "type='raw'" in site.ok("vol-start", "s", "--pool", "p", "--print-disk")
    assert site.volume("s", "p")["problem"] is None
    site.ok("vol-stop", "s", "--pool", "p")


def test_what_saves_has_the_format_of_its_source_or_none(site, pool):
    """A session that starts from an image of another format would make something else of the volume."""
    site.ok("vol-create-as", "p", "v", "8M", "--format", "qcow2", "--revisions-to-keep", "1")
    site.ok("vol-create-as", "p", "o", "8M", "--revisions-to-keep", "1")
    words = "has the format of its source, which is qcow2"
    site.refused(BAD_DATA, "vol-set", "o", "source", "v", "--pool", "p", words=words)
    site.ok("vol-create-as", "p", "r", "8M", "--revisions-to-keep", "1")
    site.ok("vol-set", "o", "source", "r", "--pool", "p")
    volume = site.volume("o", "p")
    assert (volume["kind"], volume["format"]) == ("origin-snapshot", "raw")
    images.make(pool / "r", "qcow2", "8M")
    site.ok("vol-set", "r", "format", "qcow2", "--pool", "p")
    site.refused(BAD_DATA, "vol-start", "o", "--pool", "p", words=words)
    assert site.findings("p") == []


def test_a_folder_is_no_source(site, pool):
    (pool / "d").mkdir()
    site.ok("vol-create-as", "p", "v", "1M", "--save-on-stop", "no")
    words = "its source 'd' is a directory, not an image"
    site.refused(BAD_DATA, "vol-set", "v", "source", "d", "--pool", "p", words=words)


def test_a_revision_of_another_format_is_not_what_a_volume_reverts_to(site, pool, scratch):
    images.make(scratch / "c", "qcow2", "1M")
    site.ok("vol-create-as", "p", "w", "1M", "--revisions-to-keep", "2")
    site.ok("vol-import", "w", scratch / "c", "--pool", "p", "--format", "raw", "--size", os.path.getsize(scratch / "c"))
    site.ok("vol-set", "w", "format", "qcow2", "--pool", "p")
    before = (pool / "w").read_bytes()
    refusal = site.refused(
        BAD_DATA, "vol-revert", "w", "--pool", "p", words=["cannot be reverted to revision 1", "is not of format qcow2"]
    )
    assert (pool / "w").read_bytes() == before and site.volume("w", "p")["problem"] is None
    # The advice works.
    assert refusal.err.splitlines()[-1] == "Try: vol-set w format raw --pool p"
    site.ok("vol-set", "w", "format", "raw", "--pool", "p")
    site.ok("vol-revert", "w", "--pool", "p")
    assert site.volume("w", "p")["problem"] is None


@pytest.mark.parametrize("origin", ["qemu-img", "here"])
def test_a_copy_has_the_compat_of_its_source(site, pool, scratch, origin):
    if origin == "here":
        create(site, scratch, target("<format type='qcow2'/><compat>0.10</compat>"), "o", 1)
    else:
        images.qemu_img("create", "-q", "-f", "qcow2", "-o", "compat=0.10", pool / "o", "1M")
    images.qemu_img("snapshot", "-c", "s", pool / "o")
    site.ok("vol-clone", "o", "c", "--pool", "p")
    assert (pool / "c").read_bytes() == (pool / "o").read_bytes()
    assert options(pool / "c")["compat"] == "0.10"


def test_compat(site, pool, scratch):
    """1.1 where nothing is said; what is there is shown at once."""
    create(site, scratch, target("<format type='qcow2'/>"))
    assert options(pool / "v")["compat"] == "1.1"
    assert "<compat>1.1</compat>" in site.ok("vol-dumpxml", "v", "--pool", "p")
    create(site, scratch, target("<format type='qcow2'/><compat>0.10</compat>"), "w")
    assert options(pool / "w")["compat"] == "0.10"
    assert "<compat>" not in site.ok("vol-dumpxml", "w", "--pool", "p")


def test_cluster_size_and_features(site, pool, scratch):
    inside = (
        "<format type='qcow2'/><compat>1.1</compat><clusterSize unit='KiB'>128</clusterSize>"
        "<features><lazy_refcounts/><extended_l2/></features>"
    )
    create(site, scratch, target(inside))
    facts = images.info(pool / "v")
    assert facts["cluster-size"] == 128 << 10
    assert facts["format-specific"]["data"]["lazy-refcounts"] is True
    assert facts["format-specific"]["data"]["extended-l2"] is True
    document = site.ok("vol-dumpxml", "v", "--pool", "p")
    assert "<clusterSize unit='B'>131072</clusterSize>" in document
    assert re.search(r"<features>\s*<lazy_refcounts/>\s*<extended_l2/>\s*</features>", document)


def test_preallocation(site, pool, scratch):
    create(site, scratch, target("<format type='qcow2'/>"), "full", 8, 8 * MIB, "--prealloc-metadata")
    assert os.stat(pool / "full").st_blocks * 512 >= 8 * MIB
    create(site, scratch, target("<format type='qcow2'/>"), "meta", 8, 0, "--prealloc-metadata")
    assert os.path.getsize(pool / "meta") > 8 * MIB > os.stat(pool / "meta").st_blocks * 512
    create(site, scratch, target("<format type='qcow2'/>"), "none", 8, 8 * MIB)
    assert os.path.getsize(pool / "none") < MIB


def test_copy_on_write_is_off_on_btrfs(site, scratch):
    if reason := unavailable("btrfs"):
        pytest.skip(reason)
    with LoopFilesystem("btrfs", scratch) as filesystem:
        (filesystem.path / "p").mkdir()
        site.ok("pool-define-as", "p", "dir", "--target", filesystem.path / "p", "--revisions-to-keep", "2")
        site.ok("pool-start", "p")
        for name, kind in (("r", "raw"), ("q", "qcow2")):
            create(site, scratch, target(f"<format type='{kind}'/><nocow/>"), name)
            out = subprocess.run(
                ["lsattr", filesystem.path / "p" / name], check=True, capture_output=True, text=True, timeout=10
            ).stdout
            assert "C" in out.split()[0], out
        site.ok("vol-create-as", "p", "plain", "1M")
        out = subprocess.run(
            ["lsattr", filesystem.path / "p" / "plain"], check=True, capture_output=True, text=True, timeout=10
        ).stdout
        assert "C" not in out.split()[0], out


def test_directories_and_iso(site, pool):
    site.ok("vol-create-as", "p", "d", "0", "--format", "dir")
    assert (pool / "d").is_dir() and site.volume("d", "p")["type"] == "dir"
    site.ok("vol-create-as", "p", "i", "1M", "--allocation", "0", "--format", "iso")
    assert os.path.getsize(pool / "i") == MIB
    assert site.volume("i", "p")["format"] == "iso"


@pytest.mark.parametrize("kind", FORMATS)
def test_resize(site, pool, kind):
    site.ok("vol-create-as", "p", "v", "8M", "--allocation", "0", "--format", kind)
    images.write(pool / "v", kind)
    if kind not in GROWING:
        site.refused(UNSUPPORTED, "vol-resize", "v", "16M", "--pool", "p", words="does not support resize")
        assert site.volume("v", "p")["capacity"] == images.info(pool / "v", kind)["virtual-size"]
    else:
        site.ok("vol-resize", "v", "16M", "--pool", "p")
        assert site.volume("v", "p")["capacity"] == 16 * MIB == images.info(pool / "v", kind)["virtual-size"]
        site.refused(BAD_DATA, "vol-resize", "v", "4M", "--pool", "p", words="shrink flag")
    if kind in ("raw", "qcow2"):
        site.ok("vol-resize", "v", "4M", "--shrink", "--pool", "p")
        assert images.info(pool / "v", kind)["virtual-size"] == 4 * MIB
    assert images.reads(pool / "v", kind)
    images.sound(pool / "v", kind)


def test_failures_leave_nothing(site, pool, scratch):
    """qemu-img's own refusal is passed on with its reason, and the volume is not there."""
    file = scratch / "v.xml"
    file.write_text(
        VOLUME.format("v", 8, 0, target("<format type='qcow2'/><clusterSize unit='b'>1000</clusterSize>"))
    )
    result = site.refused((1, BAD_DATA), "vol-create", "p", file, words="luster size")
    assert "/proc/" not in result.err and "~" not in result.err
    assert set(os.listdir(pool)) <= {".cistern"}
    assert site.json("vol-list", "p")["volumes"] == [] and site.findings("p") == []


# The command lines that libvirt gives qemu-img for the same documents; but that what is below an overlay is not opened
# (-u), so that its size is told.
LINES = {
    "qcow2": (
        "<capacity unit='GiB'>5</capacity><allocation>0</allocation><target><format type='qcow2'/></target>",
        "create -f qcow2 -o compat=1.1 @P@/v 5242880K",
    ),
    "old compat": (
        "<capacity unit='GiB'>5</capacity><allocation>0</allocation>"
        "<target><format type='qcow2'/><compat>0.10</compat></target>",
        "create -f qcow2 -o compat=0.10 @P@/v 5242880K",
    ),
    "allocated": (
        "<capacity>4194304</capacity><allocation>4194304</allocation><target><format type='qcow2'/></target>",
        "create -f qcow2 -o compat=1.1 @P@/v 4096K",
    ),
    "allocated --prealloc-metadata": (
        "<capacity>4194304</capacity><allocation>4194304</allocation><target><format type='qcow2'/></target>",
        "create -f qcow2 -o preallocation=falloc,compat=1.1 @P@/v 4096K",
    ),
    "sparse --prealloc-metadata": (
        "<capacity>4194304</capacity><allocation>0</allocation><target><format type='qcow2'/></target>",
        "create -f qcow2 -o preallocation=metadata,compat=1.1 @P@/v 4096K",
    ),
    "copy on write off": (
        "<capacity unit='GiB'>5</capacity><allocation>0</allocation>"
        "<target><format type='qcow2'/><nocow/></target>",
        "create -f qcow2 -o nocow=on,compat=1.1 @P@/v 5242880K",
    ),
    "clusters": (
        "<capacity unit='GiB'>5</capacity><allocation>0</allocation>"
        "<target><format type='qcow2'/><clusterSize unit='KiB'>128</clusterSize></target>",
        "create -f qcow2 -o compat=1.1,cluster_size=131072 @P@/v 5242880K",
    ),
    "features": (
        "<capacity unit='GiB'>5</capacity><allocation>0</allocation><target><format type='qcow2'/>"
        "<features><extended_l2/><lazy_refcounts/></features></target>",
        "create -f qcow2 -o compat=1.1,lazy_refcounts=on,extended_l2=on @P@/v 5242880K",
    ),
    "rounded up": (
        "<capacity>1025</capacity><allocation>0</allocation><target><format type='qcow2'/></target>",
        "create -f qcow2 -o compat=1.1 @P@/v 2K",
    ),
    "overlay": (
        "<capacity unit='GiB'>5</capacity><target><format type='qcow2'/></target>"
        "<backingStore><path>@P@/base</path><format type='raw'/></backingStore>",
        "create -f qcow2 -u -b @P@/base -o backing_fmt=raw,compat=1.1 @P@/v 5242880K",
    ),
    "overlay of the base's size": (
        "<target><format type='qcow2'/></target>"
        "<backingStore><path>@P@/base</path><format type='raw'/></backingStore>",
        "create -f qcow2 -u -b @P@/base -o backing_fmt=raw,compat=1.1 @P@/v 5242880K",
    ),
    "vmdk": (
        "<capacity unit='GiB'>5</capacity><target><format type='vmdk'/></target>",
        "create -f vmdk @P@/v 5242880K",
    ),
    "luks": (
        "<capacity unit='GiB'>5</capacity><target><format type='raw'/><encryption format='luks'>"
        "<secret type='passphrase' usage='it'/></encryption></target>",
        "create -f luks --object secret,id=v_encrypt0,file=PASSPHRASE -o key-secret=v_encrypt0 @P@/v 5242880K",
    ),
    "luks with a cipher": (
        "<capacity unit='GiB'>5</capacity><target><format type='raw'/><encryption format='luks'>"
        "<secret type='passphrase' usage='it'/><cipher name='serpent' size='256' mode='cbc' hash='sha256'/>"
        "<ivgen name='plain64' hash='sha256'/></encryption></target>",
        "create -f luks --object secret,id=v_encrypt0,file=PASSPHRASE -o key-secret=v_encrypt0,"
        "cipher-alg=serpent-256,cipher-mode=cbc,hash-alg=sha256,ivgen-alg=plain64,ivgen-hash-alg=sha256"
        " @P@/v 5242880K",
    ),
    "luks in qcow2": (
        "<capacity unit='GiB'>5</capacity><allocation>0</allocation><target><format type='qcow2'/>"
        "<compat>0.10</compat><encryption format='luks'><secret type='passphrase' usage='it'/></encryption>"
        "</target><backingStore><path>@P@/base</path><format type='raw'/></backingStore>",
        "create -f qcow2 -u -b @P@/base --object secret,id=v_encrypt0,file=PASSPHRASE -o backing_fmt=raw,"
        "encrypt.format=luks,encrypt.key-secret=v_encrypt0,compat=0.10 @P@/v 5242880K",
    ),
}
# What is converted goes into an image that is made first, as libvirt does where a passphrase is in the way: so zeroes
# need not be written, whatever the format and however much larger it is.
CONVERSIONS = {
    "raw to qcow2": (
        "base", "<target><format type='qcow2'/><compat>0.10</compat></target>",
        "create -f qcow2 -o compat=0.10 @P@/v 5242880K; "
        "run @Q@ convert -n --target-is-zero -f raw -O qcow2 @P@/base @P@/v",
    ),
    "allocated --prealloc-metadata": (
        "base", "<allocation unit='GiB'>5</allocation><target><format type='qcow2'/></target>",
        "create -f qcow2 -o preallocation=falloc,compat=1.1 @P@/v 5242880K; "
        "run @Q@ convert -n --target-is-zero -f raw -O qcow2 @P@/base @P@/v",
    ),
    "qcow2 to raw": (
        "q", "<target><format type='raw'/></target>", "convert -n --target-is-zero -f qcow2 -O raw @P@/q @P@/v",
    ),
    "qcow2 to luks": (
        "q", "<target><format type='raw'/><encryption format='luks'><secret type='passphrase' usage='it'/>"
        "</encryption></target>",
        "create -f luks --object secret,id=v_encrypt0,file=PASSPHRASE -o key-secret=v_encrypt0 @P@/v 8192K; "
        "run @Q@ convert --image-opts -n --target-image-opts --object secret,id=v_encrypt0,file=PASSPHRASE "
        "driver=qcow2,file.filename=@P@/q driver=luks,file.filename=@P@/v,key-secret=v_encrypt0",
    ),
    "luks to raw": (
        "l", "<target><format type='raw'/></target>",
        "convert --image-opts -n --target-image-opts --target-is-zero --object "
        "secret,id=l_encrypt0,file=PASSPHRASE driver=luks,file.filename=@P@/l,key-secret=l_encrypt0 "
        "driver=raw,file.filename=@P@/v",
    ),
    "luks with another secret": (
        "l", "<target><format type='raw'/><encryption format='luks'><secret type='passphrase' usage='other'/>"
        "</encryption></target>",
        "create -f luks --object secret,id=v_encrypt0,file=PASSPHRASE -o key-secret=v_encrypt0 @P@/v 8192K; "
        "run @Q@ convert --image-opts -n --target-image-opts --object secret,id=v_encrypt0,file=PASSPHRASE "
        "--object secret,id=l_encrypt0,file=PASSPHRASE "
        "driver=luks,file.filename=@P@/l,key-secret=l_encrypt0 "
        "driver=luks,file.filename=@P@/v,key-secret=v_encrypt0",
    ),
}  # fmt: skip


def told(site, pool, *words):
    """The one step of a dry run that runs something, with the pool's folder left out."""
    out = site.ok(*words, "--dry-run")
    [line] = [line for line in out.splitlines() if "run " in line]
    line = line.split("run ", 1)[1].replace(str(pool), "@P@").replace("/usr/bin/qemu-img", "@Q@")
    return line.removeprefix("@Q@ ")


@pytest.fixture
def secrets(site, scratch):
    for usage in ("it", "other", scratch / "pool" / "l"):
        file = scratch / "secret.xml"
        file.write_text(
            f"<secret ephemeral='no'><usage type='volume'><volume>{usage}</volume></usage></secret>"
        )
        uuid = site.json("secret-define", file)["secret"]
        (scratch / "value").write_text(f"passphrase of {usage}")
        site.ok("secret-set-value", uuid, "--plain", "--file", scratch / "value")


def test_command_lines(site, pool, scratch, secrets):
    site.ok("vol-create-as", "p", "base", "5G", "--allocation", "0")
    wrong = []
    for title, (inside, expected) in LINES.items():
        file = scratch / "v.xml"
        file.write_text(f"<volume><name>v</name>{inside}</volume>".replace("@P@", str(pool)))
        flags = [word for word in title.split() if word.startswith("--")]
        line = told(site, pool, "vol-create", "p", file, *flags)
        if line != expected:
            wrong.append(f"{title}:\n  {line}\n  {expected}")
    assert not wrong, "\n".join(wrong)


def test_command_lines_of_conversions(site, pool, scratch, secrets):
    site.ok("vol-create-as", "p", "base", "5G", "--allocation", "0")
    site.ok("vol-create-as", "p", "q", "8M", "--allocation", "0", "--format", "qcow2")
    (scratch / "key").write_text("k")
    images.make(
        pool / "l", "luks", "8M", "--object", f"secret,id=k,file={scratch / 'key'}", "-o", "key-secret=k,iter-time=10"
    )
    wrong = []
    for title, (source, inside, expected) in CONVERSIONS.items():
        file = scratch / "v.xml"
        file.write_text(f"<volume><name>v</name>{inside}</volume>")
        flags = [word for word in title.split() if word.startswith("--")]
        line = told(site, pool, "vol-create-from", "p", file, source, *flags)
        if line != expected:
            wrong.append(f"{title}:\n  {line}\n  {expected}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("way", ["file", "pipe", "sparse", "verify", "revisions"])
def test_an_uploaded_image_is_as_long_as_it_was(site, pool, scratch, way):
    """An image may end in zeroes, which are a part of it."""
    keeps = ["--revisions-to-keep", "2"] if way == "revisions" else []
    site.ok("vol-create-as", "p", "a", "8M", "--format", "qcow2", "--prealloc-metadata")
    site.ok("vol-download", "a", scratch / "f", "--pool", "p")
    site.ok("vol-create-as", "p", "b", "8M", "--format", "qcow2", *keeps)
    content = (scratch / "f").read_bytes()
    more, stdin, file = [], b"", scratch / "f"
    if way == "pipe":
        file, stdin = "-", content
    elif way == "sparse":
        more = ["--sparse"]
    elif way == "verify":
        more = ["--verify", hashlib.sha256(content).hexdigest()]
    site.ok("vol-upload", "b", file, "--pool", "p", *more, stdin=stdin)
    assert (pool / "b").read_bytes() == content
    subprocess.run(["qemu-img", "check", "-q", pool / "b"], check=True, timeout=60)


def test_a_checksum_is_that_of_what_was_written(site, pool, scratch):
    """A write that says that it was done and was not is found: what lies in the volume is read back."""
    content = os.urandom(MIB)
    site.ok("vol-create-as", "p", "v", "1M")
    pretend = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", str(pool / "v"), "-e", f"inject=pwrite64:retval={MIB}:when=1"]
    line = [*pretend, *site.argv("vol-upload", "v", "-", "--pool", "p", "--checksum")]
    done = subprocess.run(
        line, input=content, capture_output=True, timeout=60, env=site.surroundings(), check=False
    )
    assert done.returncode == IO_ERROR
    assert b"what was written is not what was read" in done.stderr
    whole = site.run("vol-upload", "v", "-", "--pool", "p", "--checksum", stdin=content)
    assert whole.out.startswith(hashlib.sha256(content).hexdigest())
