"""Killing a command before one of the changes that it makes, in a program with fault points."""

import signal


def places(site, log, *command):
    """Runs the command to its end; the names of the places where it changed something, in order."""
    log.write_text("")
    site.ok(*command, environment={"CISTERN_FAULT_LOG": str(log)})
    return [line.split(" ", 1)[1] for line in log.read_text().splitlines()]


def cut(site, number, *command):
    """Runs the command and kills it before its change of that number."""
    result = site.run(*command, environment={"CISTERN_FAULT": str(number)})
    assert result.status == -signal.SIGKILL, f"was not cut:\n{result}"
