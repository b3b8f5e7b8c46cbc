"""Servers of network file systems on the guest's own addresses, as fixtures, and pools of what they serve."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from backends import NAMESPACE, DirectoryPool
from filesystems import unmount

#: The address that can be taken away, and one that stays.
CUT, KEPT = "10.99.0.1", "127.0.0.1"


def run(*argv, **more):
    """Runs a program that must succeed."""
    subprocess.run(argv, check=True, timeout=60, **more)


def daemon(*argv):
    """Starts a server that stays in the foreground."""
    return subprocess.Popen(list(map(str, argv)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, start_new_session=True)  # fmt: skip


def answers(port):
    """Whether something listens."""
    with socket.socket() as probe:
        return probe.connect_ex((KEPT, port)) == 0


def wait_until(holds, seconds):
    """Waits for what must come within so many seconds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.2)


def mounted(target):
    """The line of /proc/self/mounts about a target, or None."""
    lines = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    return next((line for line in reversed(lines) if line[1] == str(target)), None)


def netfs(site, pool, host, folder, target, extra="", options="", lifecycle="", form="nfs"):
    """Defines a pool by a document."""
    file = site.root / f"{pool}.xml"
    more = "".join(f"<fs:option name='{option}'/>" for option in options.split())
    file.write_text(
        f"<pool type='netfs' xmlns:fs='http://libvirt.org/schemas/storagepool/fs/1.0'><name>{pool}</name>"
        f"<source><host name='{host}'/><dir path='{folder}'/><format type='{form}'/>{extra}</source>"
        f"<target><path>{target}</path></target><fs:mount_opts>{more}</fs:mount_opts>{lifecycle}</pool>"
    )
    site.ok("pool-define", file)


@contextlib.contextmanager
def cut_off():
    """The address that can be taken away is away."""
    run("ip", "addr", "del", f"{CUT}/32", "dev", "lo")
    try:
        yield
    finally:
        run("ip", "addr", "replace", f"{CUT}/32", "dev", "lo")


@pytest.fixture(scope="module")
def address():
    """An address that the servers are reached by, and that can be taken away."""
    run("ip", "addr", "replace", f"{CUT}/32", "dev", "lo")


@pytest.fixture(scope="module")
def export(disks, address):
    """A folder on the first scratch disk, exported by NFS 3, and by NFS 4 as its root: the guest's own root is none
    that can be exported. Its file system can share blocks."""
    folder = Path("/srv/export")
    folder.mkdir(parents=True)
    os.makedirs("/run/rpcbind", exist_ok=True)
    os.makedirs("/run/sendsigs.omit.d", exist_ok=True)
    run("mkfs.xfs", "-q", "-K", "-m", "reflink=1", disks[0])
    run("mount", disks[0], folder)
    run("mount", "-t", "nfsd", "nfsd", "/proc/fs/nfsd")
    for client in (CUT, KEPT):
        run("exportfs", "-o", "rw,no_root_squash,insecure,no_subtree_check,fsid=0", f"{client}:{folder}")
    servers = [daemon("rpcbind", "-w", "-f")]
    wait_until(lambda: answers(111), 30)
    servers.append(daemon("rpc.mountd", "-F"))
    # Nobody has locks from before to reclaim; until that is settled every lock would wait: for 50 s by NFS 3's lock
    # manager, whose time can only be set to 3 s, and for 90 s by NFS 4.
    for name in ("nlm_timeout", "nlm_grace_period"):
        Path("/proc/sys/fs/nfs", name).write_text("3")
    run("rpc.nfsd", "4")
    Path("/proc/fs/nfsd/v4_end_grace").write_text("Y")
    yield folder
    run("exportfs", "-ua")
    run("rpc.nfsd", "0")
    for server in servers:
        server.kill()


@pytest.fixture(scope="module")
def samba(disks):
    """A server with a share for guests and one for the user root, whose password is `open sesame`, on the second
    scratch disk, which is mounted on /srv/smb."""
    folder = Path("/srv/smb")
    folder.mkdir(parents=True)
    run("mkfs.ext4", "-q", "-E", "lazy_itable_init=1,nodiscard", disks[1])
    run("mount", disks[1], folder)
    for name in ("open", "closed"):
        (folder / name).mkdir()
    for name in ("/run/samba", "/var/lib/samba/private", "/var/cache/samba", "/var/log/samba"):
        os.makedirs(name, exist_ok=True)
    conf = folder / "smb.conf"
    conf.write_text(
        f"[global]\nmap to guest = bad user\nguest account = root\ninterfaces = lo\nbind interfaces only = yes\n"
        f"disable netbios = yes\nsmb ports = 445\nload printers = no\nprinting = bsd\nserver role = standalone\n"
        f"[open]\npath = {folder}/open\nguest ok = yes\nread only = no\n"
        f"[closed]\npath = {folder}/closed\nvalid users = root\nread only = no\n"
    )
    run("smbpasswd", "-c", conf, "-s", "-a", "root", input=b"open sesame\nopen sesame\n")
    server = daemon("smbd", "--foreground", "--no-process-group", "-s", conf)
    # It takes connections before it can do anything with them.
    trial = ["mount", "-t", "cifs", "-o", "guest", f"//{KEPT}/open", "/mnt"]
    wait_until(lambda: answers(445) and subprocess.run(trial, check=False, timeout=90).returncode == 0, 240)
    run("umount", "/mnt")
    yield server
    server.terminate()
    server.wait(20)


class NetworkFolders(DirectoryPool):
    """Pools of type netfs: each a folder of its own on the server."""

    def __init__(self, form, served, top, reflink, options=""):
        super().__init__("netfs", "plain", reflink)
        self.form, self.served, self.top, self.options = form, Path(served), top, options
        self.name = form
        self.abilities -= {"drivers"}
        if form == "cifs":
            # The kernel's client counts what it wrote until it asks the server, which counts blocks.
            self.settled_late = frozenset({"allocation"})
        self.made = []

    def prepare(self, place, scratch):
        folder = Path(tempfile.mkdtemp(prefix="pool-", dir=self.served))
        self.made.append(folder)
        return scratch / f"target-{folder.name}"

    def folder(self, storage):
        """What the server has of a pool."""
        return self.served / storage.name.removeprefix("target-")

    def define(self, site, pool, storage, revisions_to_keep=None):
        keep = "" if revisions_to_keep is None else f" revisions_to_keep='{revisions_to_keep}'"
        lifecycle = f"<c:lifecycle xmlns:c='{NAMESPACE}'{keep}/>"
        source = f"{self.top}/{self.folder(storage).name}"
        netfs(site, pool, KEPT, source, storage, "", self.options, lifecycle, self.form)

    def artefacts(self, storage):
        return super().artefacts(self.folder(storage))

    def take_away(self, storage):
        unmount(storage)
        return "is not mounted"

    def clear(self):
        """Removes what a test left on the server."""
        for folder in self.made:
            shutil.rmtree(folder)
        self.made = []
