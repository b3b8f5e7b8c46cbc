"""Runs the built commands under a private root and keeps what they printed."""

import functools
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import schemas

REPOSITORY = Path(__file__).resolve().parents[2]
# What `make programs` builds: the release program, with the fault points that the crash tier uses.
PROGRAMS = Path(os.environ.get("CISTERN_PROGRAMS", REPOSITORY / ".build" / "programs"))
NOBODY = 65534
#: How many times longer everything may take than on a machine that does nothing else.
PATIENCE = int(os.environ.get("CISTERN_PATIENCE", "1"))
# A user that has no account.
STRANGER = 54321

# The exit statuses, by name. The table in the programs is the authority; these are its readers.
DONE, FAILURE, PROBLEMS, EXISTS, NOT_FOUND, BUSY, NO_SPACE = 0, 1, 2, 3, 4, 5, 6
USAGE, BAD_DATA, UNSUPPORTED, INTERNAL, IO_ERROR, LOCKED, FORBIDDEN = 64, 65, 69, 70, 74, 75, 77

MIB = 1 << 20


def commands():
    """The names of the commands, from Package.swift."""
    out = subprocess.run(
        [REPOSITORY / "scripts" / "commands"], check=True, capture_output=True, text=True, timeout=60
    )
    return out.stdout.split()


@functools.cache
def endings():
    """The exit statuses that each command's manual page has."""
    done = subprocess.run([PROGRAMS / "cistern", "--describe-commands"], check=True, capture_output=True, timeout=60)
    return {
        one["name"]: {status["status"] for status in one["exitStatuses"]} for one in json.loads(done.stdout)["commands"]
    }


@dataclass(frozen=True)
class Result:
    """What one run of a program gave back."""

    line: str
    out: str
    err: str
    status: int
    data: bytes

    def __str__(self):
        return f"$ {self.line}\n[{self.status}]\n{self.out[:4000]}{self.err[:4000]}"


