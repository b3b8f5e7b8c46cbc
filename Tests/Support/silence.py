"""Servers that fall silent in the middle of a command."""

import contextlib
import os
import signal
import subprocess
import time

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


def _given_up(process, pool, since, seconds):
    """Waits for a command to give up, and checks what it says."""
    errors = process.communicate(timeout=seconds)[1].decode()
    took = time.monotonic() - since
    assert process.returncode == IO_ERROR, (process.returncode, errors)
    assert f": pool '{pool}': '" in errors, errors
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
        _given_up(into, pool, since, seconds)
    kinds = {finding["kind"] for finding in site.findings(pool)}
    assert kinds == {"import"}, kinds
    assert site.run("pool-check", pool, "--repair").status in (0, PROBLEMS)
    assert site.run("pool-check", pool).out.strip() == f"Pool {pool} is clean"
    assert site.volume(volume, pool)["capacity"] == SIZE

    out = site.start("vol-export", name[0], "-", *name[1:], environment=brief)
    assert out.stdout.read(MIB) == bytes(MIB)
    with silence():
        _given_up(out, pool, time.monotonic(), seconds)
