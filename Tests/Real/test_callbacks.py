"""Commands at the events of a pool, as Qubes' driver callback runs them."""

import json
import os
import time

import callbacks
import contents
import pytest
from tools import BAD_DATA, BUSY, FAILURE, FORBIDDEN, MIB, NOT_FOUND, Site

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the file of callbacks belongs to root")


@pytest.fixture(name="site")
def fixture_site(tmp_path):
    """Commands with a private root."""
    (tmp_path / "root").mkdir()
    return Site(tmp_path / "root")


def pool(site, tmp_path, **entry):
    """Defines, builds and starts a pool `p` with an entry of the file of callbacks."""
    define(site, tmp_path, **entry)
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")


def define(site, tmp_path, **entry):
    """Defines a pool `p` with an entry of the file of callbacks."""
    whole = {"bdriver": "xen", "bdriver_args": {"dir_path": str(tmp_path / "pool"), "revisions_to_keep": 1}, **entry}
    callbacks.configure(site, mine=whole)
    file = tmp_path / "pool.conf"
    file.write_text("[p]\ndriver=callback\nconf_id=mine\n")
    site.ok("pool-define", file, "--conf")


def test_the_events_of_a_whole_life(site, tmp_path):
    """All that Qubes has, in its order, each with what Qubes tells."""
    record = callbacks.recorder(tmp_path)
    pool(site, tmp_path, cmd=str(record))
    site.ok("vol-create-as", "p", "a", MIB)
    device = site.ok("vol-start", "a", "--pool", "p").strip()
    contents.put(device, "one")
    site.ok("vol-stop", "a", "--pool", "p")
    site.ok("vol-export", "a", tmp_path / "out", "--pool", "p")
    site.ok("vol-import", "a", tmp_path / "out", "--pool", "p")
    site.ok("vol-clone", "a", "b", "--pool", "p")
    site.ok("vol-import", "b", "--from-volume", "a", "--pool", "p")
    site.ok("vol-upload", "b", tmp_path / "out", "--pool", "p")
    site.ok("vol-resize", "b", 2 * MIB, "--pool", "p")
    site.ok("vol-revert", "a", "--pool", "p")
    site.ok("vol-delete", "b", "--pool", "p")
    site.ok("vol-delete", "a", "--pool", "p")
    site.ok("pool-destroy", "p")
    site.ok("pool-delete", "p")
    assert callbacks.events(tmp_path) == [
        "pre_setup", "pre_sinit",
        "pre_volume_create a None", "post_volume_create a None",
        "pre_volume_start a None", "post_volume_start a None", "post_volume_stop a None",
        "pre_volume_export a None", f"post_volume_export_end a None {tmp_path}/pool/a.img",
        f"pre_volume_import_data a None {MIB}", "post_volume_import_data_end a None True",
        "pre_volume_create b None", "post_volume_create b None",
        "pre_volume_import b None a", "post_volume_import b None a",
        f"pre_volume_import_data b None {MIB}", "post_volume_import_data_end b None True",
        f"pre_volume_resize b None {2 * MIB}",
        "post_volume_remove b None", "post_volume_remove a None",
        "post_destroy",
    ]


def test_what_a_command_is_told(site, tmp_path):
    """The pool, the driver beneath, the event, the entry as Python prints it, and the volume."""
    record = callbacks.recorder(tmp_path)
    pool(site, tmp_path, cmd=f"'{record}' first", note="it's \u00e4 \U0001f600", deep={"z": [1, True, None], "a": {}})
    site.ok("vol-create-as", "p", "appvms/work/root", MIB)
    words = callbacks.recorded(tmp_path)[-1]
    entry = json.loads((site.root / "etc" / "qubes_callback.json").read_text())["mine"]
    text = json.dumps(entry, sort_keys=True, indent=2)
    assert words == [
        "first", "p", "xen", "post_volume_create", "mine", text, "root", "appvms/work/root", "None"
    ]


def test_an_events_own_command_is_told_nothing(site, tmp_path):
    """It comes before the one for all; a dash is none."""
    record = callbacks.recorder(tmp_path)
    pool(
        site, tmp_path, cmd=str(record), pre_volume_create=f"'{record}' own", post_volume_create="-", post_volume_remove="",
    )
    site.ok("vol-create-as", "p", "a", MIB)
    site.ok("vol-delete", "a", "--pool", "p")
    assert [words[:3] for words in callbacks.recorded(tmp_path)] == [
        ["p", "xen", "pre_setup"], ["p", "xen", "pre_sinit"], ["own"], ["p", "xen", "post_volume_remove"],
    ]


