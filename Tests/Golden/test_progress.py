"""--progress=json: lines on standard error that tell how far a command is, of every command that moves content."""

import json
import shutil
import time

import pytest
from terminals import Terminal
from tools import MIB

SIZE = 3 * MIB

LINES = {
    "vol-clone v w --pool p": "copy",
    "vol-export v out --pool p": "copy",
    "vol-export v - --pool p --compress zstd": "copy",
    "vol-import v new --pool p": "copy",
    "vol-upload v new --pool p": "copy",
    "vol-download v out --pool p": "copy",
    "vol-wipe v --pool p": "wipe",
    "vol-wipe v --pool p --algorithm bsi": "wipe",
}


@pytest.fixture
def volume(site, scratch):
    site.ok("pool-define-as", "p", "dir", "--target", scratch / "p")
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")
    site.ok("vol-create-as", "p", "v", str(SIZE))
    (scratch / "new").write_bytes(b"new!" * (SIZE // 4))
    site.ok("vol-upload", "v", scratch / "new", "--pool", "p")


@pytest.mark.parametrize("line", LINES)
def test_a_command_tells_how_far_it_is(line, site, scratch, volume):
    if "bsi" in line and not shutil.which("scrub"):
        pytest.skip("needs scrub")
    result = site.run(*line.split(" "), "--progress=json", cwd=scratch)
    assert result.status == 0, str(result)
    reports = [json.loads(text) for text in result.err.splitlines()]
    task = LINES[line]
    assert {(one["schema"], one["tool"]) for one in reports} == {("cistern.progress/1", line.split(" ")[0])}
    about = [one for one in reports if one["task"] == task]
    assert (about[0]["position"], about[0]["total"], about[0]["complete"]) == (0, SIZE, False)
    assert (about[-1]["position"], about[-1]["complete"]) == (SIZE, True)
    positions = [one["position"] for one in about]
    assert positions == sorted(positions)
    # Nobody who did not ask is told anything.
    again = site.run(*line.replace(" w ", " x ").split(" "), cwd=scratch)
    assert (again.status, again.err) == (0, "")


def test_on_a_terminal_it_is_one_line(site, scratch, volume):
    """It is drawn anew, and gone at the end."""
    argv = site.argv("vol-upload", "v", "/dev/stdin", "--pool", "p")
    script = ["/bin/sh", "-c", '{ head -c 1000000 /dev/zero; sleep 1; head -c 1000000 /dev/zero; } | "$@"', "sh", *argv]
    begun = time.monotonic()
    with Terminal(script, site.surroundings({"TERM": "xterm"}), columns=60) as terminal:
        text, status = terminal.rest()
    assert status == 0 and time.monotonic() - begun >= 1
    assert "\rvol-upload: copy " in text and "MiB" in text, repr(text)
    drawn = text.replace("\r\n", "\n").split("\r")
    assert max(map(len, drawn)) < 60
    assert drawn[-1].strip() == "", repr(text)
