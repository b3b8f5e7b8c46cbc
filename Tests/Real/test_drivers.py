"""Driver processes through ordinary commands: the example that works, and doubles of it that do all kinds of wrong."""

import json
import os
import shutil
import time
from pathlib import Path

import contents
import pytest
import schemas
from tools import BAD_DATA, DONE, FORBIDDEN, MIB, NO_SPACE, REPOSITORY, UNSUPPORTED, Site

FAILURE, INPUT_OUTPUT = 1, 74
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="what root asks of the owner of a driver takes root")


@pytest.fixture(name="drivers")
def fixture_drivers(tmp_path):
    """A folder with the example and the sinful driver, which belongs to root."""
    folder = tmp_path / "drivers"
    folder.mkdir(mode=0o755)
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid or (path.stat().st_mode & 0o022 and not path.stat().st_mode & 0o1000):
            pytest.skip(f"others than root can change {path}")
    shutil.copy(REPOSITORY / "examples" / "cistern-driver-folder", folder)
    shutil.copy(REPOSITORY / "Tests" / "Support" / "hostiledriver.py", folder / "cistern-driver-hostile")
    return folder


@pytest.fixture(name="site")
def fixture_site(tmp_path, drivers):
    """Commands that find these drivers, and wait half a second for them."""
    (tmp_path / "root").mkdir()
    (tmp_path / "pool").mkdir()
    return Site(tmp_path / "root", environment={"CISTERN_DRIVERS": str(drivers), "CISTERN_TIMEOUT": "0.5"})


def define(site, tmp_path, driver="hostile", **options):
    """Defines and starts a pool."""
    lines = "".join(f"{name}={value}\n" for name, value in options.items())
    file = tmp_path / "pool.conf"
    file.write_text(f"[p]\ndriver={driver}\ntarget={tmp_path}/pool\n{lines}")
    site.ok("pool-define", file, "--conf")
    site.ok("pool-start", "p")


def verbs_of_proper_messages(folder):
    """Checks what the recording driver heard and said against the schema; returns what it was asked."""
    root = schemas.named("cistern.driver/1")
    verbs = set()
    for line in (folder / "messages").read_text().splitlines():
        [(sort, message)] = json.loads(line).items()
        schemas.check(message, root["$defs"][sort], root)
        verbs.add(message.get("verb"))
    return verbs


def test_the_whole_life_of_a_volume(tmp_path, drivers):
    """With the example, whose messages are recorded."""
    shutil.copy(REPOSITORY / "Tests" / "Support" / "recordingdriver.py", drivers / "cistern-driver-recording")
    (tmp_path / "root").mkdir()
    site = Site(tmp_path / "root", environment={"CISTERN_DRIVERS": str(drivers)})
    site.ok("pool-define-as", "p", "dir", "--target", tmp_path / "pool", "--driver", "recording", "--revisions-to-keep=2")
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")
    assert site.json("pool-info", "p")["pool"]["driver"] == "recording"
    site.ok("vol-create-as", "p", "a", MIB)
    device = site.ok("vol-start", "a", "--pool", "p").strip()
    contents.put(device, "one")
    site.ok("vol-stop", "a", "--pool", "p")
    assert [revision["number"] for revision in site.revisions("a", "p")] == [1]
    site.ok("vol-export", "a", tmp_path / "out", "--pool", "p")
    assert contents.get(tmp_path / "out") == "one"
    site.ok("vol-revert", "a", "--pool", "p")
    site.ok("vol-import", "a", tmp_path / "out", "--pool", "p")
    site.ok("vol-clone", "a", "b", "--pool", "p")
    site.ok("vol-rename", "b", "c", "--pool", "p")
    site.ok("vol-resize", "c", 2 * MIB, "--pool", "p")
    site.ok("vol-upload", "c", tmp_path / "out", "--pool", "p")
    site.ok("vol-wipe", "c", "--pool", "p")
    site.ok("vol-delete", "c", "--pool", "p")
    (tmp_path / "pool" / ".driver" / "a" / "new").write_bytes(b"half")
    [finding] = site.findings("p")
    assert finding["kind"] == "import"
    site.ok("pool-check", "p", "--repair")
    assert not site.findings("p")
    told = site.ok("vol-delete", "a", "--pool", "p", "--dry-run")
    assert "have driver 'recording' do 'delete' with volume 'a'" in told and (tmp_path / "pool" / "a").exists()
    # The document says all that the options said.
    document = tmp_path / "p.xml"
    document.write_text(site.ok("pool-dumpxml", "p"))
    site.ok("pool-destroy", "p")
    site.ok("pool-undefine", "p")
    site.ok("pool-define", document, "--validate")
    site.ok("pool-start", "p")
    assert [volume["name"] for volume in site.json("vol-list", "p")["volumes"]] == ["a"]
    verbs = verbs_of_proper_messages(drivers)
    assert {"hello", "open", "create", "commit", "revert", "describe", "findings", "repair"} <= verbs


