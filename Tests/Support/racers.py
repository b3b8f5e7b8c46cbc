"""Processes of another user that swap names in a folder of theirs for links, while root works in it."""

import contextlib
import subprocess
import sys
import time


@contextlib.contextmanager
def racing(user, script, *arguments):
    """While in here the user runs the Python script, which has said that it is ready and does not end by itself."""
    racer = subprocess.Popen(
        ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", sys.executable, "-c", script,
         *map(str, arguments)],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert racer.stdout.readline() == b"ready\n"
        yield racer
        assert racer.poll() is None, "the racer has ended"
    finally:
        racer.kill()
        racer.wait()
        racer.stdout.close()


# Two names change places in one call of renameat2(2), so each of them is there at every instant; what appears
# under a temporary name is moved away for a link.
SWAPS = r"""
import ctypes, os, random, sys, time
call = ctypes.CDLL(None, use_errno=True).renameat2
folder, victim, prefix, pause, *names = sys.argv[1:]
os.chdir(folder)
links = {}
for name in names:
    links[name] = os.path.join(os.path.dirname(name) or ".", ".swapped-" + os.path.basename(name))
    try:
        os.symlink(victim, links[name])
    except FileExistsError:
        pass
print("ready", flush=True)
parent = os.getppid()
while os.getppid() == parent:
    for _ in range(50):
        for name, link in links.items():
            call(-100, name.encode(), -100, link.encode(), 2)
            if float(pause):
                time.sleep(random.random() * float(pause))
    for place, _, files in os.walk("."):
        for file in files:
            if "~" in file and ".swapped-" not in file and prefix in file:
                path = os.path.join(place, file)
                try:
                    os.rename(path, path.replace(file, ".swapped-" + file))
                    os.symlink(victim, path)
                except OSError:
                    pass
"""


@contextlib.contextmanager
def swapping(folder, user, victim, *names, prefix="", pause=0):
    """While in here the user swaps the names below the folder for links to `victim`, and temporary names that hold
    `prefix` too. With a pause there are up to that many seconds between, for what looks at a name more than once."""
    with racing(user, SWAPS, folder, victim, prefix, pause, *names) as racer:
        yield racer


REWRITES = r"""
import os, sys, time
name, *others = sys.argv[1:]
file = os.open(name, os.O_RDWR)
contents = [open(other, "rb").read() for other in others]
print("ready", flush=True)
parent = os.getppid()
while os.getppid() == parent:
    for content in contents:
        os.pwrite(file, content, 0)
        time.sleep(0.003)
"""


@contextlib.contextmanager
def rewriting(file, user, *others):
    """While in here the user overwrites the file with what is in the others, in turns."""
    with racing(user, REWRITES, file, *others) as racer:
        yield racer


def rounds(seconds):
    """Goes on for that long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
