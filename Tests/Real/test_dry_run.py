"""--dry-run prints the steps, changes nothing, and needs no privilege."""

import json
import os
import shutil

import contents
import pytest
from tools import DONE, MIB, NOBODY, Site, public_programs, tree

# Every command that changes something, on the pool and volumes made below.
LINES = [
    "pool-define @W@/new.xml",
    "pool-define @W@/new.conf --conf",
    "pool-define-as new dir --target @W@/new",
    "pool-build idle",
    "pool-start built",
    "pool-destroy up",
    "pool-delete built",
    "pool-undefine idle",
    "pool-refresh p",
    "pool-autostart p",
    "pool-check p --repair",
    "vol-create p @W@/vol.xml",
    "vol-create-as p w 1M",
    "vol-delete volatile p",
    "vol-resize v 2M p",
    "vol-start v p",
    "vol-start volatile p",
    "vol-start snapshot p",
    "vol-stop running p",
    "vol-stop running p --discard",
    "vol-revert v 1 p",
    "vol-set v rw no p",
    "vol-import v @W@/image p",
    "vol-export v @W@/exported p",
    "vol-download v @W@/downloaded p",
    "vol-upload v @W@/image p",
    "vol-wipe alone p",
    "vol-rename alone other p",
    "vol-clear v p",
    "vol-revisions v p --delete 1",
    "vol-revisions v p --pin 1",
    "pool-set p revisions_to_keep 3",
    "vol-clone v w p",
    "vol-create-from p @W@/vol.xml v --inputpool p",
    "pool-create @W@/ready.xml",
    "pool-create-as ready dir --target @W@/ready",
]
# Secrets are for their owner's eyes, so that even the steps take his rights.
SECRET = "11111111-2222-3333-4444-555555555555"
SECRET_LINES = [
    "secret-define @W@/secret.xml",
    f"secret-set-value {SECRET} --plain --file @W@/vol.xml",
    f"secret-undefine {SECRET}",
]
# What changes something, but takes more than a line: its own tests do the same.
ELSEWHERE = {"pool-edit", "pool-extend", "vol-commit"}


def prepare(site, work):
    ok = site.ok
    for name in ("idle", "built", "up", "p"):
        ok("pool-define-as", name, "dir", "--target", work / name, "--revisions-to-keep", "2")
    ok("pool-build", "built")
    ok("pool-build", "up")
    ok("pool-start", "up")
    ok("pool-build", "p")
    ok("pool-start", "p")
    for name in ("v", "running"):
        ok("vol-create-as", "p", name, "1M", "--allocation", "0")
        ok("vol-start", name, "--pool", "p")
    ok("vol-stop", "v", "--pool", "p")
    ok("vol-create-as", "p", "alone", "1M")
    ok("vol-create-as", "p", "volatile", "1M", "--save-on-stop", "no")
    ok(
        "vol-create-as", "p", "snapshot", "--source", "v", "--snap-on-start", "yes", "--save-on-stop",
        "no",
    )  # fmt: skip
    (work / "p" / ".cistern" / "volumes" / "v" / "dirty~abcdefgh").write_text("left by a crash")
    contents.image(work / "image", MIB, at0="image")
    (work / "new.xml").write_text(
        f"<pool type='dir'><name>new</name><target><path>{work}/new</path></target></pool>"
    )
    (work / "ready").mkdir()
    (work / "ready.xml").write_text(
        f"<pool type='dir'><name>ready</name><target><path>{work}/ready</path></target></pool>"
    )
    secret = f"<secret><uuid>{SECRET}</uuid><description>@</description></secret>"
    (work / "secret.xml").write_text(secret)
    ok("secret-define", work / "secret.xml")
    ok("secret-set-value", SECRET, "--plain", "--file", "-", stdin=b"value")
    (work / "secret.xml").write_text(secret.replace("@", "another"))
    (work / "new.conf").write_text(f"[new]\ndriver=xen\ndir_path={work}/new\n")
    (work / "vol.xml").write_text(
        "<volume><name>w</name><capacity>4096</capacity><target/></volume>"
    )


def check(runner, lines, work):
    for line in lines:
        before = tree(work)
        words = line.replace("@W@", str(work)).split(" ")
        result = runner.run(*words, "--dry-run")
        assert result.status == DONE, result
        steps = [step for step in result.out.splitlines() if step]
        if not line.startswith(("pool-refresh", "pool-check")):
            assert steps, f"no step was shown: {result}"
            assert all(step.startswith("would ") for step in steps), result
        changed = {path for path, _ in tree(work).items() ^ before.items()}
        # A lock may be taken, for which its file is needed.
        assert {path for path in changed if "/locks" not in path} == set(), line


def test_changes_nothing(site, scratch):
    prepare(site, scratch)
    check(site, LINES + SECRET_LINES, scratch)


def test_no_command_is_missing(site):
    known = json.loads(site.ok("cistern", "--describe-commands"))["commands"]
    changing = {one["name"] for one in known if any(other["name"] == "dry-run" for other in one["parameters"])}
    assert changing == {line.split()[0] for line in LINES + SECRET_LINES} | ELSEWHERE


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_needs_no_privilege(site, scratch):
    """Somebody who may read everything and write nothing sees the steps of the administrator."""
    prepare(site, scratch)
    for base, folders, files in os.walk(scratch):
        for name in folders + files:
            path = os.path.join(base, name)
            if not os.path.islink(path):
                os.chmod(path, 0o755 if os.path.isdir(path) else 0o644)
    programs = public_programs()
    try:
        other = Site(site.root, user=NOBODY, programs=programs)
        check(other, LINES, scratch)
    finally:
        shutil.rmtree(programs)