BROKE = "driver 'hostile' broke the protocol: "

SINS = {
    "dies": (FAILURE, "driver 'hostile' ended with status 3: cannot find the moon"),
    "killed": (FAILURE, "driver 'hostile' was ended by signal 9"),
    "closes": (FAILURE, "driver 'hostile' was killed"),
    "hangs": (INPUT_OUTPUT, "driver 'hostile' did not answer 'volumes' within 0.5 seconds, and was killed"),
    "no-progress": (INPUT_OUTPUT, "driver 'hostile' did not answer 'volumes' within 0.5 seconds, and was killed"),
    "babble": (INPUT_OUTPUT, "driver 'hostile' did not answer 'volumes' within 0.5 seconds, and was killed: bla bla"),
    "no-json": (FAILURE, BROKE + "a line that is no JSON: no value, or no integer of 64 bits, at byte 0"),
    "no-object": (FAILURE, BROKE + "'message' is no object"),
    "no-id": (FAILURE, BROKE + "'message' has no 'id'"),
    "nothing": (FAILURE, BROKE + "a message without 'ok', 'error', 'item' and 'progress'"),
    "other-id": (FAILURE, BROKE + "answered request"),
    "half-line": (FAILURE, "driver 'hostile' ended with status 0"),
    "long-line": (FAILURE, BROKE + "sent a line of more than 1 MiB"),
    "descriptors": (FAILURE, BROKE + "sent descriptors with the answer to 'volumes'"),
    "many-descriptors": (FAILURE, BROKE + "sent more than 8 descriptors"),
    "twice": (FAILURE, BROKE + "said more than the answer to 'volumes'"),
    "error": (NO_SPACE, "moon: the moon is full"),
    "unknown-code": (FAILURE, BROKE + "an error of the unknown code 'lunar'"),
    "twice-the-same": (FAILURE, BROKE + "volume 'a' for a second time"),
    'volume:{"name":"../x"}': (FAILURE, BROKE + "a volume's name '../x' cannot contain '/'"),
    'volume:{"name":""}': (FAILURE, BROKE + "a volume's name must not be empty"),
    'volume:{"name":null}': (FAILURE, BROKE + "'item' has no 'name'"),
    'volume:{"name":"a\\nb"}': (FAILURE, BROKE + "'name' in 'item' is not a line of at most 4096 bytes"),
    'volume:{"capacity":"9223372036854775808"}': (
        FAILURE, BROKE + "'capacity' in 'item' is not a text of decimals below 2^63"
    ),
    'volume:{"capacity":5}': (FAILURE, BROKE + "'capacity' in 'item' is not a text of decimals below 2^63"),
    'volume:{"capacity":"-1"}': (FAILURE, BROKE + "'capacity' in 'item' is not a text of decimals below 2^63"),
    'volume:{"committed":"yes"}': (FAILURE, BROKE + "'committed' in 'item' is not true or false"),
    'volume:{"permissions":{"mode":-1}}': (FAILURE, BROKE + "'mode' in 'permissions' is not a number from 0 to 4095"),
    'volume:{"properties":[]}': (FAILURE, BROKE + "'properties' is no object"),
    'volume:{"format":"lunar"}': (FAILURE, BROKE + "the unknown format 'lunar'"),
    'volume:{"changed":"yesterday"}': (FAILURE, BROKE + "the time 'yesterday' is not as YYYY-MM-DDTHH:MM:SSZ"),
    'volume:{"unfinished":"lunch"}': (FAILURE, BROKE + "'unfinished' is none of: create, import, wipe"),
}


