"""What errors advise: each piece of advice is taken, and works."""

import re
import shlex
import shutil
import subprocess

import pytest
from filesystems import unavailable
from tools import BAD_DATA, BUSY, EXISTS, NOT_FOUND, USAGE


def hint(result):
    """The line after the error."""
    return result.err.splitlines()[1]


def advice(result):
    """The command line that is advised."""
    return shlex.split(re.search(r"Try: (.+)$", hint(result))[1])


def test_a_pool_that_is_not_active(site, scratch):
    site.ok("pool-define-as", "a b", "dir", "--target", scratch / "p")
    refusal = site.refused(BUSY, "vol-create-as", "a b", "v", "1M")
    # The first piece of advice leads to the next.
    assert advice(refusal) == ["pool-start", "a b"]
    refusal = site.refused(NOT_FOUND, *advice(refusal))
    assert advice(refusal) == ["pool-build", "a b"]
    site.ok(*advice(refusal))
    site.ok("pool-start", "a b")
    site.ok("vol-create-as", "a b", "v", "1M")
    refusal = site.refused(BUSY, "pool-undefine", "a b")
    site.ok(*advice(refusal))
    site.ok("pool-undefine", "a b")


def test_the_pool_default_that_nobody_uses(site):
    refusal = site.refused(BUSY, "vol-create-as", "default", "v", "1M")
    assert advice(refusal) == ["pool-start", "default", "--build"]
    site.ok(*advice(refusal))
    site.ok("vol-create-as", "default", "v", "1M")


def test_the_folder_of_a_mount_that_is_not_there(site, scratch):
    if reason := unavailable("ext4"):
        pytest.skip(reason)
    image = scratch / "image"
    subprocess.run(["truncate", "-s", "16M", image], check=True)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    site.ok("pool-define-as", "f", "fs", "--source-dev", image, "--target", scratch / "mnt")
    refusal = site.refused(NOT_FOUND, "pool-start", "f")
    site.ok(*advice(refusal))
    site.ok("pool-start", "f")
    site.ok("pool-destroy", "f")


def test_what_is_on_the_source_of_a_pool(site, scratch):
    if reason := unavailable("ext4"):
        pytest.skip(reason)
    image = scratch / "image"
    subprocess.run(["truncate", "-s", "16M", image], check=True)
    words = ["--source-dev", image, "--target", scratch / "mnt", "--source-format", "ext4"]
    site.ok("pool-define-as", "f", "fs", *words)
    site.ok("pool-build", "f", "--no-overwrite")
    refusal = site.refused(EXISTS, "pool-build", "f", "--no-overwrite")
    assert hint(refusal) == "If what is there may be lost, say --overwrite."
    site.ok("pool-build", "f", "--overwrite")


def test_content_of_another_size(site, pool, scratch):
    site.ok("vol-create-as", "p", "v", "1M", "--revisions-to-keep", "1")
    file = scratch / "file"
    file.write_bytes(b"x" * 4096)
    refusal = site.refused(BAD_DATA, "vol-import", "v", file, "--pool", "p", "--keep-size")
    assert hint(refusal) == "Without --keep-size the volume gets the size of the input."
    refusal = site.refused(BAD_DATA, "vol-import", "v", file, "--pool", "p", "--size", "1M")
    assert hint(refusal) == "If the volume is to get another size, say how many bytes come: --size BYTES."
    site.ok("vol-import", "v", file, "--pool", "p", "--size", "4096")
    assert site.volume("v", "p")["capacity"] == 4096
    site.ok("vol-import", "v", file, "--pool", "p")


