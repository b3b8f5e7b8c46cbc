"""What commands leave behind for support and audits: CISTERN_LOG, --verbose, the journal."""

import json
import os
import subprocess
import sys

import pytest
import schemas
from tools import BUSY, NOT_FOUND, USAGE, Site, document


@pytest.fixture(name="site")
def fixture_site(scratch):
    """An active pool p, and commands that log into a file."""
    (scratch / "root").mkdir()
    site = Site(scratch / "root", environment={"CISTERN_LOG": str(scratch / "log")})
    site.ok("pool-define-as", "p", "dir", "--target", scratch / "p", "--revisions-to-keep", "1")
    site.ok("pool-start", "p", "--build")
    (scratch / "log").unlink()
    return site


def lines(scratch):
    """The log, each line checked against its schema."""
    text = (scratch / "log").read_text()
    for line in text.splitlines(keepends=True):
        assert schemas.conforms(line) == "cistern.log/1"
    return [json.loads(line) for line in text.splitlines()]


def results(scratch):
    return [
        (one["command"], one["pool"], one["volume"], one["code"], one["changed"])
        for one in lines(scratch) if "status" in one
    ]  # fmt: skip


def test_each_change_leaves_its_result(site, scratch):
    site.ok("vol-create-as", "p", "v", "1M")
    site.ok("vol-create-as", "p", "v", "1M", "--if-not-exists")
    site.ok("vol-start", "v", "p")
    site.refused(BUSY, "vol-delete", "v", "p")
    site.ok("vol-stop", "v", "p")
    site.refused(NOT_FOUND, "vol-delete", "nothing", "--pool", "p")
    site.ok("vol-delete", "v", "p", "--dry-run")
    site.ok("vol-list", "p")
    site.ok("vol-revisions", "v", "p")
    (scratch / "image").write_bytes(bytes(1 << 20))
    site.ok("vol-import", "v", scratch / "image", "p", "--checksum")
    assert results(scratch) == [
        ("vol-create-as", "p", "v", "done", True), ("vol-create-as", "p", "v", "done", False),
        ("vol-start", "p", "v", "done", True), ("vol-delete", "p", "v", "busy", None),
        ("vol-stop", "p", "v", "done", True), ("vol-delete", "p", "nothing", "not-found", None),
        ("vol-import", "p", "v", "done", True),
    ]
    assert os.stat(scratch / "log").st_mode & 0o777 == 0o600


def test_steps_and_programs_are_there_as_they_begin(site, scratch):
    site.ok("vol-create-as", "p", "q", "1M", "--format", "qcow2")
    found = lines(scratch)
    kinds = [next(name for name in ("step", "program", "status") if name in one) for one in found]
    assert kinds[-1] == "status" and "step" in kinds
    [program] = [one["program"] for one in found if "program" in one]
    assert program.startswith("/usr/bin/qemu-img create -f qcow2 ")
    assert len({one["process"] for one in found}) == 1


def test_the_same_is_printed_on_request(site, scratch):
    result = site.run("vol-create-as", "p", "v", "1M", "-v", "--json")
    assert document(result.out)["changed"] is True
    steps = [one["step"] for one in lines(scratch) if "step" in one]
    assert result.err == "".join(f"vol-create-as: step: {step}\n" for step in steps)
    assert site.run("vol-list", "p", "--verbose").err == ""


def test_what_a_repair_removes_is_a_result(site, scratch):
    (scratch / "p" / ".cistern/volumes/gone").mkdir(parents=True)
    (scratch / "p" / ".cistern/volumes/gone/volume.conf").write_text("[volume]\n")
    site.ok("pool-check", "p", "--repair")
    assert results(scratch) == [("pool-check", "p", "gone", "done", True)]


def test_no_secret_is_in_it(site, scratch):
    passphrase = "a very secret passphrase"
    (scratch / "secret.xml").write_text("<secret><uuid>5d2c4a3e-9b1f-4c55-8d0a-6f7e1a2b3c4d</uuid></secret>")
    (scratch / "value").write_text(passphrase)
    uuid = "5d2c4a3e-9b1f-4c55-8d0a-6f7e1a2b3c4d"
    site.ok("secret-define", scratch / "secret.xml")
    site.ok("secret-set-value", uuid, "--file", scratch / "value", "--plain")
    (scratch / "v.xml").write_text(
        f"<volume><name>v</name><capacity>1048576</capacity><target><format type='qcow2'/><encryption format='luks'>"
        f"<secret type='passphrase' uuid='{uuid}'/></encryption></target></volume>"
    )
    result = site.run("vol-create", "p", scratch / "v.xml", "-v")
    assert result.status == 0, result
    assert "program: " in result.err
    for text in (result.err, (scratch / "log").read_text()):
        assert passphrase not in text
        assert "YSB2ZXJ5IHNlY3JldCBwYXNzcGhyYXNl" not in text


def test_a_log_that_cannot_be_kept_costs_a_warning(site, scratch):
    (scratch / "log").mkdir()
    result = site.run("vol-create-as", "p", "v", "1M")
    assert result.status == 0 and "warning: " in result.err and "cannot keep the log" in result.err
    site.environment["CISTERN_LOG"] = "relative"
    site.refused(USAGE, "vol-list", "p", words="is not 'journal', 'none' or the absolute path of a file")
    site.environment["CISTERN_LOG"] = "none"
    assert site.run("vol-create-as", "p", "w", "1M").err == ""


LISTENER = """
import os, socket, subprocess, sys
subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
os.makedirs("/run/systemd/journal")
journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
journal.bind("/run/systemd/journal/socket")
journal.settimeout(1)
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
try:
    while True:
        sys.stdout.write(journal.recv(65536).decode() + "\\n")
except TimeoutError:
    pass
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to stand in for the journal")
@pytest.mark.parametrize("asked, steps", [(None, False), ("journal", True)])
def test_changes_go_to_the_journal(site, scratch, asked, steps):
    site.environment["CISTERN_LOG"] = asked
    done = subprocess.run(
        ["unshare", "--mount", sys.executable, "-c", LISTENER, *site.argv("vol-create-as", "p", "v", "1M")],
        env=site.surroundings({"SUDO_USER": "somebody"}), capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    entries = [dict(line.split("=", 1) for line in entry.splitlines()) for entry in done.stdout.split("\n\n") if entry]
    assert entries[-1] == {
        "MESSAGE": "vol-create-as: Vol v created", "PRIORITY": "6", "SYSLOG_IDENTIFIER": "cistern",
        "CISTERN_COMMAND": "vol-create-as", "CISTERN_POOL": "p", "CISTERN_VOLUME": "v", "CISTERN_STATUS": "0",
        "CISTERN_CODE": "done", "CISTERN_CHANGED": "yes", "CISTERN_SUDO_USER": "somebody",
    }
    assert ("CISTERN_STEP" in entries[0]) == steps and (len(entries) > 1) == steps
