"""Kills every command that changes a partition table before each change it makes.

After each cut pool-check says what is left, `pool-check --repair` mends it, the table holds the old
or the new state, the kernel shows what the table has, and the same command then does its work."""

import hashlib

import contents
import disks
import faults
import pytest
from tools import DONE, EXISTS, MIB, NOT_FOUND, PROBLEMS, Site

pytestmark = [pytest.mark.usefixtures("faults"), pytest.mark.limit(240)]

SIZE = 4 * MIB


class Stage:
    """A disk and a root, and how both were at one moment."""

    def __init__(self, folder, disk, label):
        self.disk, self.label = disk, label
        self.site = Site(folder / "root")
        self.site.root.mkdir()
        self.folder = folder
        options = ["--source-dev", disk.path, "--source-format", label, "--target", "/dev"]
        self.site.ok("pool-define-as", "p", "disk", *options)
        self.image = contents.image(folder / "image", SIZE, at0="imported")

    def save(self):
        disks.run("sync")
        self.bytes = self.disk.path.read_bytes()
        disks.run("rm", "-rf", self.folder / "saved")
        disks.run("cp", "-a", self.site.root, self.folder / "saved")

    def restore(self):
        self.disk.forget()
        with open(self.disk.path, "r+b") as device:
            device.write(self.bytes)
        disks.run("rm", "-rf", self.site.root)
        disks.run("cp", "-a", self.folder / "saved", self.site.root)
        # As the kernel showed it, whatever it reads by itself.
        if self.is_active():
            self.site.run("pool-check", "p", "--repair")

    def is_active(self):
        return self.site.pool("p")["state"] != "inactive"

    def picture(self):
        """The table and what is in each partition."""
        found = {}
        for number, (start, size, kind) in self.disk.table().items():
            with open(self.disk.path, "rb") as device:
                device.seek(start)
                data = device.read(size)
            # An extended partition has the tables of the logical ones in it.
            digest = "" if kind == "5" else hashlib.sha256(data).hexdigest()
            found[number] = (start, size, kind, digest)
        return found


def operations(disk):
    part = disk.part
    return {
        "create": (("vol-create-as", "p", part(3), str(SIZE)), (DONE, EXISTS)),
        "clone": (("vol-clone", part(1), part(3), "--pool", "p"), (DONE, EXISTS)),
        "delete": (("vol-delete", part(2), "--pool", "p"), (DONE, NOT_FOUND)),
        "resize": (("vol-resize", part(2), str(2 * SIZE), "--pool", "p"), (DONE,)),
        "shrink": (("vol-resize", part(2), str(SIZE // 2), "--shrink", "--pool", "p"), (DONE,)),
        "import": (("vol-import", part(1), "@IMAGE@", "--pool", "p"), (DONE,)),
        "wipe": (("vol-wipe", part(1), "--pool", "p"), (DONE,)),
        "set": (("vol-set", part(1), "rw", "no", "--pool", "p"), (DONE,)),
    }


@pytest.fixture
def stage(request, scratch):
    """A disk of 32 MiB; volumes 1 and 2 with something in them."""
    if reason := disks.unavailable():
        pytest.skip(reason)
    with disks.LoopDisk(scratch, 32) as disk:
        made = Stage(scratch, disk, request.param)
        yield made


def populate(stage):
    site, disk = stage.site, stage.disk
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")
    for number, text in ((1, "one"), (2, "two")):
        site.ok("vol-create-as", "p", disk.part(number), str(SIZE))
        contents.put(f"/dev/{disk.part(number)}", text)


def after_cut(stage, command, again, old, new):
    site = stage.site
    site.findings("p")
    result = site.run("pool-check", "p", "--repair")
    assert result.status in (DONE, PROBLEMS), result
    left = {finding["kind"] for finding in site.findings("p")}
    assert left <= {"incomplete-content"}, left
    assert stage.disk.nodes() == sorted(stage.disk.table()), "the kernel shows something else"
    found = stage.picture()
    if not left:
        # Only sizes and places have to be old or new; of a resize the rest is what was behind.
        shapes = [{number: entry[:3] for number, entry in one.items()} for one in (old, new)]
        assert {number: entry[:3] for number, entry in found.items()} in shapes, found
    result = site.run(*command)
    assert result.status in again, f"again: {result}"
    assert stage.picture() == new, "running it again did not get there"
    assert "is clean" in site.ok("pool-check", "p", "--repair")


CASES = [("gpt", name) for name in ("create", "clone", "delete", "resize", "shrink", "import", "wipe", "set")]
CASES += [("dos", "create"), ("dos", "delete")]


@pytest.mark.parametrize(("stage", "name"), CASES, indirect=["stage"])
def test_volume_command(stage, name):
    populate(stage)
    command, again = operations(stage.disk)[name]
    command = [stage.image if word == "@IMAGE@" else word for word in command]
    stage.save()
    old = stage.picture()
    places = faults.places(stage.site, stage.folder / "log", *command)
    new = stage.picture()
    assert places, "no fault point was passed"
    failures = []
    for number, place in enumerate(places, 1):
        stage.restore()
        assert stage.picture() == old, "the stage was not put back"
        try:
            faults.cut(stage.site, number, *command)
            after_cut(stage, command, again, old, new)
        except AssertionError as error:
            failures.append(f"cut {number} before {place}: {error}")
    assert not failures, f"{len(failures)} of {len(places)} cuts:\n" + "\n".join(failures[:8])


@pytest.mark.parametrize(("stage", "name"), [("gpt", "build"), ("gpt", "delete")], indirect=["stage"])
def test_pool_command(stage, name):
    if name == "delete":
        populate(stage)
        stage.site.ok("pool-destroy", "p")
    command = (f"pool-{name}", "p")
    stage.save()
    places = faults.places(stage.site, stage.folder / "log", *command)
    new = stage.picture()
    for number, place in enumerate(places, 1):
        stage.restore()
        if name == "delete":
            # The kernel shows the partitions again, which the command takes from it one by one.
            stage.site.ok("pool-start", "p")
            stage.site.ok("pool-destroy", "p")
        faults.cut(stage.site, number, *command)
        result = stage.site.run(*command)
        if name == "build" and result.status == EXISTS:
            # The label stands already.
            result = stage.site.run("pool-start", "p")
        assert result.status == DONE, f"cut {number} before {place}: {result}"
        assert stage.picture() == new == {} and stage.disk.nodes() == [], f"cut {number} before {place}"
