"""Lets the calls by which a command changes something fail, one after the other.

A command that fails has changed nothing, or says that its work is done all the same. Either way a volume is whole, with
its revisions and its record, and what is left over is known to pool-check, which completes what was begun."""

import os
import shutil

import contents
import injections
import pytest
from conftest import BOTH, LAYOUTS, SIZE, SNAPSHOT, VOLATILE, Stage
from filesystems import LoopFilesystem, unavailable
from tools import DONE

IS_WHOLE = bool(os.environ.get("CISTERN_ALL"))
#: One of how many calls is tried in `make check`. `make failing-looks` tries all, on each layout.
STRIDE = 1 if IS_WHOLE else 6

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")

STARTED, LONE, QCOW2 = "started", "r", "q"


def on(tool, volume, *arguments):
    return (tool, volume, *arguments, "--pool", "p")


#: What is tried whole each time: here the only copy of something has been lost, or was said to be where it was not.
ALWAYS_WHOLE = ("rename", "rename-volatile", "revert-discard", "delete-newest", "commit")
COMMANDS = {
    "rename": on("vol-rename", LONE, "n"),
    "rename-volatile": on("vol-rename", VOLATILE, "n"),
    "revert": on("vol-revert", LONE, "1"),
    "revert-discard": on("vol-revert", STARTED, "1", "--discard"),
    "clear": on("vol-clear", LONE),
    "commit": on("vol-commit", STARTED),
    "stop": on("vol-stop", STARTED),
    "stop-both": on("vol-stop", BOTH),
    "discard": on("vol-stop", STARTED, "--discard"),
    "start": on("vol-start", LONE),
    "start-several": on("vol-start", SNAPSHOT, LONE, VOLATILE),
    "import": on("vol-import", LONE, "@IMAGES@/image"),
    "set": on("vol-set", LONE, "revisions_to_keep", "5"),
    "set-save": on("vol-set", VOLATILE, "save_on_stop", "yes"),
    "set-save-not": on("vol-set", "empty", "save_on_stop", "no"),
    "delete-revision": on("vol-revisions", LONE, "--delete", "1"),
    # Its number goes on record.
    "delete-newest": on("vol-revisions", LONE, "--delete", "2"),
    "pin": on("vol-revisions", LONE, "--pin", "1"),
    "delete": on("vol-delete", LONE),
    "create": ("vol-create-as", "p", "n", str(SIZE), "--revisions-to-keep", "1"),
    "create-qcow2": ("vol-create-as", "p", "n", str(SIZE), "--format", "qcow2"),
    "create-folder": ("vol-create-as", "p", "n", "0", "--format", "dir"),
    "import-create": on("vol-import", "n", "@IMAGES@/image", "--create"),
    "clone": on("vol-clone", LONE, "n"),
    "clone-qcow2": on("vol-clone", QCOW2, "n"),
    "resize": on("vol-resize", LONE, str(2 * SIZE)),
    "resize-qcow2": on("vol-resize", QCOW2, str(2 * SIZE)),
    "resize-volatile": on("vol-resize", VOLATILE, str(2 * SIZE)),
    "define": ("pool-define", "@IMAGES@/n.xml"),
    "undefine": ("pool-undefine", "u"),
    "autostart": ("pool-autostart", "u"),
}  # fmt: skip
PLAIN_ONLY = {name for name in COMMANDS if name.endswith(("qcow2", "folder"))}
REFLINK_ONLY = {"commit"}


def layouts(name):
    """The layouts on which a command is tried."""
    if name in REFLINK_ONLY:
        return ["reflink"]
    if name in PLAIN_ONLY or not IS_WHOLE:
        return ["plain"]
    return list(LAYOUTS)


