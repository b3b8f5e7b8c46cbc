"""Loop devices as disks, for pools whose volumes are devices."""

import os
import shutil
import subprocess
from pathlib import Path


def unavailable():
    """Why loop devices cannot be used as disks here, or None."""
    if os.geteuid() != 0:
        return "needs root for loop devices"
    if not os.path.exists("/dev/loop-control"):
        return "needs loop devices (/dev/loop-control)"
    for program in ("losetup", "partx"):
        if not shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin"):
            return f"needs {program}"
    return None


def run(*argv, check=True):
    """Runs a program and returns what it printed."""
    done = subprocess.run(
        [str(word) for word in argv], capture_output=True, text=True, timeout=30, check=False
    )
    assert not check or done.returncode == 0, f"$ {argv}\n{done.stdout}{done.stderr}"
    return done.stdout


class LoopDisk:
    """A disk of the size, on a sparse file in the folder."""

    def __init__(self, folder, mebibytes, sector=512):
        self.image = Path(folder) / "disk.img"
        with open(self.image, "wb") as file:
            file.truncate(mebibytes << 20)
        self.path = Path(run("losetup", "--find", "--show", "--sector-size", sector, self.image).strip())

    @property
    def name(self):
        return self.path.name

    def part(self, number):
        """The name of a partition."""
        return f"{self.name}p{number}"

    def nodes(self):
        """The numbers of the partitions that have a node."""
        prefix = f"{self.name}p"
        names = [entry.name for entry in Path("/dev").iterdir() if entry.name.startswith(prefix)]
        return sorted(int(name.removeprefix(prefix)) for name in names)

    def table(self):
        """The partition table as sfdisk sees it: number to (start, size, type), in bytes."""
        sector = int(Path(f"/sys/block/{self.name}/queue/logical_block_size").read_text())
        found = {}
        for line in run("sfdisk", "--dump", self.path, check=False).splitlines():
            if not line.startswith(f"/dev/{self.name}p"):
                continue
            device, fields = line.split(":", 1)
            values = dict(field.strip().split("=", 1) for field in fields.split(",") if "=" in field)
            number = int(device.strip().removeprefix(f"/dev/{self.name}p"))
            found[number] = (int(values["start"]) * sector, int(values["size"]) * sector, values["type"])
        return found

    def forget(self):
        """Makes the kernel forget every partition, as a kernel that reads no tables never knew them."""
        for number in self.nodes():
            run("partx", "--delete", "--nr", number, self.path, check=False)

    def detach(self):
        """The disk is gone."""
        self.forget()
        run("losetup", "--detach", self.path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.forget()
        run("losetup", "--detach", self.path, check=False)
        self.image.unlink(missing_ok=True)
