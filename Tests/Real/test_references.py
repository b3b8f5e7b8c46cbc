"""What images refer to: everything that QEMU would open for one, and nothing is read or destroyed behind its back."""

import os
import struct
import subprocess

import images
import pytest
from images import qemu_img
from tools import BAD_DATA, BUSY, MIB, NOT_FOUND, STRANGER, UNSUPPORTED, USAGE

SPARSE = ["--allocation", "0"]


def vmdk(lines, sectors=0, version=1):
    """A VMDK header with an embedded descriptor of these lines."""
    text = "\n".join(["# Disk DescriptorFile", "version=1", "CID=1", "parentCID=ffffffff", *lines, ""])
    head = b"KDMV" + struct.pack("<IIQQQQIQQQ", version, 3, sectors, 128, 1, 20, 512, 0, 0, 0)
    return head.ljust(512, b"\0") + text.encode().ljust(20 * 512, b"\0")


def raw_document(scratch, name="copy"):
    file = scratch / "raw.xml"
    file.write_text(f"<volume><name>{name}</name><capacity>1048576</capacity></volume>")
    return file


@pytest.fixture
def base(site, pool):
    """A qcow2 of 8 MiB, dropped into the pool."""
    qemu_img("create", "-q", "-f", "qcow2", pool / "base", "8M")
    return pool / "base"


