"""Lets the calls by which a command looks at the machine fail, one after the other.

An error is never taken for an absence: a command that says that it is done has done its work whole, and one that fails
has said so, has changed nothing or all of a volume's content, and leaves nothing that pool-check does not name."""

import os
import shutil

import contents
import injections
import pytest
from conftest import IN_PLACE, SIZE, SNAPSHOT, VOLATILE, VOLUME, Stage
from tools import DONE, PROBLEMS

#: One of how many calls is tried in `make check`. `make failing-looks` tries all, and all kinds of errors.
STRIDE = 1 if os.environ.get("CISTERN_ALL") else 13
ERRORS = injections.ERRORS if os.environ.get("CISTERN_ALL") else ("EIO",)

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")


def on(tool, volume, *arguments):
    return (tool, volume, *arguments, "--pool", "p")


DIRTY, PLAIN, QCOW2 = "dirty", "d", "q"
COMMANDS = {
    "stop": on("vol-stop", DIRTY),
    "discard": on("vol-stop", DIRTY, "--discard"),
    "start": on("vol-start", VOLUME),
    "start-volatile": on("vol-start", VOLATILE),
    "start-snapshot": on("vol-start", SNAPSHOT),
    "delete": on("vol-delete", PLAIN),
    "clone": on("vol-clone", VOLUME, "c"),
    "clone-qcow2": on("vol-clone", QCOW2, "c"),
    "save-on-stop": on("vol-set", VOLATILE, "save_on_stop", "yes"),
    "set": on("vol-set", VOLUME, "revisions_to_keep", "1"),
    "wipe": on("vol-wipe", IN_PLACE),
    "wipe-qcow2": on("vol-wipe", QCOW2),
    "import": on("vol-import", VOLUME, "@IMAGES@/image"),
    "upload": on("vol-upload", IN_PLACE, "@IMAGES@/part"),
    "revert": on("vol-revert", VOLUME),
    "resize": on("vol-resize", VOLUME, str(2 * SIZE)),
    "resize-qcow2": on("vol-resize", QCOW2, str(2 * SIZE)),
    "create": ("vol-create-as", "p", "n", str(SIZE)),
    "create-qcow2": ("vol-create-as", "p", "n", str(SIZE), "--format", "qcow2"),
    "create-overlay": (
        "vol-create-as", "p", "n", "0", "--format", "qcow2", "--backing-vol", QCOW2, "--backing-vol-format", "qcow2"
    ),
    "repair": ("pool-check", "p", "--repair"),
    "define": ("pool-define", "@IMAGES@/n.xml"),
    "undefine": ("pool-undefine", "u"),
    "autostart": ("pool-autostart", "u"),
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A stage with a dirty volume, one with an own revision, an image and a pool that is not started."""
    folder = tmp_path_factory.mktemp("looks")
    stage = Stage(folder, "plain")
    stage.make()
    contents.image(stage.images / "image", SIZE, at0="imported")
    ok = stage.site.ok
    sparse = [str(SIZE), "--allocation", "0"]
    for name in (DIRTY, PLAIN):
        ok("vol-create-as", "p", name, *sparse)
        contents.put(ok("vol-start", name, "--pool", "p").strip(), "one")
        if name == PLAIN:
            ok("vol-stop", name, "--pool", "p")
    ok("vol-create-as", "p", QCOW2, *sparse, "--format", "qcow2")
    (stage.images / "n.xml").write_text(
        "<pool type='dir'><name>n</name><uuid>6a2f4e6e-5a0f-4f0c-8f5e-2f0f6f0b7a11</uuid>"
        "<target><path>/new</path></target></pool>"
    )
    ok("pool-define-as", "u", "dir", "--target", "/unused")
    (stage.pool / ".cistern-new-~abcdefgh").write_bytes(b"left")
    stage.save()
    yield stage
    shutil.rmtree(folder)


@pytest.mark.limit(900)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_failed_look_is_an_error(made, scratch, name):
    command = [str(word).replace("@IMAGES@", str(made.images)) for word in COMMANDS[name]]
    made.restore()
    before = injections.fingerprint(made.folder)
    looks, done = injections.calls(made.site, scratch / "log", *command)
    assert done.returncode == DONE, done.stderr
    after = injections.fingerprint(made.folder)
    made.restore()
    assert len(looks) > 20
    wrong = []
    for number, (call, count, line) in enumerate(looks):
        if number % STRIDE:
            continue
        for error in ERRORS:
            ended = injections.inject(made.site, call, count, error, *command)
            now = injections.fingerprint(made.folder)
            if problem := judged(made.site, ended, before, after, now):
                wrong.append(f"{error} from {line[:150]}\n  [{ended.returncode}] {ended.stderr.decode()}  {problem}")
            if now != before:
                made.restore()
    assert not wrong, f"{len(wrong)} of {len(looks)}:\n" + "\n".join(wrong)


def judged(site, ended, before, after, now):
    """What is wrong with what a command with a failed look did; None where nothing is."""
    if ended.returncode == DONE:
        rest = injections.difference(after, now)
        return f"says that it is done, and is not: {rest}" if rest else None
    if not ended.stderr and not ended.stdout:
        return "fails without a word"
    strange = {path: pair for path, pair in injections.difference(before, now).items() if pair[1] != after.get(path)}
    gone = {path for path in strange if now.get(path) is None}
    if gone:
        return f"has lost {gone}"
    if strange and site.run("pool-check", "p").status != PROBLEMS:
        return f"has left what pool-check does not name: {strange}"
    return None
