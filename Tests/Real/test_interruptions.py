"""Commands that move content, stopped by a signal at many moments: all of it happened, or nothing."""

import signal
import time

import contents
import pytest
from tools import DONE, MIB, tree

SIZE = 64 * MIB
#: So many moments are looked for at which a command is stopped, in so many tries.
MOMENTS, TRIES = 3, 24


def filled(path, pattern):
    path.write_bytes(pattern * (SIZE // len(pattern)))
    return path


class Case:
    """A pool with a volume of old content, and a file of new content beside it."""

    def __init__(self, site, pool, scratch):
        self.site, self.pool, self.scratch = site, pool, scratch
        site.ok("vol-create-as", "p", "v", str(SIZE), "--allocation", "0")
        filled(pool / "v", b"old!" * 1024)
        filled(scratch / "new", b"new." * 1024)

    def volumes(self):
        return {one["name"] for one in self.site.json("vol-list", "p")["volumes"]}


def content(path):
    """Which content a file has: it must be one of the two, whole."""
    with open(path, "rb") as file:
        first = file.read(4)
        file.seek(0)
        while piece := file.read(MIB):
            assert piece == first * (MIB // 4), f"{path} is a mixture"
    assert path.stat().st_size == SIZE
    return first


# name: the line, whether the target is there afterwards, and the file that it is about
LINES = {
    "clone": ["vol-clone", "v", "w", "--pool", "p"],
    "export": ["vol-export", "v", "@S@/out", "--pool", "p"],
    "export compressed": ["vol-export", "v", "@S@/out", "--pool", "p", "--compress", "zstd"],
    "download": ["vol-download", "v", "@S@/out", "--pool", "p"],
    "import": ["vol-import", "v", "@S@/new", "--pool", "p"],
    "convert": ["vol-create-from", "p", "@S@/q.xml", "v"],
    "upload with a checksum": ["vol-upload", "v", "-", "--pool", "p", "--verify", "@SUM@"],
}
QCOW2 = (
    "<volume><name>w</name><capacity>1</capacity><allocation>0</allocation>"
    "<target><format type='qcow2'/></target></volume>"
)


@pytest.mark.limit(180)
@pytest.mark.parametrize("name", LINES)
def test_nothing_is_half_done(site, pool, scratch, name):
    case = Case(site, pool, scratch)
    (scratch / "q.xml").write_text(QCOW2)
    sum = contents.digest(scratch / "new")
    line = [word.replace("@S@", str(scratch)).replace("@SUM@", sum) for word in LINES[name]]
    reads_stdin = "-" in line

    def start():
        with open(scratch / "new", "rb") as new:
            # A pipe, which can be read only once.
            feeder = site.start("vol-export", "n", "-", "--pool", "p") if reads_stdin else None
            return site.start(*line, stdin=feeder.stdout if feeder else new), feeder

    if reads_stdin:
        site.ok("vol-create-as", "p", "n", str(SIZE), "--allocation", "0")
        site.ok("vol-upload", "n", scratch / "new", "--pool", "p")
    begun = time.monotonic()
    process, feeder = start()
    assert process.wait(timeout=90) == DONE, process.stderr.read()
    end(feeder)
    # A command that ends sooner than it was waited for is stopped earlier the next time, one that has not begun later.
    early, late = 0.0, time.monotonic() - begun
    stopped = 0
    for moment in range(TRIES):
        reset(case, name)
        before = tree(scratch)
        number = (signal.SIGINT, signal.SIGTERM)[moment % 2]
        process, feeder = start()
        if late - early < 0.001:  # what was found does not hold any more: the machine is not always as fast
            early, late = early / 2, late * 2
        wait = (early + late) / 2
        time.sleep(wait)
        process.send_signal(number)
        _, error = process.communicate(timeout=60)
        end(feeder)
        if process.returncode == DONE:
            late = wait
            continue
        assert process.returncode == -number, (process.returncode, error)
        # Before the handler is set, the process just ends.
        if error:
            stopped += 1
            late = wait
            assert f"interrupted by {number.name}" in error.decode(), error
        else:
            early = wait
        after = tree(scratch)
        changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
        # What a lock leaves in the folder of state is no content; nor is the pool's own empty folder.
        assert all(path.startswith("root/run") or path == "pool/.cistern" for path in changed), changed
        assert content(pool / "v") == b"old!"
        assert site.findings("p") == []
        if stopped == MOMENTS:
            break
    assert stopped > 0, "no moment was inside"


def end(feeder):
    if feeder:
        feeder.kill()
        feeder.wait()
        feeder.stdout.close()
        feeder.stderr.close()


def reset(case, name):
    """The volume has its old content, and nothing else is there."""
    if "w" in case.volumes():
        case.site.ok("vol-delete", "w", "--pool", "p")
    (case.scratch / "out").unlink(missing_ok=True)
    if content(case.pool / "v") != b"old!":
        filled(case.pool / "v", b"old!" * 1024)


@pytest.mark.limit(120)
def test_an_upload_in_place_is_stopped_at_once(site, pool, scratch):
    """It writes into what is there, as libvirt's does; so it says how it ended, and can be done again."""
    case = Case(site, pool, scratch)
    for wait in (0.0, 0.01, 0.03, 0.06):
        process = site.start("vol-upload", "v", str(scratch / "new"), "--pool", "p")
        time.sleep(wait)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) in (DONE, -signal.SIGTERM)
        process.communicate()
        assert (pool / "v").stat().st_size == SIZE
        assert site.findings("p") == []
    case.site.ok("vol-upload", "v", scratch / "new", "--pool", "p")
    assert content(pool / "v") == b"new."
