"""What every backend must do whose volumes change in place: devices, which have no second place to
write to. The counterpart of conformance.py for them; run on each kind of pool by a class that names
the backends.

A backend has a `name`, `define(site, pool)`, `next_name()`, which is that of a volume to be made or,
where volumes are there or not, of one of SIZE bytes that is there, and `abilities`: build (pools are
built), create (volumes are made and removed), check (pool-check looks at them)."""

import json
import os
import subprocess

import contents
import pytest
from making import Maker, Making
from tools import BAD_DATA, BUSY, DONE, EXISTS, MIB, NO_SPACE, NOT_FOUND, UNSUPPORTED, tree

SIZE = 16 * MIB
FAR = 9 * MIB


class Bench:
    """A built and started pool of one backend, and the verbs of the cases on it."""

    def __init__(self, backend, site, scratch):
        self.backend, self.site, self.scratch = backend, site, scratch
        self.backend.define(site, "p")
        if "build" in backend.abilities:
            site.ok("pool-build", "p")
        site.ok("pool-start", "p")

    def run(self, tool, volume, *arguments, **options):
        return self.site.ok(tool, volume, *arguments, "--pool", "p", **options)

    def refuse(self, status, tool, volume, *arguments, words=(), **options):
        return self.site.refused(status, tool, volume, *arguments, "--pool", "p", words=words, **options)

    def can(self, ability):
        return ability in self.backend.abilities

    def needs(self, ability):
        if not self.can(ability):
            pytest.skip(f"{self.backend.name} has no ability '{ability}'")

    def create(self, *options, size=SIZE):
        """A volume, by the next name that the backend gives: a new one, or the content of one that is there is
        anything."""
        name = self.backend.next_name()
        if self.can("create"):
            self.site.ok("vol-create-as", "p", name, str(size), *options)
        return name

    def facts(self, name):
        return self.site.volume(name, "p")

    def path(self, name):
        return self.run("vol-path", name).strip()

    def names(self):
        return {volume["name"] for volume in self.site.json("vol-list", "p")["volumes"]}

    def check_clean(self):
        if self.can("check"):
            assert self.site.run("pool-check", "p").out.strip() == "Pool p is clean"


