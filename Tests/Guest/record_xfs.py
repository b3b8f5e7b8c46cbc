"""Runs a session of volumes on XFS inside a guest, over a disk whose every write is logged. Not a test:
test_power_cuts_xfs.py starts it, and reads the log afterwards.

    record_xfs.py ROUNDS        disk 0 carries the file system, disk 1 takes the log"""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Support"))

from logwrites import LoggedDisk  # noqa: E402
from powercuts import POOL, Machine  # noqa: E402
from tools import Site  # noqa: E402


def call(*argv):
    """Runs a program that must succeed and returns what it printed."""
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout


def main():
    """Records a session of so many rounds."""
    scratch = Path(tempfile.mkdtemp(prefix="cistern-test-"))
    mount = scratch / "mount"
    mount.mkdir()

    def define(site):
        site.ok("pool-define-as", POOL, "dir", "--target", mount / "pool", "--driver", "file-reflink")

    machine = Machine(Site(scratch / "root"), define)
    with LoggedDisk("logged", "/dev/disk/guest/0", "/dev/disk/guest/1") as disk:
        call("mount", "-t", "xfs", disk.path, str(mount))
        machine.boot()
        machine.record(int(sys.argv[1]), disk.mark)
        call("umount", str(mount))


if __name__ == "__main__":
    main()
