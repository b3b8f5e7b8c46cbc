"""Runs the tests of one file inside a guest of their own and gives their reports back.

Outside, pytest collects the files as usual. A file that bears the mark `guest` is handed to scripts/guest, where
a second pytest runs the chosen tests and writes each report as one line of JSON; here they are reported as if
they had run in place. Two guests run at a time; those that may take longest begin."""

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tools import PATIENCE

REPOSITORY = Path(__file__).resolve().parents[2]
LOGS = REPOSITORY / ".build" / "reports" / "guest"
#: The variable that says inside the guest which descriptor takes the reports.
INSIDE = "CISTERN_GUEST_REPORTS"
#: The packages that every guest needs, and what shows that they are there.
NEEDED = {"qemu-system-x86": "/usr/bin/qemu-system-x86_64", "busybox-static": "/bin/busybox"}


def is_inside():
    """Whether this process runs in a guest."""
    return INSIDE in os.environ


class Wishes:
    """What a file asks of its guest: the mark `guest`, which tests/Guest documents."""

    def __init__(self, modules=(), packages=(), disks=(), memory=1024, cpus=1, seconds=300, needs=None):
        self.modules, self.packages, self.disks = tuple(modules), tuple(packages), tuple(disks)
        self.memory, self.cpus, self.seconds, self.needs = memory, cpus, seconds, needs

    def lacking(self):
        """Why this machine cannot run the guest, or None."""
        for package, file in NEEDED.items():
            if not os.access(file, os.X_OK):
                return f"needs {package}"
        if not _kernel_is_there():
            return "needs a kernel for the guest (scripts/dependencies guest)"
        missing = [package for package in self.packages if not _is_installed(package)]
        if missing:
            return f"needs {' '.join(missing)}"
        return self.needs() if self.needs else None

    def options(self):
        """The options of scripts/guest."""
        line = [f"--memory={self.memory}", f"--cpus={self.cpus}", f"--time={self.seconds * PATIENCE}"]
        line += [f"--module={module}" for module in self.modules]
        return line + [f"--disk={disk}" for disk in self.disks]


def _kernel_is_there():
    if (REPOSITORY / ".build" / "guest" / "kernel" / "version").exists():
        return True
    return any("-cloud-" not in path.name for path in Path("/boot").glob("vmlinuz-*-amd64"))


def _is_installed(package):
    query = ["dpkg-query", "-W", "-f", "${Status}", package]
    done = subprocess.run(query, capture_output=True, text=True, timeout=30, check=False)
    return done.stdout == "install ok installed"


class Inside:
    """The reporter in the guest: every report goes out as it is made."""

    def __init__(self, config):
        self.config = config
        self.out = os.fdopen(int(os.environ[INSIDE]), "w", encoding="utf-8")
        os.set_inheritable(self.out.fileno(), False)

    def pytest_runtest_logreport(self, report):
        self._send(self.config.hook.pytest_report_to_serializable(config=self.config, report=report))

    def pytest_collectreport(self, report):
        if report.failed:
            self._send({"collection": str(report.longrepr)})

    def _send(self, facts):
        self.out.write(json.dumps(facts) + "\n")
        self.out.flush()


