"""Measures what only a guest's kernel can do, inside one guest run, and prints the table of bench/guest.md.

An emulated processor makes every figure of seconds meaningless outside; only ratios are printed, each side
taking turns with its peer. The scratch disks are /dev/disk/guest/0 and so on. Add a row as a function of the
list STEPS; see bench.py for what `Bench` offers."""

import argparse
import os
import random
import re
import shutil
import string
import subprocess
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


def lvm(*words):
    """Runs LVM's own program; without udev it makes the nodes itself."""
    os.environ["DM_DISABLE_UDEV"] = "1"
    done = subprocess.run(["lvm", *words], capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"lvm {' '.join(words)}: {done.stdout}{done.stderr}")


def thin_sessions(bench):
    """Three thin volumes started and stopped together, against the same commands by `lvm`, one by one."""
    work = "vol-start + vol-stop of three thin volumes"
    if not shutil.which("lvm"):
        return bench.skip(work, "needs lvm2")
    subprocess.run(["modprobe", "dm-thin-pool"], check=True, timeout=60)
    lvm("vgcreate", "vgs", "/dev/disk/guest/0")
    lvm("lvcreate", "-y", "--type", "thin-pool", "-L", "1G", "-n", "tp", "vgs")
    bench.site.ok("pool-define-as", "thin", "logical", "--source-name", "vgs", "--thin-pool", "tp")
    bench.site.ok("pool-start", "thin")
    names = ["a", "b", "c"]
    for name in names:
        bench.site.ok("vol-create-as", "thin", name, "64M")
        lvm("lvcreate", "-y", "--type", "thin", "-V", "64M", "--thinpool", "vgs/tp", "-n", f"peer-{name}")

    def ours():
        start = bench.time(bench.command(["vol-start", *names, "--pool", "thin"]))
        return start + bench.time(bench.command(["vol-stop", *names, "--pool", "thin"]))

    def peer():
        bench.environment["DM_DISABLE_UDEV"] = "1"
        seconds = 0.0
        snapshot = ["lvcreate", "-y", "-s", "-kn", "-ay", "-n"]
        for name in (f"peer-{name}" for name in names):
            for words in (
                [*snapshot, f"{name}-snap", f"vgs/{name}"],
                ["lvrename", "vgs", name, f"{name}-1-back"],
                ["lvrename", "vgs", f"{name}-snap", name],
                ["lvremove", "-y", f"vgs/{name}-1-back"],
            ):
                seconds += bench.time([shutil.which("lvm"), *words])
        return seconds

    return bench.compare(work, ours, peer, "lvm, 12 times", 1.5, RUNS, faster=True)


def many_volumes(bench):
    """A list of 1,000 volumes with their sizes. The group is made of a description: a command for each takes long.
    Nothing activates the volumes, which takes an emulated kernel minutes."""
    work = "vol-list --details, 1,000 logical volumes"
    if not shutil.which("lvm"):
        return bench.skip(work, "needs lvm2")
    lvm("vgcreate", "--physicalextentsize", "1m", "--metadatasize", "16m", "vgm", "/dev/disk/guest/1")
    file = bench.scratch / "vgm"
    lvm("vgcfgbackup", "-f", str(file), "vgm")
    chance = random.Random(1)

    def identity():
        letters = "".join(chance.choices(string.ascii_letters + string.digits, k=32))
        cuts = [letters[:6], *(letters[i : i + 4] for i in range(6, 26, 4)), letters[26:]]
        return "-".join(cuts)

    volumes = "".join(
        f"""v{number:04} {{
id = "{identity()}"
status = ["READ", "WRITE", "VISIBLE"]
flags = ["ACTIVATION_SKIP"]
creation_time = 1700000000
creation_host = "guest"
segment_count = 1
segment1 {{
start_extent = 0
extent_count = 1
type = "striped"
stripe_count = 1
stripes = ["pv0", {number}]
}}
}}
"""
        for number in range(1000)
    )
    text = file.read_text()
    end = re.search(r"\n\}\s*(?=\n# Generated|\ncontents|\Z)", text).start()
    file.write_text(f"{text[:end]}\nlogical_volumes {{\n{volumes}}}\n{text[end:]}")
    lvm("vgcfgrestore", "-f", str(file), "vgm")
    bench.site.ok("pool-define-as", "many", "logical", "--source-name", "vgm")
    bench.site.ok("pool-start", "many", timeout=600)
    listed = bench.site.ok("vol-list", "many", "--details", timeout=300)
    if listed.count("1.00 MiB") != 2000:
        raise RuntimeError("the group does not hold 1,000 volumes")
    return bench.compare(
        work,
        lambda: bench.time(bench.command("vol-list many --details")),
        lambda: bench.time([shutil.which("lvm"), "lvs", "vgm"]),
        "lvs",
        1.3,
        3 * RUNS,  # short ones, which differ by half of their time
    )


STEPS = [start_up, thin_sessions, many_volumes]


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
