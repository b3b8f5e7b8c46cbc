"""Kills the commands about secrets before each change they make."""

import faults
import pytest
from conftest import Stage
from test_cuts import no_temporary_files
from tools import DONE, NOT_FOUND

pytestmark = pytest.mark.usefixtures("faults")

UUID = "c4f1a3de-0000-4000-8000-000000000001"
DEFINE = ("secret-define", "@IMAGES@/secret.xml")
DEFINE_EPHEMERAL = ("secret-define", "@IMAGES@/ephemeral.xml")
SET = ("secret-set-value", UUID, "--plain", "--file", "@IMAGES@/value")
SET_OTHER = ("secret-set-value", UUID, "--plain", "--file", "@IMAGES@/other")
UNDEFINE = ("secret-undefine", UUID)

# name: what is done before, the command, and what the same command may answer when its effect was there
COMMANDS = {
    "define": ((), DEFINE, (DONE,)),
    "redefine": ((DEFINE, SET), DEFINE_EPHEMERAL, (DONE,)),
    "set": ((DEFINE,), SET, (DONE,)),
    "set-again": ((DEFINE, SET), SET_OTHER, (DONE,)),
    "undefine": ((DEFINE, SET), UNDEFINE, (DONE, NOT_FOUND)),
    "undefine-ephemeral": ((DEFINE_EPHEMERAL, SET), UNDEFINE, (DONE, NOT_FOUND)),
}


@pytest.fixture
def stage(scratch):
    """A root without a pool."""
    made = Stage(scratch, "plain")
    (made.folder / "root").mkdir(parents=True)
    for name, ephemeral in (("secret", "no"), ("ephemeral", "yes")):
        (made.images / f"{name}.xml").write_text(
            f"<secret ephemeral='{ephemeral}'><uuid>{UUID}</uuid><usage type='volume'><volume>v</volume></usage></secret>"
        )
    for name in ("value", "other"):
        (made.images / name).write_text(name)
    return made


def fill(stage, command):
    return [part.replace("@IMAGES@", str(stage.images)) for part in command]


def picture(stage):
    """Every secret with what is known of it, and the files of values with what they hold."""
    listed = stage.site.json("secret-list")["secrets"]
    values = {path.name: path.read_text() for path in stage.folder.rglob("*.value")}
    return sorted(map(str, listed)), values


@pytest.mark.parametrize("name", COMMANDS)
def test_secret_command(stage, name):
    """A secret is as it was or as it is to be, with one value, and no value is left without its secret."""
    before, command, answers = COMMANDS[name]
    command = fill(stage, command)
    for line in before:
        stage.site.ok(*fill(stage, line))
    stage.save("before")
    old = picture(stage)
    places = faults.places(stage.site, stage.images / "log", *command)
    new = picture(stage)
    assert places and old != new
    failures = []
    for number, place in enumerate(places, 1):
        stage.restore("before")
        try:
            faults.cut(stage.site, number, *command)
            secrets, values = picture(stage)
            assert set(values.values()) <= {"value", "other"}, "a value is torn"
            assert len(secrets) <= 1
            for path in stage.folder.rglob("*.value*"):
                assert path.stat().st_mode & 0o077 == 0, "others can read a value"
            again = stage.site.run(*command)
            assert again.status in answers, f"again: {again}"
            if again.status == NOT_FOUND:
                # The next change clears what the cut left behind.
                stage.site.ok(*fill(stage, DEFINE))
                stage.site.ok(*UNDEFINE)
            assert picture(stage) == new, f"after running it again: {picture(stage)}; expected {new}"
            no_temporary_files(stage.folder / "root" / "etc")
        except AssertionError as error:
            failures.append(f"cut {number} before {place}: {error}")
    assert not failures, f"{len(failures)} of {len(places)} cuts:\n" + "\n".join(failures[:8])
