"""Kills at random moments, and many commands at once."""

import os
import random
import subprocess
import time

import contents
import pytest
from conftest import SIZE, VOLUME
from mutations import (
    POOLS, VOLUMES, Operation, fill, on, pool_after_cut, pool_picture, prepare, rename_after_cut, take, volume_after_cut,
)
from tools import BUSY, DONE, EXISTS, LOCKED, NOT_FOUND, PROBLEMS, Site

SEED = int(os.environ.get("CISTERN_SEED", "0")) or int(time.time())
ROUNDS = 40
#: How often each command is killed; 0 for a few commands, once each.
KILLS = int(os.environ.get("CISTERN_KILLS", "0"))
RENAME = Operation(on("vol-rename", "i", "w"), volume="i")
COMMANDS = {**VOLUMES, **POOLS, "rename": RENAME}
NAMES = list(COMMANDS) if KILLS else random.Random(SEED).sample(list(COMMANDS), 8)


def committed(stage, name=VOLUME):
    """What the volume's committed state begins with."""
    target = stage.images / "out"
    target.unlink(missing_ok=True)
    stage.site.ok("vol-export", name, target, "--pool", "p")
    assert os.path.getsize(target) == SIZE
    return contents.get(target)


def kill_after(process, seconds):
    """Kills the process unless it ends before; returns its status."""
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate(timeout=10)
    return process.returncode


@pytest.mark.limit(180)
def test_kills_at_random(stage):
    """What was acknowledged is there, what was cut is old or new, and everything can be tidied."""
    chance = random.Random(SEED)
    print(f"CISTERN_SEED={SEED}")
    site = stage.site
    present = committed(stage)
    for number in range(ROUNDS):
        text = f"round {number}"
        verb = chance.choice(("commit", "import", "revert", "resize"))
        possible = {present}
        if verb == "commit":
            if site.volume(VOLUME, "p")["state"] != "running":
                site.ok("vol-start", VOLUME, "--pool", "p")
            [device] = stage.pool.rglob("dirty" if stage.driver == "plain" else f"{VOLUME}-dirty.img")
            contents.put(device, text)
            command = ["vol-stop", VOLUME]
            effect = text
        elif verb == "import":
            site.ok("vol-stop", VOLUME, "--discard", "--pool", "p")
            contents.image(stage.images / "image", SIZE, at0=text)
            command = ["vol-import", VOLUME, stage.images / "image"]
            effect = text
        elif verb == "revert":
            site.ok("vol-stop", VOLUME, "--discard", "--pool", "p")
            revisions = site.revisions(VOLUME, "p")
            if not revisions:
                continue
            revision = chance.choice(revisions)["number"]
            target = stage.images / "revision"
            target.unlink(missing_ok=True)
            site.ok("vol-export", VOLUME, target, "--revision", revision, "--pool", "p")
            command = ["vol-revert", VOLUME, revision]
            effect = contents.get(target)
        else:
            site.ok("vol-stop", VOLUME, "--discard", "--pool", "p")
            command = ["vol-resize", VOLUME, str(SIZE)]
            effect = present
        process = site.start(*command, "--pool", "p")
        status = kill_after(process, chance.uniform(0.001, 0.04))
        possible = {effect} if status == 0 else {present, effect}
        check = site.run("pool-check", "p")
        assert check.status in (DONE, PROBLEMS), f"{verb}: {check}"
        if chance.random() < 0.5:
            site.run("pool-check", "p", "--repair")
        now = committed(stage)
        assert now in possible, f"round {number}, {verb}: {now!r}, not one of {possible}"
        present = now
    site.ok("vol-stop", VOLUME, "--discard", "--pool", "p")
    site.ok("pool-check", "p", "--repair")
    assert site.run("pool-check", "p").out.strip() == "Pool p is clean"


@pytest.mark.limit(60 + 10 * KILLS)
@pytest.mark.parametrize("name", NAMES)
def test_a_command_killed_at_random(stage, name):
    """At any instant, not only between two changes; and the repair that follows is sometimes killed, too."""
    operation = COMMANDS[name]
    if operation.only not in (None, stage.driver):
        pytest.skip(f"only pools of driver {operation.only} can do it")
    chance = random.Random(f"{SEED} {name} {stage.driver}")
    print(f"CISTERN_SEED={SEED}")
    command = fill(stage, operation.command)
    prepare(stage, operation)
    picture = pool_picture if name in POOLS else lambda stage: take(stage, operation.volume)
    old = picture(stage)
    begun = time.monotonic()
    stage.site.ok(*command)
    seconds = time.monotonic() - begun
    new = take(stage, "w") if name == "rename" else picture(stage)
    output = operation.output and stage.folder / "output"
    written = output and output.read_bytes()
    failures = []
    for _ in range(KILLS or 1):
        stage.restore("before")
        device = next(stage.pool.rglob("*dirty*"), None) if operation.write else None
        instant = chance.uniform(0, 1.1 * seconds)
        kill_after(stage.site.start(*command), instant)
        where = f"{name} after {instant * 1000:.2f} ms of {seconds * 1000:.2f}"
        if chance.random() < 0.3:
            instant = chance.uniform(0, 0.02)
            kill_after(stage.site.start("pool-check", operation.pool, "--repair"), instant)
            where += f", its repair after {instant * 1000:.2f} ms"
        try:
            assert not output or not output.exists() or output.read_bytes() == written, "half an output"
            if name == "rename":
                rename_after_cut(stage, "i", "w", new)
            elif name in POOLS:
                pool_after_cut(stage, operation, command, old, new)
            else:
                volume_after_cut(stage, operation, command, old, new, device)
        except AssertionError as error:
            failures.append(f"{where}: {error}")
    assert not failures, f"{len(failures)} of {KILLS or 1} kills:\n" + "\n".join(failures[:8])


