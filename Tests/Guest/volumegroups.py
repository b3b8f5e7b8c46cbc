"""Volume groups for the tests: LVM's own program, and thin pools as a backend of the conformance suite."""

import json
import os
import subprocess
from pathlib import Path

from backends import Backend
from tools import PATIENCE

#: Without udev LVM makes the nodes itself, and has to be told.
ENVIRONMENT = {**os.environ, "DM_DISABLE_UDEV": "1"}


def lvm(*words, check=True):
    """Runs a command of LVM's and returns its output."""
    line = ["lvm", *map(str, words)]
    done = subprocess.run(
        line, capture_output=True, text=True, timeout=120 * PATIENCE, check=False, env=ENVIRONMENT
    )
    assert not check or done.returncode == 0, f"$ {' '.join(line)}\n{done.stdout}{done.stderr}"
    return done.stdout


def volumes(group, fields="lv_name,lv_uuid,lv_size,origin,pool_lv,lv_tags,lv_attr"):
    """The visible volumes of a group, by name."""
    out = lvm("lvs", "--reportformat", "json", "--units", "b", "--nosuffix", "-o", fields, group)
    return {row["lv_name"]: row for row in json.loads(out)["report"][0]["lv"]}


class ThinPools(Backend):
    """Pools of type logical with driver lvm_thin: thin pools of several groups, taken in turn, because pools of one
    group cannot have volumes of the same name. They are used again by the next test, emptied."""

    name = "lvm_thin"
    abilities = frozenset({"history", "origin-snapshot", "thin"})

    def __init__(self, groups):
        self.groups = groups
        self.made = []
        self.used = 0

    def begin(self):
        """Empties the thin pools for the next test."""
        for group in {storage.parent.name for storage in self.made[: self.used]}:
            present = volumes(group)
            doomed = [f"{group}/{name}" for name, row in present.items() if row["pool_lv"]]
            if doomed:
                lvm("lvremove", "-y", "-f", *doomed)
            for name, row in present.items():
                tags = [word for tag in row["lv_tags"].split(",") if tag for word in ("--deltag", tag)]
                if tags and not row["pool_lv"]:
                    lvm("lvchange", *tags, f"{group}/{name}")
        self.used = 0

    def prepare(self, place, scratch):
        if self.used == len(self.made):
            name, group = f"pool{self.used}", self.groups[self.used % len(self.groups)]
            lvm("lvcreate", "-y", "--type", "thin-pool", "-L", "400M", "-n", name, group)
            self.made.append(Path(f"/dev/{group}/{name}"))
        self.used += 1
        return self.made[self.used - 1]

    def define(self, site, pool, storage, revisions_to_keep=None):
        options = ["--source-name", storage.parent.name, "--thin-pool", storage.name]
        if revisions_to_keep is not None:
            options.append(f"--revisions-to-keep={revisions_to_keep}")
        site.ok("pool-define-as", pool, "logical", *options)

    def volume(self, vm, role="private"):
        return f"vm-{vm}-{role}"

    def artefacts(self, storage):
        rows = volumes(storage.parent.name)
        return {name for name, row in rows.items() if row["pool_lv"] == storage.name}

    def everything(self, storage):
        return volumes(storage.parent.name)

    def committed(self, storage, volume):
        return storage.with_name(volume)

    def working(self, storage, volume):
        return storage.with_name(f"{volume}-snap")
