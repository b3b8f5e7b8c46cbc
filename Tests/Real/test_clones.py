"""Volumes made from others, between formats and pools; wiping."""

import os
import signal
import subprocess
import time

import images
import pytest
from filesystems import REFLINK
from images import DATA, FORMATS
from tools import BUSY, DONE, EXISTS, MIB, NOT_FOUND, UNSUPPORTED

SPARSE = ["--allocation", "0"]


@pytest.fixture
def pools(site, scratch):
    """Two started pools; returns their folders."""
    folders = []
    for name in ("p", "other"):
        folders.append(scratch / name)
        site.ok("pool-define-as", name, "dir", "--target", folders[-1])
        site.ok("pool-build", name)
        site.ok("pool-start", name)
    return folders


def document(scratch, name, kind, megabytes=None):
    file = scratch / f"{name}.xml"
    capacity = f"<capacity unit='MiB'>{megabytes}</capacity>" if megabytes else ""
    file.write_text(
        f"<volume><name>{name}</name>{capacity}<allocation>0</allocation>"
        f"<target><format type='{kind}'/></target></volume>"
    )
    return file


@pytest.mark.limit(120)
@pytest.mark.parametrize("there", FORMATS)
def test_any_format_to_any_other(site, pools, scratch, there):
    """In another pool, and larger where the target's format allows it."""
    site.ok("vol-create-as", "p", "v", "8M", *SPARSE, "--format", there)
    images.write(pools[0] / "v", there, 7, DATA)
    for wanted in FORMATS:
        name = f"v-{wanted}"
        site.ok("vol-create-from", "other", document(scratch, name, wanted), "v", "--inputpool", "p")
        new = pools[1] / name
        images.same(pools[0] / "v", there, new, wanted)
        images.sound(new, wanted)
        volume = site.volume(name, "other")
        assert (volume["format"], volume["problem"]) == (wanted, None)
        assert volume["capacity"] == images.info(new, wanted)["virtual-size"] >= 8 * MIB
        assert os.stat(new).st_blocks * 512 < 4 * MIB, "holes were filled"
    assert site.findings("other") == []


@pytest.mark.parametrize("wanted", ["raw", "qcow2", "qed"])
def test_larger_than_the_source(site, pools, scratch, wanted):
    site.ok("vol-create-as", "p", "v", "8M", *SPARSE, "--format", "qcow2")
    images.write(pools[0] / "v", "qcow2", 7, DATA)
    site.ok("vol-create-from", "other", document(scratch, "w", wanted, 32), "v", "--inputpool", "p")
    assert site.volume("w", "other")["capacity"] == 32 * MIB
    assert images.reads(pools[1] / "w", wanted, 7, DATA)
    assert images.reads(pools[1] / "w", wanted, 0, 16 * MIB)


@pytest.mark.parametrize("wanted", FORMATS)
def test_what_becomes_larger_is_as_sparse_as_its_source(site, pools, scratch, wanted):
    site.ok("vol-create-as", "p", "v", "64M", *SPARSE, "--format", "qcow2")
    images.write(pools[0] / "v", "qcow2", 7, DATA)
    site.ok("vol-create-from", "other", document(scratch, "w", wanted, 96), "v", "--inputpool", "p")
    assert os.stat(pools[1] / "w").st_blocks * 512 < 4 * MIB, "holes were filled"
    assert images.reads(pools[1] / "w", wanted, 7, DATA)
    assert images.reads(pools[1] / "w", wanted, 0, 32 * MIB)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_size_that_was_asked_for_is_the_size_that_is_there(site, pools, kind):
    """Whatever it was rounded to."""
    for size in ("1GB", "1000001", "10G"):
        site.ok("vol-create-as", "p", "v", size, *SPARSE, "--format", kind)
        site.ok("vol-create-as", "p", "v", size, *SPARSE, "--format", kind, "--if-not-exists")
        capacity = site.volume("v", "p")["capacity"]
        if kind != "raw":  # which qemu-img rounds to sectors for itself
            assert capacity == images.info(pools[0] / "v", kind)["virtual-size"]
        site.ok("vol-resize", "v", size, "--pool", "p")
        assert site.volume("v", "p")["capacity"] == capacity
        site.ok("vol-delete", "v", "--pool", "p")


