"""What the tests of this tier share: file systems, and a pool."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from filesystems import LoopFilesystem, unavailable
from tools import STRANGER, Site, public_programs


@pytest.fixture(scope="session")
def filesystem():
    """filesystem(kind): a mounted file system of the kind, made at its first use in the run."""
    folder = Path(tempfile.mkdtemp(prefix="cistern-loop-"))
    folder.chmod(0o755)
    mounted = {}

    def get(kind):
        if reason := unavailable(kind):
            pytest.skip(reason)
        if kind not in mounted:
            mounted[kind] = LoopFilesystem(kind, folder)
            mounted[kind].__enter__()
        return mounted[kind]

    yield get
    for one in mounted.values():
        one.__exit__()
    shutil.rmtree(folder)


@pytest.fixture
def place(filesystem):
    """place(kind): a new folder on a mounted file system, removed after the test."""
    made = []

    def get(kind):
        folder = Path(tempfile.mkdtemp(prefix="place-", dir=filesystem(kind).path))
        folder.chmod(0o755)
        made.append(folder)
        return folder

    yield get
    for folder in made:
        shutil.rmtree(folder)


@pytest.fixture
def pool(site, scratch):
    """A started directory pool, `p`; returns its folder."""
    path = scratch / "pool"
    site.ok("pool-define-as", "p", "dir", "--target", path)
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")
    return path


@pytest.fixture(scope="session")
def anybodys_programs():
    """The programs where any user may run them."""
    folder = public_programs()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def user(scratch, request):
    """The commands as an ordinary user, in a home of its own; of no account, where the tests run as root."""
    if os.geteuid() != 0:
        return Site(scratch / "root")
    if not shutil.which("setpriv"):
        pytest.skip("needs setpriv")
    home = scratch / "home"
    home.mkdir()
    os.chown(home, STRANGER, STRANGER)
    return Site(home, user=STRANGER, programs=request.getfixturevalue("anybodys_programs"))
