"""Overlays and the images below them; images that a QEMU has open."""

import json
import os
import socket
import subprocess
import time

import images
import pytest
from images import qemu_img
from tools import BAD_DATA, BUSY, DONE, MIB

SPARSE = ["--allocation", "0"]


def overlay(site, name, base, kind="qcow2", *more):
    words = ["--format", "qcow2", "--backing-vol", base, "--backing-vol-format", kind]
    site.ok("vol-create-as", "p", name, "8M", *words, *more)


@pytest.mark.parametrize("kind", ["raw", "qcow2"])
def test_a_base_in_use_is_not_touched(site, pool, scratch, kind):
    """Deleted, wiped, shrunk, reverted, imported over: busy, and the overlays are named."""
    site.ok("vol-create-as", "p", "base", "8M", *SPARSE, "--format", kind, "--revisions-to-keep", "1")
    site.ok("vol-start", "base", "--pool", "p")
    site.ok("vol-stop", "base", "--pool", "p")
    overlay(site, "one", "base", kind)
    qemu_img("create", "-q", "-f", "qcow2", "-b", "base", "-F", kind, pool / "two")
    (scratch / "image").write_bytes(bytes(8 * MIB))
    before = (pool / "base").read_bytes()
    for line in (
        ["vol-delete", "base"], ["vol-wipe", "base"], ["vol-resize", "base", "4M", "--shrink"],
        ["vol-revert", "base"], ["vol-import", "base", scratch / "image"],
    ):  # fmt: skip
        site.refused(BUSY, *line, "--pool", "p", words=["is the backing store of volume", "'one'", "'two'"])
    assert (pool / "base").read_bytes() == before
    site.ok("vol-resize", "base", "16M", "--pool", "p")
    site.ok("vol-delete", "one", "--pool", "p")
    site.refused(BUSY, "vol-delete", "base", "--pool", "p", words="'two'")
    site.ok("vol-delete", "two", "--pool", "p")
    site.ok("vol-delete", "base", "--pool", "p")


def test_a_base_in_another_pool(site, pool, scratch):
    site.ok("pool-define-as", "q", "dir", "--target", scratch / "q")
    site.ok("pool-build", "q")
    site.ok("pool-start", "q")
    site.ok("vol-create-as", "q", "base", "8M", *SPARSE)
    overlay(site, "o", scratch / "q" / "base", "raw")
    words = "is the backing store of volume 'o' in pool 'p'"
    site.refused(BUSY, "vol-delete", "base", "--pool", "q", words=words)


def test_the_chain_is_shown(site, pool):
    """Whole, with relative and absolute names, and where it ends in nothing, that too."""
    site.ok("vol-create-as", "p", "base", "8M", *SPARSE)
    overlay(site, "middle", "base", "raw")
    qemu_img("create", "-q", "-f", "qcow2", "-b", "middle", "-F", "qcow2", pool / "top")
    chain = site.json("vol-info", "top", "--pool", "p")["volume"]["backing_chain"]
    assert [(one["path"], one["format"], one["volume"], one["problem"]) for one in chain] == [
        (f"{pool}/middle", "qcow2", "middle", None), (f"{pool}/base", "raw", "base", None),
    ]  # fmt: skip
    out = site.ok("vol-info", "top", "--pool", "p")
    assert f"{pool}/middle" in out and f"{pool}/base" in out
    (pool / "base").unlink()
    for line in (["vol-info", "top", "--pool", "p"], ["vol-list", "p", "--details"], ["vol-dumpxml", "top", "p"]):
        assert site.run(*line).status == DONE
    chain = site.json("vol-info", "top", "--pool", "p")["volume"]["backing_chain"]
    assert chain[1]["path"] == f"{pool}/base" and "No such file" in chain[1]["problem"]


@pytest.mark.parametrize("name", ["base", "{pool}/base"])
def test_life_cycle_of_an_overlay(site, pool, name):
    """The working copy reads through to the base as the overlay does, however that names it."""
    site.ok("vol-create-as", "p", "base", "8M", *SPARSE)
    images.write(pool / "base", "raw", 7)
    qemu_img("create", "-q", "-f", "qcow2", "-b", name.format(pool=pool), "-F", "raw", pool / "o")
    site.ok("vol-set", "o", "revisions_to_keep", "2", "--pool", "p")
    device = site.ok("vol-start", "o", "--pool", "p").strip()
    assert device != str(pool / "o") and images.reads(device, "qcow2", 7)
    images.write(device, "qcow2", 9)
    images.sound(device, "qcow2")
    site.ok("vol-stop", "o", "--pool", "p")
    assert images.reads(pool / "o", "qcow2", 9) and images.reads(pool / "base", "raw", 7)
    site.refused(BUSY, "vol-delete", "base", "--pool", "p", words="'o'")
    site.ok("vol-revert", "o", "--pool", "p")
    assert images.reads(pool / "o", "qcow2", 7)
    assert site.findings("p") == []


def test_a_clone_of_an_overlay_stands_alone(site, pool):
    site.ok("vol-create-as", "p", "base", "8M", *SPARSE)
    images.write(pool / "base", "raw", 7)
    overlay(site, "o", "base", "raw")
    site.ok("vol-clone", "o", "c", "--pool", "p")
    assert site.volume("c", "p")["backing_store"] is None
    site.ok("vol-delete", "o", "--pool", "p")
    site.ok("vol-delete", "base", "--pool", "p")
    assert images.reads(pool / "c", "qcow2", 7)


