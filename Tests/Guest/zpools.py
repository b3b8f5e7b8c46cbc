"""Real OpenZFS in the guest: its modules and programs, which scripts/dependencies zfs builds, and zpools for the tests."""

import os
import subprocess
from pathlib import Path

from tools import PATIENCE

REPOSITORY = Path(__file__).resolve().parents[2]

#: In the order in which they need each other; 2.2 and later have only the first and the last.
MODULES = ["spl", "zavl", "znvpair", "zunicode", "zlua", "zzstd", "zcommon", "icp", "zfs"]


def built():
    """Where OpenZFS is for the guest's kernel, or None."""
    done = subprocess.run(
        [REPOSITORY / "scripts" / "guest-zfs", "--where"], capture_output=True, text=True, timeout=60, check=False
    )
    return Path(done.stdout.strip()) if done.returncode == 0 else None


def lacking():
    """Why the guest cannot have ZFS, or None. CISTERN_ZFS=1 builds it, which takes minutes."""
    if built():
        return None
    if os.environ.get("CISTERN_ZFS") != "1":
        return "needs OpenZFS for the guest (scripts/dependencies zfs, or CISTERN_ZFS=1)"
    done = subprocess.run(
        [REPOSITORY / "scripts" / "guest-zfs"], capture_output=True, text=True, timeout=3600, check=False
    )
    return None if done.returncode == 0 else f"OpenZFS was not built: {done.stderr.strip().splitlines()[-1]}"


def load():
    """Puts the programs where a Debian package has them, into the guest's own overlay, and loads the modules."""
    place = built()
    assert place, "OpenZFS is not built"
    subprocess.run(["cp", "-a", *(place / "root").glob("*"), "/"], check=True, timeout=300) \
        if not Path("/lib").is_symlink() else _copy_merged(place / "root")
    subprocess.run(["ldconfig"], check=True, timeout=120)
    for name in MODULES:
        file = place / "modules" / f"{name}.ko"
        if file.exists() and not Path("/sys/module", name).exists():
            subprocess.run(["insmod", file], check=True, timeout=300)


def _copy_merged(root):
    """The same where /lib and /sbin are links into /usr: cp would refuse to put a folder over one."""
    for folder in ("lib", "sbin", "bin"):
        if (root / folder).is_dir():
            subprocess.run(["cp", "-a", f"{root}/{folder}/.", f"/usr/{folder}/"], check=True, timeout=300)
    for folder in ("lib", "sbin", "bin"):
        if (root / "usr" / folder).is_dir():
            subprocess.run(["cp", "-a", f"{root}/usr/{folder}/.", f"/usr/{folder}/"], check=True, timeout=300)


def run(program, *words, check=True):
    """Runs `zfs` or `zpool` and returns its output."""
    line = [program, *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120 * PATIENCE, check=False)
    assert not check or done.returncode == 0, f"$ {' '.join(line)}\n{done.stdout}{done.stderr}"
    return done.stdout


def zfs(*words, check=True):
    return run("zfs", *words, check=check)


def zpool(*words, check=True):
    return run("zpool", *words, check=check)


def partition(disk):
    """One partition of a whole disk: without udev zpool waits for a link of one that it makes itself."""
    device = Path(disk).resolve()
    subprocess.run(["sfdisk", "-q", device], input="label: gpt\n,\n", text=True, check=True, timeout=60)
    return Path(f"{device}1")


def get(name, *properties):
    """Properties of a dataset, in order."""
    out = zfs("get", "-Hp", "-o", "value", ",".join(properties), name)
    return out.splitlines()


def datasets(top):
    """Everything below a dataset, snapshots too."""
    return zfs("list", "-Hp", "-r", "-t", "all", "-o", "name", top, check=False).split("\n")[1:-1]