def test_a_compressed_file_that_was_cut(site, pool, scratch):
    site.ok("vol-create-as", "p", "v", "1M")
    whole, cut = scratch / "whole", scratch / "cut"
    (pool / "v").write_bytes(bytes(range(256)) * 4096)
    site.ok("vol-export", "v", whole, "--pool", "p", "--compress", "zstd")
    cut.write_bytes(whole.read_bytes()[:-5])
    for words in ([], ["--decompress", "zstd"]):
        refusal = site.refused(BAD_DATA, "vol-import", "v", cut, "--pool", "p", *words)
        assert hint(refusal) == "The file is not whole: make or copy it again."
    # Only what is no such file at all may be meant as it is.
    other = scratch / "other"
    other.write_bytes(whole.read_bytes()[:4] + b"\xff" * 5000)
    refusal = site.refused(BAD_DATA, "vol-import", "v", other, "--pool", "p")
    assert hint(refusal) == "To import it as it is, say --decompress none."
    site.ok("vol-import", "v", other, "--pool", "p", "--decompress", "none")
    site.ok("vol-import", "v", whole, "--pool", "p", "--size", "1M")


def test_links_are_said_to_be_links(site, pool, scratch):
    site.ok("vol-create-as", "p", "v", "1M")
    (pool / "link").symlink_to("v")
    (pool / "dangling").symlink_to("nowhere")
    (scratch / "other").symlink_to(pool)
    leads = "a symbolic link, which is not followed; it leads to volume 'v' of pool 'p'."
    for words in (["link", "p"], [pool / "link"]):
        for tool in ("vol-info", "vol-delete", "vol-wipe"):
            assert hint(site.refused(NOT_FOUND, tool, *words)) == f"'{pool}/link' is {leads}"
    assert hint(site.refused(NOT_FOUND, "vol-info", scratch / "other/v")) == f"'{scratch}/other/v' is reached by {leads}"
    refusal = site.refused(NOT_FOUND, "vol-info", "dangling", "p")
    assert hint(refusal) == f"'{pool}/dangling' is a symbolic link, which is not followed."
    site.ok("vol-info", "v", "p")


@pytest.mark.parametrize("line", ["upload POOL v file", "download POOL v out", "info POOL v", "resize POOL v 2M", "clone POOL v w"])
@pytest.mark.parametrize("name", ["p", "default"])
def test_the_order_of_a_guide(line, name, site, pool, scratch):
    """The pool first, then the volume."""
    site.ok("pool-start", "default", "--build")
    site.ok("vol-create-as", name, "v", "1M")
    (scratch / "file").write_bytes(b"x" * 512)
    verb, *words = line.replace("POOL", name).split()
    words = [str(scratch / word) if word in ("file", "out") else word for word in words]
    refusal = site.refused((NOT_FOUND, USAGE), f"vol-{verb}", *words)
    assert hint(refusal).startswith(f"'{name}' is a pool. Try: vol-{verb} v ")
    site.ok(*advice(refusal))


@pytest.mark.parametrize(
    "line, advised",
    [
        ("vol-import p v FILE", "vol-import v FILE --pool p"), ("vol-upload --pool v p FILE", "vol-upload v FILE --pool p"),
        ("vol-set p v revisions_to_keep 3", "vol-set v revisions_to_keep 3 --pool p"),
        ("vol-rename p v w", "vol-rename v w --pool p"), ("vol-start p v", "vol-start v --pool p"),
        ("vol-resize p v --capacity 2M", "vol-resize v --capacity 2M --pool p"),
        ("vol-create-as v p 1M", "vol-create-as p v 1M"),
        ("vol-create-as w p 1M --format qcow2", "vol-create-as p w 1M --format qcow2"),
        # Without the pool.
        ("vol-rename v w", "vol-rename v w --pool p"), ("vol-set v revisions_to_keep 3", "vol-set v revisions_to_keep 3 --pool p"),
        ("vol-clone v w --prealloc-metadata", "vol-clone v w --prealloc-metadata --pool p"),
        ("vol-resize v 2M --allocate", "vol-resize v 2M --allocate --pool p"),
        ("vol-import v FILE --checksum", "vol-import v FILE --checksum --pool p"),
        ("vol-clone v p", "vol-clone v p --pool p"),
    ],
)  # fmt: skip
def test_no_word_of_the_line_is_lost(line, advised, site, pool, scratch):
    """Neither in the right order of its words nor with the pool that it lacks."""
    if not line.startswith("vol-create-as"):
        site.ok("vol-create-as", "p", "v", "1M", *(["--format", "qcow2"] if "metadata" in line else []))
    (scratch / "file").write_bytes(b"x" * 512)
    line, advised = (text.replace("FILE", str(scratch / "file")) for text in (line, advised))
    refusal = site.refused((NOT_FOUND, USAGE), *line.split())
    assert advice(refusal) == advised.split()
    site.ok(*advice(refusal))


