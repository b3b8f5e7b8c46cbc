"""What every pool must do in which volumes can be made from others: the cases of both conformance suites about the way
that content goes into a new volume.

What a pool is able to do is asked of `pool-capabilities`."""

import json
import signal
import time

import contents
import images
import pytest
from tools import BAD_DATA, DONE, MIB, UNSUPPORTED

#: Of what is copied: a whole number of what any pool rounds to.
SIZE = 16 * MIB
FAR = 9 * MIB
SECRET = "0d0b8a8e-5a0c-4f0e-9d6d-0b4f0a1c7e11"


class Maker:
    """A started pool, and a folder pool beside it whose volumes are copied into it."""

    def __init__(self, site, scratch, pool, next_name):
        self.site, self.scratch, self.pool, self.next_name = site, scratch, pool, next_name
        kind = site.pool(pool)["type"]
        pools = site.json("pool-capabilities")["pools"]
        self.abilities = next(set(one["abilities"]) for one in pools if one["type"] == kind)
        self.folder = scratch / "sources"
        site.ok("pool-define-as", "sources", "dir", "--target", self.folder)
        site.ok("pool-build", "sources")
        site.ok("pool-start", "sources")

    def needs(self, *abilities):
        for ability in abilities:
            if ability not in self.abilities:
                pytest.skip(f"the pool has no ability '{ability}'")

    def document(self, name, capacity=SIZE):
        file = self.scratch / "new.xml"
        size = f"<capacity>{capacity}</capacity>" if capacity else ""
        file.write_text(f"<volume><name>{name}</name>{size}<allocation>0</allocation><target/></volume>")
        return file

    def copy(self, source, *options, name=None, capacity=SIZE):
        """Makes a volume with the content of a source; returns its name."""
        name = name or self.next_name()
        self.site.ok("vol-create-from", *self.line(source, name, capacity), *options, timeout=300)
        return name

    def line(self, source, name, capacity=SIZE):
        return [self.pool, self.document(name, capacity), source, "--inputpool", "sources"]

    def refused(self, status, source, *options, words=()):
        """The copy is refused, and nothing is left of it."""
        before = self.names()
        line = self.line(source, self.next_name())
        self.site.refused(status, "vol-create-from", *line, *options, words=words)
        assert self.names() == before
        self.clean()

    def names(self):
        return {volume["name"] for volume in self.site.json("vol-list", self.pool)["volumes"]}

    def clean(self):
        if "check" in self.abilities:
            assert self.site.findings(self.pool) == []

    def read(self, name, offset=0):
        file = self.scratch / "content"
        file.unlink(missing_ok=True)
        self.site.ok("vol-export", name, file, "--pool", self.pool, timeout=300)
        return contents.get(file, offset)

    def facts(self, name):
        return self.site.volume(name, self.pool)


