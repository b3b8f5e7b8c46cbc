"""A GlusterFS server of one volume with one brick, on this machine's own address.

Clients look for it on port 24007, so there is one at a time. Bricks are refused on 127.0.0.1 and on localhost: the
brick is on the host's name, which must resolve to an address of its own."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

PORT = 24007


def unavailable():
    """Why GlusterFS cannot be served and mounted here, or None."""
    if os.geteuid() != 0:
        return "needs root for a GlusterFS server"
    for program, package in {"glusterd": "glusterfs-server", "mount.glusterfs": "glusterfs-client"}.items():
        if not shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin"):
            return f"needs {package}"
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "needs /dev/fuse"
    try:
        socket.getaddrinfo(socket.gethostname(), None)
    except OSError:
        return "needs a host name that resolves"
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", PORT)) == 0:
            return f"port {PORT} is taken"
    return None


class Server:
    """The daemon and its volume `gv0`, everything below a folder."""

    volume = "gv0"

    def __init__(self, folder):
        self.folder = Path(folder)
        self.socket = self.folder / "run" / "glusterd.socket"

    def __enter__(self):
        for name in ("state", "run", "brick"):
            (self.folder / name).mkdir(parents=True)
        for name in ("/var/run/gluster", "/var/log/glusterfs"):
            os.makedirs(name, exist_ok=True)
        options = {
            "working-directory": self.folder / "state", "run-directory": self.folder / "run",
            "glusterd-sockfile": self.socket, "transport-type": "socket",
            "transport.socket.bind-address": "127.0.0.1", "transport.socket.listen-port": PORT,
            "transport.address-family": "inet", "ping-timeout": 0, "event-threads": 1,
        }  # fmt: skip
        conf = self.folder / "glusterd.vol"
        lines = [f"    option {name} {value}\n" for name, value in options.items()]
        conf.write_text("volume management\n    type mgmt/glusterd\n" + "".join(lines) + "end-volume\n")
        self.daemon = subprocess.Popen(
            ["glusterd", "-N", "-f", conf, "-l", self.folder / "log", "-L", "WARNING"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            self._until(lambda: self._call("pool", "list").returncode == 0)
            brick = f"{socket.gethostname()}:{self.folder}/brick/{self.volume}"
            self._must("volume", "create", self.volume, brick, "force")
            self._must("volume", "set", self.volume, "server.allow-insecure", "on")
            self._must("volume", "start", self.volume)
            self._until(lambda: self.bricks() != [])
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.bricks():
            os.kill(process, signal.SIGKILL)
        self.daemon.kill()
        self.daemon.wait(20)

    def bricks(self):
        """The processes that serve the volume."""
        found = []
        for file in (self.folder / "run").rglob("*.pid"):
            text = file.read_text().strip()
            if text and os.path.exists(f"/proc/{text}"):
                found.append(int(text))
        return found

    def _call(self, *words):
        line = ["gluster", "--mode=script", f"--glusterd-sock={self.socket}", *words]
        return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)

    def _must(self, *words):
        done = self._call(*words)
        assert done.returncode == 0, f"gluster {' '.join(words)}: {done.stdout}{done.stderr}"

    @staticmethod
    def _until(holds, seconds=30):
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, "GlusterFS did not start"
            time.sleep(0.1)
