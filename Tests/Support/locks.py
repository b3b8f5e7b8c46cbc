"""Holds the locks of the commands from outside, as another command would."""

import contextlib
import fcntl
import os
import struct

OFD_SETLK = 37  # fcntl(2), F_OFD_SETLK; Python knows it from 3.13 on
SIZE = 8192


def place(name):
    """The byte of a lock in its file: the FNV-1a hash of its name, twice, far behind everything."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001B3 % (1 << 64)
    return 1 << 62 | (value & (1 << 60) - 1) << 1


def own(site):
    """The file of the locks on definitions."""
    return site.root / "run/cistern/lock"


def shared(pool):
    """The file of the locks on a pool that is a folder, and on its volumes."""
    return pool / ".cistern/lock"


@contextlib.contextmanager
def held(file, name, exclusive=True):
    """Holds a lock that nobody else may hold now."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        kind = fcntl.F_WRLCK if exclusive else fcntl.F_RDLCK
        fcntl.fcntl(descriptor, OFD_SETLK, struct.pack("hhqqi4x", kind, os.SEEK_SET, place(name), 1, 0))
        yield
    finally:
        os.close(descriptor)
