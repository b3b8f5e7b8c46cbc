"""Servers that fall silent in the middle of a command."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from tools import IO_ERROR, MIB, PROBLEMS

#: How big the volume is that `servers_that_die` works on: more than is read ahead.
SIZE = 64 * MIB


@contextlib.contextmanager
def stopped(processes):
    """Processes that answer nothing, though their connections stand."""
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


def given_up(process, subject, since, seconds):
    """Waits for a command to give up, and checks what it says of the subject."""
    errors = process.communicate(timeout=seconds)[1].decode()
    took = time.monotonic() - since
    assert process.returncode == IO_ERROR, (process.returncode, errors)
    assert f": {subject}: '" in errors, errors
    assert "has not answered for" in errors and " 6 seconds" in errors, errors
    assert took < seconds, f"it took {took}"


def death_in_the_middle(site, pool, volume, silence, seconds):
    """The server falls silent while content goes into a volume of a started pool, and while it comes out. Both give
    up within so many seconds, and the volume is what it was once the server is back.

    `silence()` is a context in which the server says nothing. The volume holds nothing but zeroes."""
    brief = {"CISTERN_TIMEOUT": "2"}
    name = [volume, "--pool", pool]
    into = site.start("vol-import", name[0], "-", f"--size={SIZE}", *name[1:], stdin=subprocess.PIPE, environment=brief)
    into.stdin.write(b"x" * MIB)
    into.stdin.flush()
    time.sleep(1)
    with silence():
        since = time.monotonic()
        with contextlib.suppress(BrokenPipeError):
            into.stdin.write(b"x" * (SIZE - MIB))
            into.stdin.flush()
        given_up(into, f"pool '{pool}'", since, seconds)
    # Till then it holds the volume, which is work in progress.
    _wait_for_the_end(site)
    kinds = {finding["kind"] for finding in site.findings(pool)}
    assert kinds == {"import"}, kinds
    assert site.run("pool-check", pool, "--repair").status in (0, PROBLEMS)
    assert site.run("pool-check", pool).out.strip() == f"Pool {pool} is clean"
    assert site.volume(volume, pool)["capacity"] == SIZE

    out = site.start("vol-export", name[0], "-", *name[1:], environment=brief)
    assert out.stdout.read(MIB) == bytes(MIB)
    with silence():
        given_up(out, f"pool '{pool}'", time.monotonic(), seconds)
    _wait_for_the_end(site)


def _wait_for_the_end(site):
    """What was given up goes on to its end once the server answers, and has the volume till then."""
    mark = f"CISTERN_ROOT={site.root}\0".encode()

    def is_of_site(process):
        try:
            return mark in (process / "environ").read_bytes()
        except OSError:
            return False

    end = time.monotonic() + 60
    while left := [process for process in Path("/proc").glob("[0-9]*") if is_of_site(process)]:
        assert time.monotonic() < end, f"still there: {left}"
        time.sleep(0.1)