@pytest.mark.parametrize("kind", ["vhdx", "parallels", "luks"])
def test_what_cannot_be_made_is_copied_as_it_is(site, pools, scratch, kind):
    (scratch / "key").write_text("k")
    words = ["--object", f"secret,id=k,file={scratch / 'key'}", "-o", "key-secret=k,iter-time=10"]
    images.make(pools[0] / "v", kind, "8M", *(words if kind == "luks" else []))
    site.ok("vol-clone", "v", "w", "--pool", "p")
    assert (pools[0] / "v").read_bytes() == (pools[0] / "w").read_bytes()
    before, after = site.volume("v", "p"), site.volume("w", "p")
    assert (after["format"], after["capacity"], after["problem"]) == (before["format"], before["capacity"], None)
    # What is printed of it is read, and asks for the same again.
    text = site.ok("vol-dumpxml", "v", "--pool", "p").replace("<name>v</name>", "<name>x</name>")
    (scratch / "x.xml").write_text(text)
    if kind != "luks":
        site.ok("vol-create-from", "other", scratch / "x.xml", "v", "--inputpool", "p")
        assert (pools[1] / "x").read_bytes() == (pools[0] / "v").read_bytes()


def test_a_parallels_image_is_converted(site, pools, scratch):
    (scratch / "raw").write_bytes(b"content" * 150000)
    images.qemu_img("convert", "-q", "-f", "raw", "-O", "parallels", scratch / "raw", pools[0] / "v")
    site.ok("vol-create-from", "other", document(scratch, "w", "raw"), "v", "--inputpool", "p")
    images.same(pools[0] / "v", "parallels", pools[1] / "w", "raw")


def test_allocating_gives_all_of_the_volume_blocks(site, pools):
    """Also what was a hole before, and nothing that was there changes."""
    with open(pools[0] / "v", "wb") as file:
        file.truncate(8 * MIB)
        file.seek(3 * MIB)
        file.write(b"kept")
    site.ok("vol-resize", "v", "8M", "--allocate", "--pool", "p")
    assert os.stat(pools[0] / "v").st_blocks * 512 >= 8 * MIB
    site.ok("vol-resize", "v", "16M", "--allocate", "--pool", "p")
    assert os.stat(pools[0] / "v").st_blocks * 512 >= 16 * MIB
    content = (pools[0] / "v").read_bytes()
    assert content[3 * MIB : 3 * MIB + 4] == b"kept" and not content.replace(b"kept", b"").strip(b"\0")