def test_a_command_that_fails_before_keeps_the_event_from_happening(site, tmp_path):
    """And what it said last is the reason."""
    pool(site, tmp_path, pre_volume_create="echo well; echo no room on the moon >&2; exit 3")
    site.refused(
        FAILURE, "vol-create-as", "p", "a", MIB,
        words="pool 'p': callback 'pre_volume_create' failed with status 3: no room on the moon",
    )
    assert not site.json("vol-list", "p")["volumes"]
    assert not list((tmp_path / "pool").rglob("*.img"))


def test_a_command_that_fails_afterwards_takes_nothing_back(site, tmp_path):
    """The error says that the change is made."""
    pool(site, tmp_path, post_volume_create="false", post_volume_start="false", post_volume_stop="exit 9")
    done = site.refused(FAILURE, "vol-create-as", "p", "a", MIB, words="callback 'post_volume_create' failed with status 1")
    assert "it is done, but" in done.err
    site.refused(FAILURE, "vol-start", "a", "--pool", "p", words="it is done, but")
    assert site.json("vol-info", "a", "--pool", "p")["volume"]["state"] == "running"
    site.refused(FAILURE, "vol-stop", "a", "--pool", "p", words="'post_volume_stop' failed with status 9")
    assert site.json("vol-info", "a", "--pool", "p")["volume"]["state"] == "clean"


def test_a_failed_start_of_two_starts_none(site, tmp_path):
    """What was done for the first is taken back when the command before the second fails."""
    record = tmp_path / "once"
    pool(site, tmp_path, pre_volume_start=f"test ! -e '{record}' && touch '{record}'")
    site.ok("vol-create-as", "p", "a", MIB)
    site.ok("vol-create-as", "p", "b", MIB)
    site.refused(FAILURE, "vol-start", "a", "b", "--pool", "p", words="callback 'pre_volume_start' failed")
    assert [volume["state"] for volume in site.json("vol-list", "p")["volumes"]] == ["clean", "clean"]
    assert not list((tmp_path / "pool").rglob("*-dirty.img"))


def test_a_command_that_hangs_is_killed_with_its_children(site, tmp_path):
    """After the seconds that its entry allows."""
    pool(site, tmp_path, timeout=1, pre_volume_create=f"sleep 30 & echo $! > '{tmp_path}/child'; sleep 30; true")
    start = time.monotonic()
    site.refused(
        FAILURE, "vol-create-as", "p", "a", MIB,
        words="pool 'p': callback 'pre_volume_create' failed: /bin/bash: did not end within 1 seconds",
    )
    assert time.monotonic() - start < 15
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 5
    while os.path.exists(f"/proc/{child}") and time.monotonic() < deadline:
        if " Z " in (open(f"/proc/{child}/stat", encoding="ascii").read()):
            break
        time.sleep(0.05)
    else:
        assert not os.path.exists(f"/proc/{child}")
    site.ok("vol-list", "p")


def test_a_failed_import_is_told(site, tmp_path):
    """With False, and the import's own error stands."""
    record = callbacks.recorder(tmp_path)
    pool(site, tmp_path, cmd=str(record))
    site.ok("vol-create-as", "p", "a", MIB)
    (tmp_path / "in").write_bytes(b"x" * MIB)
    site.refused(BAD_DATA, "vol-import", "a", tmp_path / "in", "--pool", "p", "--verify", "0" * 64)
    assert callbacks.events(tmp_path)[-1] == "post_volume_import_data_end a None False"


@pytest.mark.parametrize(
    "words",
    [["vol-create-as", "p", "b", "1M"], ["vol-start", "a", "--pool", "p"], ["pool-destroy", "p"], ["pool-undefine", "p"]],
    ids=lambda words: words[0],
)
def test_a_callback_cannot_use_its_own_pool(site, tmp_path, words):
    """It is refused at once, where it would wait for itself; looking is possible."""
    pool(site, tmp_path)
    site.ok("vol-create-as", "p", "a", MIB)
    tool = site.programs / words[0]
    looking = f"CISTERN_ROOT='{site.root}' '{site.programs}/vol-list' p > '{tmp_path}/list'"
    own = f"CISTERN_ROOT='{site.root}' '{tool}' {' '.join(words[1:])}"
    pool_entry = {"bdriver": "xen", "bdriver_args": {"dir_path": str(tmp_path / "pool"), "revisions_to_keep": 1}}
    callbacks.configure(site, mine={**pool_entry, "pre_volume_resize": f"{looking} && {own}"})
    start = time.monotonic()
    done = site.refused(FAILURE, "vol-resize", "a", 2 * MIB, "--pool", "p")
    assert f"failed with status {BUSY}" in done.err
    assert "pool 'p': cannot be used by its own callback, which it waits for" in done.err
    assert time.monotonic() - start < 20
    assert " a " in (tmp_path / "list").read_text()


