"""Reads the log of dm-log-writes and builds the disks that a loss of power could have left.

The kernel's target writes down every write in the order in which it became durable: what one flush covers comes right
before that flush, what was written with FUA at once. Format: Documentation/admin-guide/device-mapper/log-writes.rst
and drivers/md/dm-log-writes.c of Linux 6.1: a super block, then entries of one sector, each followed by its data."""

import fcntl
import os
import random
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

MAGIC = 0x6A736677736872
SUPER = struct.Struct("<QQQI")
ENTRY = struct.Struct("<QQQQ")
CONTROL = struct.Struct("<3I2IIiIIIQ128s129s7x")
TARGET_MESSAGE = 0xC138FD0E
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8


@dataclass(frozen=True)
class Entry:
    """One write, discard, flush or mark; places and lengths in bytes."""

    place: int
    length: int
    flags: int
    text: str
    #: Where its data is in the log.
    data: int

    @property
    def is_barrier(self):
        """Whether what the log holds up to here is durable."""
        return bool(self.flags & (FLUSH | FUA))

    @property
    def changes(self):
        """Whether it changes the disk."""
        return self.length > 0 and not self.flags & MARK


class Cut(NamedTuple):
    """A loss of power: the first entries reached the disk, and of those after them the extra ones."""

    applied: int
    extra: tuple = ()


class Log:
    """A log, read from its device or image."""

    def __init__(self, path):
        self.descriptor = os.open(path, os.O_RDONLY)
        magic, version, count, sector = SUPER.unpack(os.pread(self.descriptor, SUPER.size, 0))
        assert (magic, version) == (MAGIC, 1), f"no log of dm-log-writes: {path}"
        self.entries = []
        position = sector
        for _ in range(count):
            block = os.pread(self.descriptor, sector, position)
            first, sectors, flags, size = ENTRY.unpack(block[: ENTRY.size])
            position += sector
            text = block[ENTRY.size : ENTRY.size + size].decode().rstrip("\0") if flags & MARK else ""
            self.entries.append(Entry(first * sector, sectors * sector, flags, text, position))
            if not flags & (DISCARD | MARK):
                position += sectors * sector

    def close(self):
        """Closes the log."""
        os.close(self.descriptor)

    def mark_before(self, cut):
        """The last mark that was set before the cut; None before the first. The kernel's own at the end is none."""
        before = reversed(self.entries[: cut.applied])
        marks = (one.text for one in before if one.flags & MARK and one.text != "dm-log-writes-end")
        return next(marks, None)

    def cuts(self, seed=1, ordered=0):
        """A cut at each instant at which something became durable, and between them some of which by chance half of
        the writes that a flush had not yet covered reached the disk. No two have the same content.

        Of the writes to the first `ordered` bytes, only the last ones are lost, never one before another."""
        chance = random.Random(seed)
        found, group, before = [], [], 0
        for number, entry in enumerate(self.entries):
            if not entry.is_barrier:
                if entry.changes:
                    group.append(number)
                continue
            if len(group) > 1:
                kept = {one for one in group if chance.random() < 0.5}
                early = [one for one in group if self.entries[one].place < ordered]
                lost = next((one for one in early if one not in kept), None)
                extra = tuple(one for one in group if one in kept and (one not in early or lost is None or one < lost))
                if 0 < len(extra) < len(group):
                    found.append(Cut(before, extra))
            if group and entry.changes:
                found.append(Cut(number))
            if group or entry.changes:
                found.append(Cut(number + 1))
            group, before = [], number + 1
        return found

    def apply(self, disk, numbers):
        """Carries entries out on a disk, which is an open descriptor."""
        for number in numbers:
            entry = self.entries[number]
            if not entry.changes:
                continue
            if entry.flags & DISCARD:
                # What a discard leaves is anything; zeroes are the worst.
                for start in range(entry.place, entry.place + entry.length, 1 << 20):
                    os.pwrite(disk, bytes(min(1 << 20, entry.place + entry.length - start)), start)
            else:
                os.pwrite(disk, os.pread(self.descriptor, entry.length, entry.data), entry.place)


def dmsetup(*words):
    """Runs dmsetup, which makes the nodes itself where there is no udev."""
    environment = {**os.environ, "DM_DISABLE_UDEV": "1"}
    line = ["dmsetup", *map(str, words)]
    done = subprocess.run(
        line, capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert done.returncode == 0, f"$ {' '.join(line)}\n{done.stdout}{done.stderr}"


class MappedDisk:
    """A device of device mapper's with one target, as large as a disk."""

    def __init__(self, name, target, disk):
        self.name, self.path = name, f"/dev/mapper/{name}"
        sectors = Path(f"/sys/class/block/{Path(disk).resolve().name}/size").read_text().strip()
        self.table = f"0 {sectors} {target}"

    def make(self):
        """Makes the device."""
        dmsetup("create", self.name, "--table", self.table)

    def __enter__(self):
        self.make()
        return self

    def __exit__(self, kind, *_):
        if kind is None:  # else it is still in use, and the guest ends
            dmsetup("remove", "--retry", self.name)


class LoggedDisk(MappedDisk):
    """A disk of which every write is logged on a second disk."""

    def __init__(self, name, disk, log):
        super().__init__(name, f"log-writes {disk} {log}", disk)

    def mark(self, text):
        """Writes a mark, one word, into the log: what `dmsetup message NAME 0 mark TEXT` does, without its start."""
        size = CONTROL.size + 8 + len(f"mark {text}") + 1
        # Version, sizes, counts, flags, device, name, uuid (struct dm_ioctl, <linux/dm-ioctl.h>).
        head = CONTROL.pack(4, 0, 0, size, CONTROL.size, 0, 0, 0, 0, 0, 0, self.name.encode(), b"")
        data = bytearray(head + bytes(8) + f"mark {text}".encode() + b"\0")
        with open("/dev/mapper/control", "r+b", buffering=0) as control:
            fcntl.ioctl(control, TARGET_MESSAGE, data)
