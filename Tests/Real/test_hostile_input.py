"""Inputs that broke other storage tools (CVE numbers name the lesson), and what a guest or another
user of the machine may put into a pool."""

import os
import struct
import subprocess

import contents
import pytest
from tools import BAD_DATA, DONE, EXISTS, MIB, NOT_FOUND, Site, tree

SECRET = "the administrator's secret"


@pytest.fixture
def pool(site, scratch):
    (scratch / "secret").write_text(SECRET)
    (scratch / "secret").chmod(0o600)
    path = scratch / "pool"
    site.ok("pool-define-as", "p", "dir", "--target", path, "--revisions-to-keep", "2")
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")
    return path


def qcow2(backing=b"", size=MIB, version=3, incompatible=0, l1_size=1, cluster_bits=16):
    """A qcow2 header that names a backing file."""
    head = struct.pack(
        ">4sIQIIQIIQQIIQQQQII", b"QFI\xfb", version, 0x200 if backing else 0, len(backing), cluster_bits,
        size, 0, l1_size, 0x30000, 0x10000, 1, 0, 0, incompatible, 0, 0, 4, 104,
    )  # fmt: skip
    return (head.ljust(0x200, b"\0") + backing).ljust(0x1000, b"\0")


def volume_of(site, name="v"):
    site.ok("vol-create-as", "p", name, "1M", "--allocation", "0", "--format", "raw")
    return name


def test_a_guests_header_does_not_change_the_format(site, pool, scratch):
    """CVE-2008-2004, CVE-2015-1850: the format that was declared holds, whatever the guest writes."""
    name = volume_of(site)
    device = site.ok("vol-start", name, "--pool", "p").strip()
    with open(device, "r+b") as file:
        file.write(qcow2(os.fsencode(scratch / "secret"), size=1 << 50))
    for _ in range(2):
        volume = site.volume(name, "p")
        assert (volume["format"], volume["backing_store"]) == ("raw", None)
        assert volume["capacity"] == MIB
        site.run("vol-stop", name, "--pool", "p")
    out = site.run("vol-export", name, "-", "--pool", "p")
    assert len(out.data) == MIB and SECRET.encode() not in out.data
    disk = site.ok("vol-start", name, "--pool", "p", "--print-disk")
    assert "type='raw'" in disk and "backing" not in disk


def test_an_imported_header_does_not_either(site, pool, scratch):
    """CVE-2015-5163: the same through import."""
    name = volume_of(site)
    (scratch / "image").write_bytes(qcow2(os.fsencode(scratch / "secret")))
    site.ok("vol-import", name, scratch / "image", "--pool", "p")
    assert site.volume(name, "p")["format"] == "raw"


@pytest.mark.parametrize(
    "header",
    [
        qcow2(b"json:{\"driver\":\"file\",\"filename\":\"/etc/shadow\"}"),
        qcow2(b"nbd://somewhere/x"),
        qcow2(b"../secret"),
        qcow2(b"loop"),
        qcow2(incompatible=4),
        qcow2(incompatible=1 << 63),
        qcow2(l1_size=0xFFFFFFFF),
        qcow2(cluster_bits=0),
        qcow2(cluster_bits=63),
        qcow2(size=0xFFFFFFFFFFFFFFFF),
        qcow2(version=77),
        b"QFI\xfb",
        b"KDMV" + b"\xff" * 508,
        b"conectix" + b"\xff" * 504,
        b"vhdxfile" + b"\xff" * 504,
        b"LUKS\xba\xbe" + b"\xff" * 506,
        b"\x7f" * 64 + b"\x7f\x10\xda\xbe" + b"\xff" * 444,
        b"QED\0" + b"\xff" * 508,
        b"# Disk DescriptorFile\nRW 2048 FLAT \"/etc/shadow\" 0\n",
    ],
    ids=lambda value: value[:8].hex(),
)
def test_headers_are_read_within_bounds(site, pool, header):
    """CVE-2014-0142 and its kin, CVE-2024-32498, CVE-2024-4467, CVE-2022-47951: a header makes one
    odd line, opens nothing and costs nothing."""
    (pool / "loop").write_bytes(header)
    volume_of(site, "good")
    for arguments in (["vol-list", "p", "--details"], ["vol-info", "loop", "--pool", "p"]):
        result = site.run(*arguments, timeout=10)
        assert result.status == DONE, result
        assert "root:" not in result.out
    volumes = {one["name"]: one for one in site.json("vol-list", "p", timeout=10)["volumes"]}
    assert set(volumes) == {"good", "loop"}
    capacity = volumes["loop"]["capacity"]
    assert capacity is None or 0 <= capacity < 1 << 63
    site.ok("vol-dumpxml", "loop", "--pool", "p", timeout=10)