# What names the file `base` of the pool; {d} is its folder.
SPELLINGS = [
    "base",
    "./base",
    "../pool/base",
    "{d}/base",
    "{d}/../pool/./base",
    "file:base",
    "file:{d}/base",
    "file://{d}/base",
    "host_device:{d}/base",
    'json:{{"driver":"qcow2","file":{{"driver":"file","filename":"{d}/base"}}}}',
    "json:{{'driver':'qcow2','file.driver':'file','file.filename':'{d}/base'}}",
    'json:{{"driver":"raw","file":{{"driver":"qcow2","file":{{"driver":"file","filename":"base"}}}}}}',
    'json:{{"driver":"qcow2","file":{{"driver":"blkdebug","image":{{"driver":"file","filename":"{d}\\/base"}}}}}}',
    'json:{{"driver":"quorum","children":["file:{d}/base","{d}/other"]}}',
    "blkverify:{d}/none:{d}/base",
    "linked/base",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_base_is_known_by_every_name(site, pool, scratch, base, spelling):
    """However the overlay names it, the base stays."""
    (pool / "linked").symlink_to(pool)
    qemu_img("create", "-q", "-u", "-f", "qcow2", "-b", spelling.format(d=pool), "-F", "qcow2", pool / "o", "8M")
    (scratch / "image").write_bytes(base.read_bytes())
    for line in (
        ["vol-delete", "base"], ["vol-wipe", "base"], ["vol-import", "base", scratch / "image"],
        ["vol-upload", "base", scratch / "image"],
    ):  # fmt: skip
        site.refused(BUSY, *line, "--pool", "p", words="is the backing store of volume 'o'")
    (pool / "o").unlink()
    site.ok("vol-delete", "base", "--pool", "p")


def test_parts_count_as_a_base_does(site, pool, scratch):
    """The files that hold an image's data are not taken from it, and the image is nothing without them."""
    site.ok("vol-create-as", "p", "other", "1M")
    subprocess.run(
        ["qemu-img", "create", "-q", "-f", "qcow2", "-o", "data_file=d.raw,data_file_raw=on", "d.qcow2", "1M"],
        cwd=pool, check=True, timeout=60,
    )  # fmt: skip
    subprocess.run(
        ["qemu-img", "create", "-q", "-f", "vmdk", "-o", "subformat=monolithicFlat", "f.vmdk", "1M"],
        cwd=pool, check=True, timeout=60,
    )  # fmt: skip
    words = "is the data file of volume 'd.qcow2'"
    site.refused(BUSY, "vol-delete", "d.raw", "--pool", "p", words=words)
    site.refused(BUSY, "vol-delete", "f-flat.vmdk", "--pool", "p", words="is an extent of volume 'f.vmdk'")
    for name in ("d.qcow2", "f.vmdk"):
        site.refused(UNSUPPORTED, "vol-download", name, scratch / "out", "--pool", "p", words="data")
        site.refused(UNSUPPORTED, "vol-export", name, scratch / "out", "--pool", "p", words="data")
        site.refused(BAD_DATA, "vol-clone", name, "c", "--pool", "p", words="data")
        site.refused(BAD_DATA, "vol-start", name, "--pool", "p", words="data")
        site.ok("vol-delete", name, "--pool", "p")
    site.ok("vol-delete", "d.raw", "--pool", "p")
    site.ok("vol-delete", "f-flat.vmdk", "--pool", "p")
    assert not (scratch / "out").exists()


@pytest.mark.parametrize("kind", ["data_file", "monolithicFlat", "twoGbMaxExtentFlat"])
@pytest.mark.parametrize("algorithm", ["zero", "trim"])
def test_data_in_other_files_is_not_said_to_be_wiped(site, pool, kind, algorithm):
    own, option = ("e.qcow2", "data_file=e.raw") if kind == "data_file" else ("e.vmdk", f"subformat={kind}")
    line = ["qemu-img", "create", "-q", "-f", own[2:], "-o", option, own, "4M"]
    subprocess.run(line, cwd=pool, check=True, timeout=60)
    # A data file is looked for from where the program was started.
    line = ["qemu-io", "-f", own[2:], "-c", "write -P 65 0 64k", own]
    subprocess.run(line, cwd=pool, check=True, timeout=60, capture_output=True)
    [other] = [name for name in os.listdir(pool) if name.startswith("e") and name != own]
    before = {name: (pool / name).read_bytes() for name in (own, other)}
    words = ["keeps its data in other files", f"'{other}'"]
    site.refused(UNSUPPORTED, "vol-wipe", own, "--pool", "p", "--algorithm", algorithm, words=words)
    assert before == {name: (pool / name).read_bytes() for name in (own, other)}


def test_nor_where_only_a_revision_has_it_elsewhere(site, pool, scratch):
    site.ok("vol-create-as", "p", "e.qcow2", "4M", "--format", "qcow2", "--revisions-to-keep", "2")
    images.make(scratch / "new", "qcow2", "4M")
    line = ["qemu-img", "create", "-q", "-f", "qcow2", "-o", "data_file=e.raw", "e.qcow2", "4M"]
    subprocess.run(line, cwd=pool, check=True, timeout=60)
    site.ok("vol-import", "e.qcow2", scratch / "new", "--pool", "p")
    site.refused(UNSUPPORTED, "vol-wipe", "e.qcow2", "--pool", "p", words="keeps its data in other files")
    assert len(site.revisions("e.qcow2", "p")) == 1


@pytest.mark.parametrize(
    "content",
    [
        vmdk(['createType="monolithicFlat"', 'RW 128 FLAT "@SECRET@" 0']),
        vmdk(['createType="monolithicFlat"', 'RW 128 FLAT "@SECRET@" 0'], version=0),
        vmdk(['createType="monolithicSparse"', 'RW 2048 SPARSE "@SECRET@"'], sectors=2048),
        vmdk(['createType="monolithicFlat"', 'RW 128 FLAT "@SECRET@" 0'], sectors=2048),
        vmdk(['createType="vmfs"', 'RW 128 VMFS "@SECRET@"'], sectors=2048),
        vmdk(['createType="monolithicSparse"', "RW", "128", 'FLAT "@SECRET@" 0'], sectors=2048),
        vmdk(['createType="monolithicSparse"', '#parentFileNameHint="@SECRET@"'], sectors=2048),
        b'# Disk DescriptorFile\nversion=1\ncreateType="monolithicFlat"\nRW 128 FLAT "@SECRET@" 0\n'.ljust(4096, b"\n"),
        b'# x\n\nversion=1\ncreateType="vmfs"\nRW 128 VMFS "@SECRET@"\n'.ljust(4096, b"\n"),
    ],
    ids=["flat", "version-0", "sparse", "flat-and-capacity", "vmfs", "lines", "parent", "text", "comment"],
)  # fmt: skip
@pytest.mark.parametrize("recorded", [False, True])
def test_a_format_that_names_other_files(site, pool, scratch, content, recorded):
    """What the image names is never read: not by itself, and not as the base of another."""
    secret = scratch / "secret"
    secret.write_bytes(b"the secret".ljust(128 * 512))
    if recorded:
        site.ok("vol-create-as", "p", "evil", "1M", "--format", "vmdk")
    (pool / "evil").write_bytes(content.replace(b"@SECRET@", os.fsencode(secret)))
    qemu_img("create", "-q", "-u", "-f", "qcow2", "-b", "evil", "-F", "vmdk", pool / "o", "1M")
    for line in (
        ["vol-create-from", "p", raw_document(scratch), "evil"], ["vol-clone", "evil", "copy", "--pool", "p"],
        ["vol-create-from", "p", raw_document(scratch), "o"], ["vol-clone", "o", "copy", "--pool", "p"],
        ["vol-start", "evil", "--pool", "p"], ["vol-start", "o", "--pool", "p"],
    ):  # fmt: skip
        site.refused(BAD_DATA, *line)
    assert not (pool / "copy").exists()


def test_the_recorded_format_of_a_base_wins(site, pool, scratch):
    """A guest that writes a header into its raw disk, and an overlay that takes it for an image, get nowhere."""
    (scratch / "secret").write_bytes(b"the secret".ljust(MIB))
    site.ok("vol-create-as", "p", "disk", "1M")
    qemu_img("create", "-q", "-u", "-f", "qcow2", "-b", scratch / "secret", "-F", "raw", scratch / "header", "1M")
    with open(pool / "disk", "r+b") as file:
        file.write((scratch / "header").read_bytes())
    qemu_img("create", "-q", "-u", "-f", "qcow2", "-b", "disk", "-F", "qcow2", pool / "o", "1M")
    words = "cannot be used: is of format raw, as recorded, not qcow2"
    for line in (
        ["vol-clone", "o", "loot"], ["vol-start", "o", "--print-disk"],
    ):  # fmt: skip
        site.refused(BAD_DATA, *line, "--pool", "p", words=words)
    site.refused(BAD_DATA, "vol-create-from", "p", raw_document(scratch), "o", words=words)


def test_a_base_without_a_record_is_not_believed_either(site, pool, scratch, base):
    qemu_img("create", "-q", "-u", "-f", "qcow2", "-b", "base", "-F", "raw", pool / "o", "1M")
    words = "cannot be used: is of format qcow2, by its header, not raw"
    site.refused(BAD_DATA, "vol-clone", "o", "c", "--pool", "p", words=words)


@pytest.mark.parametrize(
    "words, reason",
    [
        (["-b", "{s}/secret", "-F", "raw"], "is not a volume of an active pool"),
        (["-b", "file:secret", "-F", "raw"], "is named relative to whatever folder a program is started in"),
        (["-b", "nbd://127.0.0.1:1/x", "-F", "raw"], "is no local file"),
        (["-b", 'json:{{"driver":"raw","file":{{"driver":"nbd","host":"h"}}}}', "-F", "raw"], "is no local file"),
        (["-o", "data_file={s}/data"], "keeps its data in another file"),
    ],
)
def test_what_clone_refuses_start_refuses(site, pool, scratch, words, reason):
    (scratch / "secret").write_bytes(bytes(MIB))
    words = [word.format(s=scratch) for word in words]
    unsafe = ["-u"] if "-b" in words else []
    qemu_img("create", "-q", *unsafe, "-f", "qcow2", *words, pool / "o", "1M")
    for line in (["vol-clone", "o", "c"], ["vol-start", "o", "--print-disk"], ["vol-start", "o"]):
        site.refused(BAD_DATA, *line, "--pool", "p", words=reason)
    site.ok("vol-delete", "o", "--pool", "p")


def test_a_base_is_found_whatever_the_path(site, pool, scratch, base):
    """Over links, and with more dots than needed."""
    (scratch / "link").symlink_to(pool)
    for name in ("./base", scratch / "link" / "base", f"{pool}/../pool/base"):
        qemu_img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", name, pool / "o")
        site.ok("vol-clone", "o", "c", "--pool", "p")
        assert site.json("vol-info", "o", "--pool", "p")["volume"]["backing_chain"][0]["volume"] == "base"
        for made in ("c", "o"):
            site.ok("vol-delete", made, "--pool", "p")


def test_overlays_of_pools_that_are_not_active_count(site, pool, scratch, base):
    site.ok("pool-define-as", "q", "dir", "--target", scratch / "q")
    (scratch / "q").mkdir()
    qemu_img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base, scratch / "q" / "o")
    words = "is the backing store of volume 'o' in pool 'q'"
    site.refused(BUSY, "vol-delete", "base", "--pool", "p", words=words)
    site.ok("pool-undefine", "q")
    # One whose storage is not there is told.
    site.ok("pool-define-as", "f", "fs", "--source-dev", "/dev/none", "--target", scratch / "f")
    done = site.run("vol-delete", "base", "--pool", "p")
    assert done.status == 0 and "what is in pool 'f', which is not active, cannot be looked at" in done.err