@pytest.mark.parametrize("sin", SINS)
def test_a_listing_costs_one_error(site, tmp_path, sin):
    status, words = SINS[sin]
    define(site, tmp_path, sin=sin)
    start = time.monotonic()
    site.refused(status, "vol-list", "p", words=words)
    assert time.monotonic() - start < 10
    # Other pools do not suffer.
    (tmp_path / "other").mkdir()
    site.ok("pool-define-as", "q", "dir", "--target", tmp_path / "other")
    site.ok("pool-start", "q")
    assert site.run("vol-list", "q").status == DONE
    assert "p" in site.ok("pool-list", "--all")


def test_the_largest_sizes_are_told(site, tmp_path):
    define(site, tmp_path, sin='volume:{"capacity":"9223372036854775807","allocation":"9223372036854775807"}')
    [volume] = site.json("vol-list", "p", "--details")["volumes"]
    assert volume["capacity"] == 2**63 - 1
    site.ok("pool-metrics")


OTHERS = {
    "state": (
        ("vol-clone", "a", "c", "--pool", "p"), FAILURE,
        "'state_id' in 'volume' is not 32 hexadecimal digits in lower case",
    ),
    "other-name": (("vol-info", "a", "--pool", "p"), FAILURE, "volume 'b', asked for 'a'"),
    "revisions": (
        ("vol-revisions", "a", "--pool", "p"), FAILURE, "revisions that are not in the order of their numbers"
    ),
    "revision-time": (("vol-revisions", "a", "--pool", "p"), FAILURE, "the time 'yesterday' is not as"),
    "no-descriptor": (
        ("vol-export", "a", "out", "--pool", "p"), FAILURE, "sent 0 descriptors with the answer to 'read': expected 1"
    ),
    "pipe": (
        ("vol-export", "a", "out", "--pool", "p"), FAILURE,
        "answered 'read' with a descriptor that is no file or device to use so",
    ),
    "finding": (("pool-check", "p"), FAILURE, "a finding of the unknown kind 'lunacy'"),
}


@pytest.mark.parametrize("sin", OTHERS)
def test_other_lies_cost_one_error(site, tmp_path, sin):
    (tool, *arguments), status, words = OTHERS[sin]
    define(site, tmp_path, sin=sin)
    site.refused(status, tool, *arguments, words=words, cwd=tmp_path)


def test_items_where_none_belong(site, tmp_path):
    define(site, tmp_path, sin="item")
    assert "sent too many items with the answer to 'sizes'" in site.json("pool-info", "p")["pool"]["problem"]


@pytest.mark.parametrize(
    "sin, words",
    [
        ("no-needs", "ability 'revisions' without 'create-volumes'"), ("bad-path", "is no absolute path with one '{name}'"),
        ("bad-volumes", "volumes that are neither file, block nor network"),
        ("bad-content", "content that is neither 'open' nor 'copy'"), ("bad-unit", "a size_unit that is no size"),
        ("bad-list", "'abilities' in 'ok' is not a list of lines"),
        ("no-path", "'ok' has no 'volume_path'"), ("slow-open", "did not answer 'open' within 0.5 seconds, and was killed"),
    ],
)
def test_a_pool_that_is_described_wrongly_is_not_defined(site, tmp_path, sin, words):
    file = tmp_path / "pool.conf"
    file.write_text(f"[p]\ndriver=hostile\ntarget={tmp_path}/pool\nsin={sin}\n")
    site.refused((FAILURE, INPUT_OUTPUT), "pool-define", file, "--conf", words=words)