class Guest:
    """One run of scripts/guest over the chosen tests of one file."""

    def __init__(self, path, items, wishes):
        self.path, self.wishes = path, wishes
        self.names = [item.nodeid for item in items]
        self.log = LOGS / f"{path.stem}.log"
        self.reports = {name: [] for name in self.names}
        self.ended = False
        self.problem = None
        self.process = None
        self.changed = threading.Condition()

    def run(self):
        """Boots the guest and collects the reports until it has ended."""
        try:
            if (reason := self.wishes.lacking()) is None:
                self._run()
            else:
                self.problem = pytest.skip.Exception(reason)
        except Exception as error:  # pylint: disable=broad-except
            self.problem = error
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def _run(self):
        LOGS.mkdir(parents=True, exist_ok=True)
        inner = ["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:junitxml", "-c", "Tests/pytest.ini"]
        inner += ["--rootdir=Tests", *(f"Tests/{name}" for name in self.names)]
        # The reports go where standard output went; what pytest prints goes to the log.
        line = [str(REPOSITORY / "scripts" / "guest"), *self.wishes.options()]
        handed_on = ["CISTERN_PROGRAMS", "CISTERN_COMPILED_TESTS", "CISTERN_ALL", "CISTERN_CUTS", "CISTERN_PATIENCE", "XDG_CACHE_HOME", INSIDE, "PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
        line += [f"--env={name}" for name in handed_on]
        line += [f"--console={LOGS / self.path.stem}.console"]
        line += ["--", "sh", "-c", 'exec "$@" 3>&1 >&2', "sh", *inner]
        environment = {**os.environ, INSIDE: "3", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                line, cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=log,
            )
            for text in self.process.stdout:
                self._take(text)
            status = self.process.wait()
        tail = self.log.read_text(errors="replace").splitlines()[-15:]
        self.problem = self.problem or RuntimeError(
            "\n".join([f"the guest ended (status {status}) without a report of this test", *tail])
        )

    def _take(self, text):
        try:
            facts = json.loads(text)
        except ValueError:
            return  # something else wrote to the port; what it cut off is missed and so fails
        with self.changed:
            if "collection" in facts:
                self.problem = RuntimeError(facts["collection"])
            elif facts.get("nodeid") in self.reports:
                self.reports[facts["nodeid"]].append(facts)
            self.changed.notify_all()

    def reports_of(self, name):
        """The reports of one test, in order, and whether the last of them came. Waits for them."""
        with self.changed:
            self.changed.wait_for(lambda: self.ended or self._is_complete(name))
            return list(self.reports[name]), self._is_complete(name)

    def _is_complete(self, name):
        return any(report["when"] == "teardown" for report in self.reports[name])

    def stop(self):
        """Ends the guest if it runs."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)


class Outside:
    """The part of the outer pytest: starts the guests and reports what they report."""

    def __init__(self):
        self.guests = {}
        self.pool = None

    def pytest_runtestloop(self, session):
        """Starts the guests of all files before the first test is asked for."""
        files = {}
        for item in session.items:
            if item.get_closest_marker("guest"):
                files.setdefault(item.path, []).append(item)
        if not files or session.config.option.collectonly:
            return
        # Two, because an emulated processor keeps one real one busy.
        self.pool = ThreadPoolExecutor(int(os.environ.get("CISTERN_GUESTS", "2")))
        for path, items in files.items():
            wishes = Wishes(**items[0].get_closest_marker("guest").kwargs)
            self.guests[path] = Guest(path, items, wishes)
        # So that no long one is left alone at the end.
        for guest in sorted(self.guests.values(), key=lambda guest: -guest.wishes.seconds):
            self.pool.submit(guest.run)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item):
        """Reports a test of a guest; others run as usual."""
        guest = self.guests.get(item.path)
        if guest is None:
            return None
        hook = item.ihook
        hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports, complete = guest.reports_of(item.nodeid)
        for facts in reports:
            report = hook.pytest_report_from_serializable(config=item.config, data=facts)
            if isinstance(report.longrepr, list):  # a skip's place and reason, which JSON has no tuple for
                report.longrepr = tuple(report.longrepr)
            hook.pytest_runtest_logreport(report=report)
        if not complete:
            hook.pytest_runtest_logreport(report=self._missing(item, guest))
        hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    @staticmethod
    def _missing(item, guest):
        names = {name: 1 for name in item.keywords}
        if isinstance(guest.problem, pytest.skip.Exception):
            place = (str(item.path), item.location[1] or 0, f"Skipped: {guest.problem}")
            return pytest.TestReport(item.nodeid, item.location, names, "skipped", place, "call")
        return pytest.TestReport(item.nodeid, item.location, names, "failed", str(guest.problem), "call")

    def pytest_sessionfinish(self):
        """No guest outlives the run, whatever ended it."""
        if self.pool:
            for guest in self.guests.values():
                guest.stop()
            self.pool.shutdown(cancel_futures=True)


def register(config):
    """Makes this process one side or the other."""
    if is_inside():
        config.pluginmanager.register(Inside(config), "guest-inside")
    else:
        config.pluginmanager.register(Outside(), "guest-outside")


if __name__ == "__main__":
    sys.exit("guests: not a program; scripts/tier guest runs the tier")