def test_a_pool_whose_folder_is_not_there_is_told_each_time(site, pool, scratch, base):
    site.ok("pool-define-as", "s", "dir", "--target", scratch / "s")
    words = "what is in pool 's', which is not active, cannot be looked at"
    for line in (["vol-delete", "base", "--dry-run"], ["vol-wipe", "base"], ["vol-delete", "base"]):
        done = site.run(line[0], *line[1:], "--pool", "p")
        assert done.status == 0 and words in done.err, done


@pytest.mark.parametrize("notation", ["xml", "conf"])
def test_a_definition_that_makes_no_sense_is_told_each_time(site, pool, scratch, base, notation):
    folder = site.root / "etc/cistern"
    if notation == "xml":
        (folder / "pools").mkdir(exist_ok=True)
        (folder / "pools/s.xml").write_text("<pool")
    else:
        (folder / "storage.conf").write_text(f"[s]\ndriver=dir\nbogus=1\ndir_path={scratch}/s\n")
    file = "s.xml" if notation == "xml" else "storage.conf"
    for line in (["vol-delete", "base", "--dry-run"], ["vol-wipe", "base"], ["vol-rename", "base", "other"], ["vol-delete", "other"]):
        done = site.run(*line, "--pool", "p")
        assert done.status == 0 and "overlays there would lose their backing store" in done.err and file in done.err, done