def test_only_a_volume_of_the_pool_makes_another_order(site, pool):
    site.ok("vol-create-as", "p", "v", "1M")
    for line in ("vol-info p --pool p", "vol-info p nonesuch", "vol-create-as v nonesuch 1M"):
        assert "is a pool" not in site.refused((NOT_FOUND, USAGE), *line.split()).err


def test_a_path_in_a_pool_that_is_not_active(site, pool):
    site.ok("vol-create-as", "p", "v", "1M")
    site.ok("pool-destroy", "p")
    refusal = site.refused(NOT_FOUND, "vol-info", pool / "v")
    assert hint(refusal) == "Pool 'p', which it lies in, is not active. Try: pool-start p"
    site.ok(*advice(refusal))
    site.ok("vol-info", pool / "v")


def test_a_new_name_that_a_link_has(site, pool, scratch):
    (pool / "link").symlink_to("nowhere")
    site.ok("vol-create-as", "p", "v", "1M")
    (scratch / "file").write_bytes(b"x" * 512)
    for line in (
        ["vol-create-as", "p", "link", "1M"], ["vol-clone", "v", "link", "--pool", "p"], ["vol-rename", "v", "link", "--pool", "p"],
        ["vol-import", "link", scratch / "file", "--create", "--pool", "p"],
    ):  # fmt: skip
        refusal = site.refused(EXISTS, *line)
        assert hint(refusal) == f"'{pool}/link' is a symbolic link, which is no volume and not followed."


@pytest.fixture
def overlay(site, pool, scratch):
    """A volume `o` on an image that is in no pool, and a volume `v`."""
    (scratch / "out").mkdir()
    (scratch / "out/base").write_bytes(b"b" * 65536)
    words = ["-f", "qcow2", "-b", scratch / "out/base", "-F", "raw"]
    subprocess.run(["qemu-img", "create", "-q", *words, pool / "o"], check=True, timeout=60)
    site.ok("vol-create-as", "p", "v", "1M", "--format", "qcow2")
    return pool / "o"


@pytest.mark.parametrize("line", ["vol-start o", "vol-import v --from-volume o"])
def test_a_copy_that_stands_alone(line, site, overlay):
    refusal = site.refused(BAD_DATA, *line.split(), "--pool", "p")
    assert hint(refusal) == (
        "Define and start a pool on its folder, or make a copy that stands alone: vol-clone o NEWNAME --flatten --pool p"
    )
    words = shlex.split(hint(refusal).split(": ")[1].replace("NEWNAME", "new"))
    assert site.run(*words).status == 0
    site.ok(*line.replace(" o", " new").split(), "--pool", "p")


@pytest.mark.parametrize("line", ["vol-clone o n", "vol-start o", "vol-set o format qcow2"])
def test_a_pool_on_the_folder_of_a_base(line, site, overlay, scratch):
    refusal = site.refused(BAD_DATA, *line.split(), "--pool", "p")
    assert hint(refusal).startswith("Define and start a pool on its folder")
    assert ("say --flatten" in hint(refusal)) == line.startswith("vol-clone")
    site.ok("pool-define-as", "out", "dir", "--target", scratch / "out")
    site.ok("pool-start", "out")
    site.ok(*line.split(), "--pool", "p")


def test_force_is_advised_where_it_is_known(site, pool):
    site.ok("vol-create-as", "p", "b", "1M")
    site.ok("vol-create-as", "p", "o", "1M", "--format", "qcow2", "--backing-vol", "b", "--backing-vol-format", "raw")
    for line in ("vol-clear b", "vol-rename b c"):
        refusal = site.refused(BUSY, *line.split(), "--pool", "p", words="is the backing store of volume 'o'")
        assert len(refusal.err.splitlines()) == 1
    for line in ("vol-resize b 512K --shrink", "vol-wipe b", "vol-delete b"):
        refusal = site.refused(BUSY, *line.split(), "--pool", "p")
        assert hint(refusal).startswith("--force does it all the same")
        site.ok(*line.split(), "--pool", "p", "--force")


