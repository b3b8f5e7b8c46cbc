"""A pool with some history on each layout, in a folder that can be put back as it was."""

import os
import shutil
import subprocess

import contents
import pytest
from filesystems import LoopFilesystem, unavailable
from tools import MIB, PROGRAMS, Site

SIZE = MIB
VOLUME, SNAPSHOT, VOLATILE, IN_PLACE, BOTH = "v", "s", "t", "i", "both"

# name: driver, file system (None: the one of the temporary folder)
LAYOUTS = {
    "plain": ("plain", None),
    "qubes": ("xen", None),
    "reflink": ("file-reflink", "xfs"),
}


class Stage:
    """A folder with a root and a pool, and copies of it to go back to."""

    def __init__(self, folder, driver):
        self.folder = folder / "stage"
        self.saved = folder / "saved"
        self.driver = driver
        self.pool = self.folder / "pool"
        self.images = folder / "images"
        self.images.mkdir()
        # An editor that changes what a definition says, and where it works.
        editor = {"EDITOR": "sed -i s,/new<,/newer<,", "TMPDIR": str(self.images)}
        self.site = Site(self.folder / "root", environment=editor)

    def make(self):
        """Pool p: an origin with two revisions, a snapshot of it, one that starts from it and saves, a
        volatile and an in-place one."""
        (self.folder / "root").mkdir(parents=True)
        ok = self.site.ok
        ok(
            "pool-define-as", "p", "dir", "--target", self.pool, "--driver", self.driver,
            "--revisions-to-keep", "2",
        )  # fmt: skip
        ok("pool-build", "p")
        ok("pool-start", "p")
        sparse = [str(SIZE), "--allocation", "0"]
        ok("vol-create-as", "p", VOLUME, *sparse)
        for text in ("one", "two"):
            contents.put(ok("vol-start", VOLUME, "--pool", "p").strip(), text)
            ok("vol-stop", VOLUME, "--pool", "p")
        snapshot = ["--source", VOLUME, "--snap-on-start", "yes", "--save-on-stop", "no"]
        ok("vol-create-as", "p", SNAPSHOT, *snapshot)
        saving = ["--save-on-stop", "yes"]
        ok("vol-create-as", "p", BOTH, "--source", VOLUME, "--snap-on-start", "yes", *saving)
        ok("vol-create-as", "p", VOLATILE, *sparse, "--save-on-stop", "no")
        ok("vol-create-as", "p", IN_PLACE, *sparse, "--revisions-to-keep=-1")
        contents.image(self.images / "image", SIZE, at0="imported")
        subprocess.run(["zstd", "-q", self.images / "image"], check=True, timeout=30)
        (self.images / "part").write_bytes(b"part" * 1000)

    def save(self, name="base"):
        """Keeps the present state under a name."""
        target = self.saved / name
        if target.exists():
            shutil.rmtree(target)
        target.parent.mkdir(exist_ok=True)
        self._copy(self.folder, target)

    def restore(self, name="base"):
        """Puts a kept state back in its place, hard links and times included."""
        shutil.rmtree(self.folder)
        self._copy(self.saved / name, self.folder)

    @staticmethod
    def _copy(source, target):
        subprocess.run(["cp", "-a", "--reflink=auto", source, target], check=True, timeout=30)


@pytest.fixture(scope="session")
def faults():
    """Skips where the programs carry no fault points (what is installed)."""
    site = Site("/nonexistent-root")
    log = os.path.join("/tmp", f"cistern-faults-{os.getpid()}")
    site.run("pool-build", "default", "--dry-run", environment={"CISTERN_FAULT_LOG": log})
    site.run("pool-autostart", "default", environment={"CISTERN_ROOT": log + ".d", "CISTERN_FAULT_LOG": log})
    shutil.rmtree(log + ".d", ignore_errors=True)
    if not os.path.exists(log):
        pytest.skip(f"the programs in {PROGRAMS} have no fault points (make programs builds some that do)")
    os.unlink(log)


@pytest.fixture(params=LAYOUTS)
def stage(request, scratch):
    """A made and saved stage on each layout."""
    driver, kind = LAYOUTS[request.param]
    if kind is None:
        made = Stage(scratch, driver)
        made.make()
        made.save()
        yield made
        return
    if reason := unavailable(kind):
        pytest.skip(reason)
    with LoopFilesystem(kind, scratch) as filesystem:
        made = Stage(filesystem.path, driver)
        made.make()
        made.save()
        yield made
