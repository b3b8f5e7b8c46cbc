"""Makes, fills and judges disk images with QEMU's own programs."""

import json
import subprocess

from tools import MIB

# What qemu-img can write and libvirt has a word for.
FORMATS = ("raw", "qcow", "qcow2", "qed", "vmdk", "vpc", "vdi")
# Formats whose size qemu-img can change (QEMU 7.2).
GROWING = ("raw", "qcow2", "qed")
# Formats that qemu-img check knows.
CHECKED = ("qcow2", "qed", "vdi", "vmdk")
DATA = 3 * MIB
#: What qemu-img says where it could not measure how fast a key is derived: the clock of its processor time can stand
#: still on a busy machine.
UNMEASURED = "Unable to get accurate CPU usage"


def measuring(argv, **options):
    """Runs a program that may let qemu-img derive a key, anew a few times where that could not measure."""
    for _ in range(20):
        done = subprocess.run(argv, capture_output=True, check=False, **options)
        if UNMEASURED.encode() not in done.stderr:
            break
    return done


def qemu_img(*words, status=0):
    """Runs qemu-img, which must end with the status; returns its output."""
    done = measuring(["qemu-img", *map(str, words)], timeout=60)
    assert done.returncode == status, f"qemu-img {words}: {done.stdout}{done.stderr}"
    return done.stdout.decode()


def info(path, kind=None):
    """What qemu-img info says, without the recorded format being guessed where it is given."""
    options = ["-f", kind] if kind else []
    return json.loads(qemu_img("info", "--output=json", "-U", *options, path))


def options(path):
    """The options of a format that qemu-img info shows."""
    return info(path)["format-specific"]["data"]


def write(path, kind, pattern=0x5A, offset=0, length=65536):
    """Writes a pattern as a guest would."""
    _io(path, kind, f"write -P {pattern} {offset} {length}")


def reads(path, kind, pattern=0x5A, offset=0, length=65536):
    """Whether a guest reads the pattern; 0 for nothing ever written."""
    words = ["qemu-io", "-r", "-f", kind, "-c", f"read -P {pattern} {offset} {length}", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert f"read {length}/{length}" in done.stdout, done.stdout + done.stderr
    return "Pattern verification failed" not in done.stdout + done.stderr


def _io(path, kind, command):
    words = ["qemu-io", "-f", kind, "-c", command, str(path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and "wrote" in done.stdout, done.stdout + done.stderr


def same(one, its_format, other, other_format):
    """Two images must show a guest the same bytes, holes at the end of the longer one apart."""
    qemu_img("compare", "-q", "-f", its_format, "-F", other_format, one, other)


def sound(path, kind):
    """The image must pass its format's own check, where there is one."""
    if kind in CHECKED:
        qemu_img("check", "-q", "-f", kind, path)


def make(path, kind, size="8M", *words):
    """Makes an image by qemu-img itself."""
    qemu_img("create", "-q", "-f", kind, *words, path, size)
    return path
