"""A libvirtd of the tests' own, and virsh talking to it."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from tools import Result

HERE = Path(__file__).parent


class Virsh:
    """Runs virsh on the private daemon, in the shape of Site.run."""

    def __init__(self, folder):
        self.socket = f"system?socket={folder}/sock/libvirt-sock"

    def run(self, tool, *arguments, timeout=300, cwd=None, environment=None):
        driver = "secret" if tool.startswith("secret-") else "storage"
        done = subprocess.run(
            ["virsh", tool, *map(str, arguments)],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC", "HOME": "/nonexistent",
                 "LIBVIRT_DEFAULT_URI": f"{driver}:///{self.socket}", **(environment or {})},
            capture_output=True, timeout=timeout, stdin=subprocess.DEVNULL, cwd=cwd, check=False,
        )  # fmt: skip
        return Result(
            line=" ".join(["virsh", tool, *map(str, arguments)]),
            out=done.stdout.decode("utf-8", "replace"),
            err=done.stderr.decode("utf-8", "replace"),
            status=done.returncode,
            data=done.stdout,
        )


def unavailable():
    """Why libvirt cannot be run here, or None."""
    if os.geteuid() != 0:
        return "needs root to run a libvirtd of its own"
    for program in ("virsh", "libvirtd", "unshare"):
        if not shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin"):
            return f"needs {program}"
    return None


@pytest.fixture(scope="session")
def virsh():
    """The private daemon, ended with the session."""
    if reason := unavailable():
        pytest.skip(reason)
    folder = tempfile.mkdtemp(prefix="cistern-libvirtd-")
    started = subprocess.run(
        [HERE / "libvirtd", "start", folder], capture_output=True, text=True, timeout=30, check=False
    )
    try:
        if started.returncode != 0:
            pytest.skip(f"libvirtd does not start here: {started.stderr.strip()}")
        yield Virsh(folder)
    finally:
        subprocess.run([HERE / "libvirtd", "stop", folder], check=False, timeout=30)
        shutil.rmtree(folder, ignore_errors=True)
