"""Letting one system call of a command fail, by strace(1), and telling what that did to the files."""

import hashlib
import os
import re
import stat
import subprocess
from collections import Counter
from pathlib import Path

#: Calls that only look. None of them may fail without the command saying so, or doing without it on purpose.
LOOKS = (
    "openat2 openat statx newfstatat fstat getdents64 read pread64 readlink readlinkat fgetxattr access faccessat2 "
    "fstatfs statfs lseek"
).split()

#: Calls that change something.
CHANGES = (
    "fsync fdatasync linkat unlinkat renameat2 mkdirat symlinkat write pwrite64 ftruncate fallocate fchown fchmod "
    "copy_file_range"
).split()

#: What can come from any of these calls, whatever the file: a broken disk, no memory, no descriptor left, a server that
#: has lost the file.
ERRORS = ("EIO", "ENOMEM", "EMFILE", "ESTALE")


def _strace(site, options, tool, arguments, environment=None):
    # What only seccomp stops at is not killed there.
    fast = [] if any("signal=KILL" in option for option in options) else ["--seccomp-bpf"]
    line = ["strace", "-f", *fast, "-qq", *options, *site.argv(tool, *arguments)]
    return subprocess.run(
        line, capture_output=True, timeout=60, env=site.surroundings(environment), check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def calls(site, log, tool, *arguments, names=LOOKS):
    """Runs the command; which calls of these names it makes after its program is loaded, as (call, how often before),
    and its end.

    Only the process that is started counts: children are other programs, or look after it."""
    done = _strace(site, ["-o", str(log), "-y", "-e", f"trace={','.join(names)}"], tool, arguments)
    counts = Counter()
    found = []
    first = None
    is_loaded = False
    for line in log.read_text(errors="replace").splitlines():
        match = re.match(r"(\d+) +([a-z0-9_]+)\(", line)
        if not match:
            continue
        first = first or match[1]
        if match[1] != first:
            continue
        # What is before that is the loader's.
        is_loaded = is_loaded or str(site.root) in line
        counts[match[2]] += 1
        if is_loaded:
            found.append((match[2], counts[match[2]], line[len(match[1]) + 1 :]))
    return found, done


def inject(site, call, number, error, tool, *arguments):
    """Runs the command, whose call of that number fails with the error, or kills it. Returns how it ended."""
    fault = "signal=KILL" if error == "KILL" else f"error={error}"
    options = ["-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={number}"]
    return _strace(site, options, tool, arguments)


def fingerprint(folder):
    """What lies below a folder: of files their content and mode, of links where they lead. Locks, notes
    of what was warned of, and folders that hold nothing else, are left out: they say nothing of volumes."""
    found = {}
    for base, _, files in os.walk(folder):
        for name in files:
            path = Path(base) / name
            below = str(path.relative_to(folder))
            if "/locks/" in f"/{below}" or "/warned/" in below or below.endswith((".lock", "cistern/lock")):
                continue
            facts = path.lstat()
            if stat.S_ISLNK(facts.st_mode):
                found[below] = os.readlink(path)
            elif name == "session":
                # It tells which file the working copy is, and that is another one each time.
                found[below] = oct(facts.st_mode)
            elif stat.S_ISREG(facts.st_mode):
                content = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
                found[below] = (facts.st_size, oct(facts.st_mode & 0o7777), content)
            else:
                found[below] = oct(facts.st_mode)
    return found


def difference(one, other):
    """The paths that are not the same in two fingerprints."""
    return {path: (one.get(path), other.get(path)) for path in one.keys() | other.keys() if one.get(path) != other.get(path)}