class Making:
    """Inherited by the suites, which have a fixture `maker`."""

    def test_making_from_another_format(self, maker):
        maker.needs("clone-volumes")
        images.qemu_img(
            "convert", "-q", "-O", "qcow2",
            contents.image(maker.scratch / "raw", SIZE, **{"at0": "start", f"at{FAR}": "far"}), maker.folder / "v",
        )  # fmt: skip
        name = maker.copy("v")
        assert (maker.read(name), maker.read(name, FAR), maker.read(name, MIB)) == ("start", "far", "")
        assert maker.facts(name)["capacity"] == SIZE
        maker.clean()

    def test_making_smaller_or_larger_than_the_source(self, maker):
        maker.needs("clone-volumes")
        contents.image(maker.folder / "v", SIZE, **{"at0": "start", f"at{FAR}": "far"})
        smaller = maker.copy("v", capacity=MIB)
        assert maker.facts(smaller)["capacity"] == SIZE
        assert maker.read(smaller, FAR) == "far"
        larger = maker.copy("v", capacity=2 * SIZE)
        assert maker.facts(larger)["capacity"] == 2 * SIZE
        assert (maker.read(larger), maker.read(larger, FAR), maker.read(larger, SIZE)) == ("start", "far", "")
        maker.clean()

    def test_making_of_encrypted_content_never_keeps_the_ciphertext(self, maker):
        """Decrypted, or refused."""
        maker.needs("clone-volumes")
        key, secret = maker.scratch / "key", maker.scratch / "secret.xml"
        key.write_text("passphrase")
        secret.write_text(
            f"<secret><uuid>{SECRET}</uuid><usage type='volume'><volume>{maker.folder / 'v'}</volume></usage></secret>"
        )
        maker.site.ok("secret-define", secret)
        maker.site.ok("secret-set-value", SECRET, "--file", key, "--plain")
        images.make(
            maker.folder / "v", "luks", f"{SIZE}", "--object", f"secret,id=s,file={key}", "-o",
            "key-secret=s,iter-time=10",
        )  # fmt: skip
        raw = contents.image(maker.scratch / "raw", SIZE, at0="secret")
        images.qemu_img(
            "convert", "-n", "--image-opts", "--target-image-opts", "--object", f"secret,id=s,file={key}",
            f"driver=raw,file.filename={raw}", f"driver=luks,key-secret=s,file.filename={maker.folder / 'v'}",
        )  # fmt: skip
        before, name = maker.names(), maker.next_name()
        result = maker.site.run("vol-create-from", *maker.line("v", name), timeout=300)
        if result.status == DONE:
            assert maker.read(name) == "secret", result
        else:
            assert result.status == UNSUPPORTED and "can only be copied as it is" in result.err, result
            assert maker.names() == before
        maker.clean()

    def test_making_for_sectors_of_another_size(self, maker):
        """Devices have theirs; a file is for those that its content is made for."""
        maker.needs("clone-volumes")
        image = contents.image(maker.scratch / "raw", SIZE, at0="large sectors")
        maker.site.ok("vol-create-as", "sources", "v", str(SIZE), "--allocation", "0")
        maker.site.ok("vol-import", "v", image, "--pool", "sources", "--sector-size", "4096")
        first = maker.copy("v", "--sector-size", "512")
        assert maker.read(first) == "large sectors"
        if maker.facts(first)["type"] == "block":
            maker.refused(BAD_DATA, "v", words="has sectors of 512 bytes, but the content is made for 4096")
        else:
            maker.copy("v")
        maker.clean()

    def test_making_from_an_overlay_on_a_file_outside_the_pools(self, maker):
        maker.needs("clone-volumes")
        outside = maker.scratch / "outside"
        images.qemu_img(
            "convert", "-q", "-O", "qcow2", contents.image(maker.scratch / "raw", SIZE, at0="below"), outside
        )
        images.make(maker.folder / "v", "qcow2", f"{SIZE}", "-F", "qcow2", "-b", outside)
        maker.refused(BAD_DATA, "v", words=("is not a volume of an active pool", "--flatten"))
        name = maker.next_name()
        result = maker.site.run("vol-create-from", *maker.line("v", name), "--flatten", timeout=300)
        assert result.status == DONE and f"reads its backing store '{outside}'" in result.err, result
        outside.unlink()
        assert maker.read(name) == "below"
        maker.clean()

    @pytest.mark.parametrize("kind", ["raw", "qcow2"])
    def test_making_tells_how_far_it_is(self, maker, kind):
        maker.needs("clone-volumes")
        raw = contents.image(maker.scratch / "raw", SIZE, at0="start")
        images.qemu_img("convert", "-q", "-O", kind, raw, maker.folder / "v")
        line = maker.line("v", maker.next_name())
        result = maker.site.run("vol-create-from", *line, "--progress", "json", timeout=300)
        assert result.status == DONE, result
        reports = [json.loads(text) for text in result.err.splitlines() if text.startswith("{")]
        assert reports and reports[0]["position"] == 0 and not reports[0]["complete"], result
        assert reports[-1]["complete"] and reports[-1]["position"] == reports[-1]["total"] == SIZE, result

    @pytest.mark.parametrize("kind", ["raw", "qcow2"])
    def test_making_that_is_interrupted_leaves_nothing(self, maker, kind):
        maker.needs("clone-volumes")
        raw = maker.scratch / "raw"
        raw.write_bytes(contents.marker("start") + bytes(range(1, 256)) * (2 * SIZE // 255))
        with open(raw, "r+b") as file:
            file.truncate(2 * SIZE)
        images.qemu_img("convert", "-q", "-O", kind, raw, maker.folder / "v")
        before = maker.names()
        for seconds in (0.01, 0.03, 0.06, 0.1):
            name = maker.next_name()
            process = maker.site.start("vol-create-from", *maker.line("v", name, 2 * SIZE))
            time.sleep(seconds)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=120)
            if process.returncode == DONE:
                break
            assert process.returncode == -signal.SIGINT, err
            assert maker.names() == before
            maker.clean()
        name = name if process.returncode == DONE else maker.copy("v", capacity=2 * SIZE)
        assert maker.read(name) == "start"

    def test_making_copies_what_is_committed_also_while_it_is_started(self, maker):
        """Content and size; what the session makes of either is its own."""
        maker.needs("clone-volumes")
        site = maker.site
        site.ok("vol-create-as", "sources", "v", str(SIZE), "--allocation", "0", "--revisions-to-keep", "1")
        site.ok("vol-import", "v", contents.image(maker.scratch / "raw", SIZE, at0="committed"), "--pool", "sources")
        device = site.ok("vol-start", "v", "--pool", "sources").strip()
        contents.put(device, "session")
        for size in (2 * SIZE, SIZE // 2):
            site.ok("vol-resize", "v", str(size), "--shrink", "--pool", "sources")
            name = maker.copy("v", capacity=None)
            assert maker.facts(name)["capacity"] == SIZE
            assert (maker.read(name), maker.read(name, FAR)) == ("committed", "")
        site.ok("vol-stop", "v", "--pool", "sources")
        maker.clean()

    def test_a_size_is_rounded_before_it_is_compared(self, maker):
        maker.needs("create-volumes")
        name, size = maker.next_name(), str(SIZE + 4321)
        maker.site.ok("vol-create-as", maker.pool, name, size, "--allocation", "0")
        maker.site.ok("vol-create-as", maker.pool, name, size, "--allocation", "0", "--if-not-exists")
        capacity = maker.facts(name)["capacity"]
        assert capacity >= SIZE + 4321
        maker.site.ok("vol-resize", name, size, "--pool", maker.pool)
        assert maker.facts(name)["capacity"] == capacity
