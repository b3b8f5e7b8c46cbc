"""Kills every state-changing command before each change it makes, one change after the other."""

from pathlib import Path

import contents
import faults
import pytest
from conftest import BOTH, IN_PLACE, SIZE, SNAPSHOT, VOLATILE, VOLUME
from mutations import (
    POOLS, START, VOLUMES, Operation, fill, no_temporary_files, on, pool_after_cut, pool_picture, prepare,
    rename_after_cut, repair, sha, take, volume_after_cut,
)  # fmt: skip
from tools import BUSY, DONE

pytestmark = pytest.mark.usefixtures("faults")


@pytest.mark.limit(240)
@pytest.mark.parametrize("name", VOLUMES)
def test_volume_command(stage, name):
    operation = VOLUMES[name]
    if operation.only not in (None, stage.driver):
        pytest.skip(f"only pools of driver {operation.only} can do it")
    command = fill(stage, operation.command)
    prepare(stage, operation)
    old = take(stage, operation.volume)
    places = faults.places(stage.site, stage.images / "log", *command)
    new = take(stage, operation.volume)
    output = operation.output and Path(operation.output.replace("@STAGE@", str(stage.folder)))
    written = output and output.read_bytes()
    # A command that changes nothing would make this test say nothing.
    assert places, "no fault point was passed"
    device = None
    if operation.write:
        stage.restore("before")
        [device] = [path for path in stage.pool.rglob("*dirty*")] or [None]

    failures = []
    for number, place in enumerate(places, 1):
        stage.restore("before")
        try:
            faults.cut(stage.site, number, *command)
            assert not output or not output.exists() or output.read_bytes() == written, "half an output"
            volume_after_cut(stage, operation, command, old, new, device)
            # A user who knows nothing of pool-check just types the command again.
            stage.restore("before")
            faults.cut(stage.site, number, *command)
            once_more(stage, operation, command, new)
        except AssertionError as error:
            failures.append(f"cut {number} before {place}: {error}")
    assert not failures, f"{len(failures)} of {len(places)} cuts:\n" + "\n".join(failures[:8])


def once_more(stage, operation, command, new):
    """The same command right after the cut, without a repair between them."""
    again = stage.site.run(*command)
    assert again.status in operation.again, f"without a repair: {again}"
    last = take(stage, operation.volume)
    assert (last.main, last.state, last.capacity) == (new.main, new.state, new.capacity), (
        f"without a repair: {last}; expected {new}"
    )
    repair(stage)
    no_temporary_files(stage.pool)


def cuts(stage, operation):
    """Restores and cuts a command once before each change that it makes; yields where."""
    command = fill(stage, operation.command)
    prepare(stage, operation)
    places = faults.places(stage.site, stage.images / "log", *command)
    assert places, "no fault point was passed"
    for number, place in enumerate(places, 1):
        stage.restore("before")
        faults.cut(stage.site, number, *command)
        yield f"cut {number} before {place}"


def states(stage, volume):
    """The content of each state that the volume has, by its identifier."""
    site = stage.site
    facts = site.volume(volume, "p")
    found = [(facts["state_id"], sha(site, volume))] if facts["state_id"] else []
    for one in site.revisions(volume, "p"):
        found.append((one["state_id"], sha(site, volume, "--revision", one["number"])))
    for state, digest in found:
        assert dict(found)[state] == digest, f"two states have {state}"
    return dict(found)


STATES = ("stop", "import", "revert", "revert-discard", "clear", "resize", "upload", "wipe-revisions")
STATES_IN_PLACE = ("import-in-place", "upload-in-place", "stop-in-place", "wipe")


@pytest.mark.limit(480)
@pytest.mark.parametrize("name", STATES + STATES_IN_PLACE)
def test_no_cut_leaves_a_state_with_the_identifier_of_another(stage, name):
    """With identifiers that were given in this folder: of what is copied into it they count no more."""
    operation = VOLUMES[name]
    volume = operation.volume
    # The sessions that are held first take the older revisions along.
    command = ["4" if part == "2" else part for part in fill(stage, operation.command)]

    def ready():
        stage.restore("base")
        for text in ("three", "four"):
            contents.put(stage.site.ok("vol-start", volume, "--pool", "p").strip(), text)
            stage.site.ok("vol-stop", volume, "--pool", "p")
        out = ""
        for before in operation.before:
            out = stage.site.ok(*fill(stage, before))
        known = states(stage, volume)
        if operation.write:
            contents.put(out.strip(), operation.write)
        return known

    def check(known, where):
        for state, digest in states(stage, volume).items():
            assert known.setdefault(state, digest) == digest, f"{where}: {state}"

    known = ready()
    places = faults.places(stage.site, stage.images / "log", *command)
    check(known, "uncut")
    for number, place in enumerate(places, 1):
        where = f"cut {number} before {place}"
        known = ready()
        faults.cut(stage.site, number, *command)
        if stage.site.volume(volume, "p")["state_id"] is not None:
            check(known, where)
        assert stage.site.run(*command).status in operation.again, where
        check(known, f"again after {where}")


