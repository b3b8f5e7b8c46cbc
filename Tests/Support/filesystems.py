"""File systems on loop devices, mounted for the length of a test.

scripts/tier runs the tests in a mount namespace of their own and the loop devices clear themselves
at the last unmount, so that even a killed run leaves nothing behind."""

import os
import subprocess
import time
from pathlib import Path

# mkfs.xfs makes nothing smaller than 300 MB.
MAKERS = {
    "xfs": (["mkfs.xfs", "-q", "-m", "reflink=1"], 320),
    "btrfs": (["mkfs.btrfs", "-q"], 256),
    "ext4": (["mkfs.ext4", "-q", "-E", "lazy_itable_init=1"], 256),
}
REFLINK = {"xfs": True, "btrfs": True, "ext4": False}


def unavailable(kind=None):
    """Why loop-mounted file systems cannot be used here, or None."""
    if os.geteuid() != 0:
        return "needs root for loop-mounted file systems"
    if not os.path.exists("/dev/loop-control"):
        return "needs loop devices (/dev/loop-control)"
    if kind and not any(
        os.access(os.path.join(folder, MAKERS[kind][0][0]), os.X_OK)
        for folder in ("/usr/sbin", "/sbin", "/usr/bin")
    ):
        return f"needs {MAKERS[kind][0][0]}"
    return None


def _call(*argv, check=True):
    return subprocess.run(argv, check=check, capture_output=True, text=True, timeout=60)


def make_image(kind, file, megabytes=None):
    """A new file system in an image file."""
    command, smallest = MAKERS[kind]
    with open(file, "wb") as image:
        image.truncate(max(megabytes or smallest, smallest if kind == "xfs" else 0) << 20)
    _call(*command, str(file))


class LoopFilesystem:
    """A new file system in an image file, mounted beside it."""

    def __init__(self, kind, folder, megabytes=None, options=()):
        self.kind = kind
        self.image = Path(folder) / f"{kind}.img"
        self.path = Path(folder) / f"{kind}.mnt"
        self.options = ["loop", *options]
        make_image(kind, self.image, megabytes or 2 * MAKERS[kind][1])
        self.path.mkdir()

    def __enter__(self):
        _call("mount", "-t", self.kind, "-o", ",".join(self.options), self.image, self.path)
        self.path.chmod(0o755)
        return self

    def __exit__(self, *_):
        unmount(self.path)
        self.path.rmdir()
        self.image.unlink()

    def remount(self, *options):
        """Changes mount options, such as ro."""
        _call("mount", "-o", ",".join(["remount", *options]), self.path)


def unmount(path, seconds=10):
    """Unmounts, waiting a bounded time for what still holds it, then lazily."""
    end = time.monotonic() + seconds
    while _call("umount", str(path), check=False).returncode != 0:
        if time.monotonic() > end:
            _call("umount", "-l", str(path), check=False)
            raise AssertionError(f"{path} was still in use at the end of the test")
        time.sleep(0.1)


def unmount_below(folder):
    """What a test left mounted below a folder is taken away, so that removing the folder removes no content."""
    with open("/proc/self/mounts", encoding="utf-8") as table:
        targets = [line.split()[1] for line in table]
    for target in reversed([target for target in targets if target.startswith(f"{folder}/")]):
        subprocess.run(["umount", "--lazy", target], check=False, capture_output=True, timeout=20)


class BindMount:
    """One folder seen at a second place."""

    def __init__(self, source, target):
        self.source, self.target = Path(source), Path(target)

    def __enter__(self):
        self.target.mkdir(exist_ok=True)
        _call("mount", "--bind", str(self.source), str(self.target))
        return self.target

    def __exit__(self, *_):
        unmount(self.target)