class TestAPoolThatWasMoved:
    @pytest.fixture
    def moved(self, site, pool, scratch):
        """What moves a pool with an overlay in it; returns its folder."""

        def move(kind="qcow2", *options, revisions=0):
            site.ok("vol-create-as", "p", "base", "4M", *SPARSE)
            images.write(pool / "base", "raw", 7)
            line = ["vol-create-as", "p", "o", "4M", *SPARSE, "--format", kind, "--backing-vol", "base"]
            site.ok(*line, "--backing-vol-format", "raw", *options)
            for _ in range(revisions):
                site.ok("vol-start", "o", "--pool", "p")
                site.ok("vol-stop", "o", "--pool", "p")
            site.ok("pool-destroy", "p")
            site.ok("pool-undefine", "p")
            pool.rename(scratch / "new")
            site.ok("pool-define-as", "p", "dir", "--target", scratch / "new")
            site.ok("pool-start", "p")
            return scratch / "new"

        return move

    @pytest.mark.parametrize("kind", ["qcow2", "qed"])
    def test_is_found_and_mended_by_name(self, site, pool, moved, kind):
        folder = moved(kind)
        [finding] = site.findings("p")
        assert (finding["kind"], finding["volume"]) == ("broken-reference", "o")
        assert str(pool / "base") in finding["repair"] and "pool-check p --rebase o" in finding["repair"]
        assert site.run("pool-check", "p", "--repair").status == 0
        assert [one["kind"] for one in site.findings("p")] == ["broken-reference"]
        done = site.run("vol-delete", "base", "--pool", "p", "--dry-run")
        assert done.status == 0 and "the backing store of volume 'o' is missing" in done.err
        assert "qemu-img rebase -u" in site.ok("pool-check", "p", "--rebase", "o", "--dry-run")
        assert len(site.findings("p")) == 1
        site.ok("pool-check", "p", "--rebase", "o")
        assert site.findings("p") == [] and images.reads(folder / "o", kind, 7)
        images.sound(folder / "o", kind)
        assert images.info(folder / "o", kind)["backing-filename"] == str(folder / "base")
        site.refused(BUSY, "vol-delete", "base", "--pool", "p", words="is the backing store of volume 'o'")
        assert site.json("pool-check", "p", "--rebase", "o")["changed"] is False

    def test_its_revisions_are_mended_as_well(self, site, pool, moved):
        folder = moved("qcow2", "--revisions-to-keep", "3", revisions=2)
        found = site.findings("p")
        assert len(found) == 3 and {one["kind"] for one in found} == {"broken-reference"}
        assert all("pool-check p --rebase o" in one["repair"] for one in found)
        site.refused(BAD_DATA, "vol-revert", "o", "--pool", "p", words="cannot be used: ")
        site.ok("pool-check", "p", "--rebase", "o")
        assert site.findings("p") == []
        numbers = [one["id"] for one in site.revisions("o", "p")]
        assert len(numbers) == 2
        for number in numbers:
            site.ok("vol-clone", "o", f"c{number}", "--revision", number, "--pool", "p")
            assert images.reads(folder / f"c{number}", "qcow2", 7)
        site.ok("vol-revert", "o", "--pool", "p")
        site.ok("vol-start", "o", "--pool", "p")

    def test_a_revision_whose_base_is_gone_is_not_advised_about(self, site, moved):
        folder = moved("qcow2", "--revisions-to-keep", "3", revisions=1)
        for state in (folder / ".cistern/volumes/o").glob("*@*"):
            qemu_img("rebase", "-u", "-f", "qcow2", "-b", "/gone/elsewhere", "-F", "raw", state)
        site.ok("pool-check", "p", "--rebase", "o")
        [finding] = site.findings("p")
        assert "bring it back" in finding["repair"] and "--rebase" not in finding["repair"]
        site.refused(BAD_DATA, "vol-revert", "o", "--pool", "p", words="cannot be used: ")

    def test_with_relative_names_it_can_be_moved(self, site, moved):
        folder = moved("qcow2", "--backing-relative")
        assert images.info(folder / "o", "qcow2")["backing-filename"] == "base"
        assert site.findings("p") == [] and images.reads(folder / "o", "qcow2", 7)
        device = site.ok("vol-start", "o", "--pool", "p").strip()
        assert images.reads(device, "qcow2", 7)

    def test_what_cannot_be_mended(self, site, pool, moved, scratch):
        folder = moved()
        site.refused(USAGE, "pool-check", "p", "--rebase", "o", "--repair", words="are mutually exclusive")
        site.refused(BAD_DATA, "pool-check", "p", "--rebase", "base", words="is no overlay")
        (folder / "base").rename(folder / "other")
        site.refused(NOT_FOUND, "pool-check", "p", "--rebase", "o", words="has no volume of that name")
        [finding] = [one for one in site.findings("p") if one["kind"] == "broken-reference"]
        assert "--rebase" not in finding["repair"] and "bring it back" in finding["repair"]

    def test_headers_of_other_formats_are_left_as_they_are(self, site, pool):
        site.ok("vol-create-as", "p", "base", "1M", *SPARSE)
        qemu_img("create", "-q", "-u", "-f", "qcow", "-b", "/gone/base", "-F", "raw", pool / "o", "1M")
        [finding] = site.findings("p")
        assert "--rebase" not in finding["repair"]
        words = "the header of an image of format qcow cannot be changed so"
        site.refused(UNSUPPORTED, "pool-check", "p", "--rebase", "o", words=words)

    def test_other_formats_are_not_put_below(self, site, moved):
        folder = moved()
        site.ok("vol-delete", "base", "--pool", "p")
        site.ok("vol-create-as", "p", "base", "4M", "--format", "qcow2")
        before = (folder / "o").read_bytes()
        words = "cannot be used: is of format qcow2, as recorded, not raw"
        site.refused(BAD_DATA, "pool-check", "p", "--rebase", "o", words=words)
        assert (folder / "o").read_bytes() == before

    def test_data_files_are_named(self, site, pool):
        line = ["qemu-img", "create", "-q", "-f", "qcow2", "-o", "data_file=e.raw", "e.qcow2", "1M"]
        subprocess.run(line, cwd=pool, check=True, timeout=60)
        assert "broken-reference" not in [one["kind"] for one in site.findings("p")]
        (pool / "e.raw").unlink()
        [finding] = [one for one in site.findings("p") if one["kind"] == "broken-reference"]
        assert f"its data file '{pool / 'e.raw'}' is missing" in finding["repair"]

    def test_relative_names_are_for_volumes_of_the_pool(self, site, pool, scratch):
        images.make(scratch / "out", "raw", "1M")
        file = scratch / "o.xml"
        file.write_text(
            "<volume><name>o</name><capacity>1048576</capacity><target><format type='qcow2'/></target>"
            f"<backingStore><path>{scratch / 'out'}</path><format type='raw'/></backingStore></volume>"
        )
        site.refused(BAD_DATA, "vol-create", "p", file, "--backing-relative", words="it cannot be named relatively")
        line = ["vol-create-as", "p", "n", "1M", "--backing-relative"]
        site.refused(USAGE, *line, words="has no backing store that could be named relatively")


