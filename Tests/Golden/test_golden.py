"""Compares every command's exact stdout, stderr and status with the files of its cases.

A case is a folder TOOL/CASE:
  cmd      the arguments, one a line, no shell; @W@ stands for the work folder
  setup    a shell script that is run before, in the work folder, with the commands in PATH
  stdin    what the command reads (empty if there is no such file)
  environment   variables for the command, NAME=VALUE, one a line
  rules    names of rules by which what differs from run to run is replaced, one a line
  stdout, stderr, status   what must come out

CISTERN_GOLDEN_UPDATE=1 (`make golden-update`) writes the last three instead of comparing them."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from tools import PROGRAMS, REPOSITORY, Site, commands

HERE = Path(__file__).parent
# Programs of others that cases start are found here, so that the tier needs none of the machine's.
FOREIGN = HERE / "programs"
UPDATE = os.environ.get("CISTERN_GOLDEN_UPDATE") == "1"

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def numbered_uuids(text):
    """Each different UUID becomes @UUID1@, @UUID2@ …, so that equal ones stay equal."""
    seen = {}
    return UUID.sub(lambda m: seen.setdefault(m[0], f"@UUID{len(seen) + 1}@"), text)


def times(text):
    """Moments: RFC 3339, XML time stamps and JSON epochs."""
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?", "@TIME@", text)
    text = re.sub(r"<([amcb]time)>[0-9.]+</", r"<\1>@TIME@</", text)
    return re.sub(r'("epoch": ?)[0-9.]+', r"\1@TIME@", text)


def space(text):
    """Sizes of the file system the test happens to run on, in XML, JSON and tables."""
    text = re.sub(
        r"<(capacity|allocation|available) unit='bytes'>\d+<", r"<\1 unit='bytes'>@SPACE@<", text
    )
    text = re.sub(r'("(?:capacity|allocation|available)": ?)\d+', r"\1@SPACE@", text)
    text = re.sub(r"\d+\.\d\d [KMGTPE]?i?B", "@SPACE@", text)
    text = re.sub(r"(?m)^((?:Capacity|Allocation|Available): +)\d+$", r"\1@SPACE@", text)
    return columns(text)


def columns(text):
    """Widths of columns that hold a path below the work folder, or one of those sizes."""
    return re.sub(r"-{9,}", "---", re.sub(r" {2,}", "  ", text))


def sharing(text):
    """The warning on file systems that cannot share blocks."""
    return re.sub(r"(?m)^.*warning: .*cannot share blocks between files.*\n", "", text)


def states(text):
    """Which committed state it is, and how wide that is in a table."""
    text = re.sub(r"\b[0-9a-f]{32}\b", "@STATE@", text)
    return re.sub(r"-{9,}", "---", text)


def owner(text):
    """The user who runs the tests."""
    text = re.sub(r"<(owner|group)>\d+</", r"<\1>@OWNER@</", text)
    return re.sub(r'("(?:owner|group)": ?)\d+', r"\1@OWNER@", text)


def occupied(text):
    """What the file system needs for a file beyond its data."""
    text = re.sub(r'("allocation": ?)\d+', r"\1@OCCUPIED@", text)
    return re.sub(r"<allocation unit='bytes'>\d+<", "<allocation unit='bytes'>@OCCUPIED@<", text)


def process(text):
    """Process ids in messages."""
    return re.sub(r"\b(process|pid) \d+", r"\1 @PID@", text)


def temporary(text):
    """Random suffixes of temporary files."""
    return re.sub(r"~[0-9A-Za-z]{8}\b", "~@RANDOM@", text)


def draft(text):
    """Folders of texts that are being edited."""
    return re.sub(r"/cistern-[0-9a-z]{8}/", "/cistern-@RANDOM@/", text)


def boot(text):
    """The folder of the present boot."""
    return re.sub(r"/boot-[0-9a-f-]{36}/", "/boot-@BOOT@/", text)


def in_memory(text):
    """The warning where the private root is on a disk."""
    return re.sub(r"(?m)^.*warning: .* is on a disk, which keeps .*\n", "", text)


def metrics(text):
    """Sizes of the file system and of files in Prometheus' format."""
    return re.sub(r"(?m)^(\w+_bytes\{pool=.*\}) \d+$", r"\1 @SPACE@", text)


def percent(text):
    """How full the file system is."""
    return re.sub(r"\b\d+( ?%)", r"@N@\1", text)


def version(text):
    """The version of the programs: test_installation.py says which it is to be."""
    return re.sub(r'(\(cistern\) |version=")\d+\.\d+\.\d+\b', r"\1@VERSION@", text)