WORKER = """
import os, random, subprocess, sys
programs, seed, images = sys.argv[1], int(sys.argv[2]), sys.argv[3]
chance = random.Random(seed)
for _ in range(int(sys.argv[4])):
    volume = chance.choice(["a", "b", "c"])
    verb = chance.choice(["create", "delete", "start", "stop", "discard", "import", "export", "revert",
                          "resize", "list", "info", "set", "check"])
    image = f"{images}/{chance.choice('xyz')}"
    line = {
        "create": ["vol-create-as", "p", volume, "65536", "--allocation", "0"],
        "delete": ["vol-delete", volume, "--pool", "p"],
        "start": ["vol-start", volume, "--pool", "p"],
        "stop": ["vol-stop", volume, "--pool", "p"],
        "discard": ["vol-stop", volume, "--discard", "--pool", "p"],
        "import": ["vol-import", volume, image, "--pool", "p"],
        "export": ["vol-export", volume, "-", "--pool", "p"],
        "revert": ["vol-revert", volume, "--pool", "p"],
        "resize": ["vol-resize", volume, "65536", "--pool", "p"],
        "list": ["vol-list", "p", "--details"],
        "info": ["vol-info", volume, "--pool", "p", "--json"],
        "set": ["vol-set", volume, "revisions_to_keep", chance.choice("0123"), "--pool", "p"],
        "check": ["pool-check", "p"],
    }[verb]
    done = subprocess.run([f"{programs}/{line[0]}", *line[1:]], capture_output=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    torn = verb == "export" and done.returncode == 0 and len(set(done.stdout)) > 1
    message = done.stderr.decode().strip().replace("\\n", " | ")
    print(done.returncode, "torn" if torn else "-", " ".join(line), message)
"""


@pytest.mark.limit(180)
def test_many_at_once(stage):
    """Six processes, three volumes, every command: each answers from its table, nothing is torn."""
    print(f"CISTERN_SEED={SEED}")
    for name in "xyz":
        (stage.images / name).write_bytes(name.encode() * 65536)
    workers = [
        subprocess.Popen(
            ["/usr/bin/python3", "-B", "-c", WORKER, stage.site.programs, str(SEED + n), stage.images, "25"],
            env=stage.site.surroundings(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(6)
    ]
    expected = {DONE, PROBLEMS, EXISTS, NOT_FOUND, BUSY}
    bad, good = [], 0
    for worker in workers:
        out, _ = worker.communicate(timeout=150)
        assert worker.returncode == 0
        for line in out.splitlines():
            status, torn, _ = line.split(" ", 2)
            good += status == "0"
            if int(status) not in expected or torn == "torn":
                bad.append(line)
    assert LOCKED not in expected and not bad, "\n".join(bad[:20])
    assert good > 20, "hardly anything succeeded"
    for name in "abc":
        result = stage.site.run("vol-stop", name, "--discard", "--pool", "p")
        assert result.status in (DONE, NOT_FOUND), result
    stage.site.ok("pool-check", "p", "--repair")
    assert stage.site.run("pool-check", "p").out.strip() == "Pool p is clean"


@pytest.mark.limit(240)
def test_thirty_two_at_once(scratch):
    """32 creates, then 32 clones, then 32 deletes, all at once: none fails, no volume is lost or left."""
    site = Site(scratch / "root")
    site.root.mkdir()
    site.ok("pool-define-as", "p", "dir", "--target", scratch / "p")
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")

    def all_at_once(lines):
        running = [(line, site.start(*line)) for line in lines]
        for line, process in running:
            _, error = process.communicate(timeout=200)
            assert process.returncode == DONE, f"{line}: {error.decode()}"

    def names():
        return {one["name"] for one in site.json("vol-list", "p")["volumes"]}

    numbers = range(32)
    kinds = ["raw", "raw", "raw", "qcow2"]
    create = ["vol-create-as", "p"]
    all_at_once(
        [*create, f"v{n}", "65536", "--allocation", "0", "--format", kinds[n % 4]] for n in numbers
    )
    assert names() == {f"v{n}" for n in numbers}
    # All of them from eight sources.
    all_at_once(["vol-clone", f"v{n % 8}", f"c{n}", "--pool", "p"] for n in numbers)
    assert names() == {f"v{n}" for n in numbers} | {f"c{n}" for n in numbers}
    for n in numbers:
        assert site.volume(f"c{n}", "p")["format"] == kinds[n % 8 % 4]
    all_at_once(["vol-delete", f"c{n}", "--pool", "p"] for n in numbers)
    assert names() == {f"v{n}" for n in numbers}
    assert site.findings("p") == []