@pytest.mark.parametrize("kind", ["xfs", "btrfs", "ext4"])
def test_reflink_for_every_format(site, place, kind):
    folder = place(kind)
    site.ok("pool-define-as", "p", "dir", "--target", folder / "p")
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")
    for word in FORMATS:
        site.ok("vol-create-as", "p", word, "8M", *SPARSE, "--format", word)
        images.write(folder / "p" / word, word, 7, 0, 4 * MIB)
        if not REFLINK[kind]:
            words = "failed to clone files from"
            site.refused(UNSUPPORTED, "vol-clone", word, f"{word}-copy", "--reflink", "--pool", "p", words=words)
            assert not (folder / "p" / f"{word}-copy").exists()
            continue
        site.ok("vol-clone", word, f"{word}-copy", "--reflink", "--pool", "p")
        images.same(folder / "p" / word, word, folder / "p" / f"{word}-copy", word)
        out = subprocess.run(
            ["filefrag", "-v", folder / "p" / f"{word}-copy"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
        assert "shared" in out, out
    assert site.findings("p") == []


def test_a_killed_clone_leaves_nothing(site, pools):
    """Whatever the moment; and the source can be used at once."""
    site.ok("vol-create-as", "p", "v", "256M", "--format", "qcow2")
    images.write(pools[0] / "v", "qcow2", 7, 0, 64 * MIB)
    for line in (["vol-clone", "v", "w", "--pool", "p"],):
        for seconds in (0.02, 0.1, 0.2, 0.4):
            process = site.start(*line)
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)
            status = process.wait(timeout=30)
            if status == DONE:
                break
            assert site.run("vol-info", "w", "--pool", "p").status == NOT_FOUND
            site.ok("pool-check", "p", "--repair")
            left = [name for name in os.listdir(pools[0]) if name not in ("v", ".cistern")]
            assert left == [], left
    site.ok("vol-delete", "v", "--pool", "p")


def test_source_and_target_are_locked(site, pools):
    """While one is copied, it can be copied again and listed, but not deleted; the target's name is taken."""
    site.ok("vol-create-as", "p", "v", "256M", *SPARSE, "--format", "raw")
    images.write(pools[0] / "v", "raw", 7, 0, 128 * MIB)
    process = site.start("vol-create-from", "p", document(pools[0].parent, "w", "qcow2"), "v")
    try:
        while process.poll() is None and not any("~" in name for name in os.listdir(pools[0])):
            time.sleep(0.002)
        process.send_signal(signal.SIGSTOP)
        if process.poll() is not None:
            pytest.skip("was too fast to be caught")
        site.refused((BUSY, 75), "vol-delete", "v", "--pool", "p", "--lock-timeout", "0")
        site.refused((BUSY, 75), "vol-create-as", "p", "w", "1M", "--lock-timeout", "0")
        site.ok("vol-clone", "v", "x", "--pool", "p")
        assert {one["name"] for one in site.json("vol-list", "p")["volumes"]} == {"v", "x"}
    finally:
        process.send_signal(signal.SIGCONT)
        assert process.wait(timeout=60) == DONE
    site.refused(EXISTS, "vol-clone", "v", "w", "--pool", "p", words="already in use")


@pytest.mark.parametrize("algorithm", ["zero", "random", "bsi", "dod", "gutmann", "nnsa", "pfitzner33", "pfitzner7", "schneier", "trim"])
def test_wipe(site, pools, algorithm):
    """Nothing of the content is left; format and size are as before."""
    for kind in ("raw", "qcow2"):
        site.ok("vol-create-as", "p", kind, "1M", "--format", kind)
        images.write(pools[0] / kind, kind, 0x5A, 0, MIB)
        before = site.volume(kind, "p")
        site.ok("vol-wipe", kind, "--algorithm", algorithm, "--pool", "p")
        after = site.volume(kind, "p")
        assert (after["format"], after["capacity"]) == (kind, before["capacity"])
        assert b"\x5a" * 512 not in (pools[0] / kind).read_bytes()
        images.sound(pools[0] / kind, kind)
    if algorithm in ("zero", "trim"):
        assert (pools[0] / "raw").read_bytes() == bytes(MIB)
    if algorithm == "trim":
        assert os.stat(pools[0] / "raw").st_blocks == 0
    if algorithm == "zero":
        assert os.stat(pools[0] / "raw").st_blocks * 512 >= MIB, "what was allocated stays so"
    assert site.findings("p") == []


@pytest.mark.parametrize("algorithm", ["zero", "trim"])
@pytest.mark.parametrize("kind", ["raw", "qcow2"])
def test_what_has_other_names_is_wiped_under_all_of_them_or_not_at_all(site, pools, scratch, kind, algorithm):
    site.ok("vol-create-as", "p", "v", "1M", "--format", kind, "--revisions-to-keep", "2")
    images.write(pools[0] / "v", kind, 0x5A, 0, MIB)
    site.ok("vol-start", "v", "--pool", "p")
    site.ok("vol-stop", "v", "--pool", "p")
    kept = [scratch / "kept", scratch / "state"]
    os.link(pools[0] / "v", kept[0])
    os.link(next((pools[0] / ".cistern/volumes/v").glob("1@*")), kept[1])
    line = ["vol-wipe", "v", "--pool", "p", "--algorithm", algorithm]
    words = ["has its content under 2 other names, too (hard links)", "--force overwrites it under all of its names"]
    for dry in ([], ["--dry-run"]):
        site.refused(BUSY, *line, *dry, words=words)
    assert all(b"\x5a" * 512 in file.read_bytes() for file in kept)
    done = site.run(*line, "--force")
    assert done.status == DONE and words[0] in done.err, done
    assert not any(b"\x5a" * 512 in file.read_bytes() for file in [*kept, pools[0] / "v"])
    assert site.findings("p") == []


def test_wipe_keeps_an_images_options(site, pools, scratch):
    file = scratch / "v.xml"
    file.write_text(
        "<volume><name>v</name><capacity unit='MiB'>8</capacity><allocation>0</allocation><target>"
        "<format type='qcow2'/><compat>1.1</compat><clusterSize unit='KiB'>128</clusterSize>"
        "<features><lazy_refcounts/></features></target></volume>"
    )
    site.ok("vol-create", "p", file)
    before = images.info(pools[0] / "v")
    site.ok("vol-wipe", "v", "--pool", "p")
    after = images.info(pools[0] / "v")
    for key in ("virtual-size", "cluster-size", "format-specific"):
        assert after[key] == before[key]


@pytest.mark.parametrize("target", ["raw", "qcow", "qed", "vmdk", "vdi", "vpc"])
@pytest.mark.parametrize("compat", ["0.10", "1.1"])
def test_options_of_one_format_are_not_carried_to_another(site, pool, target, compat):
    subprocess.run(
        ["qemu-img", "create", "-q", "-f", "qcow2", "-o", f"compat={compat},cluster_size=4096", pool / "q", "2M"],
        check=True, timeout=30,
    )  # fmt: skip
    site.ok("vol-clone", "q", "copy", "--format", target, "--pool", "p")
    assert site.volume("copy", "p")["format"] == target