@pytest.mark.parametrize(
    "name",
    ["../v", "a/b", "..", ".", "/etc/passwd", "-rf", "--pool", ".cistern", "a\nb", "a\tb", "", "a" * 300],
)
def test_names_stay_in_the_pool(site, pool, scratch, name):
    """CVE-2015-5313."""
    before = tree(scratch / "pool"), sorted(os.listdir(scratch))
    result = site.run("vol-create-as", "p", f"--name={name}", "--capacity=4096")
    assert result.status != DONE, result
    assert (tree(scratch / "pool"), sorted(os.listdir(scratch))) == before


@pytest.mark.parametrize("layout", ["plain", "xen"])
def test_links_in_the_pool_are_not_followed(site, scratch, layout):
    """CVE-2024-9676, CVE-2026-48749: a link in the place of a file or a folder leads nowhere."""
    (scratch / "secret").write_text(SECRET)
    outside = scratch / "outside"
    outside.mkdir()
    path = scratch / "l"
    site.ok("pool-define-as", "l", "dir", "--target", path, "--driver", layout)
    site.ok("pool-build", "l")
    site.ok("pool-start", "l")
    ending = "" if layout == "plain" else ".img"
    (path / f"v{ending}").symlink_to(scratch / "secret")
    (path / "folder").symlink_to(outside)
    for tool, *rest in (
        ("vol-export", "-"), ("vol-start",), ("vol-resize", "1"), ("vol-import", scratch / "secret"),
    ):  # fmt: skip
        result = site.run(tool, "v", *rest, "--pool", "l")
        assert result.status != DONE and SECRET not in result.out, result
    site.run("vol-create-as", "l", "folder/v", "4096")
    site.run("vol-create-as", "l", "folder", "4096")
    site.run("vol-delete", "v", "--pool", "l")
    assert os.listdir(outside) == []
    assert (scratch / "secret").read_text() == SECRET


def test_a_link_in_the_place_of_the_records(site, pool, scratch):
    outside = scratch / "outside"
    outside.mkdir()
    (pool / ".cistern").symlink_to(outside)
    for arguments in (
        ["vol-create-as", "p", "v", "4096", "--revisions-to-keep", "3"],
        ["vol-list", "p"],
        ["pool-check", "p", "--repair"],
    ):
        site.run(*arguments)
    assert os.listdir(outside) == []


@pytest.mark.parametrize("layout", ["plain", "xen"])
def test_fifos_block_nobody(site, scratch, layout):
    path = scratch / "f"
    site.ok("pool-define-as", "f", "dir", "--target", path, "--driver", layout)
    site.ok("pool-build", "f")
    site.ok("pool-start", "f")
    for name in ("v", "v.img", "v-dirty.img", "v-import.img"):
        os.mkfifo(path / name)
    for arguments in (
        ["vol-list", "f", "--details"],
        ["vol-info", "v", "--pool", "f"],
        ["vol-export", "v", "-", "--pool", "f"],
        ["vol-start", "v", "--pool", "f"],
        ["vol-delete", "v", "--pool", "f"],
        ["pool-check", "f"],
    ):
        site.run(*arguments, timeout=10)


