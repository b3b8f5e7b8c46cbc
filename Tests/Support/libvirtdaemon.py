"""A libvirtd of the tests' own, and virsh talking to it."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import images
import pytest
from filesystems import unmount_below
from tools import Result

SCRIPT = Path(__file__).resolve().parents[1] / "Interop" / "libvirtd"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Virsh:
    """Runs virsh on the private daemon, in the shape of Site.run."""

    def __init__(self, folder):
        self.socket = f"system?socket={folder}/sock/libvirt-sock"
        #: What is mounted below this folder is mounted for the daemon and for the tests, whoever mounts it.
        self.shared = Path(folder) / "shared"

    def run(self, tool, *arguments, timeout=300, cwd=None, environment=None):
        driver = "secret" if tool.startswith("secret-") else "storage"
        done = images.measuring(
            ["virsh", tool, *map(str, arguments)],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC", "HOME": "/nonexistent",
                 "LIBVIRT_DEFAULT_URI": f"{driver}:///{self.socket}", **(environment or {})},
            timeout=timeout, stdin=subprocess.DEVNULL, cwd=cwd,
        )  # fmt: skip
        return Result(
            line=" ".join(["virsh", tool, *map(str, arguments)]),
            out=done.stdout.decode("utf-8", "replace"),
            err=done.stderr.decode("utf-8", "replace"),
            status=done.returncode,
            data=done.stdout,
        )

    def forget(self):
        """Takes every pool and secret out of the daemon, for the next test."""
        for uuid in UUID.findall(self.run("secret-list").out):
            self.run("secret-undefine", uuid)
        for pool in self.run("pool-list", "--name", "--all").out.split():
            self.run("pool-destroy", pool)
            self.run("pool-undefine", pool)


def unavailable():
    """Why libvirt cannot be run here, or None."""
    if os.geteuid() != 0:
        return "needs root to run a libvirtd of its own"
    for program in ("virsh", "libvirtd", "unshare"):
        if not shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin"):
            return f"needs {program}"
    return None


@contextlib.contextmanager
def daemon(environment=None):
    """The private daemon, ended with the context; what wants it is skipped where there can be none."""
    if reason := unavailable():
        pytest.skip(reason)
    folder = tempfile.mkdtemp(prefix="cistern-libvirtd-")
    virsh = Virsh(folder)
    virsh.shared.mkdir()
    subprocess.run(["mount", "--bind", "--make-shared", virsh.shared, virsh.shared], check=True, timeout=60)
    try:
        started = subprocess.run(
            [SCRIPT, "start", folder], env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        if started.returncode != 0:
            pytest.skip(f"libvirtd does not start here: {started.stderr.strip()}")
        yield virsh
    finally:
        subprocess.run([SCRIPT, "stop", folder], check=False, timeout=60)
        unmount_below(folder)
        shutil.rmtree(folder, ignore_errors=True)
