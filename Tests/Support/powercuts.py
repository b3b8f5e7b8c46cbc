"""A session with one volume whose every state is known, and what has to be found after a loss of power in it.

While the session runs each step sets a mark in the disk's log. Whatever the disk holds at a cut, the
recovery rule has to yield the state before or after the step that the cut fell into, whole: the committed content,
every revision and what was written to a started volume are compared by digest."""

import hashlib
import json
import os
import random
import shutil
from dataclasses import dataclass, replace

from tools import DONE, MIB, PROBLEMS

SIZE = MIB
BLOCK = 4096
KEPT = 2
POOL, VOLUME = "p", "v"
AFTERWARDS = "afterwards"
#: A working copy with anything in it.
ANYTHING = "anything"


def content(text):
    """The bytes of a volume that the text stands for; every block is another one."""
    blocks = (hashlib.sha256(f"{text}:{number}".encode()).digest() for number in range(SIZE // BLOCK))
    return b"".join(digest * (BLOCK // len(digest)) for digest in blocks)


def fill(path, text):
    """Writes all of a started volume and waits until it is on disk."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.pwrite(descriptor, content(text), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class State:
    """A volume: the texts of its committed state, of its revisions, oldest first, and of its working copy."""

    committed: str = ""
    revisions: tuple = ()
    working: str | None = None

    def after(self, step, text):
        """The state that a step leaves."""
        left = (*self.revisions, self.committed)
        if step == "start":
            return replace(self, working=self.committed)
        if step == "write":
            return replace(self, working=text)
        if step == "stop":
            return State(self.working, left[-KEPT:])
        if step == "discard":
            return replace(self, working=None)
        if step == "import":
            return State(text, left[-KEPT:])
        assert step == "revert", step
        return State(self.revisions[0], left)  # which prunes nothing


def session(rounds):
    """The steps of a session, and the states before, between and after them."""
    steps = []
    for number in range(rounds):
        steps += [("start", ""), ("write", f"written {number}"), ("stop", "")]
        steps += [("import", f"imported {number}"), ("revert", "")]
        steps += [("start", ""), ("write", f"dropped {number}"), ("discard", "")]
    states = [State()]
    for step in steps:
        states.append(states[-1].after(*step))
    return steps, states


class Machine:
    """The commands on one pool with the volume; `define(site)` defines the pool, which starts as after a boot."""

    def __init__(self, site, define):
        self.site, self.define = site, define
        self.device = None
        self.names = {hashlib.sha256(bytes(SIZE)).hexdigest(): ""}

    def learn(self, steps):
        """The texts that content is told by."""
        for text in [AFTERWARDS, *(text for _, text in steps)]:
            self.names[hashlib.sha256(content(text)).hexdigest()] = text

    def boot(self):
        """Forgets what belongs to a boot, and starts the pool."""
        shutil.rmtree(self.site.root / "run", ignore_errors=True)
        if not (self.site.root / "etc").exists():
            self.site.root.mkdir(exist_ok=True)
            self.define(self.site)
        self.site.ok("pool-start", POOL)

    def do(self, step, text):
        """Carries a step out."""
        site = self.site
        if step == "start":
            self.device = site.ok("vol-start", VOLUME, "--pool", POOL).strip()
        elif step == "write":
            fill(self.device, text)
        elif step == "import":
            site.ok("vol-import", VOLUME, "-", "--keep-size", "--pool", POOL, stdin=content(text))
        elif step == "revert":
            oldest = str(site.revisions(VOLUME, POOL)[0]["number"])
            site.ok("vol-revert", VOLUME, oldest, "--pool", POOL)
        else:
            site.ok("vol-stop", VOLUME, *(["--discard"] if step == "discard" else []), "--pool", POOL)

    def record(self, rounds, mark):
        """Runs the session, with a mark before each step and at the end."""
        steps, states = session(rounds)
        self.learn(steps)
        for number, step in enumerate(steps):
            mark(str(number))
            self.do(*step)
        mark(str(len(steps)))
        found = self.found()
        assert found == states[-1], f"found {found}, wanted {states[-1]}"

    def text(self, data):
        """The text that content stands for."""
        return self.names.get(hashlib.sha256(data).hexdigest(), "damaged content")

    def exported(self, *words):
        """The text of the committed state or of a revision."""
        result = self.site.run("vol-export", VOLUME, "-", "--pool", POOL, *words)
        return self.text(result.data) if result.status == DONE else str(result)

    def found(self):
        """The state of the volume as the commands tell it. A working copy is dropped."""
        committed = self.exported()
        numbers = [one["number"] for one in self.site.revisions(VOLUME, POOL)]
        assert numbers == sorted(set(numbers)), f"revisions out of order: {numbers}"
        revisions = tuple(self.exported("--revision", str(number)) for number in numbers)
        working = None
        if self.site.volume(VOLUME, POOL)["state"] != "clean":
            self.do("start", "")
            with open(self.device, "rb") as device:
                working = self.text(device.read())
            self.do("discard", "")
        return State(committed, revisions, working)

    def examine(self, wanted, thoroughly=True):
        """What is wrong after a loss of power, as a list of sentences: the repair, then the content; where it is done
        thoroughly, also a session afterwards."""
        try:
            self.boot()
            result = self.site.run("pool-check", POOL, "--repair", "--json")
            assert result.status in (DONE, PROBLEMS), f"not repaired: {result}"
            findings = json.loads(result.out)["findings"]
            if any(finding["repaired"] for finding in findings):
                findings = self.site.findings(POOL)
            left = {finding["kind"] for finding in findings} - {"uncommitted"}
            problems = [f"left by the repair: {sorted(left)}"] if left else []
            found = self.found()
            if not any(agree(found, state) for state in wanted):
                problems.append(f"found {found}, wanted one of {wanted}; repaired: {result.out}")
            if thoroughly:
                self.go_on()
        except AssertionError as problem:
            return [str(problem)]
        return problems

    def go_on(self):
        """A session after the repair."""
        if self.site.volume(VOLUME, POOL)["state"] != "clean":
            self.do("start", "")
            self.do("discard", "")
        self.do("start", "")
        self.do("write", AFTERWARDS)
        self.do("stop", "")
        assert self.exported() == AFTERWARDS, "a session afterwards was not committed"
        assert self.site.findings(POOL) == [], "a session afterwards left something"


def agree(found, wanted):
    """Whether a state is the wanted one; older revisions that a killed commit had not removed yet may be there."""
    kept = wanted.revisions
    if found.committed != wanted.committed or found.revisions[len(found.revisions) - len(kept) :] != kept:
        return False
    return found.working == wanted.working or wanted.working == ANYTHING


def acceptable(mark, steps, states):
    """The states that may be found where this is the last mark: before and after the step that began with it. What a
    step did is durable when it has ended."""
    number = int(mark or 0)
    before = states[number]
    if number == len(steps):
        return [before]
    if steps[number][0] == "write":
        return [before, replace(before, working=ANYTHING)]
    return [before, states[number + 1]]


def sample(cuts, count, seed=1):
    """So many of the cuts, spread over the session; all of them where the number is None."""
    if count is None or count >= len(cuts):
        return list(cuts)
    chance = random.Random(seed)
    width = len(cuts) / count
    return [cuts[int(place * width + chance.random() * width)] for place in range(count)]
