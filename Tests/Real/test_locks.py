"""Many commands at once: none waits for ever, none is kept out, none changes what somebody else has just opened."""

import os
import random
import re
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import contents
import pytest
from locks import held, own, shared
from tools import BAD_DATA, BUSY, DONE, LOCKED, MIB, NOT_FOUND, PROBLEMS, Site

SEED = int(os.environ.get("CISTERN_SEED", "0")) or int(time.time())


@pytest.fixture
def p(site, scratch):
    """A started pool that keeps a revision; returns its folder."""
    path = scratch / "p"
    site.ok("pool-define-as", "p", "dir", "--target", path, "--revisions-to-keep", "1")
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")
    return path


def make(site, *names, size=MIB):
    for name in names:
        site.ok("vol-create-as", "p", name, str(size), "--allocation", "0")


def ended(process, seconds=60):
    """What a started command printed, and its status."""
    out, error = process.communicate(timeout=seconds)
    return process.returncode, out.decode(), error.decode()


class TestOrder:
    @pytest.mark.limit(120)
    def test_a_source_and_its_snapshots_never_wait_for_each_other(self, site, p):
        """Starts of snapshots beside changes of them and their sources, in every order of names."""
        make(site, "m")
        for name in ("a", "z"):
            snapshot = ["--source", "m", "--snap-on-start", "yes", "--save-on-stop", "no"]
            site.ok("vol-create-as", "p", name, *snapshot)
        chance = random.Random(SEED)
        lines = [
            ["vol-start", "z"], ["vol-start", "a"], ["vol-stop", "m", "z"], ["vol-stop", "z", "m", "a"],
            ["vol-start", "m"], ["vol-start", "a", "z"], ["vol-stop", "a"], ["vol-set", "z", "source", "m"],
        ]  # fmt: skip
        for _ in range(25):
            some = [chance.choice(lines) for _ in range(4)]
            running = [site.start(*line, "--pool", "p", "--lock-timeout", "25") for line in some]
            for line, process in zip(some, running, strict=True):
                status, _, error = ended(process)
                assert status in (DONE, BUSY), f"CISTERN_SEED={SEED} {some}: {line}: {error}"
        site.run("vol-stop", "a", "z", "m", "--pool", "p")
        assert site.run("pool-check", "p").status in (DONE, PROBLEMS)

    def test_a_volume_and_the_one_it_is_made_from_are_locked_together(self, site, p):
        """A volume cannot lose its source while it is made, started or given one."""
        make(site, "m", "v")
        site.ok("vol-create-as", "p", "s", "--source", "m", "--snap-on-start", "yes", "--save-on-stop", "no")
        with held(shared(p), "volume m"):
            for line in (
                ["vol-start", "s", "--pool", "p"],
                ["vol-set", "v", "source", "m", "p"],
                ["vol-create-as", "p", "n", "--source", "m", "--snap-on-start", "yes", "--save-on-stop", "no"],
                ["vol-clone", "m", "c", "--pool", "p"],
            ):
                site.refused(LOCKED, *line, "--lock-timeout", "0.2", words="volume 'm' in pool 'p'")
        with held(shared(p), "volume m", exclusive=False):
            site.ok("vol-start", "s", "--pool", "p", "--lock-timeout", "5")
            site.refused(LOCKED, "vol-delete", "m", "--pool", "p", "--lock-timeout", "0.2", words="volume 'm'")

    def test_names_that_were_only_locked_leave_nothing(self, site, p):
        make(site, "v")
        before = sorted(path.name for path in (p / ".cistern").iterdir())
        size = shared(p).stat().st_size
        for number in range(20):
            site.refused(NOT_FOUND, "vol-delete", f"absent{number}", "--pool", "p")
        assert sorted(path.name for path in (p / ".cistern").iterdir()) == before
        assert shared(p).stat().st_size == size


