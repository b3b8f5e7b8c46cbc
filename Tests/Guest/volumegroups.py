"""Volume groups for the tests: LVM's own program, what cuts leave of a group, and thin pools as a backend of the
conformance suite."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import contents
import faults
import lvmcuts
import pytest
from backends import Backend
from tools import BAD_DATA, DONE, PATIENCE, document

#: `make crash-logical` and its like do all of what is only sampled everywhere else.
ALL = os.environ.get("CISTERN_ALL") == "1"

#: Without udev LVM makes the nodes itself, and has to be told.
ENVIRONMENT = {**os.environ, "DM_DISABLE_UDEV": "1"}


@pytest.fixture(scope="session", autouse=True)
def light_lvm():
    """Makes each of LVM's commands a third cheaper, which counts where the processor is emulated: it touches and locks
    less memory, and starts no daemon that watches thin pools. `make conformance-thin` and its like run without."""
    if not ALL:
        # The guest has its own copy of the file.
        with open("/etc/lvm/lvmlocal.conf", "a", encoding="utf-8") as file:
            file.write("\nactivation { reserved_memory = 64 monitoring = 0 }\n")


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


class Picture(NamedTuple):
    """What a group holds: size, record and text of each volume, by name, and the texts of revisions, oldest first."""

    volumes: dict
    revisions: tuple = ()

    def agrees(self, wanted):
        """Whether it is the wanted one; older revisions that a cut commit had not removed yet may be there."""
        first = len(self.revisions) - len(wanted.revisions)
        return self.volumes == wanted.volumes and first >= 0 and self.revisions[first:] == wanted.revisions


def picture(group):
    """The present picture. A volume whose record says that its content is not whole is just 'incomplete'."""
    found: dict = {}
    revisions: dict = {}
    for name, row in volumes(group).items():
        record = sorted(tag for tag in row["lv_tags"].split(",") if tag.startswith("cistern:volume"))
        text = None
        if row["lv_attr"][0] != "t":
            if row["lv_attr"][4] != "a":  # as a cut leaves it
                lvm("lvchange", "-ay", "-K", f"{group}/{name}")
            text = contents.get(f"/dev/{group}/{name}")
        if re.search(r"-\d+-back$", name):
            revisions[name] = text
        elif row["pool_lv"] == "" and any("/unfinished=" in tag for tag in record):
            found[name] = "incomplete"
        else:
            found[name] = (row["lv_size"], record, text)
    # Their names carry their times, in ten digits.
    return Picture(found, tuple(revisions[name] for name in sorted(revisions)))


def before_commands(places):
    """The cuts before LVM's own commands, but not before the first change, where nothing is different yet, and the one
    before the last change: between two of LVM's commands nothing of a volume changes but its content."""
    assert any(place.startswith("lv") for place in places)
    chosen = [number for number, place in enumerate(places[1:-1], 2) if place.startswith("lv")]
    return [*chosen, len(places)]


def each_cut(
    site, pool, group, log, line, undo, again=(DONE,), between=lambda old: (),
    cutter=faults, sample=before_commands, with_repair=True,
):  # fmt: skip
    """Kills a command before its changes; what is left, repaired, is the old or the new picture; then the command can
    be typed again, which makes the new one.

    It begins with the old picture; `undo()` makes the old one of the new one. `again` are the statuses that the second
    run may have, `between(old)` the pictures that may be left as well. `cutter` knows the changes and kills before one,
    `sample` picks those that stand for all of them. Returns the old and the new one."""
    old = picture(group)
    places = cutter.places(site, log, *line)
    new = picture(group)
    sampled = sample(places)
    numbers = range(1, len(places) + 1) if ALL else sampled
    assert places and numbers and new != old
    for number in numbers:
        where = f"cut {number} of {len(places)}, before {places[number - 1]}"
        undo()
        cutter.cut(site, number, *line)
        if with_repair:
            for finding in repaired(site, pool):
                assert finding["kind"] in ("uncommitted", "incomplete-content"), f"{where}: {finding}"
                if finding["kind"] == "incomplete-content":
                    site.refused(BAD_DATA, "vol-export", finding["volume"], "-", "--pool", pool, words="incomplete")
            found = picture(group)
            assert any(found.agrees(wanted) for wanted in (old, new, *between(old))), f"{where}: {found}"
        result = site.run(*line)
        assert result.status in again, f"{where}, again: {result}"
        assert lvmcuts.suspended() == [], where
        found = picture(group)
        assert found.volumes == new.volumes, f"{where}, again: {found}"
    assert site.findings(pool) == []
    return old, new


def inside_lvm(with_repair):
    """What tells `each_cut` to kill inside LVM's commands instead of between them."""
    return {"cutter": lvmcuts.Cutter(), "sample": lvmcuts.all_suspended, "with_repair": with_repair}


def repaired(site, pool):
    """What a repair of the pool leaves, as findings."""
    result = site.run("pool-check", pool, "--repair", "--json")
    assert result.status == DONE, f"not repaired: {result}"
    findings = document(result.out)["findings"]
    return site.findings(pool) if any(finding["repaired"] for finding in findings) else findings


class ThinPools(Backend):
    """Pools of type logical with driver lvm_thin: thin pools of several groups, taken in turn, because pools of one
    group cannot have volumes of the same name. They are used again by the next test, emptied."""

    name = "lvm_thin"
    abilities = frozenset({"history", "origin-snapshot", "thin"})
    counts_revisions = False

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