def prepare(stage):
    stage.make()
    ok = stage.site.ok
    sparse = [str(SIZE), "--allocation", "0"]
    for name in (LONE, STARTED):
        ok("vol-create-as", "p", name, *sparse, "--revisions-to-keep", "2")
        ok("vol-set", name, "rw", "yes", "--pool", "p")
        for text in ("one", "two"):
            contents.put(ok("vol-start", name, "--pool", "p").strip(), text)
            ok("vol-stop", name, "--pool", "p")
    ok("vol-create-as", "p", "empty", *sparse)
    if stage.driver == "plain":
        ok("vol-create-as", "p", QCOW2, *sparse, "--format", "qcow2")
    for name in (STARTED, BOTH):
        contents.put(ok("vol-start", name, "--pool", "p").strip(), "three")
    ok("pool-define-as", "u", "dir", "--target", "/unused")
    (stage.images / "n.xml").write_text(
        "<pool type='dir'><name>n</name><uuid>6a2f4e6e-5a0f-4f0c-8f5e-2f0f6f0b7a11</uuid>"
        "<target><path>/new</path></target></pool>"
    )
    stage.save()


@pytest.fixture
def made(request, scratch):
    """A stage with volumes that have revisions and a record, one of them in a session."""
    driver, kind = LAYOUTS[request.param]
    if kind is None:
        stage = Stage(scratch, driver)
        prepare(stage)
        yield stage
        return
    if reason := unavailable(kind):
        pytest.skip(reason)
    with LoopFilesystem(kind, scratch) as filesystem:
        stage = Stage(filesystem.path, driver)
        prepare(stage)
        yield stage


@pytest.mark.limit(900)
@pytest.mark.parametrize(
    ("made", "name"), [(layout, name) for name in COMMANDS for layout in layouts(name)], indirect=["made"]
)
def test_a_failed_change_is_none_or_is_told(made, scratch, name):
    command = [str(word).replace("@IMAGES@", str(made.images)) for word in COMMANDS[name]]
    made.restore()
    before = fingerprint(made)
    found, done = injections.calls(made.site, scratch / "log", *command, names=injections.CHANGES)
    assert done.returncode == DONE, done.stderr
    after = fingerprint(made)
    # What is written to the terminal changes nothing, and locks say nothing of volumes.
    changes = [one for one in found if "<pipe:" not in one[2] and "lock" not in one[2]]
    assert changes
    stride = 1 if name in ALWAYS_WHOLE else STRIDE
    made.restore()
    wrong = []
    for number, (call, count, line) in enumerate(changes):
        if number % stride != len(name) % stride:
            continue
        ended = injections.inject(made.site, call, count, "EIO", *command)
        if problem := judged(made, ended, before, after):
            wrong.append(f"EIO from {line[:150]}\n  [{ended.returncode}] {ended.stderr.decode()}  {problem}")
        made.restore()
    assert not wrong, f"{len(wrong)} of {len(changes)}:\n" + "\n".join(wrong)


def fingerprint(stage):
    """What is there, but for working copies that are prepared in advance: what becomes of them is nobody's loss."""
    found = injections.fingerprint(stage.folder)
    return {path: facts for path, facts in found.items() if not path.endswith("-precache.img")}


def judged(stage, ended, before, after):
    """What is wrong with what a command with a failed change did; None where nothing is."""
    now = fingerprint(stage)
    told = (ended.stderr + ended.stdout).decode()
    if "Traceback" in told or ended.returncode < 0:
        return "has died"
    if ended.returncode == DONE:
        rest = injections.difference(after, now)
        return f"says that it is done, and is not: {rest}" if rest else leftovers(stage)
    if "could not undo" in told:
        return "cannot undo what it did"
    if "it is done" not in told:
        rest = injections.difference(before, now)
        return f"has changed something: {rest}" if rest else leftovers(stage)
    stage.site.run("pool-check", "p", "--repair")
    now = fingerprint(stage)
    # Revisions beyond those that are kept go with the next change. What is remembered of a session is no part of it.
    lost = {path: pair for path, pair in injections.difference(after, now).items() if pair[0] and path[-8:] != "/session"}
    old = {path for path in now.keys() - after.keys() if path not in before}
    return f"is not done: {lost or old}" if lost or old else leftovers(stage)


def leftovers(stage):
    """What pool-check finds besides sessions that are not committed; None where there is nothing."""
    found = [one for one in stage.site.findings("p") if one["kind"] != "uncommitted"]
    return f"has left {found}" if found else None