class InPlaceConformance(Making):
    """Inherited by the class that names the backends, as values of the fixture `backend`."""

    @pytest.fixture
    def bench(self, backend, site, scratch):
        return Bench(backend, site, scratch)

    @pytest.fixture
    def maker(self, bench, site, scratch):
        bench.needs("create")
        return Maker(site, scratch, "p", bench.backend.next_name)

    def test_a_volume_is_a_device_of_the_size_asked_for(self, bench):
        name = bench.create()
        facts = bench.facts(name)
        assert facts["type"] == "block" and facts["kind"] == "in-place"
        assert facts["capacity"] == facts["allocation"] == facts["physical"] == SIZE
        with open(bench.path(name), "rb") as device:
            assert device.seek(0, os.SEEK_END) == SIZE
        assert bench.names() == {name} if bench.can("create") else name in bench.names()
        assert bench.site.ok("vol-name", bench.path(name)).strip() == name
        bench.check_clean()

    def test_sizes_of_the_pool_add_up(self, bench):
        bench.needs("create")
        before = bench.site.pool("p")
        bench.create()
        after = bench.site.pool("p")
        assert after["capacity"] == before["capacity"]
        assert after["allocation"] == before["allocation"] + SIZE
        assert before["available"] - after["available"] >= SIZE

    def test_a_second_volume_of_the_name_is_refused_and_changes_nothing(self, bench):
        bench.needs("create")
        name = bench.create()
        contents.put(bench.path(name), "kept")
        bench.site.refused(EXISTS, "vol-create-as", "p", name, str(SIZE))
        bench.site.ok("vol-create-as", "p", name, str(SIZE), "--if-not-exists")
        bench.site.refused(EXISTS, "vol-create-as", "p", name, str(2 * SIZE), "--if-not-exists")
        assert contents.get(bench.path(name)) == "kept"

    def test_an_import_replaces_all_of_the_content(self, bench):
        name = bench.create()
        device = bench.path(name)
        contents.put(device, "old", FAR)
        image = contents.image(bench.scratch / "image", SIZE // 2, at0="new")
        bench.run("vol-import", name, image)
        assert contents.get(device) == "new"
        assert contents.get(device, FAR) == "", "old data shows behind a shorter import"
        assert bench.facts(name)["capacity"] == SIZE
        data = contents.marker("piped") + bytes(SIZE - contents.BLOCK)
        bench.run("vol-import", name, "-", "--keep-size", stdin=data)
        assert contents.get(device) == "piped"
        bench.check_clean()

    def test_what_has_no_room_is_refused_before_anything_changes(self, bench):
        name = bench.create()
        contents.put(bench.path(name), "old")
        image = contents.image(bench.scratch / "image", SIZE + MIB, at0="new")
        bench.refuse(NO_SPACE, "vol-import", name, image, words=str(SIZE))
        assert contents.get(bench.path(name)) == "old"
        words = "cannot be verified before it is written: it can be read only once"
        bench.refuse(
            UNSUPPORTED, "vol-import", name, "-", "--keep-size", "--verify", "0" * 64, stdin=b"new", words=words
        )
        bench.refuse(BAD_DATA, "vol-import", name, image, "--size", str(SIZE // 2), words="too much data")
        image = contents.image(bench.scratch / "image", SIZE // 2, at0="new")
        for tool in ("vol-import", "vol-upload"):
            bench.refuse(BAD_DATA, tool, name, image, "--verify", "0" * 64, words="another checksum")
            assert contents.get(bench.path(name)) == "old"
        bench.check_clean()

    def test_a_failed_import_leaves_a_volume_that_says_so(self, bench):
        name = bench.create()
        contents.put(bench.path(name), "old")
        bench.refuse(BAD_DATA, "vol-import", name, "-", "--keep-size", stdin=b"short", words="incomplete")
        assert "incomplete" in bench.facts(name)["problem"]
        if bench.can("check"):
            findings = bench.site.findings("p")
            assert [finding["kind"] for finding in findings] == ["incomplete-content"], json.dumps(findings)
        bench.refuse(BAD_DATA, "vol-export", name, bench.scratch / "copy", words="incomplete")
        bench.refuse(BAD_DATA, "vol-start", name, words="incomplete")
        if bench.can("check"):
            bench.site.ok("pool-check", "p", "--repair")
        image = contents.image(bench.scratch / "image", SIZE, at0="new")
        bench.run("vol-import", name, image)
        bench.run("vol-start", name)
        bench.run("vol-stop", name)
        bench.check_clean()

    def test_an_export_is_the_device_byte_by_byte(self, bench):
        name = bench.create()
        bench.run("vol-import", name, contents.image(bench.scratch / "zero", SIZE))
        contents.put(bench.path(name), "here", FAR)
        copy = bench.scratch / "copy"
        bench.run("vol-export", name, copy)
        assert os.path.getsize(copy) == SIZE and contents.get(copy, FAR) == "here"
        assert contents.blocks(copy) < MIB, "zeroes were written out"
        assert bench.site.run("vol-export", name, "-", "--pool", "p").data == copy.read_bytes()

    def test_a_clone_shows_nothing_of_what_was_there_before(self, bench):
        bench.needs("create")
        source = bench.create()
        device = bench.path(source)
        bench.run("vol-import", source, contents.image(bench.scratch / "zero", SIZE))
        contents.put(device, "source")
        # The place of the clone has old data.
        old = bench.create()
        contents.put(bench.path(old), "old data", FAR)
        bench.run("vol-delete", old)
        clone = bench.backend.next_name()
        bench.run("vol-clone", source, clone)
        assert contents.get(bench.path(clone)) == "source"
        assert contents.get(bench.path(clone), FAR) == ""
        assert bench.facts(clone)["capacity"] == SIZE
        bench.check_clean()

    def test_an_image_of_another_format_is_converted(self, bench):
        bench.needs("create")
        raw = contents.image(bench.scratch / "raw", SIZE, at0="from qcow2")
        folder = bench.scratch / "images"
        bench.site.ok("pool-define-as", "images", "dir", "--target", folder)
        bench.site.ok("pool-build", "images")
        bench.site.ok("pool-start", "images")
        subprocess.run(
            ["qemu-img", "convert", "-q", "-O", "qcow2", raw, folder / "i"], check=True, timeout=30
        )
        name = bench.backend.next_name()
        file = bench.scratch / "volume.xml"
        file.write_text(f"<volume><name>{name}</name><capacity>{SIZE}</capacity><target/></volume>")
        bench.site.ok("vol-create-from", "p", file, "i", "--inputpool", "images")
        assert contents.get(bench.path(name)) == "from qcow2"
        # And back into a file.
        file.write_text(
            f"<volume><name>back</name><capacity>{SIZE}</capacity><target><format type='qcow2'/></target></volume>"
        )
        bench.site.ok("vol-create-from", "images", file, name, "--inputpool", "p")
        bench.site.ok("vol-export", "back", bench.scratch / "back", "--pool", "images")
        again = bench.scratch / "again"
        subprocess.run(
            ["qemu-img", "convert", "-q", "-O", "raw", bench.scratch / "back", again], check=True, timeout=30
        )
        assert contents.get(again) == "from qcow2"

    @pytest.mark.parametrize("algorithm", ["zero", "nnsa"])
    def test_wiping_leaves_nothing(self, bench, algorithm):
        name = bench.create(size=2 * MIB)
        contents.put(bench.path(name), "secret", MIB)
        bench.run("vol-wipe", name, "--algorithm", algorithm)
        with open(bench.path(name), "rb") as device:
            assert b"secret" not in device.read()
        bench.check_clean()

    def test_a_volume_in_use_is_left_alone(self, bench):
        name = bench.create()
        device = bench.path(name)
        contents.put(device, "used")
        image = contents.image(bench.scratch / "image", SIZE)
        holder = subprocess.Popen(["sleep", "60"], stdin=open(device, "rb"))
        try:
            removal = [["vol-delete"]] if bench.can("create") else []
            for line in (*removal, ["vol-wipe"], ["vol-import", image]):
                words = f"(pid {holder.pid})"
                bench.refuse(BUSY, line[0], name, *line[1:], words=words)
        finally:
            holder.kill()
            holder.wait()
        assert contents.get(device) == "used"
        bench.check_clean()

    def test_a_mounted_volume_is_left_alone(self, bench):
        name = bench.create()
        device = bench.path(name)
        subprocess.run(["mkfs.ext4", "-q", device], check=True, timeout=30)
        folder = bench.scratch / "mounted"
        folder.mkdir()
        subprocess.run(["mount", device, folder], check=True, timeout=30)
        try:
            removal = [["vol-delete"]] if bench.can("create") else []
            for line in (*removal, ["vol-wipe"], ["vol-start"]):
                bench.refuse(BUSY, line[0], name, *line[1:], words=f"the mount '{folder}'")
            bench.refuse(BUSY, "vol-export", name, bench.scratch / "copy", words="mount")
        finally:
            subprocess.run(["umount", folder], check=True, timeout=30)
        if bench.can("create"):
            bench.run("vol-delete", name)
            assert bench.names() == set()

    def test_only_rw_can_be_set(self, bench):
        name = bench.create()
        bench.run("vol-set", name, "rw", "no")
        assert bench.facts(name)["rw"] is False
        bench.refuse((BAD_DATA, UNSUPPORTED), "vol-set", name, "revisions_to_keep", "2", words="in place")
        bench.refuse((BAD_DATA, UNSUPPORTED), "vol-set", name, "save_on_stop", "no", words="only rw can be set")
        bench.refuse((NOT_FOUND, UNSUPPORTED), "vol-revert", name)
        bench.needs("create")
        bench.run("vol-delete", name)
        # Another volume of that name starts from nothing.
        name = bench.create()
        assert bench.facts(name)["rw"] is True

    def test_guests_cannot_change_what_a_volume_is_taken_for(self, bench):
        name = bench.create()
        image = bench.scratch / "qcow2"
        subprocess.run(
            ["qemu-img", "create", "-q", "-f", "qcow2", image, "1G"], check=True, timeout=30
        )
        with open(bench.path(name), "r+b") as device:
            device.write(image.read_bytes())
        assert bench.facts(name)["capacity"] == SIZE
        bench.run("vol-export", name, bench.scratch / "copy")
        assert os.path.getsize(bench.scratch / "copy") == SIZE

    def test_delete_gives_the_space_back(self, bench):
        bench.needs("create")
        before = bench.site.pool("p")["available"]
        name = bench.create()
        bench.run("vol-delete", name)
        assert bench.site.pool("p")["available"] == before
        assert bench.names() == set()
        bench.refuse(NOT_FOUND, "vol-delete", name)
        bench.run("vol-delete", name, "--if-exists")
        bench.check_clean()

    def test_a_restarted_pool_has_the_same_volumes(self, bench):
        name = bench.create()
        contents.put(bench.path(name), "kept")
        bench.site.ok("pool-destroy", "p")
        bench.site.ok("pool-start", "p")
        assert contents.get(bench.path(name)) == "kept"

    def test_a_dry_run_changes_nothing(self, bench):
        name = bench.create()
        before = tree(bench.site.root), bench.site.json("vol-list", "p")
        image = contents.image(bench.scratch / "image", SIZE, at0="new")
        lines = [["vol-import", name, image, "--pool", "p"], ["vol-wipe", name, "--pool", "p"]]
        if bench.can("create"):
            lines += [
                ["vol-create-as", "p", bench.backend.next_name(), str(SIZE)],
                ["vol-delete", name, "--pool", "p"],
                ["vol-clone", name, bench.backend.next_name(), "--pool", "p"],
            ]
        for line in lines:
            assert bench.site.ok(*line, "--dry-run")
        assert (tree(bench.site.root), bench.site.json("vol-list", "p")) == before
        assert bench.site.run("pool-info", "p").status == DONE