@pytest.mark.limit(240)
@pytest.mark.parametrize("name", ["import", "stop", "clear"])
@pytest.mark.parametrize("following", ["vol-start", "vol-resize"])
def test_the_next_command_removes_what_an_interrupted_one_did_not(stage, name, following):
    more = {"vol-start": [], "vol-resize": [str(2 * SIZE)]}[following]
    for where in cuts(stage, VOLUMES[name]):
        # A session that is still there is refused to be started, and tidied up first all the same.
        assert stage.site.run(following, VOLUME, *more, "--pool", "p").status in (DONE, BUSY), where
        assert len(stage.site.revisions(VOLUME, "p")) <= 2, where
        assert "surplus-revisions" not in [one["kind"] for one in stage.site.findings("p")], where


@pytest.mark.limit(240)
def test_a_revert_keeps_every_revision_until_the_next_commit(stage):
    """What tells that revisions have to go is the interruption, not their number."""
    revert = on("vol-revert", VOLUME, "1")
    for where in cuts(stage, Operation(revert)):
        stage.site.ok(*revert)
        assert len(stage.site.revisions(VOLUME, "p")) >= 3, where
        stage.site.ok("vol-set", VOLUME, "rw", "no", "--pool", "p")
        assert len(stage.site.revisions(VOLUME, "p")) >= 3, where


@pytest.mark.limit(240)
def test_a_started_volatile_volume_keeps_its_new_size(stage):
    resize = on("vol-resize", VOLATILE, str(3 * SIZE))
    for where in cuts(stage, Operation(resize, before=(on("vol-start", VOLATILE),))):
        stage.site.ok(*resize)
        assert take(stage, VOLATILE).capacity == 3 * SIZE, where
        stage.site.ok("vol-stop", VOLATILE, "--pool", "p")
        assert take(stage, VOLATILE).capacity == 3 * SIZE, where


@pytest.mark.limit(240)
@pytest.mark.parametrize("is_changed", [True, False])
def test_an_interrupted_commit_knows_which_state_it_is_beside(stage, is_changed):
    """Another committed state, put there by somebody else, is never overwritten."""
    if stage.driver != "file-reflink":
        pytest.skip("only a reflink commits while a volume is started")
    commit = on("vol-commit", VOLUME)
    number = 0
    while True:
        # A copy of a session would be of other files than those that it remembers.
        stage.restore("base")
        contents.put(stage.site.ok(*START).strip(), "three")
        number += 1
        if stage.site.run(*commit, environment={"CISTERN_FAULT": str(number)}).status == DONE:
            break
        if is_changed:
            contents.put(stage.pool / f"{VOLUME}.img", "foreign")
            stage.site.refused(BUSY, "vol-stop", VOLUME, "--pool", "p")
            assert contents.get(stage.pool / f"{VOLUME}.img") == "foreign", number
        else:
            stage.site.ok("vol-stop", VOLUME, "--pool", "p")
            assert contents.get(stage.pool / f"{VOLUME}.img") == "three", number
    assert number > 5


@pytest.mark.limit(240)
@pytest.mark.parametrize("what", [VOLUME, IN_PLACE, VOLATILE])
def test_rename(stage, what):
    """After each cut the volume is whole under one of its two names, and after a repair nothing has the other."""
    before = (on("vol-delete", SNAPSHOT), on("vol-delete", BOTH)) if what == VOLUME else ()
    command = on("vol-rename", what, "w")
    prepare(stage, Operation(command, before=before))
    old = take(stage, what)
    places = faults.places(stage.site, stage.images / "log", *command)
    assert places and take(stage, what).main == ("absent",)
    new = take(stage, "w")
    assert new == old
    failures = []
    for number, place in enumerate(places, 1):
        stage.restore("before")
        try:
            faults.cut(stage.site, number, *command)
            rename_after_cut(stage, what, "w", old)
            # Without a repair, a new volume of the old name finds nothing of the old one.
            stage.restore("before")
            faults.cut(stage.site, number, *command)
            stage.site.run(*command)
            stage.site.ok("vol-create-as", "p", what, str(SIZE), "--allocation", "0", "--revisions-to-keep", "2")
            assert take(stage, what).revisions == []
            assert take(stage, "w") == old
        except AssertionError as error:
            failures.append(f"cut {number} before {place}: {error}")
    assert not failures, f"{len(failures)} of {len(places)} cuts:\n" + "\n".join(failures[:8])


@pytest.mark.limit(240)
@pytest.mark.parametrize("name", POOLS)
def test_pool_command(stage, name):
    operation = POOLS[name]
    command = fill(stage, operation.command)
    prepare(stage, operation)
    old = pool_picture(stage)
    places = faults.places(stage.site, stage.images / "log", *command)
    new = pool_picture(stage)
    if name == "redefine":
        return  # changes nothing, which prepare() and places() have shown
    assert places, "no fault point was passed"
    failures = []
    for number, place in enumerate(places, 1):
        stage.restore("before")
        try:
            faults.cut(stage.site, number, *command)
            pool_after_cut(stage, operation, command, old, new)
        except AssertionError as error:
            failures.append(f"cut {number} before {place}: {error}")
    assert not failures, f"{len(failures)} of {len(places)} cuts:\n" + "\n".join(failures[:8])