def test_wiping_an_overlay_leaves_its_base(site, pool):
    site.ok("vol-create-as", "p", "base", "8M", *SPARSE)
    images.write(pool / "base", "raw", 7)
    overlay(site, "o", "base", "raw")
    site.ok("vol-wipe", "o", "--pool", "p")
    assert images.reads(pool / "base", "raw", 7)
    assert images.reads(pool / "o", "qcow2", 0)
    assert site.volume("o", "p")["capacity"] == 8 * MIB


class Machine:
    """A QEMU process that has an image open, as a running virtual machine has."""

    def __init__(self, path, kind, scratch, read_only=False):
        control = scratch / "qmp"
        drive = f"file={path},format={kind},if=virtio,readonly={'on' if read_only else 'off'}"
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-S", "-nodefaults", "-display", "none", "-machine", "pc,accel=tcg", "-m", "16",
             "-qmp", f"unix:{control},server=on,wait=off", "-drive", drive],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        end = time.monotonic() + 40
        while self.process.poll() is None and time.monotonic() < end:
            try:
                with socket.socket(socket.AF_UNIX) as line:
                    line.connect(str(control))
                    assert "QMP" in json.loads(line.makefile().readline())
                    return
            except OSError:
                time.sleep(0.1)
        error = self.process.stderr.read().decode() if self.process.poll() is not None else "no answer"
        self.end()
        raise RuntimeError(error)

    def end(self):
        self.process.kill()
        self.process.wait(timeout=20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


@pytest.mark.limit(180)
@pytest.mark.parametrize("kind", ["raw", "qcow2"])
def test_a_running_machines_image(site, pool, scratch, kind):
    """What would pull it from under the machine is refused, with who has it; reading what is shown is not."""
    site.ok("vol-create-as", "p", "v", "8M", *SPARSE, "--format", kind)
    (scratch / "image").write_bytes(bytes(8 * MIB))
    before = (pool / "v").read_bytes()
    with Machine(pool / "v", kind, scratch):
        for line in (
            ["vol-delete", "v"], ["vol-wipe", "v"], ["vol-resize", "v", "4M", "--shrink"],
            ["vol-import", "v", scratch / "image"], ["vol-clone", "v", "w"],
        ):  # fmt: skip
            site.refused(BUSY, *line, "--pool", "p", words=["is in use by", "qemu"])
        if kind == "qcow2":
            site.refused(BUSY, "vol-resize", "v", "16M", "--pool", "p", words="is in use by")
        assert (pool / "v").read_bytes() == before
        assert site.run("vol-info", "v", "--pool", "p").status == DONE
    site.ok("vol-clone", "v", "w", "--pool", "p")
    site.ok("vol-delete", "v", "--pool", "p")


@pytest.mark.limit(120)
def test_qemu_refuses_what_is_being_changed(site, pool, scratch):
    """Our claim on the image is QEMU's own: while a volume is wiped, no machine gets it."""
    site.ok("vol-create-as", "p", "v", "64M", "--format", "raw")
    images.write(pool / "v", "raw", 7, 0, 64 * MIB)
    process = site.start("vol-wipe", "v", "--algorithm", "gutmann", "--pool", "p")
    try:
        refused = False
        while process.poll() is None and not refused:
            done = subprocess.run(
                ["qemu-io", "-f", "raw", "-c", "read 0 512", str(pool / "v")],
                capture_output=True, text=True, timeout=30, check=False,
            )  # fmt: skip
            refused = 'Failed to get' in done.stderr + done.stdout
        assert refused, "QEMU could open the image during the whole wipe"
        with pytest.raises(RuntimeError, match="Failed to get"):
            Machine(pool / "v", "raw", scratch).end()
    finally:
        assert process.wait(timeout=90) == DONE


def test_a_machine_on_an_overlay_holds_its_base(site, pool, scratch):
    """QEMU has the image below open for reading: it may be copied, not changed."""
    site.ok("vol-create-as", "p", "base", "8M", *SPARSE)
    overlay(site, "o", "base", "raw")
    with Machine(pool / "o", "qcow2", scratch):
        os.rename(pool / "o", scratch / "o")
        site.refused(BUSY, "vol-delete", "base", "--pool", "p", words="is in use by")
        site.ok("vol-clone", "base", "copy", "--pool", "p")


def test_what_an_overlay_grows_by_reads_as_zeroes(site, pool, scratch):
    """Also where the image below is longer, and has something there; it is not opened for that."""
    (scratch / "image").write_bytes(b"below" * (8 * MIB // 5 + 1))
    os.truncate(scratch / "image", 8 * MIB)
    site.ok("vol-create-as", "p", "base", "8M", "--format", "raw")
    site.ok("vol-upload", "base", scratch / "image", "--pool", "p")
    words = ["--format", "qcow2", "--backing-vol", "base", "--backing-vol-format", "raw"]
    site.ok("vol-create-as", "p", "o", "1M", *words)
    site.ok("vol-resize", "o", "4M", "--pool", "p")
    qemu_img("convert", "-O", "raw", pool / "o", scratch / "out")
    content = (scratch / "out").read_bytes()
    assert content[:MIB] == (scratch / "image").read_bytes()[:MIB]
    assert content[MIB:] == bytes(3 * MIB)


def test_a_base_of_another_format_is_refused(site, pool, scratch):
    """An overlay is made without opening what is below it, which is looked at all the same."""
    (scratch / "image").write_bytes(b"x" * MIB)
    document = (
        "<volume><name>o</name><capacity>1048576</capacity><target><format type='qcow2'/></target>"
        f"<backingStore><path>{scratch}/image</path><format type='qcow2'/></backingStore></volume>"
    )
    (scratch / "o.xml").write_text(document)
    site.refused(BAD_DATA, "vol-create", "p", scratch / "o.xml", words=["its backing store", "is not of format qcow2"])
    assert not (pool / "o").exists() and site.findings("p") == []