def test_a_command_can_ask_for_the_pool_to_be_built(site, tmp_path):
    """Where its entry allows that: what it mounted has the folders of the pool then."""
    folder = tmp_path / "pool"
    define(site, tmp_path, signal_back=True, pre_sinit=f"mkdir '{folder}' && echo SIGNAL_setup")
    site.ok("pool-start", "p")
    assert (folder / "appvms").is_dir()


def test_a_signal_that_is_not_allowed_means_nothing(site, tmp_path):
    """It is output like other output."""
    folder = tmp_path / "pool"
    define(site, tmp_path, signal_back="yes", pre_sinit=f"mkdir '{folder}' && echo SIGNAL_setup")
    site.ok("pool-start", "p")
    assert not (folder / "appvms").exists()


def test_a_rehearsal_runs_nothing(site, tmp_path):
    """And says what would run."""
    record = callbacks.recorder(tmp_path)
    pool(site, tmp_path, cmd=str(record))
    count = len(callbacks.recorded(tmp_path))
    told = site.ok("vol-create-as", "p", "a", MIB, "--dry-run")
    assert "run callback 'pre_volume_create' of 'mine'" in told
    assert "run callback 'post_volume_create' of 'mine'" in told
    assert len(callbacks.recorded(tmp_path)) == count


FAULTS = {
    "{}": (BAD_DATA, "has no entry 'mine'"),
    "[]": (BAD_DATA, "is not a JSON object of pools by their conf_id"),
    "{": (BAD_DATA, "is not JSON"),
    '{"mine": 5}': (BAD_DATA, "entry 'mine': is not an object"),
    '{"mine": {}}': (BAD_DATA, "has no 'bdriver'"),
    '{"mine": {"bdriver": "../x"}}': (BAD_DATA, "conf_id: 'mine' defines no pool: "),
    '{"mine": {"bdriver": "xen"}}': (BAD_DATA, "missing key 'dir_path'"),
    '{"mine": {"bdriver": "callback"}}': (BAD_DATA, "driver 'callback' is not beneath itself"),
    '{"mine": {"bdriver": "xen", "bdriver_args": []}}': (BAD_DATA, "'bdriver_args' is not an object"),
    '{"mine": {"bdriver": "xen", "bdriver_args": {"dir_path": []}}}': (BAD_DATA, "'dir_path' in 'bdriver_args' is not a line, number, true or false"),
    '{"mine": {"bdriver": "xen", "timeout": 0}}': (BAD_DATA, "'timeout' is not a number of seconds from 1 to 86400"),
    '{"mine": {"bdriver": "xen", "pre_setup": 1}}': (BAD_DATA, "'pre_setup' is not a command in one line"),
}


@pytest.mark.parametrize("text", FAULTS)
def test_entries_that_make_no_pool(site, tmp_path, text):
    """They are refused at the definition, and nothing is defined."""
    callbacks.configure(site).write_text(text)
    file = tmp_path / "pool.conf"
    file.write_text("[p]\ndriver=callback\nconf_id=mine\n")
    status, words = FAULTS[text]
    site.refused(status, "pool-define", file, "--conf", words=words)
    assert [entry["name"] for entry in site.json("pool-list", "--all")["pools"]] == []


def test_a_file_that_others_can_change_names_no_commands(site, tmp_path):
    """Neither in its mode nor by its owner; a missing one is an error as well."""
    define(site, tmp_path)
    file = site.root / "etc" / "qubes_callback.json"
    for change in (lambda: file.chmod(0o664), lambda: (file.chmod(0o644), os.chown(file, 1000, 0)), file.unlink):
        change()
        done = site.run("pool-start", "p")
        assert done.status in (BAD_DATA, FORBIDDEN, NOT_FOUND), done
        assert "qubes_callback.json" in done.err
        assert not (tmp_path / "pool").exists()


def test_a_document_names_an_entry(site, tmp_path):
    """It holds the pool itself, of whatever driver; the entry says which commands run."""
    record = callbacks.recorder(tmp_path)
    define(site, tmp_path, cmd=str(record))
    document = tmp_path / "p.xml"
    document.write_text(site.ok("pool-dumpxml", "p"))
    assert "driver='xen' callback='mine'" in document.read_text()
    site.ok("pool-undefine", "p")
    site.ok("pool-define", document, "--validate")
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")
    assert callbacks.events(tmp_path) == ["pre_setup", "pre_sinit"]
    document.write_text(document.read_text().replace("'mine'", "'yours'").replace("<name>p<", "<name>q<"))
    document.write_text("".join(line for line in document.read_text().splitlines(True) if "<uuid>" not in line))
    site.refused(NOT_FOUND, "pool-define", document, words="has no entry 'yours' (there are: 'mine')")
