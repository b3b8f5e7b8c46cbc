"""The conformance suite on pools of type netfs: NFS 4.2 on a file system that shares blocks, and CIFS."""

import os

import pytest
from conformance import Conformance
from filesystems import unmount_below
from networkservers import NetworkFolders, address, export, samba  # noqa: F401  (fixtures)

if os.environ.get("CISTERN_ALL") == "1":
    pytestmark = pytest.mark.guest(
        modules=["nfsd", "nfs", "nfsv4", "cifs", "xfs", "loop"],
        packages=["nfs-kernel-server", "nfs-common", "rpcbind", "samba", "cifs-utils", "xfsprogs"],
        disks=["512M", "512M"],
        seconds=3000,
    )
else:
    pytestmark = pytest.mark.skip("takes long in an emulated guest; make conformance-netfs runs it")

BACKENDS = [
    NetworkFolders("nfs", "/srv/export", "", reflink=True, options="nfsvers=4.2"),
    NetworkFolders("cifs", "/srv/smb/open", "/open", reflink=False),
]


@pytest.fixture
def place():
    """Unused: the servers have their own disks."""


@pytest.mark.limit(400)
@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)
class TestNetfsConformance(Conformance):
    """The suite, once for each kind of server."""

    @pytest.fixture(autouse=True)
    def served(self, request, backend, scratch):
        """Starts the server; clears it after the test."""
        if backend.form == "cifs" and request.node.callspec.params.get("size", 0) > 1 << 30:
            pytest.skip("CIFS tells no holes: 20 GiB are read for minutes where the guest is emulated")
        request.getfixturevalue("export" if backend.form == "nfs" else "samba")
        yield
        unmount_below(scratch)
        backend.clear()

    @pytest.fixture(autouse=True)
    def patience(self, site):
        """The first mount of a kind loads modules, which takes long on an emulated processor."""
        site.environment["CISTERN_TIMEOUT"] = "90"
