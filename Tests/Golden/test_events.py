"""What pool-event tells of what other processes do."""

import json
import os
import select
import signal
import subprocess
import time

import pytest
from schemas import conforms


class Watch:
    """A pool-event in the background, which has begun to watch."""

    def __init__(self, site, *arguments):
        self.process = site.start("pool-event", *arguments, stdout=subprocess.PIPE)
        end = time.monotonic() + 20
        # It watches from when the kernel says so, six folders.
        while self.watches() < 6:
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < end, "does not begin to watch"
            time.sleep(0.01)

    def watches(self):
        folder = f"/proc/{self.process.pid}/fdinfo"
        try:
            return sum(
                open(f"{folder}/{number}").read().count("inotify wd:") for number in os.listdir(folder)
            )
        except OSError:
            return 0

    def line(self):
        """The next line, which must come soon."""
        ready, _, _ = select.select([self.process.stdout], [], [], 20)
        assert ready, "nothing comes"
        # One line is one write, and no other was made meanwhile.
        return os.read(self.process.stdout.fileno(), 65536).decode()

    def end(self, with_signal=signal.SIGINT):
        if with_signal:
            self.process.send_signal(with_signal)
        out, error = self.process.communicate(timeout=20)
        assert not error, error
        return out.decode(), self.process.returncode


def told(out):
    """The events of a watch as `pool word`."""
    lines = [line for line in out.splitlines() if line.startswith("event 'lifecycle' ")]
    return [line.removeprefix("event 'lifecycle' for storage pool ").replace(":", "") for line in lines]


def test_the_life_of_a_pool(site, scratch):
    watch = Watch(site, "--event", "lifecycle", "--loop")
    refreshes = Watch(site, "--event", "refresh", "--loop", "--json")
    for line in (
        f"pool-define-as p dir --target {scratch}/p", "pool-build p", "pool-start p", "pool-refresh p",
        "pool-autostart p", "vol-create-as p v 4096", "vol-delete v p", "pool-refresh p",
        "pool-destroy p", "pool-delete p", "pool-start p --build --dry-run", "pool-build p --dry-run",
        "pool-start p --build", "pool-destroy p", f"pool-create-as t dir --target {scratch}/t --build",
        "pool-destroy t", "pool-undefine p",
    ):  # fmt: skip
        site.ok(*line.split(" "))
    out, status = watch.end()
    assert told(out) == [
        "p Defined", "p Created", "p Started", "p Stopped", "p Deleted", "p Started", "p Stopped",
        "t Started", "t Stopped", "p Undefined",
    ]  # fmt: skip
    assert out.endswith("event loop interrupted\nevents received: 10\n\n")
    assert status == 0
    out, status = refreshes.end(signal.SIGTERM)
    lines = out.splitlines(keepends=True)
    assert [conforms(line) for line in lines] == ["cistern.pool-event/1"] * 2
    assert [(json.loads(line)["event"], json.loads(line)["pool"]) for line in lines] == [("refresh", "p")] * 2
    assert status == 0


def test_one_event_of_one_pool_ends_the_wait(site, scratch):
    site.ok("pool-define-as", "p", "dir", "--target", scratch / "p")
    watch = Watch(site, "--event", "lifecycle", "--pool", site.pool("p")["uuid"])
    site.ok("pool-define-as", "q", "dir", "--target", scratch / "q")
    site.ok("pool-start", "p", "--build")
    out, status = watch.end(None)
    assert (out, status) == ("event 'lifecycle' for storage pool p: Started\nevents received: 1\n\n", 0)


def test_a_time_stamp_is_in_utc(site, scratch):
    watch = Watch(site, "--event", "lifecycle", "--timestamp")
    site.ok("pool-define-as", "p", "dir", "--target", scratch / "p")
    out, _ = watch.end(None)
    stamp, _, rest = out.partition("+0000: event 'lifecycle' for storage pool p: Defined\n")
    assert rest and abs(time.time() - 5 - time_of(stamp)) < 15


def time_of(stamp):
    import calendar

    return calendar.timegm(time.strptime(stamp.split(".")[0], "%Y-%m-%d %H:%M:%S"))


def test_definitions_written_by_hand(site, scratch):
    """A file that an editor or a configuration tool puts there is a definition like any other."""
    folder = site.root / "etc/cistern"
    folder.mkdir(parents=True, exist_ok=True)
    watch = Watch(site, "--event", "lifecycle", "--loop")
    document = f"<pool type='dir'><name>x</name><target><path>{scratch}/x</path></target></pool>"
    conf = folder / "storage.conf"
    one, two = (f"[{name}]\ndriver = dir\ntarget = {scratch}/{name}\n" for name in "ab")

    def replace(text):
        (folder / "new").write_text(text)
        os.rename(folder / "new", conf)

    def told_after(change, *arguments):
        change(*arguments)
        return told(watch.line())

    assert told_after((folder / "pools/x.xml").write_text, document) == ["x Defined"]
    (folder / "pools/notes.txt").write_text("nothing")
    assert told_after((folder / "pools/x.xml").write_text, document + "\n") == ["x Defined"]
    assert told_after(conf.write_text, one) == ["a Defined"]
    assert told_after(replace, "# a comment\n" + one + two) == ["b Defined"]
    replace("[broken\n")
    assert told_after(replace, two) == ["a Undefined"]
    assert told_after(os.rename, folder / "pools/x.xml", scratch / "x.xml") == ["x Undefined"]
    assert told_after(os.unlink, conf) == ["b Undefined"]
    assert watch.end()[0].endswith("events received: 7\n\n")


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 1), (signal.SIGTERM, 1), (signal.SIGHUP, 1)])
def test_a_signal_ends_the_wait_cleanly(number, status, site):
    watch = Watch(site, "--event", "lifecycle", "--loop")
    assert watch.end(number) == ("event loop interrupted\nevents received: 0\n\n", status)


def test_many_events_arrive_in_order(site, scratch):
    site.ok("pool-define-as", "p", "dir", "--target", scratch / "p")
    site.ok("pool-build", "p")
    watch = Watch(site, "--event", "lifecycle", "--loop")
    # Nobody reads meanwhile; the kernel keeps them.
    watch.process.send_signal(signal.SIGSTOP)
    for _ in range(5):
        site.ok("pool-start", "p")
        site.ok("pool-destroy", "p")
    watch.process.send_signal(signal.SIGCONT)
    out = ""
    while out.count("\n") < 10:
        out += watch.line()
    assert told(out) == ["p Started", "p Stopped"] * 5
    watch.end()
    assert not list((site.root / "run/cistern").glob("boot-*/events/*/*")), "marks stay"


def test_whoever_has_heard_enough_goes(site, scratch):
    watch = Watch(site, "--event", "lifecycle", "--loop")
    watch.process.stdout.close()
    site.ok("pool-define-as", "p", "dir", "--target", scratch / "p")
    assert watch.process.wait(timeout=20) == -signal.SIGPIPE