class Site:
    """One CISTERN_ROOT and the commands run under it, optionally as another user."""

    def __init__(self, root, user=None, programs=PROGRAMS, environment=None):
        self.root = Path(root)
        self.user = user
        self.programs = Path(programs)
        self.environment = environment or {}

    def argv(self, tool, *arguments):
        """The argument vector that runs the tool as this site's user."""
        line = [str(self.programs / tool), *map(str, arguments)]
        if self.user is not None:
            line = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups", *line]
        return line

    def surroundings(self, extra=None):
        """The whole environment of a run: nothing of the tester's own leaks in."""
        values = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C",
            "TZ": "UTC",
            "HOME": str(self.root),
            "CISTERN_ROOT": str(self.root),
            **self.environment,
            **(extra or {}),
        }
        return {name: value for name, value in values.items() if value is not None}

    def run(self, tool, *arguments, stdin=b"", timeout=60, environment=None, cwd=None, instead=None):
        """Runs the tool to its end. Any status is an answer. `instead` is a file and the one that this run sees in its
        place, and more such pairs, which takes root."""
        argv = self.argv(tool, *arguments)
        if instead is not None:
            script = 'mount --bind "$0" "$1" && shift && exec "$@"'
            for file, other in zip(instead[::2], instead[1::2], strict=True):
                argv = ["sh", "-c", script, str(other), str(file), *argv]
            argv = ["unshare", "--mount", *argv]
        done = subprocess.run(
            argv,
            input=stdin if isinstance(stdin, bytes) else None,
            stdin=None if isinstance(stdin, bytes) else stdin,
            capture_output=True,
            timeout=timeout * PATIENCE,
            env=self.surroundings(environment),
            cwd=cwd,
            check=False,
        )
        known = endings().get(tool) if done.returncode >= 0 else None
        assert known is None or done.returncode in known | {128 + 15, 128 + 1, 137}, (
            f"status {done.returncode} is not in the manual page of {tool} ({arguments})"
        )
        return Result(
            line=" ".join([tool, *map(str, arguments)]),
            out=done.stdout.decode("utf-8", "replace"),
            err=done.stderr.decode("utf-8", "replace"),
            status=done.returncode,
            data=done.stdout,
        )

    def start(self, tool, *arguments, environment=None, **options):
        """Starts the tool and returns the running process."""
        return subprocess.Popen(
            self.argv(tool, *arguments),
            env=self.surroundings(environment),
            stdin=options.pop("stdin", subprocess.DEVNULL),
            stdout=options.pop("stdout", subprocess.PIPE),
            stderr=options.pop("stderr", subprocess.PIPE),
            **options,
        )

    def ok(self, tool, *arguments, **options):
        """Runs the tool, which must succeed, and returns its stdout."""
        result = self.run(tool, *arguments, **options)
        assert result.status == DONE, f"should have succeeded:\n{result}"
        return result.out

    def refused(self, status, tool, *arguments, words=(), **options):
        """Runs the tool, which must fail with this status (or one of them), each of the words in
        its message, and nothing but one message on stderr."""
        wanted = (status,) if isinstance(status, int) else tuple(status)
        words = (words,) if isinstance(words, str) else tuple(words)
        result = self.run(tool, *arguments, **options)
        assert result.status in wanted, f"should have failed with {wanted}:\n{result}"
        assert result.err.startswith(f"{tool}: "), f"message lacks the tool's name:\n{result}"
        for word in words:
            assert word in result.err, f"message lacks {word!r}:\n{result}"
        return result

    def json(self, tool, *arguments, **options):
        """Runs the tool with --json, which must succeed with a document as its schema says, and returns it."""
        return document(self.ok(tool, *arguments, "--json", **options))

    def volume(self, name, pool):
        """The facts of one volume, as vol-info --json gives them."""
        return self.json("vol-info", name, "--pool", pool)["volume"]

    def pool(self, name):
        """The facts of one pool, as pool-info --json gives them."""
        return self.json("pool-info", name)["pool"]

    def revisions(self, name, pool):
        """The revisions of a volume, oldest first."""
        return self.json("vol-revisions", name, "--pool", pool)["revisions"]

    def findings(self, pool):
        """What pool-check finds, without repairing. A crash of the check is a failure here."""
        result = self.run("pool-check", pool, "--json")
        assert result.status in (DONE, PROBLEMS), str(result)
        return document(result.out)["findings"]


def document(text):
    """What a document says that is as the schema that it names."""
    schemas.conforms(text)
    return json.loads(text)


def public_programs():
    """A copy of the programs where any user may run them, for a build folder in a private place.

    The caller removes the folder that is returned."""
    folder = Path(tempfile.mkdtemp(prefix="cistern-programs-"))
    folder.chmod(0o755)
    copies = {}
    for name in commands():
        # Where the names are links to one program, one copy of it is enough.
        program = (PROGRAMS / name).resolve()
        if program in copies:
            os.link(copies[program], folder / name)
        else:
            copies[program] = shutil.copy2(program, folder / name)
    return folder


def tree(folder):
    """Every path below a folder with what tells two states apart: kind, size, mode, link target.

    For tests that say "nothing was changed". What locks are taken on is left out, and a folder that holds nothing else."""
    found = {}
    for base, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(base, name)
            if name == "lock" and os.path.basename(base) in (".cistern", "cistern"):
                continue
            if name == ".cistern" and os.path.isdir(path) and os.listdir(path) == ["lock"]:
                continue
            facts = os.lstat(path)
            target = os.readlink(path) if os.path.islink(path) else None
            found[os.path.relpath(path, folder)] = (
                facts.st_mode,
                facts.st_size if not os.path.isdir(path) else None,
                facts.st_ino,
                target,
            )
    return found


def cannot_be_root():
    """Why this machine cannot run tests that need root, or None."""
    return None if os.geteuid() == 0 else "needs root"
