"""Runs the conformance suite on every kind of pool there is."""

import pytest
from backends import CallbackPool, DirectoryPool, DriverPool, FileSystemPool
from conformance import Conformance

BACKENDS = [
    DirectoryPool("xfs", "plain", reflink=True),
    DirectoryPool("btrfs", "plain", reflink=True),
    DirectoryPool("ext4", "plain", reflink=False),
    DirectoryPool("xfs", "file-reflink", reflink=True),
    DirectoryPool("btrfs", "file-reflink", reflink=True),
    DirectoryPool("ext4", "xen", reflink=False),
    # Qubes' driver of this name keeps at most one.
    DirectoryPool("ext4", "file", reflink=False, revisions=1),
    DriverPool(),
    CallbackPool("xfs", "file-reflink", reflink=True),
    CallbackPool("ext4", "xen", reflink=False),
    FileSystemPool("xfs"),
    FileSystemPool("btrfs"),
    FileSystemPool("ext4"),
]


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)
class TestConformance(Conformance):
    """The suite, once for each backend."""

    @pytest.fixture(autouse=True)
    def chosen(self, backend):
        """Takes the parameter out of the cases' own signatures."""
