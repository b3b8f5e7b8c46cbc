"""Two owners take turns on one pool, at random: this program, and Qubes' drivers or a person. After each step every
committed state and every revision is what a model says, for both of them, and each refusal is the one expected."""

import hashlib
import os
import random
import shutil
from typing import Any

import pytest
from qubesdrivers import InPlace, Reflink
from tools import BUSY, DONE, NOT_FOUND

BLOCK = 4096
SIZE = 128 * BLOCK
KEEP = 2
SEEDS = range(int(os.environ.get("CISTERN_SEEDS", "1")))
STEPS = int(os.environ.get("CISTERN_STEPS", "60"))


class Game:
    """The pool, the model of its one volume and of a snapshot of it, and the moves."""

    def __init__(self, site, folder, driver, seed):
        self.site, self.folder, self.driver = site, folder, driver
        self.random = random.Random(f"{driver} {seed}")
        self.keep = 1 if driver == "file" else KEEP
        self.vid, self.snapshot = ("v", "s") if driver == "plain" else ("appvms/w/v", "appvms/w/s")
        folder.mkdir()
        options = [] if driver == "plain" else ["--driver", driver]
        site.ok("pool-define-as", "p", "dir", "--target", folder, "--revisions-to-keep", self.keep, *options)
        site.ok("pool-build", "p")
        site.ok("pool-start", "p")
        site.ok("vol-create-as", "p", self.vid, SIZE, "--allocation", 0)
        site.ok(
            "vol-create-as", "p", self.snapshot, "--source", self.vid, "--snap-on-start", "yes",
            "--save-on-stop", "no",
        )  # fmt: skip
        # What is asked of it depends on the driver, too.
        kind: Any = {"file-reflink": Reflink, "file": InPlace}.get(driver)
        self.other = kind(folder, self.vid, self.keep) if kind else None
        # The model.
        self.committed, self.revisions = bytes(SIZE), {}
        self.working = None
        # Whether the session was begun here; whether the committed state has changed since; whether the other owner
        # has an uncommitted session in the committed state itself.
        self.isOurs = self.isStarted = self.isChanged = self.isForeign = False
        self.copy = None
        self.copyIsStarted = False
        self.log = []

    # What is on disk

    @property
    def image(self):
        return self.folder / (self.vid if self.driver == "plain" else f"{self.vid}.img")

    @property
    def device(self):
        private = self.folder / ".cistern" / "volumes" / self.vid / "dirty"
        return private if self.driver == "plain" else self.folder / f"{self.vid}-dirty.img"

    def revision(self, number):
        if self.driver == "plain":
            [path] = (self.folder / ".cistern" / "volumes" / self.vid).glob(f"{number}@*")
        else:
            [path] = self.image.parent.glob(f"{self.image.name}.{number}@*")
        return path

    def check(self):
        def same(path, content):
            assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(content).digest(), path

        same(self.image, self.committed)
        listed = [one["number"] for one in self.site.revisions(self.vid, "p")]
        assert listed == sorted(self.revisions)
        for number, content in self.revisions.items():
            same(self.revision(number), content)
        if self.working is not None:
            same(self.device, self.working)
        else:
            assert not self.device.exists()
        state = "running" if self.isStarted and self.working is not None else "clean"
        if state == "clean" and (self.working is not None or self.isForeign):
            state = "dirty"
        assert self.site.volume(self.vid, "p")["state"] == state
        out = self.site.root / "out"
        out.unlink(missing_ok=True)
        self.run(BUSY if self.isForeign else DONE, "vol-export", out)
        if not self.isForeign:
            same(out, self.committed)

    def run(self, status, tool, *options, volume=None):
        result = self.site.run(tool, volume or self.vid, *options, "--pool", "p")
        assert result.status == status, f"expected {status}:\n{result}"
        return result.out.strip()

    # The model

    @property
    def isOpen(self):
        return self.other is not None and self.other.device is not None

    def keepState(self):
        self.revisions[max(self.revisions, default=0) + 1] = self.committed

    def prune(self):
        for number in sorted(self.revisions)[: max(0, len(self.revisions) - self.keep)]:
            del self.revisions[number]

    def commit(self, content):
        self.keepState()
        self.prune()
        self.committed = content
        self.working, self.isStarted, self.isChanged = None, False, False

    def block(self):
        return self.random.randbytes(BLOCK), BLOCK * self.random.randrange(SIZE // BLOCK)

    @staticmethod
    def changed(content, data, offset):
        return content[:offset] + data + content[offset + len(data) :]

    # Moves of this program

    def ours_start(self):
        isRefused = self.isForeign or self.isOpen or self.isChanged
        if isRefused or (self.isStarted and self.working is not None):
            return self.run(BUSY, "vol-start")
        assert self.run(DONE, "vol-start") == str(self.device)
        if self.working is None:
            self.working = self.committed
            self.isOurs = True
        self.isStarted = True

    def ours_write(self):
        if self.working is None or not self.isStarted or (self.isOpen and self.driver != "file"):
            return
        data, offset = self.block()
        with open(self.device, "r+b") as file:
            file.seek(offset)
            file.write(data)
        self.working = self.changed(self.working, data, offset)

    def ours_stop(self):
        if self.isForeign or (self.working is not None and (self.isOpen or self.isChanged)):
            return self.run(BUSY, "vol-stop")
        self.run(DONE, "vol-stop")
        if self.working is not None:
            self.commit(self.working)
        self.isStarted = False

    def ours_discard(self):
        if self.isForeign or (self.working is not None and self.isOpen):
            return self.run(BUSY, "vol-stop", "--discard")
        self.run(DONE, "vol-stop", "--discard")
        self.working, self.isStarted, self.isChanged = None, False, False

    def ours_revert(self):
        if self.isForeign or self.working is not None:
            return self.run(BUSY, "vol-revert")
        if not self.revisions:
            return self.run(NOT_FOUND, "vol-revert")
        if self.isOpen:
            return self.run(BUSY, "vol-revert")
        number = self.random.choice(sorted(self.revisions))
        content = self.revisions[number]
        self.run(DONE, "vol-revert", number)
        self.keepState()
        self.committed = content
        self.isStarted = False

    def ours_import(self):
        data = self.random.randbytes(BLOCK) * (len(self.committed) // BLOCK)
        file = self.site.root / "image"
        file.write_bytes(data)
        if self.isForeign or self.working is not None or self.isOpen:
            return self.run(BUSY, "vol-import", file)
        self.run(DONE, "vol-import", file)
        # A mark of a session that the other owner has ended stays.
        isStarted = self.isStarted
        self.commit(data)
        self.isStarted = isStarted

    def ours_resize(self):
        if self.isOpen:
            return
        content = self.committed if self.working is None else self.working
        if len(content) > 2 * SIZE:
            return
        wanted = content + bytes(BLOCK)
        if self.isForeign:
            return self.run(BUSY, "vol-resize", len(wanted))
        self.run(DONE, "vol-resize", len(wanted))
        if self.working is None:
            self.committed = wanted
        else:
            self.working = wanted

    def ours_snapshot(self):
        if self.copyIsStarted:
            self.run(DONE, "vol-stop", volume=self.snapshot)
            self.copyIsStarted = False
            return
        if self.isForeign:
            return self.run(BUSY, "vol-start", volume=self.snapshot)
        device = self.run(DONE, "vol-start", volume=self.snapshot)
        with open(device, "r+b") as file:
            assert file.read() == self.committed
            file.seek(0)
            file.write(self.block()[0])
        self.copyIsStarted = True

    def ours_repair(self):
        assert self.site.run("pool-check", "p", "--repair").status == DONE
        # So goes the mark of a session that the other owner has ended.
        self.isStarted = self.isStarted and self.working is not None

    # Moves of the other owner

    def crash(self):
        if self.other:
            self.other.crash()
        shutil.rmtree(self.site.root / "run")
        self.site.ok("pool-start", "p")
        self.isStarted = self.copyIsStarted = False

    def theirs_start(self):
        if self.isOpen:
            return
        self.other.start()
        if self.driver == "file-reflink" and self.working is None:
            self.working = self.committed
            self.isOurs = self.isChanged = False

    def theirs_write(self):
        if not self.isOpen:
            return
        data, offset = self.block()
        self.other.write(data, offset)
        if self.driver == "file":
            self.committed = self.changed(self.committed, data, offset)
            self.isForeign = True
            self.isChanged = self.working is not None
        else:
            self.working = self.changed(self.working, data, offset)

    def theirs_stop(self):
        self.other.stop()
        if self.driver == "file":
            self.isForeign = False
        elif self.working is not None:
            isStarted = self.isStarted
            self.commit(self.working)
            self.isStarted = isStarted

    def theirs_revert(self):
        if self.driver == "file" or self.working is not None or not self.revisions:
            return
        number = self.random.choice(sorted(self.revisions))
        self.other.revert(number)
        self.keepState()
        self.committed = self.revisions.pop(number)

    def theirs_import(self):
        if self.isOpen or self.isForeign:
            return
        data = self.random.randbytes(BLOCK) * (SIZE // BLOCK)
        self.other.replace(data)
        if self.driver == "file-reflink":
            self.keepState()
            self.prune()
        self.committed = data
        # Qubes lets an import be shadowed by a session.
        self.isChanged = self.isOurs and self.working is not None

    def theirs_resize(self):
        if self.isOpen or self.isForeign or self.working is not None or len(self.committed) > 2 * SIZE:
            return
        self.committed += bytes(BLOCK)
        self.other.resize(len(self.committed))

    def theirs_precache(self):
        if self.driver == "file-reflink" and self.working is None:
            self.other.prepare()

    def person_replaces(self):
        """Somebody moves another image into the place of the committed one."""
        data = self.random.randbytes(BLOCK) * (len(self.committed) // BLOCK)
        new = self.folder.parent / "new"
        new.write_bytes(data)
        os.rename(new, self.image)
        self.committed = data
        self.isChanged = self.working is not None

    def moves(self):
        names = [name for name in dir(self) if name.startswith("ours_")]
        if self.other:
            names += [name for name in dir(self) if name.startswith("theirs_")]
        else:
            names.append("person_replaces")
        return sorted([*names, "ours_start", "ours_write", "ours_stop", "crash"])


def play(site, folder, driver, seed):
    game = Game(site, folder, driver, seed)
    try:
        turns(game, seed)
    finally:
        if game.other:
            game.other.crash()


def turns(game, seed):
    for _ in range(STEPS):
        move = game.random.choice(game.moves())
        game.log.append(move)
        try:
            getattr(game, move)()
            game.check()
        except AssertionError as failure:
            raise AssertionError(f"seed {seed}, after {', '.join(game.log)}: {failure}") from failure


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "kind, driver",
    [
        ("xfs", "file-reflink"), ("btrfs", "file-reflink"), ("ext4", "file"), ("xfs", "file"),
        ("ext4", "plain"), ("xfs", "plain"),
    ],
)  # fmt: skip
def test_content_is_what_both_owners_made_it(site, place, kind, driver, seed):
    play(site, place(kind) / "pool", driver, seed)
