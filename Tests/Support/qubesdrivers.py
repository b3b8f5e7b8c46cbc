"""Behaves on disk as Qubes' drivers `file-reflink` and `file` do, from the published names and orders of their files."""

import fcntl
import os
import shutil
import time
from pathlib import Path

FICLONE = 0x40049409
# An empty exception store of dm-snapshot, as a start without a write leaves it: magic, valid, version, chunk of 256
# sectors.
EMPTY_STORE = b"SnAp" + b"".join(n.to_bytes(4, "little") for n in (1, 1, 256))
FIRST_CHUNK = 256 << 10


def settle(path):
    """Brings a file or a folder to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def copy(source, target):
    """A new file with the content of another, by reflink where that works, which appears whole."""
    temporary = target.with_name(f"{target.name}~{os.urandom(4).hex()}")
    with open(source, "rb") as old, open(temporary, "wb") as new:
        try:
            fcntl.ioctl(new.fileno(), FICLONE, old.fileno())
        except OSError:
            shutil.copyfileobj(old, new)
        os.fchmod(new.fileno(), 0o600)
        os.fsync(new.fileno())
    os.rename(temporary, target)
    settle(target.parent)


class Volume:
    """One volume that saves its state, as its driver sees it; what it has started is held open."""

    def __init__(self, folder, vid, keep):
        self.base, self.keep = Path(folder) / vid, keep
        self.device = None

    def file(self, ending=".img"):
        return self.base.with_name(self.base.name + ending)

    def write(self, data, offset):
        os.pwrite(self.device, data, offset)
        os.fsync(self.device)

    def crash(self):
        if self.device is not None:
            os.close(self.device)
            self.device = None


class Reflink(Volume):
    """A working copy that takes the place of the committed image; that is never written to."""

    @property
    def working(self):
        return self.file("-dirty.img")

    def revisions(self):
        found = {}
        for path in self.base.parent.glob(f"{self.base.name}.img.*@*"):
            found[int(path.name.split(".img.")[1].split("@")[0])] = path
        return found

    def start(self):
        self.sweep()
        if not self.working.exists():
            prepared = self.file("-precache.img")
            if prepared.exists():
                one, two = os.stat(prepared), os.stat(self.file())
                if (one.st_mtime_ns, one.st_size) != (two.st_mtime_ns, two.st_size):
                    prepared.unlink()
            if prepared.exists():
                os.rename(prepared, self.working)
            else:
                copy(self.file(), self.working)
        self.device = os.open(self.working, os.O_RDWR)

    def sweep(self):
        for path in self.base.parent.glob(f"{self.base.name}*.img*~*"):
            path.unlink()
        self.file("-import.img").unlink(missing_ok=True)

    def stop(self):
        self.crash()
        if self.working.exists():
            self.commit(self.working)

    def commit(self, file):
        self.save()
        self.prune()
        settle(file)
        self.file("-precache.img").unlink(missing_ok=True)
        os.rename(file, self.file())
        settle(self.base.parent)
        self.prepare()

    def save(self):
        """The committed image becomes a revision too."""
        if self.keep:
            clean = self.file()
            moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(os.stat(clean).st_mtime))
            copy(clean, self.file(f".img.{max(self.revisions(), default=0) + 1}@{moment}"))

    def prune(self):
        present = self.revisions()
        for number in sorted(present)[: max(0, len(present) - self.keep)]:
            present[number].unlink()

    def prepare(self):
        """The next working copy, ahead of time."""
        prepared = self.file("-precache.img")
        copy(self.file(), prepared)
        facts = os.stat(self.file())
        os.utime(prepared, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    def revert(self, number):
        self.save()
        os.rename(self.revisions()[number], self.file())
        self.prepare()

    def replace(self, data):
        image = self.file("-import.img")
        image.write_bytes(data)
        self.commit(image)

    def resize(self, size):
        image = self.file(".img~resized00")
        copy(self.file(), image)
        os.truncate(image, size)
        settle(image)
        os.rename(image, self.file())


class InPlace(Volume):
    """The image itself is written to; the blocks that were there before are kept beside it."""

    def start(self):
        cow = self.file("-cow.img")
        if not cow.exists() or not cow.stat().st_blocks:
            with open(cow, "wb") as file:
                file.truncate(self.file().stat().st_size)
                file.write(EMPTY_STORE)
        self.device = os.open(self.file(), os.O_RDWR)

    def write(self, data, offset):
        old = os.pread(self.device, len(data), offset)
        with open(self.file("-cow.img"), "r+b") as cow:
            cow.seek(128 << 10)
            cow.write(offset.to_bytes(8, "little") + (2).to_bytes(8, "little"))
            cow.seek(FIRST_CHUNK)
            cow.write(old or b"\0")
            cow.flush()
            os.fsync(cow.fileno())
        super().write(data, offset)

    def stop(self):
        self.crash()
        cow = self.file("-cow.img")
        if cow.exists():
            os.rename(cow, self.file("-cow.img.old"))
        with open(cow, "wb") as file:
            file.truncate(self.file().stat().st_size)

    def replace(self, data):
        image = self.file("-import.img")
        image.write_bytes(data)
        os.rename(image, self.file())

    def resize(self, size):
        os.truncate(self.file(), size)
