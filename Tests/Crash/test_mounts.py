"""Kills the commands that mount and make file systems before each change that they make.

After each cut: what is mounted though its pool is not active is found by pool-check and taken away by
`pool-check --repair`, and the same command then does its work."""

import json
import os
import shutil
import subprocess

import faults
import pytest
from filesystems import unavailable, unmount_below
from tools import BUSY, DONE, EXISTS, PROBLEMS, Site

pytestmark = pytest.mark.usefixtures("faults")

BUILD, START = ("pool-build", "p", "--no-overwrite"), ("pool-start", "p")
#: name: what was done before, the command, what running it again may answer.
OPERATIONS = {
    "build": ((), BUILD, (DONE, EXISTS)),
    "build-over-something": ((BUILD,), ("pool-build", "p", "--overwrite"), (DONE,)),
    "start": ((BUILD,), START, (DONE, BUSY)),
    "destroy": ((BUILD, START), ("pool-destroy", "p"), (DONE, BUSY)),
    "delete": ((BUILD,), ("pool-delete", "p"), (DONE, 4)),
}


class Ground:
    """A pool on an image file, made anew for each cut."""

    def __init__(self, folder, before):
        self.folder, self.before = folder / "ground", before
        self.site = Site(self.folder / "root")
        self.target = self.folder / "p"

    def reset(self):
        if self.folder.exists():
            unmount_below(self.folder)
            shutil.rmtree(self.folder)
        (self.folder / "root").mkdir(parents=True)
        with open(self.folder / "image", "wb") as image:
            image.truncate(4 << 20)
        self.site.ok("pool-define-as", "p", "fs", "--source-dev", self.folder / "image",
                     "--source-format", "ext4", "--target", self.target)  # fmt: skip
        for line in self.before:
            self.site.ok(*line)

    def is_mounted(self):
        return os.path.ismount(self.target)

    def picture(self):
        """What a user sees of the pool."""
        found = subprocess.run(["blkid", "-p", "-o", "value", "-s", "TYPE", self.folder / "image"],
                               capture_output=True, text=True, check=False, timeout=20)  # fmt: skip
        return {
            "state": self.site.pool("p")["state"],
            "mounted": self.is_mounted(),
            "folder": self.target.is_dir(),
            "holds": found.stdout.strip(),
        }


@pytest.mark.limit(240)
@pytest.mark.parametrize("name", OPERATIONS)
def test_cuts(scratch, name):
    if reason := unavailable("ext4"):
        pytest.skip(reason)
    before, command, again = OPERATIONS[name]
    ground = Ground(scratch, before)
    ground.reset()
    old = ground.picture()
    places = faults.places(ground.site, scratch / "places", *command)
    new = ground.picture()
    assert places and old != new or name == "build-over-something"
    failures = []
    for number, place in enumerate(places, 1):
        ground.reset()
        try:
            after_cut(ground, command, number, again, old, new)
        except AssertionError as error:
            failures.append(f"cut {number} before {place}: {error}")
    assert not failures, f"{len(failures)} of {len(places)} cuts:\n" + "\n".join(failures[:8])


def after_cut(ground, command, number, again, old, new):
    site = ground.site
    faults.cut(site, number, *command)
    found = ground.picture()
    for part in found:
        if part != "holds" and (part, found[part]) != ("state", "inaccessible"):
            assert found[part] in (old[part], new[part]), f"{part} is {found[part]}"
    stale = found["mounted"] and found["state"] == "inactive"
    check = site.run("pool-check", "p", "--json")
    if stale:
        assert check.status == PROBLEMS, check
        [finding] = json.loads(check.out)["findings"]
        assert (finding["kind"], finding["path"]) == ("stale-mount", str(ground.target)), finding
    else:
        assert check.status in (DONE, BUSY), check
    repair = site.run("pool-check", "p", "--repair")
    assert repair.status in (DONE, BUSY), repair
    if stale:
        assert not ground.is_mounted(), "still mounted after the repair"
    once_more = site.run(*command)
    assert once_more.status in again, f"again: {once_more}"
    assert ground.picture() == new, f"after running it again: {ground.picture()}; expected {new}"
