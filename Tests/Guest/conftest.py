"""The guest tier: every test file here that bears the mark `guest` runs inside a guest of its own.

    pytestmark = pytest.mark.guest(modules=["nfsd"], packages=["nfs-kernel-server"], disks=["1G"])

docs/guest.md lists what the mark takes."""

import subprocess

import guests
import pytest


def pytest_configure(config):
    """Takes one side of the harness."""
    guests.register(config)


@pytest.fixture(scope="session")
def disks():
    """The scratch disks that the file asked for, as paths, in order."""
    folder = guests.Path("/dev/disk/guest")
    return sorted(folder.iterdir(), key=lambda path: int(path.name)) if folder.is_dir() else []


@pytest.fixture
def call():
    """call(program, argument...): runs a program that must succeed and returns what it printed."""

    def run(*argv, seconds=60, **options):
        line = [str(word) for word in argv]
        done = subprocess.run(
            line, capture_output=True, text=True, timeout=seconds, check=False, **options
        )
        assert done.returncode == 0, f"$ {' '.join(line)}\n[{done.returncode}]\n{done.stdout}{done.stderr}"
        return done.stdout

    return run