@pytest.mark.parametrize("name", ["file:x", "nbd:localhost:1", "blkdebug::x", "plain"])
def test_a_relative_name_is_never_read_as_a_protocol(site, pool, name):
    site.ok("vol-create-as", "p", name, "1M", "--format", "qcow2")
    site.ok("vol-create-as", "p", "x", "1M", "--format", "qcow2")
    images.write(pool / name, "qcow2", 7)
    line = ["vol-create-as", "p", "o", "1M", "--format", "qcow2", "--backing-vol", pool / name]
    site.ok(*line, "--backing-relative", "--revisions-to-keep", "1")
    assert images.info(pool / "o", "qcow2")["backing-filename"] == ("plain" if name == "plain" else f"./{name}")
    assert site.volume("o", "p")["backing_store"]["path"] == f"{pool}/{name}"
    site.refused(BUSY, "vol-delete", name, "--pool", "p", words="is the backing store of volume 'o'")
    device = site.ok("vol-start", "o", "--pool", "p").strip()
    assert images.reads(device, "qcow2", 7)
    site.ok("vol-stop", "o", "--pool", "p")
    site.ok("vol-delete", "x", "--pool", "p")
    assert site.findings("p") == []


def test_a_base_is_named_by_its_path_in_any_active_pool(site, pool, scratch, base):
    site.ok("pool-define-as", "e", "dir", "--target", scratch / "e")
    site.ok("pool-build", "e")
    site.ok("pool-start", "e")
    site.ok("vol-create-as", "e", "o", "8M", "--format", "qcow2", "--backing-vol", base, "--backing-vol-format", "qcow2")
    for tool in ("vol-import", "vol-upload"):
        name = tool.replace("vol-", "")
        site.ok("vol-create-as", "e", name, "8M", "--format", "qcow2")
        line = [tool, name, scratch / "e/o", "--pool", "e", "--backing-vol"]
        site.refused(NOT_FOUND, *line, scratch / "none", words="no storage vol with matching path")
        site.ok(*line, base)
        assert images.info(scratch / "e" / name, "qcow2")["backing-filename"] == str(base)


