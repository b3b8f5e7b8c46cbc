"""The same command lines through virsh and through the commands, on two equal folders.

stdout and success must be equal; where virsh fails, the words of libvirt's own message must stand in
ours. Deviations that are meant are listed in differences.py, each with its reason; one that no longer
occurs fails, too."""

import os
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from differences import DIFFERENCES, EVERYWHERE
from flag_scenarios import LONG
from libvirtdaemon import UUID
from scenarios import SCENARIOS

# virsh puts the verb that failed first; libvirt's message follows, after the name of its class.
CLASSES = re.compile(
    r"^(internal error|operation failed|Requested operation is not valid|XML error|invalid argument|"
    r"unsupported configuration|Storage pool not found|Storage volume not found|invalid storage volume "
    r"pointer in|this function is not supported by the connection driver|"
    r"XML document failed to validate against schema|storage volume .* exists already|"
    r"numerical overflow|Operation not supported|unsupported flags|pool|An error occurred, but the cause is unknown): "
)
used: set = set()


class Side:
    """One of the two: its runner, its folder, and the UUIDs it has printed so far."""

    def __init__(self, runner, folder):
        self.runner, self.folder, self.uuids = runner, folder, {}
        folder.mkdir()

    def run(self, line):
        words = [self.fill(word) for word in line.split(" ")]
        others = getattr(line, "others", ())
        environment = getattr(line, "environment", None)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(
                self.runner.run, words[0], *words[1:], cwd=self.folder, environment=environment
            )
            if others:
                # Until it waits; neither side says when that is.
                time.sleep(1.5)
            for other in others:
                self.run(other)
            return waiting.result()

    def fill(self, word):
        for uuid, name in self.uuids.items():
            word = word.replace(name, uuid)
        return word.replace("@D@", str(self.folder))

    def normal(self, text):
        text = text.replace(str(self.folder), "@D@")
        return UUID.sub(lambda m: self.uuids.setdefault(m[0], f"@UUID{len(self.uuids) + 1}@"), text)


def everywhere(text):
    """The text with what differs in every scenario for one known reason replaced."""
    for name, (pattern, replacement, _) in EVERYWHERE.items():
        text, count = re.subn(pattern, replacement, text)
        if count:
            used.add(name)
    return text


def message(error):
    """libvirt's own message out of virsh's stderr, and virsh's where there is no other."""
    # Of a message of several lines (a quoted document and a mark below it) the first is the message.
    lines = [line for line in error.splitlines() if line.startswith("error: ")]
    text = lines[-1].removeprefix("error: ") if lines else ""
    while match := CLASSES.match(text):
        text = text[match.end() :]
    # Names of its C functions and variables are of no use to anybody.
    return re.sub(r"^\(\w+\):\d+: |^uuidstr in vir\w+ ", "", text)


def compare(theirs, ours, left, right):
    """The ways in which two runs of a line differ: a set of stdout, status, stderr."""
    found = {}
    a, b = (everywhere(side.normal(run.out)) for side, run in ((left, theirs), (right, ours)))
    if theirs.status != 0:
        # Where it fails, virsh prints an empty line.
        a, b = a.strip(), b.strip()
    if a != b:
        found["stdout"] = f"virsh printed:\n{a}we printed:\n{b}"
    if (theirs.status == 0) != (ours.status == 0):
        found["status"] = f"virsh: {theirs}\nwe: {ours}"
    elif theirs.status != 0:
        words = everywhere(left.normal(message(theirs.err)))
        if words.lower() not in everywhere(right.normal(ours.err)).lower():
            found["stderr"] = f"virsh said: {words}\nwe said: {right.normal(ours.err)}"
    return found


@pytest.mark.limit(900)
@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name, virsh, site, scratch):
    if name.startswith(LONG) and not os.environ.get("CISTERN_LONG"):
        pytest.skip("takes minutes: make test-interop-long")
    left, right = Side(virsh, scratch / "left"), Side(site, scratch / "ours")
    wrong = []
    try:
        for line in SCENARIOS[name]:
            if callable(line):
                for side in (left, right):
                    try:
                        line(side.folder)
                    except (AssertionError, OSError, subprocess.CalledProcessError) as error:
                        wrong.append(f"{name}: {side.folder.name}: {line.__name__}: {error}")
                continue
            wrong += judge(name, line, left, right)
    finally:
        virsh.forget()
    assert not wrong, "\n\n".join(wrong)


def judge(name, line, left, right):
    """Runs one line on both sides; returns what is wrong about the outcome."""
    theirs, ours = left.run(line), right.run(line)
    found = compare(theirs, ours, left, right)
    meant = DIFFERENCES.get((name, line), {})
    anywhere = DIFFERENCES.get((name, "*"), {})
    wrong = []
    for channel, text in found.items():
        if channel in anywhere and channel not in meant:
            used.add((name, channel))
        elif channel not in meant:
            wrong.append(f"{name}: {line}\n{channel} differs: {text}")
    for channel in meant:
        if channel not in found:
            wrong.append(f"{name}: {line}\n{channel} no longer differs; take it off the list")
    return wrong


def test_there_are_enough_steps(record_property):
    """A step is one command line that is run through both."""
    steps = sum(isinstance(line, str) for lines in SCENARIOS.values() for line in lines)
    record_property("steps", steps)
    print(f"{steps} steps in {len(SCENARIOS)} scenarios")
    assert steps >= 300


def test_every_listed_difference_belongs_to_a_line():
    for scenario, line in DIFFERENCES:
        assert line == "*" or line in SCENARIOS[scenario], f"{scenario}: {line}"
    for channels in DIFFERENCES.values():
        assert all(reason.strip() for reason in channels.values())


def test_every_general_difference_occurred():
    """Runs last in this file: each replacement was needed at least once."""
    if not used:
        pytest.skip("no scenario was run")
    general = {(name, channel) for (name, line), all in DIFFERENCES.items() if line == "*" for channel in all}
    assert used == set(EVERYWHERE) | general
