"""What the conformance suite needs to know about the kinds of pools it runs on."""

import os
from pathlib import Path


class Backend:
    """One kind of pool on one kind of storage.

    A new backend is a subclass that fills in the attributes and the methods, and one line in
    test_conformance.py. What it cannot do it leaves out of `abilities`; the cases that need it are
    then skipped by that name."""

    #: Shown in the names of the tests.
    name = ""
    #: What the cases may ask for: files (a volume is files in a folder), qubes (Qubes' names),
    #: history (more than one revision), origin-snapshot (both flags at once), reflink (working
    #: copies share blocks), statvfs (sizes are those of the file system).
    abilities = frozenset()

    #: How many revisions the cases keep where they do not say. Cases that need two ask for the
    #: ability `history`.
    revisions = 2

    def prepare(self, place, scratch):
        """Makes the storage for one pool. Called once for each pool of a test."""
        raise NotImplementedError

    def define(self, site, pool, storage, revisions_to_keep=None):
        """Defines (but does not build) a pool on prepared storage."""
        raise NotImplementedError

    def volume(self, vm, role="private"):
        """The name of a volume, as this kind of pool spells it."""
        raise NotImplementedError

    def artefacts(self, storage):
        """What lies on the storage for volumes: committed states, working copies, revisions, but
        not their records. Names relative to the storage."""
        raise NotImplementedError


class DirectoryPool(Backend):
    """Pools of type dir, in any of their layouts."""

    def __init__(self, filesystem, driver, reflink, revisions=2):
        self.filesystem = filesystem
        self.driver = driver
        self.name = f"{driver}-on-{filesystem}"
        self.isQubes = driver != "plain"
        self.revisions = revisions
        able = {"files", "statvfs"}
        if revisions > 1:
            able.add("history")
        if driver != "file":
            able.add("origin-snapshot")
        if self.isQubes:
            able.add("qubes")
        if reflink:
            able.add("reflink")
        self.abilities = frozenset(able)

    def prepare(self, place, scratch):
        return place(self.filesystem) / "pool"

    def define(self, site, pool, storage, revisions_to_keep=None):
        options = ["--target", storage, "--driver", self.driver]
        if revisions_to_keep is not None:
            options.append(f"--revisions-to-keep={revisions_to_keep}")
        site.ok("pool-define-as", pool, "dir", *options)

    def volume(self, vm, role="private"):
        return f"appvms/{vm}/{role}" if self.isQubes else f"{vm}-{role}"

    def artefacts(self, storage):
        found = set()
        for base, _, files in os.walk(storage):
            for file in files:
                path = os.path.relpath(os.path.join(base, file), storage)
                if not path.startswith(".cistern/") or os.path.basename(path) != "volume.conf":
                    found.add(path)
        return found

    # Paths of a volume's files, for the cases that look at them or put them there by hand.

    def committed(self, storage, volume):
        return Path(storage) / (f"{volume}.img" if self.isQubes else volume)

    def working(self, storage, volume):
        if self.isQubes:
            return Path(storage) / f"{volume}-dirty.img"
        return Path(storage) / ".cistern" / "volumes" / volume / "dirty"

    def importing(self, storage, volume):
        if self.isQubes:
            return Path(storage) / f"{volume}-import.img"
        return Path(storage) / ".cistern" / "volumes" / volume / "import"

    def revision(self, storage, volume, number, time):
        if self.isQubes:
            return Path(storage) / f"{volume}.img.{number}@{time}"
        return Path(storage) / ".cistern" / "volumes" / volume / f"{number}@{time}"
