"""Kills every command on a pool of a driver process before each change that it makes, and the driver before each of its own.

After each cut `pool-check --repair` tidies up, the volume holds the old or the new, and the same command then does its work."""

import os
import shutil

import contents
import faults
import pytest
from tools import DONE, EXISTS, MIB, NOT_FOUND, PROBLEMS, REPOSITORY, Site, tree

pytestmark = [
    pytest.mark.usefixtures("faults"), pytest.mark.limit(240),
    pytest.mark.skipif(os.geteuid() != 0, reason="what root asks of the owner of a driver takes root"),
]

#: Each command, and the statuses with which it may end when it is given again after a cut.
COMMANDS = {
    "create": (("vol-create-as", "p", "other", MIB), (DONE, EXISTS)),
    "clone": (("vol-clone", "a", "other", "--pool", "p"), (DONE, EXISTS)),
    "start": (("vol-start", "a", "--pool", "p", "--if-stopped"), (DONE,)),
    "stop": (("vol-stop", "b", "--pool", "p"), (DONE,)),
    "discard": (("vol-stop", "b", "--pool", "p", "--discard"), (DONE,)),
    "import": (("vol-import", "a", "@IMAGE@", "--pool", "p"), (DONE,)),
    "revert": (("vol-revert", "a", "--pool", "p", "--revision", "1"), (DONE,)),
    "rename": (("vol-rename", "a", "other", "--pool", "p"), (DONE, NOT_FOUND)),
    "resize": (("vol-resize", "a", 2 * MIB, "--pool", "p"), (DONE,)),
    "wipe": (("vol-wipe", "a", "--pool", "p"), (DONE,)),
    "set": (("vol-set", "a", "revisions_to_keep", "3", "--pool", "p"), (DONE,)),
    "delete": (("vol-delete", "a", "--pool", "p"), (DONE, NOT_FOUND)),
}
#: Each run starts Python many times: the suite has some of them, `make storms` all.
NAMES = list(COMMANDS) if os.environ.get("CISTERN_KILLS") else ["create", "stop", "delete"]
#: Those that go on from where the cut was, and so may make one revision more.
ADDING = {"import", "revert", "stop"}


class Stage:
    """A pool with a stopped volume `a`, which has a revision, and a started one, `b`; and how all was at one moment."""

    def __init__(self, folder):
        self.folder = folder
        drivers = folder / "drivers"
        drivers.mkdir(mode=0o755)
        shutil.copy(REPOSITORY / "examples" / "cistern-driver-folder", drivers)
        self.site = Site(folder / "root", environment={"CISTERN_DRIVERS": str(drivers)})
        self.site.root.mkdir()
        self.site.ok(
            "pool-define-as", "p", "dir", "--target", folder / "pool", "--driver", "folder", "--revisions-to-keep=2"
        )
        self.site.ok("pool-build", "p")
        self.site.ok("pool-start", "p")
        for name in ("a", "b"):
            self.site.ok("vol-create-as", "p", name, MIB)
            contents.put(self.site.ok("vol-start", name, "--pool", "p").strip(), f"{name} one")
            self.site.ok("vol-stop", name, "--pool", "p")
        contents.put(self.site.ok("vol-start", "b", "--pool", "p").strip(), "b two")
        self.image = contents.image(folder / "image", MIB, at0="imported")
        self.parts = [self.site.root, folder / "pool"]
        for part in self.parts:
            shutil.copytree(part, folder / "saved" / part.name, symlinks=True)

    def restore(self):
        """Everything as it was."""
        for part in self.parts:
            shutil.rmtree(part)
            # Times are kept: they tell whether a source has moved on.
            shutil.copytree(self.folder / "saved" / part.name, part, symlinks=True)

    def picture(self):
        """Each volume with what it is, what it holds, and what its revisions hold."""
        found = {}
        for volume in self.site.json("vol-list", "p", "--details")["volumes"]:
            name = volume["name"]
            held = [self.text(name)]
            held += [self.text(name, str(one["number"])) for one in self.site.revisions(name, "p")]
            found[name] = (volume["state"], volume["capacity"], volume["revisions_to_keep"], held)
        return found

    def text(self, name, revision=None):
        """What is at the start of the committed state, or of a revision."""
        out = self.folder / "out"
        out.unlink(missing_ok=True)
        self.site.ok("vol-export", name, out, "--pool", "p", *(["--revision", revision] if revision else []))
        return contents.get(out)


@pytest.fixture(name="stage")
def fixture_stage(scratch):
    """Such a pool."""
    return Stage(scratch)


def states(picture):
    """All that volumes are, without the history of them."""
    return {name: (state, size, keep, held[0]) for name, (state, size, keep, held) in picture.items()}


def after_cut(stage, name, old, new, again, command):
    """What must hold after a cut, wherever it was."""
    result = stage.site.run("pool-check", "p", "--repair")
    assert result.status in (DONE, PROBLEMS), result
    kinds = {finding["kind"] for finding in stage.site.findings("p")}
    assert kinds <= {"uncommitted", "incomplete-content"}, kinds
    if not kinds:
        found = states(stage.picture())
        for volume, facts in found.items():
            assert facts in (states(old).get(volume), states(new).get(volume)), (volume, facts)
        for volume in set(states(old)) & set(states(new)):
            assert volume in found, f"volume '{volume}' is lost"
    result = stage.site.run(*command)
    assert result.status in again, f"again: {result}"
    result = stage.site.run("pool-check", "p", "--repair")
    assert result.status in (DONE, PROBLEMS), result
    assert not stage.site.findings("p")
    found = stage.picture()
    assert states(found) == states(new), "running it again did not get there"
    if name not in ADDING:
        assert found == new
    private = {path for path in tree(stage.folder / "pool") if path.endswith(("~", "/new"))}
    assert not private


def words_of(stage, name):
    """The command of a case, and the statuses of its repetition."""
    command, again = COMMANDS[name]
    return [stage.image if word == "@IMAGE@" else word for word in command], again


@pytest.mark.parametrize("name", NAMES)
def test_our_side_is_killed(stage, name):
    """Before each of its changes: requests to the driver among them."""
    command, again = words_of(stage, name)
    old = stage.picture()
    places = faults.places(stage.site, stage.folder / "log", *command)
    new = stage.picture()
    assert "driver request" in places
    failures = []
    for number, place in enumerate(places, 1):
        stage.restore()
        try:
            faults.cut(stage.site, number, *command)
            after_cut(stage, name, old, new, again, command)
        except AssertionError as error:
            failures.append(f"cut {number} before {place}: {error}")
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("name", NAMES)
def test_the_driver_is_killed(stage, name):
    """Before each of its changes: our side says so in one error, and nothing is lost."""
    command, again = words_of(stage, name)
    old = stage.picture()
    stage.site.ok(*command)
    new = stage.picture()
    failures = []
    for number in range(1, 100):
        stage.restore()
        result = stage.site.run(*command, environment={"CISTERN_DRIVER_FAULT": str(number)})
        if result.status == DONE:
            break
        try:
            assert "driver 'folder' was ended by signal 9" in result.err, result
            assert result.err.count("\n") <= 2, result
            after_cut(stage, name, old, new, again, command)
        except AssertionError as error:
            failures.append(f"driver's cut {number}: {error}")
    else:
        failures.append("it never came to its end")
    assert number > 1, "the driver was never cut"
    assert not failures, "\n".join(failures)
