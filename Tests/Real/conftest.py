"""File systems that the tests of this tier share, and pools on them."""

import shutil
import tempfile
from pathlib import Path

import pytest
from filesystems import LoopFilesystem, unavailable


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
