"""Measures what only a guest's kernel can do, inside one guest run, and prints the table of bench/guest.md.

An emulated processor makes every figure of seconds meaningless outside; only ratios are printed, each side
taking turns with its peer. The scratch disks are /dev/disk/guest/0 and so on. Add a row as a function of the
list STEPS; see bench.py for what `Bench` offers."""

import argparse
import sys
import tempfile
from pathlib import Path

from bench import Bench, report

RUNS = 7


def start_up(bench):
    """What one of our commands costs here beside the smallest program there is."""
    bench.compare(
        "whole-process start: pool-list --version",
        lambda: bench.time(bench.command("pool-list --version")),
        lambda: bench.time(["/bin/true"]),
        "/bin/true",
        None,
        RUNS,
    )


STEPS = [start_up]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", required=True, type=Path)
    arguments = parser.parse_args()
    page, sys.stdout = sys.stdout, sys.stderr
    bench = Bench(arguments.programs, Path(tempfile.mkdtemp(prefix="cistern-bench-")))
    for step in STEPS:
        step(bench)
    page.write(report(bench.rows, "Figures from inside a guest", "make bench-guest"))
    return 1 if any("missed" in row[-1] for row in bench.rows) else 0


if __name__ == "__main__":
    sys.exit(main())
