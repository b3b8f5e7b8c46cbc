"""What the conformance suite needs to know about the kinds of pools it runs on."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import callbacks
from filesystems import REFLINK, make_image, unmount
from tools import REPOSITORY, tree

#: The namespace of the elements that libvirt does not have.
NAMESPACE = "urn:cistern:storage:1"


class Backend:
    """One kind of pool on one kind of storage.

    A new backend is a subclass that fills in the attributes and the methods, and one line in
    test_conformance.py. What it cannot do it leaves out of `abilities`; the cases that need it are
    then skipped by that name."""

    #: Shown in the names of the tests.
    name = ""
    #: What the cases may ask for: files (a volume is files in a folder), qubes (Qubes' names),
    #: drivers (the pool is a plain folder, in any of the layouts), history (more than one revision), origin-snapshot (both flags at once), reflink (working
    #: copies share blocks), statvfs (sizes are those of the file system).
    abilities = frozenset()
    #: Whether the pool is a section of storage.conf, which another section of its name changes.
    is_section = False
    #: Whether revisions are numbered from 1; otherwise they are called by the second in which they became one.
    counts_revisions = True
    #: What of a volume's facts a server settles only seconds after a change.
    settled_late = frozenset()

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

    def take_away(self, storage):
        """Makes the storage of a started pool vanish, as a crash of something below it would; returns
        a word of what is said about it then."""
        raise NotImplementedError

    def everything(self, storage):
        """All that is on the storage, so that two looks at it are equal where nothing changed."""
        return tree(storage)


class DriverPool(Backend):
    """Pools that the example of a driver process works with."""

    name = "driver-folder"
    abilities = frozenset({"files", "history", "origin-snapshot", "statvfs"})

    def prepare(self, place, scratch):
        folder = Path(tempfile.mkdtemp(prefix="cistern-drivers-"))
        shutil.copy(REPOSITORY / "examples" / "cistern-driver-folder", folder)
        self.drivers = folder
        return place("ext4") / "pool"

    def define(self, site, pool, storage, revisions_to_keep=None):
        site.environment["CISTERN_DRIVERS"] = str(self.drivers)
        keep = [] if revisions_to_keep is None else [f"--revisions-to-keep={revisions_to_keep}"]
        site.ok("pool-define-as", pool, "dir", "--target", storage, "--driver", "folder", *keep)

    def volume(self, vm, role="private"):
        return f"{vm}-{role}"

    def artefacts(self, storage):
        return {path for path in tree(storage) if (storage / path).is_file() and not path.endswith("/record")}

    def take_away(self, storage):
        storage.rename(storage.parent / "elsewhere")
        return "No such file"

    def committed(self, storage, volume):
        return Path(storage) / volume

    def working(self, storage, volume):
        return Path(storage) / ".driver" / volume / "work"

    def revision(self, storage, volume, number, _time):
        return Path(storage) / ".driver" / volume / f"rev.{number}"


class DirectoryPool(Backend):
    """Pools of type dir, in any of their layouts."""

    def __init__(self, filesystem, driver, reflink, revisions=2):
        self.filesystem = filesystem
        self.driver = driver
        self.name = f"{driver}-on-{filesystem}"
        self.isQubes = driver != "plain"
        self.revisions = revisions
        able = {"files", "drivers", "statvfs"}
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
                if path != ".cistern/lock" and (
                    not path.startswith(".cistern/") or os.path.basename(path) != "volume.conf"
                ):
                    found.add(path)
        return found

    def take_away(self, storage):
        storage.rename(storage.parent / "elsewhere")
        return "No such file"

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


class CallbackPool(DirectoryPool):
    """Pools of a layout of Qubes whose events run a command, which writes down what it is told."""

    is_section = True

    def __init__(self, filesystem, driver, reflink):
        super().__init__(filesystem, driver, reflink)
        self.name = f"callback-{driver}-on-{filesystem}"
        # The layout is the entry's, not an option of the pool.
        self.abilities -= {"drivers"}

    def define(self, site, pool, storage, revisions_to_keep=None):
        arguments = {"dir_path": str(storage)}
        if revisions_to_keep is not None:
            arguments["revisions_to_keep"] = str(revisions_to_keep)
        self.record = Path(tempfile.mkdtemp(prefix="cistern-callbacks-"))
        command = str(callbacks.recorder(self.record))
        callbacks.configure(site, **{pool: {"bdriver": self.driver, "bdriver_args": arguments, "cmd": command}})
        file = self.record / "pool.conf"
        file.write_text(f"[{pool}]\ndriver=callback\nconf_id={pool}\n")
        site.ok("pool-define", file, "--conf")


class FileSystemPool(DirectoryPool):
    """Pools of type fs, on an image file that is mounted by a loop device of its own."""

    def __init__(self, filesystem):
        super().__init__(filesystem, "plain", REFLINK[filesystem])
        self.name = f"fs-{filesystem}"
        self.abilities -= {"drivers"}

    def prepare(self, place, scratch):
        storage = Path(tempfile.mkdtemp(prefix="fs-", dir=scratch)) / "pool"
        make_image(self.filesystem, self.image(storage))
        return storage

    @staticmethod
    def image(storage):
        return storage.parent / "image"

    def define(self, site, pool, storage, revisions_to_keep=None):
        file = storage.parent / "pool.xml"
        keep = "" if revisions_to_keep is None else f" revisions_to_keep='{revisions_to_keep}'"
        file.write_text(
            f"<pool type='fs'><name>{pool}</name><source><device path='{self.image(storage)}'/>"
            f"<format type='{self.filesystem}'/></source><target><path>{storage}</path></target>"
            f"<c:lifecycle xmlns:c='{NAMESPACE}'{keep}/></pool>"
        )
        site.ok("pool-define", file)

    def artefacts(self, storage):
        if os.path.ismount(storage):
            return super().artefacts(storage) - {"lost+found"}
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["mount", "-o", "loop", self.image(storage), folder], check=True, timeout=30)
            try:
                return super().artefacts(folder)
            finally:
                unmount(folder)

    def take_away(self, storage):
        unmount(storage)
        return "is not mounted"