def test_what_a_later_driver_can_do_is_passed_over(site, tmp_path):
    define(site, tmp_path, sin="unknown-ability")
    site.ok("vol-list", "p")


def test_what_a_driver_cannot_do_is_refused_as_of_any_pool(site, tmp_path):
    define(site, tmp_path, sin="no-abilities")
    site.refused(UNSUPPORTED, "vol-start", "a", "--pool", "p", words="volumes of pools with driver 'hostile' cannot be read")
    site.refused(UNSUPPORTED, "vol-import", "a", "/dev/null", "--pool", "p", words="'hostile' cannot be changed")
    site.refused(UNSUPPORTED, "vol-create-as", "p", "x", 1, words="storage pool does not support volume creation")
    site.refused(UNSUPPORTED, "pool-check", "p", words="pools with driver 'hostile' cannot be checked")
    site.refused(UNSUPPORTED, "vol-revisions", "a", "--pool", "p", words="change in place and keep no revisions")
    site.refused(UNSUPPORTED, "pool-extend", "p", "/dev/null", words="storage pool does not support adding devices")


def test_a_driver_that_is_not_there_names_the_folders(site, tmp_path, drivers):
    site.refused(
        UNSUPPORTED, "pool-define-as", "p", "dir", "--target", tmp_path / "pool", "--driver", "nowhere",
        words=["driver 'nowhere' is neither built in nor installed", f"no 'cistern-driver-nowhere' in {drivers}"],
    )
    define(site, tmp_path)
    os.unlink(drivers / "cistern-driver-hostile")
    site.refused(UNSUPPORTED, "vol-list", "p", words="is neither built in nor installed")
    assert "is neither built in nor installed" in site.json("pool-info", "p")["pool"]["problem"]


@pytest.mark.parametrize("what", ["file", "folder", "owner", "mode"])
def test_root_runs_nothing_that_others_can_change(site, tmp_path, drivers, what):
    define(site, tmp_path)
    program = drivers / "cistern-driver-hostile"
    if what == "file":
        program.chmod(0o775)
    elif what == "folder":
        drivers.chmod(0o1777)
    elif what == "owner":
        os.chown(program, 1000, 1000)
    else:
        program.chmod(0o644)
    words = "is no program that can be run" if what == "mode" else "is not run as root: others than root can change"
    site.refused(FORBIDDEN, "vol-list", "p", words=words)


def test_a_link_is_followed_to_what_is_checked(site, tmp_path, drivers):
    other = tmp_path / "elsewhere"
    other.mkdir()
    other.chmod(0o777)
    shutil.move(drivers / "cistern-driver-hostile", other / "program")
    (drivers / "cistern-driver-hostile").symlink_to(other / "program")
    site.refused(
        FORBIDDEN, "pool-define-as", "p", "dir", "--target", tmp_path / "pool", "--driver", "hostile",
        words="others than root can change",
    )


def test_nobody_is_left_behind(site, tmp_path):
    define(site, tmp_path, sin="hangs")
    site.refused(INPUT_OUTPUT, "vol-list", "p")
    running = [
        process for process in Path("/proc").glob("[0-9]*/cmdline")
        if str(tmp_path).encode() in (process.read_bytes() if process.exists() else b"")
    ]
    assert not running


def test_options_that_are_no_lines_are_refused(site, tmp_path):
    document = tmp_path / "p.xml"
    document.write_text(
        "<pool type='dir'><name>p</name><cistern:lifecycle xmlns:cistern='urn:cistern:storage:1' driver='hostile'>"
        "<cistern:option name='a'/></cistern:lifecycle></pool>"
    )
    site.refused(BAD_DATA, "pool-define", document, words="an option has a name and a value, each in one line")