def test_xml_bombs(site, scratch):
    file = scratch / "pool.xml"
    file.write_text(
        "<!DOCTYPE pool [<!ENTITY a 'aaaaaaaaaa'>"
        + "".join(f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9))
        + "]><pool type='dir'><name>&j;</name><target><path>/srv/x</path></target></pool>"
    )
    site.refused(BAD_DATA, "pool-define", file, words="DOCTYPE", timeout=5)
    file.write_text("<pool type='dir'>" + "<a>" * 20_000 + "</a>" * 20_000 + "</pool>")
    site.refused(BAD_DATA, "pool-define", file, timeout=5)
    file.write_text(
        f"<!DOCTYPE pool [<!ENTITY x SYSTEM 'file://{scratch}/secret'>]>"
        "<pool type='dir'><name>&x;</name><target><path>/srv/x</path></target></pool>"
    )
    (scratch / "secret").write_text(SECRET)
    assert SECRET not in site.refused(BAD_DATA, "pool-define", file).err


def test_two_definitions_of_one_name_at_once(site, scratch):
    """libvirt's race between two processes that define one name with different UUIDs."""
    running = []
    for number in range(6):
        file = scratch / f"{number}.xml"
        file.write_text(
            f"<pool type='dir'><name>p</name><uuid>{number}1111111-2222-3333-4444-555555555555</uuid>"
            f"<target><path>{scratch}/pool{number}</path></target></pool>"
        )
        running.append(site.start("pool-define", file))
    statuses = []
    for process in running:
        process.communicate(timeout=30)
        statuses.append(process.returncode)
    assert sorted(statuses) == [DONE] + [EXISTS] * 5


def test_listing_while_pools_come_and_go(site, scratch):
    """CVE-2023-3750: a list taken while definitions vanish neither fails nor crashes."""
    script = (
        "for n in 1 2 3 4 5 6 7 8 9 10; do pool-define-as x dir --target $0/x; pool-undefine x; done"
    )
    environment = site.surroundings()
    environment["PATH"] = f"{site.programs}:{environment['PATH']}"
    other = subprocess.Popen(
        ["sh", "-c", script, str(scratch)], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        for _ in range(15):
            result = site.run("pool-list", "--all")
            assert result.status == DONE and "warning" not in result.err, result
    finally:
        assert other.wait(60) == 0


def test_no_descriptor_leaks_into_the_lock(site, pool):
    """A command that fails lets go of its locks: the next one does not wait (CVE-2021-3667)."""
    site.refused(NOT_FOUND, "vol-delete", "absent", "--pool", "p")
    site.ok("vol-create-as", "p", "absent", "4096", "--lock-timeout", "0")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_the_pool_folder_keeps_others_out(site, pool):
    """CVE-2025-64507: nobody else lists the folder or reads what is in it."""
    site.ok("vol-create-as", "p", "v", "4096")
    device = site.ok("vol-start", "v", "--pool", "p").strip()
    for path in (pool / "v", device):
        done = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cat", path],
            capture_output=True, timeout=10, check=False,
        )  # fmt: skip
        assert done.returncode != 0, path


def test_hard_links_out_of_the_pool(site, pool, scratch):
    """A volume with a second name somewhere else is not changed in place behind that name's back."""
    contents.image(scratch / "elsewhere", MIB, at0="foreign")
    os.link(scratch / "elsewhere", pool / "v")
    device = site.run("vol-start", "v", "--pool", "p")
    if device.status == DONE:
        contents.put(device.out.strip(), "session")
        site.ok("vol-stop", "v", "--pool", "p")
    assert contents.get(scratch / "elsewhere") == "foreign"


def test_an_environment_without_anything(scratch):
    """No HOME, no PATH, no XDG folders: a clear answer, not a crash."""
    site = Site(scratch)
    nothing: dict[str, str] = {}
    done = subprocess.run(
        [site.programs / "pool-list", "--all"], env=nothing, capture_output=True, timeout=10, check=False
    )
    assert done.returncode >= 0 and done.returncode != 70, done.stderr
