"""Killing a command inside one of LVM's, before a call by which that changes a device or the metadata of the group."""

import collections
import re
import signal
from pathlib import Path

from tools import DONE, Site

#: LVM's changes, by what strace shows of them, and what each is called here: writes of metadata, and requests to device
#: mapper, of which one both suspends and resumes.
CHANGES = [
    (r"io_submit\(.*IOCB_CMD_PWRITE", "write"),
    (r"ioctl\(.*DM_DEV_SUSPEND, .*?flags=DM_SUSPEND_FLAG", "suspend"),
    (r"ioctl\(.*DM_DEV_SUSPEND", "resume"),
    (r"ioctl\(.*DM_(DEV_CREATE|DEV_REMOVE|DEV_RENAME|TABLE_LOAD|TABLE_CLEAR|TARGET_MSG)", None),
]

#: The calls among which those changes are.
CALLS = "ioctl,io_submit"


class Traced(Site):
    """A site whose commands run under strace, which writes the calls of those names to the log."""

    def __init__(self, site, log, calls, *options):
        super().__init__(site.root, site.user, site.programs, site.environment)
        self.strace = ["strace", "-o", str(log), "-e", f"trace={calls}", *options]

    def argv(self, tool, *arguments):
        return [*self.strace, *super().argv(tool, *arguments)]


class Cutter:
    """For LVM's changes what the module `faults` is for those of a program with fault points. `places` comes first."""

    def __init__(self):
        self.calls = []
        self.missed = 0

    def places(self, site, log, *command):
        """Runs the command to its end; the changes that LVM made, in order."""
        Traced(site, log, CALLS).ok(*command)
        names, self.calls, counts = [], [], collections.Counter()
        for line in log.read_text().splitlines():
            if not (call := re.match(r"(ioctl|io_submit)\(", line)):
                continue
            counts[call[1]] += 1
            for pattern, name in CHANGES:
                if found := re.match(pattern, line):
                    names.append(name or found[1])
                    self.calls.append((call[1], counts[call[1]]))
                    break
        return names

    def cut(self, site, number, *command):
        """Runs the command and kills it before LVM's change of that number."""
        call, count = self.calls[number - 1]  # strace counts each call by itself
        kill = f"inject={call}:signal=KILL:when={count}"
        result = Traced(site, "/dev/null", CALLS, "-e", kill).run(*command)
        # LVM does not write its metadata in equally many pieces each time, so the last changes can be missed.
        self.missed += result.status == DONE
        assert result.status == -signal.SIGKILL or self.missed < 3, f"was not cut:\n{result}"


def all_suspended(places):
    """The cuts after which most is suspended: before the first device is resumed."""
    return [number for number in range(2, len(places) + 1) if places[number - 2 : number] == ["write", "resume"]]


def suspended():
    """The names of device mapper's devices that are suspended: who reads one of them waits."""
    files = [file for file in Path("/sys/block").glob("dm-*/dm/suspended") if file.read_text() == "1\n"]
    return [file.with_name("name").read_text().strip() for file in files]