class TestWaiting:
    def test_definitions_wait_for_no_pool(self, site, p, scratch):
        """Neither for one that somebody works with, nor for one that is being started."""
        site.ok("pool-define-as", "a", "dir", "--target", scratch / "a")
        site.ok("pool-define-as", "b", "dir", "--target", scratch / "b")
        site.ok("pool-build", "a")
        with held(own(site), "pool a"):
            waiting = [site.start(*line, "a", "--lock-timeout", "50") for line in (["pool-start"], ["pool-undefine"])]
            time.sleep(0.3)
            quick = ["--lock-timeout", "5"]
            site.ok("pool-define-as", "c", "dir", "--target", scratch / "c", *quick)
            site.ok("pool-autostart", "b", *quick)
            site.ok("pool-undefine", "c", *quick)
            site.ok("pool-build", "b", *quick)
            site.ok("pool-start", "b", *quick)
            site.ok("pool-destroy", "b", *quick)
            assert all(process.poll() is None for process in waiting)
        statuses = sorted(ended(process)[0] for process in waiting)
        assert statuses in ([DONE, NOT_FOUND], [DONE, BUSY]), statuses

    def test_two_pools_on_one_device_are_not_started_at_once(self, site, scratch):
        """Of starts and creations that share storage, all at once, one succeeds; what a killed one left is no matter."""
        folder = scratch / "shared"
        folder.mkdir()
        for _ in range(6):
            names = [f"n{number}" for number in range(6)]
            running = [site.start("pool-create-as", name, "dir", "--target", folder) for name in names]
            results = [ended(process) for process in running]
            good = [name for name, result in zip(names, results, strict=True) if result[0] == DONE]
            assert len(good) == 1, results
            assert all("conflict" in result[2] for result in results if result[0] != DONE), results
            site.ok("pool-destroy", good[0])
        [boot] = (site.root / "run/cistern").glob("boot-*")
        assert list((boot / "starting").iterdir()) == []
        xml = f"<pool type='dir'><name>gone</name><target><path>{folder}</path></target></pool>"
        (boot / "starting/gone.xml").write_text(xml)
        site.ok("pool-create-as", "n", "dir", "--target", folder)
        assert list((boot / "starting").iterdir()) == []

    @pytest.mark.limit(120)
    def test_commands_in_turns_keep_nobody_out(self, site, p, scratch):
        """Imports of three volumes that follow each other, and somebody who wants the pool for itself."""
        names = ["a", "b", "c"]
        make(site, *names, size=4 * MIB)
        (scratch / "image").write_bytes(os.urandom(4 * MIB))
        stop = threading.Event()
        bad = []

        def turns(name):
            while not stop.is_set():
                result = site.run("vol-import", name, scratch / "image", "--pool", "p", "--lock-timeout", "50")
                if result.status != DONE:
                    stop.is_set() or bad.append(str(result))
                    return

        threads = [threading.Thread(target=turns, args=(name,)) for name in names for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            time.sleep(0.5)
            for _ in range(3):
                site.ok("pool-check", "p", "--repair", "--lock-timeout", "30")
            stop.set()
            site.ok("pool-destroy", "p", "--lock-timeout", "30")
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert not bad, bad[:3]

    def test_the_holder_is_named(self, site, p):
        make(site, "v")
        device = site.ok("vol-start", "v", "--pool", "p").strip()
        fifo = p.parent / "fifo"
        os.mkfifo(fifo)
        site.ok("vol-stop", "v", "--pool", "p")
        with open(os.open(fifo, os.O_RDWR), "wb") as pipe:
            pipe.write(b"x" * 4096)
            pipe.flush()
            reader = site.start("vol-import", "v", fifo, "--pool", "p")
            while not os.path.exists(os.path.join(os.path.dirname(device), "import")):
                assert reader.poll() is None
                time.sleep(0.01)
            words = f"volume 'v' in pool 'p': is locked by process {reader.pid} (vol-import)"
            site.refused(LOCKED, "vol-delete", "v", "--pool", "p", "--lock-timeout", "0", words=words)
            reader.send_signal(signal.SIGTERM)
            pipe.write(b"x")
            pipe.flush()
            reader.wait(30)
            reader.communicate()


def test_a_signal_ends_the_stop_of_several_volumes_before_the_next_one(site, p):
    """Those that are stopped by then are told; the others go on."""
    names = ["a", "b", "c", "d", "e"]
    make(site, *names)
    site.ok("vol-start", *names, "--pool", "p")
    for name in names:
        contents.put(p / f".cistern/volumes/{name}/dirty", f"of {name}")
    # The second is looked at for a while, because somebody has it open.
    with (p / ".cistern/volumes/b/dirty").open("r+b"):
        process = site.start("vol-stop", *names, "--pool", "p")
        while (p / ".cistern/volumes/a/dirty").exists():
            assert process.poll() is None
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        status, out, error = ended(process)
    assert status == -signal.SIGINT, error
    assert out == "Vol a stopped\n\n"
    assert "interrupted by SIGINT" in error
    states = {name: site.volume(name, "p")["state"] for name in names}
    assert states == {"a": "clean"} | dict.fromkeys(names[1:], "running")
    site.ok("vol-stop", *names, "--pool", "p")
    assert contents.get(p / "e") == "of e"


class TestOpening:
    """Somebody opens the volume for writing while a command takes it from under its name."""

    def races(self, rounds, prepare, command, path, check):
        """Opens `path` at random moments of the command; `check` gets the status, and the descriptor or None."""
        chance = random.Random(SEED)
        print(f"CISTERN_SEED={SEED}")
        met = 0
        # How long the command takes where nobody comes: whoever comes later than that is no racer.
        pace = 0.04
        for _ in range(rounds):
            prepare()
            came = []

            def come(delay=chance.uniform(0, pace), came=came):
                time.sleep(delay)
                try:
                    came.append(os.open(path, os.O_WRONLY))
                except FileNotFoundError:
                    came.append(None)

            thread = threading.Thread(target=come)
            thread.start()
            begun = time.monotonic()
            result = command()
            pace = min(time.monotonic() - begun, pace)
            thread.join()
            try:
                assert result.status in (DONE, BUSY), str(result)
                met += came[0] is not None
                check(result.status, came[0])
            finally:
                if came[0] is not None:
                    os.close(came[0])
        assert met, "nobody ever came in time"

    @pytest.mark.limit(180)
    @pytest.mark.parametrize("keep", ["1", "0"])
    def test_stop(self, site, p, keep):
        make(site, "v")
        site.ok("vol-set", "v", "revisions_to_keep", keep, "p")
        working = p / ".cistern/volumes/v/dirty"

        def prepare():
            site.ok("vol-stop", "v", "--pool", "p")
            site.ok("vol-start", "v", "--pool", "p")

        def check(status, descriptor):
            if descriptor is None:
                return
            opened = os.fstat(descriptor).st_ino
            assert status == BUSY, "committed while somebody could write to it"
            assert working.stat().st_ino == opened != (p / "v").stat().st_ino
            assert site.volume("v", "p")["state"] == "running"

        self.races(40, prepare, lambda: site.run("vol-stop", "v", "--pool", "p"), working, check)
        site.ok("vol-stop", "v", "--pool", "p")
        assert site.findings("p") == []

    @pytest.mark.limit(120)
    def test_discard(self, site, p):
        make(site, "v")
        working = p / ".cistern/volumes/v/dirty"

        def prepare():
            site.ok("vol-stop", "v", "--discard", "--pool", "p")
            site.ok("vol-start", "v", "--pool", "p")

        def check(status, descriptor):
            if descriptor is not None:
                assert status == BUSY and os.fstat(descriptor).st_nlink == 1

        command = ["vol-stop", "v", "--discard", "--pool", "p"]
        self.races(25, prepare, lambda: site.run(*command), working, check)

    @pytest.mark.limit(120)
    @pytest.mark.parametrize("record", [True, False])
    def test_delete(self, site, p, record):
        def prepare():
            if not (p / "v").exists():
                if record:
                    make(site, "v")
                else:
                    (p / "v").write_bytes(bytes(4096))

        def check(status, descriptor):
            if descriptor is not None:
                assert status == BUSY and os.fstat(descriptor).st_ino == (p / "v").stat().st_ino

        self.races(25, prepare, lambda: site.run("vol-delete", "v", "--pool", "p"), p / "v", check)
        site.run("vol-delete", "v", "--pool", "p")
        assert site.findings("p") == [] and not (p / "v").exists()

    @pytest.mark.limit(120)
    @pytest.mark.parametrize("verb", ["import", "revert"])
    def test_replacing(self, site, p, scratch, verb):
        """Also a volume that changes in place, whose file is the device."""
        make(site, "v")
        if verb == "import":
            site.ok("vol-set", "v", "revisions_to_keep", "-1", "p")
            (scratch / "image").write_bytes(os.urandom(MIB))
            command = ["vol-import", "v", scratch / "image", "--pool", "p"]
        else:
            for _ in range(2):
                site.ok("vol-start", "v", "--pool", "p")
                site.ok("vol-stop", "v", "--pool", "p")
            command = ["vol-revert", "v", "--pool", "p"]

        def check(status, descriptor):
            # Whoever came has the file that the name means, be it the old one or the new one.
            assert descriptor is not None
            assert os.fstat(descriptor).st_ino == (p / "v").stat().st_ino, f"status {status}"

        self.races(25, lambda: None, lambda: site.run(*command), p / "v", check)
        assert site.findings("p") == []

    def test_readers_disturb_nothing(self, site, p):
        """Lists and checks, all the time."""
        make(site, "v")
        stop = threading.Event()

        def look():
            while not stop.is_set():
                site.ok("vol-list", "p", "--details")
                assert site.findings("p") == []

        with ThreadPoolExecutor(1) as beside:
            looking = beside.submit(look)
            try:
                for _ in range(10):
                    site.ok("vol-start", "v", "--pool", "p")
                    site.ok("vol-stop", "v", "--pool", "p")
            finally:
                stop.set()
            looking.result()


def test_a_volume_that_another_host_has_started_is_left_to_it(site, p):
    make(site, "v")
    contents.put(site.ok("vol-start", "v", "--pool", "p").strip(), "one")
    [mark] = (p / ".cistern/started").rglob("*v*")
    text = mark.read_text()
    for key, value in (("boot", "11111111-2222-4333-8444-555555555555"), ("host", "elsewhere")):
        text, count = re.subn(rf"(?m)^({key} *[=:] *).*$", rf"\g<1>{value}", text)
        assert count == 1, text
    mark.write_text(text)
    for verb in ("vol-delete", "vol-stop", "vol-start"):
        site.refused(BUSY, verb, "v", "--pool", "p", words="is started on host 'elsewhere'")
    site.ok("vol-stop", "v", "--pool", "p", "--force")
    assert contents.get(p / "v") == "one"


def test_who_loses_a_session_to_somebody_else_is_told_once(site, p, scratch):
    make(site, "v")
    contents.put(site.ok("vol-start", "v", "--pool", "p").strip(), "one")
    (scratch / "other").mkdir()
    other = Site(scratch / "other")
    other.ok("pool-define-as", "p", "dir", "--target", p, "--revisions-to-keep", "1")
    other.ok("pool-start", "p")
    other.ok("vol-stop", "v", "--pool", "p", "--discard")
    words = "somebody else has ended its session and discarded what was written"
    site.refused(BUSY, "vol-stop", "v", "--pool", "p", words=words)
    site.ok("vol-stop", "v", "--pool", "p")


def test_another_file_in_the_place_of_the_locks_is_refused_and_left_alone(site, p):
    make(site, "v")
    file = shared(p)
    (p / "precious").write_text("precious")
    file.unlink()
    os.link(p / "precious", file)
    site.refused(BAD_DATA, "vol-delete", "v", "--pool", "p", words="is not a file for locks")
    assert (p / "precious").read_text() == "precious" and (p / "v").exists()