@pytest.mark.parametrize("asked", ["raw", "vmdk"])
def test_the_format_of_a_base_that_is_not_on_record(asked, site, pool, scratch):
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", pool / "b", "1M"], check=True, timeout=60)
    line = ["vol-create-as", "p", "o", "1M", "--format", "qcow2", "--backing-vol", "b", "--backing-vol-format"]
    refusal = site.refused(BAD_DATA, *line, asked, words="is of format qcow2, not")
    assert hint(refusal).startswith("Say what it is: --backing-vol-format qcow2.")
    if asked == "raw":
        words = shlex.split(hint(refusal).split("first: ")[1])
        assert words == ["vol-set", "b", "format", "raw", "--pool", "p"]
        site.ok(*words)
        site.ok(*line, "raw")
        site.ok("vol-delete", "o", "--pool", "p")
        site.ok("vol-set", "b", "format", "qcow2", "--pool", "p")
    site.ok(*line, "qcow2")
    # A document has no options.
    document = scratch / "x.xml"
    store = f"<backingStore><path>{pool}/c</path><format type='{asked}'/></backingStore>"
    document.write_text(f"<volume><name>x</name><capacity>1</capacity><target><format type='qcow2'/></target>{store}</volume>")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", pool / "c", "1M"], check=True, timeout=60)
    refusal = site.refused(BAD_DATA, "vol-create", "p", document)
    assert hint(refusal).startswith("Say what it is in <backingStore>: <format type='qcow2'/>.")
    document.write_text(document.read_text().replace(f"<format type='{asked}'/></b", "<format type='qcow2'/></b"))
    site.ok("vol-create", "p", document)


def test_what_a_finding_advises(site, pool):
    site.ok("vol-create-as", "p", "a b", "1M", "--revisions-to-keep", "2")
    for drop in (False, True):
        site.ok("vol-start", "a b", "--pool", "p")
        for mark in (site.root / "run/cistern").glob("boot-*"):
            shutil.rmtree(mark)
        site.ok("pool-start", "p")
        [finding] = site.findings("p")
        assert finding["kind"] == "uncommitted"
        commit, discard = re.fullmatch(r"none: commit it with (.+), or drop it with (.+)", finding["repair"]).groups()
        site.ok(*shlex.split(discard if drop else commit))
        assert site.findings("p") == []
    assert len(site.revisions("a b", "p")) == 1


def test_what_a_contradiction_advises(site, pool):
    site.ok("vol-create-as", "p", "v", "1M", "--save-on-stop", "no")
    (pool / "v").write_bytes(b"x" * 512)
    refusal = site.refused(BUSY, "vol-start", "v", "--pool", "p")
    line = re.search(r"own: (.+); otherwise", hint(refusal))[1]
    assert shlex.split(line) == ["vol-set", "v", "save_on_stop", "yes", "--pool", "p"]
    site.ok(*shlex.split(line))
    site.ok("vol-start", "v", "--pool", "p")


def test_a_new_volume_of_an_image_that_cannot_be_made(site, pool, scratch):
    """Only a format that can be made, of an image that stands alone, is advised."""
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", scratch / "image", "1M"], check=True, timeout=60)
    words = ["-f", "qcow2", "-b", scratch / "image", "-F", "qcow2"]
    subprocess.run(["qemu-img", "create", "-q", *words, scratch / "overlay"], check=True, timeout=60)
    for name, formats in (("overlay", ["raw"]), ("image", ["qcow2", "raw"])):
        refusal = site.refused(BAD_DATA, "vol-import", name, scratch / name, "--create", "--pool", "p")
        assert name == "image" or hint(refusal) == "For a disk of these bytes say --format raw."
        assert re.findall(r"--format (\w+)", hint(refusal)) == formats
        for one in formats:
            site.ok("vol-import", f"{name}-{one}", scratch / name, "--create", "--format", one, "--pool", "p")


