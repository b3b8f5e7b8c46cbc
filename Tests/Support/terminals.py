"""A pseudo-terminal with a program in it."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time


class Terminal:
    """A program on a terminal of its own, which is typed to and read from.

    `quiet` is how long nothing may come before what was printed counts as all."""

    def __init__(self, argv, environment, cwd=None, columns=80, rows=24, quiet=0.3):
        self.quiet = quiet
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            try:
                if cwd:
                    os.chdir(cwd)
                os.execve(argv[0], argv, environment)
            finally:
                os._exit(127)
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, size)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.descriptor)
        if self.pid is None:
            return
        for number in (signal.SIGHUP, signal.SIGKILL):
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                pass
        os.waitpid(self.pid, 0)

    def type(self, text):
        """Sends keys."""
        os.write(self.descriptor, text.encode())

    def read(self, until=None, timeout=20):
        """What the program prints until a text comes, or until it has been quiet for a while."""
        text, end = b"", time.monotonic() + timeout
        while time.monotonic() < end:
            wait = self.quiet if until is None else 1
            ready, _, _ = select.select([self.descriptor], [], [], wait)
            if not ready:
                if until is None:
                    break
                continue
            try:
                piece = os.read(self.descriptor, 65536)
            except OSError:
                break
            if not piece:
                break
            text += piece
            if until is not None and until in text.decode("utf-8", "replace"):
                break
        return text.decode("utf-8", "replace")

    def rest(self):
        """Everything up to the end of the program, and its exit status."""
        text = self.read(until="\0 never printed \0", timeout=20)
        _, status = os.waitpid(self.pid, 0)
        self.pid = None
        return text, os.waitstatus_to_exitcode(status)


def plain(text):
    """The text without control sequences and carriage returns."""
    text = re.sub(r"\x1b\][^\x07\x1b]*(\x07|\x1b\\)", "", text)
    text = re.sub(r"\x1b\[[0-9;?<>=!]*[ -/]*[@-~]", "", text)
    text = re.sub(r"\x1b[()][0-9A-Z]|\x1b[=>78Mc]", "", text)
    return text.replace("\r", "")