def test_a_record_that_cannot_be_read_may_name_a_source(user, scratch):
    """Somebody else's record: changes that would harm a snapshot are refused as busy, and can be forced."""
    if user.user is None:
        pytest.skip("needs root and setpriv")
    folder = scratch / "own"
    folder.mkdir(mode=0o755)
    os.chown(folder, STRANGER, STRANGER)
    user.ok("pool-define-as", "p", "dir", "--target", folder)
    user.ok("pool-start", "p")
    for name in ("v", "w"):
        user.ok("vol-create-as", "p", name, "1M", *SPARSE)
    user.ok("vol-create-as", "p", "volatile", "1M", "--save-on-stop", "no")
    (folder / ".cistern" / "volumes" / "rr").mkdir(mode=0o700)
    words = ["may be the source of others, which cannot be told", "Permission denied"]
    for line in (["vol-delete", "v"], ["vol-wipe", "v"]):
        user.refused(BUSY, *line, "--pool", "p", words=[*words, "--force does it all the same"])
    # Nothing is lost by another name, and nothing was kept.
    for line in (["vol-rename", "v", "n"], ["vol-rename", "n", "v"], ["vol-set", "w", "save_on_stop", "no"]):
        done = user.run(*line, "--pool", "p")
        assert done.status == 0 and "may be the source of others" in done.err, done
    for tool in ("vol-wipe", "vol-delete"):
        done = user.run(tool, "v", "--pool", "p", "--force")
        assert done.status == 0 and "warning: volume 'v': may be the source of others" in done.err, done
    user.ok("vol-start", "volatile", "--pool", "p")