@pytest.mark.parametrize(
    "line, option",
    [
        ("vol-create-as p x --size 1M", "capacity"), ("vol-resize v --size 2M --pool p", "capacity"),
        ("pool-define-as q dir --path /x", "target"), ("pool-define-as q dir --dir /x", "target"),
        ("vol-export v --output x --pool p", "file"), ("vol-import v --input x --pool p", "file"),
    ],
)  # fmt: skip
def test_options_of_other_programs(line, option, site, pool, scratch):
    site.ok("vol-create-as", "p", "v", "1M")
    (scratch / "x").write_bytes(b"x" * 512)
    tool, *words = line.split()
    refusal = site.refused(USAGE, tool, *words)
    assert hint(refusal) == f"Did you mean '--{option}'?"
    site.ok(tool, *(f"--{option}" if word.startswith("--") and word != "--pool" else word for word in words), cwd=scratch)


def test_an_editor_without_a_terminal(site, pool, scratch):
    for name in ("vi", "vim", "nano"):
        (scratch / name).symlink_to("/bin/false")
    none: dict[str, str] = {}
    for variables in (none, {"EDITOR": "vim -n"}, {"VISUAL": "nano"}):
        refusal = site.refused(USAGE, "pool-edit", "p", words="needs a terminal", environment={"PATH": scratch, **variables})
        assert hint(refusal) == "Set EDITOR to a program that edits by itself, or use pool-dumpxml and pool-define."
    site.ok("pool-edit", "p", environment={"EDITOR": "sed -i s,<pool,<pool,"})


# Nagios


@pytest.mark.parametrize(
    "words, status",
    [
        ("-w 100 -c 100", 0), ("-w 0 -c 100", 1), ("-w0 -c0", 2), ("-w 0% -c 100%", 1), ("--warning=~:100 --critical 0:", 0),
        ("-w @0:100 -c 101:", 2), ("-w @0:100 -c 0:100", 1), ("-w 101: -c ~:100", 1), ("-t 5 -w 100 -c 100", 0),
        ("-v -w 100 -c 100", 0), ("-w", 3), ("-w x", 3), ("-w 20:10", 3), ("-c 1:2:3", 3), ("--none never", 3),
    ],
)  # fmt: skip
def test_thresholds_as_nagios_has_them(words, status, site, pool):
    result = site.run("pool-health", *words.split())
    assert result.status == status, result
    word = ("OK", "WARNING", "CRITICAL", "UNKNOWN")[status]
    assert result.out.startswith(f"CISTERN {word} - ")
    if "-v" in words.split():
        assert result.out.splitlines()[1].startswith("pool 'p': running, ")


def test_no_pool_at_all_is_worth_a_look(site):
    for words, status in (([], 1), (["--none", "ok"], 0), (["--none=critical"], 2), (["-w", "80", "-c", "90"], 1)):
        result = site.run("pool-health", *words)
        assert result.status == status and "no pool is active" in result.out
    assert "--none is none of: ok, warning, critical" in site.run("pool-health", "--none", "never").err


@pytest.mark.parametrize("kind", ["raw", "qcow2"])
def test_content_of_a_format_that_can_only_be_read_is_converted_as_advised(site, pool, scratch, kind):
    subprocess.run(["qemu-img", "create", "-q", "-f", "vhdx", scratch / "i", "2M"], check=True, timeout=30)
    site.ok("vol-create-as", "p", "r", "2M", "--format", kind)
    said = site.run("vol-import", "r", scratch / "i", "--pool", "p").err
    line = shlex.split(re.search(r"(vol-import r FILE \S+ \S+ --pool p) converts it", said)[1])
    site.ok(*[str(scratch / "i") if word == "FILE" else word for word in line])
    assert site.volume("r", "p")["capacity"] == 2 << 20


def test_a_name_with_dots_leads_to_the_volume(site, pool):
    site.ok("vol-create-as", "p", "v", "1M")
    for words in (["./v", "p"], [f"{pool}/../{pool.name}/v"], [f"{pool}/./v"]):
        refusal = site.refused(NOT_FOUND, "vol-info", *words)
        assert advice(refusal) == ["vol-info", "v", "--pool", "p"]
        site.ok(*advice(refusal))