RULES = {
    "metrics": metrics,
    "percent": percent,
    "uuid": numbered_uuids,
    "time": times,
    "space": space,
    "columns": columns,
    "sharing": sharing,
    "states": states,
    "owner": owner,
    "occupied": occupied,
    "process": process,
    "temporary": temporary,
    "draft": draft,
    "boot": boot,
    "in-memory": in_memory,
    "version": version,
}


def cases():
    """Every case as TOOL/CASE."""
    return sorted(str(path.parent.relative_to(HERE)) for path in HERE.glob("*/*/cmd"))


@pytest.mark.parametrize("case", cases())
def test_case(case, scratch):
    folder = HERE / case
    work = scratch / "work"
    (work / "root").mkdir(parents=True)
    site = Site(work / "root", environment={"CISTERN_FOREIGN_PROGRAMS": str(FOREIGN)})
    if (folder / "setup").exists():
        prepare(folder / "setup", site, work)
    arguments = (folder / "cmd").read_text().replace("@W@", str(work)).splitlines()
    stdin = (folder / "stdin").read_bytes() if (folder / "stdin").exists() else b""
    environment = {}
    if (folder / "environment").exists():
        lines = (folder / "environment").read_text().replace("@W@", str(work)).splitlines()
        environment = {"TMPDIR": str(work)} | dict(line.split("=", 1) for line in lines)
    result = site.run(case.split("/")[0], *arguments, stdin=stdin, cwd=work, environment=environment)

    rules = (folder / "rules").read_text().split() if (folder / "rules").exists() else []
    got = {
        "stdout": normal(result.out, work, rules),
        "stderr": normal(result.err, work, rules),
        "status": f"{result.status}\n",
    }
    if UPDATE:
        for name, text in got.items():
            (folder / name).write_text(text)
        return
    for name in ("status", "stderr", "stdout"):
        assert got[name] == (folder / name).read_text(), f"{name} of:\n{result}"


def prepare(script, site, work):
    """Runs a case's setup, which must succeed."""
    surroundings = site.surroundings()
    surroundings["PATH"] = f"{PROGRAMS}:{FOREIGN}/usr/bin:{FOREIGN}/usr/sbin:{surroundings['PATH']}"
    done = subprocess.run(
        ["sh", "-eu", str(script)],
        cwd=work, env=surroundings, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"setup failed:\n{done.stdout}{done.stderr}"


def normal(text, work, rules):
    """The text with the work folder and whatever the rules name replaced."""
    text = text.replace(str(work), "@W@").replace(str(FOREIGN), "")
    for rule in rules:
        text = RULES[rule](text)
    return text


@pytest.mark.parametrize("tool", commands())
def test_tool_is_complete(tool, site):
    """Every command of Package.swift has golden cases, help, a man page and completions."""
    assert (HERE / tool / "help" / "cmd").exists(), "lacks a golden case for --help"
    own = list((HERE / tool).glob("*/status"))
    refusals = [path for path in own if path.read_text() != "0\n"]
    assert refusals, "lacks a golden case of a refusal"
    for other in ("--help", "--version"):
        out = site.ok(tool, other)
        assert tool in out or other == "--version"
        assert out.strip(), f"{other} prints nothing"
    page = REPOSITORY / "man" / f"{tool}.8"
    assert page.exists(), f"lacks {page.relative_to(REPOSITORY)}"
    for name in ("bash/cistern", "zsh/_cistern", "fish/cistern.fish"):
        words = re.findall(r"[\w-]+", (REPOSITORY / "completions" / name).read_text())
        assert tool in words, f"lacks a completion in completions/{name}"


def test_no_case_for_a_command_that_is_gone():
    known = set(commands())
    assert {case.split("/")[0] for case in cases()} <= known


def test_refusals_outnumber_successes():
    """The ways to go wrong are more than the ways to go right; the cases follow that."""
    statuses = [path.read_text() for path in HERE.glob("*/*/status")]
    successes = sum(status == "0\n" for status in statuses)
    assert len(statuses) - successes > successes


@pytest.mark.parametrize("tool", ["pool-list", "vol-list", "pool-info", "pool-dumpxml"])
def test_a_full_disk_is_noticed(tool, site):
    """What could not be printed was not printed: /dev/full is an error."""
    site.ok("pool-build", "default")
    site.ok("pool-start", "default")
    arguments = [] if tool == "pool-list" else ["default"]
    with open("/dev/full", "wb") as full:
        process = site.start(tool, *arguments, stdout=full)
        _, error = process.communicate(timeout=30)
    assert process.returncode not in (0, None)
    assert error.startswith(tool.encode()), error