def test_what_cannot_be_looked_at_is_no_answer(user, scratch):
    """Somebody else's record in the pool, whose files may be overlays: nothing that could be their base goes."""
    if user.user is None:
        pytest.skip("needs root and setpriv")
    folder = scratch / "shared"
    folder.mkdir(mode=0o777)
    os.chown(folder, STRANGER, STRANGER)
    user.ok("pool-define-as", "p", "dir", "--target", folder)
    user.ok("pool-start", "p")
    user.ok("vol-create-as", "p", "base", "1M", *SPARSE)
    user.ok("vol-create-as", "p", "v", "1M", *SPARSE)
    hidden = folder / ".cistern" / "volumes" / "v"
    os.chown(hidden, 0, 0)
    hidden.chmod(0o711)
    (scratch / "image").write_bytes(bytes(MIB))
    words = ["may be the backing store of others, which cannot be told", str(hidden), "--force"]
    user.refused(BUSY, "vol-import", "base", scratch / "image", "--pool", "p", words=words)
    user.refused(BUSY, "vol-delete", "base", "--pool", "p", words=words)
    done = user.run("vol-delete", "base", "--pool", "p", "--force")
    assert done.status == 0 and "warning: volume 'base': may be the backing store of others" in done.err


def test_one_bad_item_blocks_only_itself(site, pool, base):
    """An image below itself, a record that makes no sense, and a stranger's overlay that the owner overrules."""
    for name, below in (("self", "self"), ("one", "two"), ("two", "one"), ("far", "nbd://h/x"), ("odd", "json:{x")):
        qemu_img("create", "-q", "-u", "-f", "qcow2", "-b", below, "-F", "qcow2", pool / name, "1M")
    site.ok("vol-create-as", "p", "v", "1M")
    (pool / ".cistern" / "volumes" / "v" / "volume.conf").write_text("[volume]\nwhat = this\n")
    for name in ("self", "far", "odd"):
        site.ok("vol-delete", name, "--pool", "p")
    site.refused(BUSY, "vol-delete", "one", "--pool", "p", words="'two'")
    site.ok("vol-start", "base", "--pool", "p")
    site.ok("vol-stop", "base", "--pool", "p")
    site.ok("vol-wipe", "base", "--pool", "p")
    qemu_img("create", "-q", "-u", "-f", "qcow2", "-b", "base", "-F", "qcow2", pool / "theirs", "8M")
    site.refused(BUSY, "vol-delete", "base", "--pool", "p", words="--force does it all the same")
    done = site.run("vol-delete", "base", "--pool", "p", "--force")
    assert done.status == 0 and "warning: volume 'base': is the backing store of volume 'theirs'" in done.err
    assert not base.exists()


def test_one_pass_for_several_volumes(site, pool, scratch):
    """Starting ten volumes looks at each file of the folder once."""
    names = [f"v{number}" for number in range(10)]
    for name in names:
        site.ok("vol-create-as", "p", name, "4096", *SPARSE)
    for number in range(300):
        (pool / f"f{number}").write_bytes(b"QFI\xfb")
    log = scratch / "log"
    line = ["strace", "-f", "-qq", "-e", "trace=openat2,openat", "-o", str(log), *site.argv("vol-start", *names, "--pool", "p")]
    done = subprocess.run(line, env=site.surroundings(), capture_output=True, timeout=120, check=False)
    if done.returncode and b"ptrace" in done.stderr:
        pytest.skip("needs strace")
    assert done.returncode == 0, done.stderr
    assert sum('"f7"' in one for one in log.read_text().splitlines()) == 1


@pytest.mark.parametrize("kind", ["raw", "qcow2"])
def test_an_encrypted_volume_is_never_below_another(site, pool, scratch, kind):
    """Who reads the overlay would see what is encrypted, and write beside it what is not."""
    uuid = "22222222-2222-4222-8222-222222222222"
    (scratch / "s.xml").write_text(f"<secret><uuid>{uuid}</uuid><usage type='volume'><volume>k</volume></usage></secret>")
    site.ok("secret-define", scratch / "s.xml")
    (scratch / "value").write_text("a passphrase")
    site.ok("secret-set-value", uuid, "--file", scratch / "value", "--plain")
    (scratch / "e.xml").write_text(
        f"<volume><name>e</name><capacity unit='M'>1</capacity><target><format type='{kind}'/><encryption format='luks'>"
        f"<secret type='passphrase' uuid='{uuid}'/></encryption></target></volume>"
    )
    site.ok("vol-create", "p", scratch / "e.xml")
    words = "is encrypted by luks, and cannot be the base of another image"
    site.refused(BAD_DATA, "vol-create-as", "p", "o", "0", "--format", "qcow2", "--backing-vol", "e", words=words)
    assert not (pool / "o").exists()
    qemu_img("create", "-q", "-u", "-f", "qcow2", "-b", pool / "e", "-F", kind, pool / "foreign", "1M")
    for line in (["vol-start", "foreign"], ["vol-clone", "foreign", "c"]):
        site.refused(BAD_DATA, *line, "--pool", "p", words=words)
    qemu_img("create", "-q", "-u", "-f", "qcow2", "-b", pool / "e", "-F", kind, scratch / "in", "1M")
    site.ok("vol-create-as", "p", "v", "1M", "--format", "qcow2")
    site.refused(BAD_DATA, "vol-import", "v", scratch / "in", "--backing-vol", "e", "--pool", "p", words=words)


def test_an_overlay_on_what_leads_out_of_the_pools_is_made_with_a_warning(site, pool, scratch):
    (scratch / "outside").write_bytes(bytes(MIB))
    qemu_img("create", "-q", "-f", "qcow2", "-F", "raw", "-b", scratch / "outside", pool / "middle", "1M")
    made = site.run("vol-create-as", "p", "o", "0", "--format", "qcow2", "--backing-vol", "middle",
                    "--backing-vol-format", "qcow2")  # fmt: skip
    assert made.status == 0
    assert f"backing store '{scratch}/outside' is not a volume of an active pool; before a pool has it" in made.err
    site.refused(BAD_DATA, "vol-start", "o", "--pool", "p", words="is not a volume of an active pool")
