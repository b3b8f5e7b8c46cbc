"""Commands that move content, stopped by a signal at many moments: all of it happened, or nothing."""

import os
import signal
import subprocess
import time

import contents
import images
import injections
import pytest
from tools import BAD_DATA, BUSY, DONE, MIB, NOT_FOUND, PROBLEMS, tree

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


INCOMPLETE = "its content is incomplete: an upload did not finish"
DESTROYED = "its content is partly destroyed: a wipe did not finish"


def is_incomplete(site, words, advice):
    """The volume v is named by pool-check, and nothing hands it out."""
    findings = site.findings("p")
    assert [one["kind"] for one in findings] == ["incomplete-content"], findings
    assert site.json("vol-info", "v", "--pool", "p")["volume"]["problem"] == words
    for line in (["vol-start", "v"], ["vol-export", "v", "-"], ["vol-download", "v", "-"], ["vol-clone", "v", "w"]):
        site.refused(BAD_DATA, *line, "--pool", "p", words=(words, advice))
    overlay = ["vol-create-as", "p", "o", str(SIZE), "--format", "qcow2", "--backing-vol", "v"]
    site.refused(BAD_DATA, *overlay, "--backing-vol-format", "raw", words=words)
    # What only a person can decide stays.
    site.ok("pool-check", "p", "--repair")
    assert [one["kind"] for one in site.findings("p")] == ["incomplete-content"]


def is_whole(site):
    assert site.findings("p") == []
    site.ok("vol-start", "v", "--pool", "p")
    site.ok("vol-stop", "v", "--pool", "p")


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
        if site.findings("p"):
            is_incomplete(site, INCOMPLETE, "Try: vol-upload v FILE --pool p")
        else:
            content(pool / "v")
    case.site.ok("vol-upload", "v", scratch / "new", "--pool", "p")
    assert content(pool / "v") == b"new."
    is_whole(site)


def killed_upload(site, pool, *options, after):
    """An upload of which so many bytes have come through a pipe, and then a kill."""
    process = site.start("vol-upload", "v", "-", *options, "--pool", "p", stdin=subprocess.PIPE)
    process.stdin.write(b"new." * (after // 4))
    process.stdin.flush()
    if after:
        begun = time.monotonic()
        while (pool / "v").read_bytes()[:SIZE].count(b"new.") < after // 8:
            assert time.monotonic() < begun + 30
            time.sleep(0.05)
    else:
        time.sleep(0.5)
    process.kill()
    process.communicate()


@pytest.mark.limit(120)
def test_a_killed_upload_is_known_until_the_same_part_is_uploaded_again(site, pool, scratch):
    Case(site, pool, scratch)
    killed_upload(site, pool, after=0)
    assert content(pool / "v") == b"old!"
    is_whole(site)
    killed_upload(site, pool, after=MIB)
    is_incomplete(site, INCOMPLETE, "Try: vol-upload v FILE --pool p")
    # A part alone does not make it whole.
    (scratch / "part").write_bytes(b"part" * 1024)
    site.refused(BAD_DATA, "vol-upload", "v", scratch / "part", "--pool", "p", words=INCOMPLETE)
    result = site.run("vol-upload", "v", "-", "--pool", "p", stdin=b"short")
    assert result.status == DONE and INCOMPLETE in result.err, result
    is_incomplete(site, INCOMPLETE, "Try: vol-upload v FILE --pool p")
    site.ok("vol-upload", "v", scratch / "new", "--pool", "p")
    assert content(pool / "v") == b"new."
    is_whole(site)
    # The part that was asked for is all that is in doubt.
    killed_upload(site, pool, "--offset", str(MIB), "--length", str(4 * MIB), after=MIB)
    is_incomplete(site, INCOMPLETE, f"Try: vol-upload v FILE --offset {MIB} --pool p")
    (scratch / "part").write_bytes(b"part" * MIB)
    site.ok("vol-upload", "v", scratch / "part", "--offset", str(MIB), "--pool", "p")
    is_whole(site)
    killed_upload(site, pool, after=MIB)
    site.ok("vol-import", "v", scratch / "new", "--pool", "p")
    assert content(pool / "v") == b"new."
    is_whole(site)


@pytest.mark.limit(120)
@pytest.mark.parametrize("error", ["KILL", "EIO"])
def test_a_cut_wipe_is_known_until_it_is_wiped_or_imported_again(site, pool, scratch, error):
    Case(site, pool, scratch)
    injections.inject(site, "pwrite64", 6, error, "vol-wipe", "v", "--pool", "p")
    is_incomplete(site, DESTROYED, "Try: vol-wipe v --pool p")
    site.ok("vol-wipe", "v", "--pool", "p")
    assert (pool / "v").read_bytes() == bytes(SIZE)
    is_whole(site)
    filled(pool / "v", b"old!" * 1024)
    injections.inject(site, "pwrite64", 6, error, "vol-wipe", "v", "--pool", "p")
    site.ok("vol-import", "v", scratch / "new", "--pool", "p")
    assert content(pool / "v") == b"new."
    is_whole(site)


@pytest.mark.limit(120)
@pytest.mark.parametrize("error", ["KILL", "EIO"])
def test_a_wipe_begins_with_the_revisions(site, pool, scratch, error):
    case = Case(site, pool, scratch)
    site.ok("vol-set", "v", "revisions_to_keep", "2", "--pool", "p")
    for _ in range(2):
        site.ok("vol-import", "v", scratch / "new", "--pool", "p")
    number = 1
    while True:
        ended = injections.inject(site, "unlinkat", number, error, "vol-wipe", "v", "--pool", "p")
        if ended.returncode == DONE:
            break
        left = len(site.revisions("v", "p"))
        if left:
            assert content(pool / "v") == b"new.", "wiped before its revisions"
        if site.findings("p"):
            is_incomplete(site, DESTROYED, "Try: vol-wipe v --pool p")
            site.refused((BAD_DATA, NOT_FOUND), "vol-revert", "v", "--pool", "p")
            # What was half destroyed becomes no revision.
            site.ok("vol-import", "v", scratch / "new", "--pool", "p")
            assert len(site.revisions("v", "p")) == left
        else:
            assert left == 2
        site.ok("vol-wipe", "v", "--pool", "p")
        assert site.revisions("v", "p") == [] and site.findings("p") == []
        for _ in range(3):
            site.ok("vol-import", "v", scratch / "new", "--pool", "p")
        number += 1
    assert number > 2
    assert case.volumes() == {"v"}


@pytest.mark.limit(180)
def test_a_cut_wipe_of_an_image_leaves_nothing_that_the_next_does_not_overwrite(site, pool):
    """Whatever was cut: once it says "wiped" no file of the pool has the old content, and the old blocks were written over."""
    for call in ("linkat", "renameat", "renameat2", "unlinkat", "pwrite64", "fallocate"):
        number = 1
        while number < 30:
            site.ok("vol-create-as", "p", "q", "4M", "--format", "qcow2")
            images.write(pool / "q", "qcow2", 0x41, 0, 4 * MIB)
            # The file, which nobody has open by that.
            old = os.open(pool / "q", os.O_PATH)
            ended = injections.inject(site, call, number, "KILL", "vol-wipe", "q", "--pool", "p")
            assert site.run("pool-check", "p").status in (DONE, PROBLEMS)
            site.ok("vol-wipe", "q", "--pool", "p")
            with open(f"/proc/self/fd/{old}", "rb") as content:
                assert b"A" * 512 not in content.read(), f"not overwritten after {call} {number}"
            os.close(old)
            for file in pool.rglob("*"):
                assert not file.is_file() or b"A" * 512 not in file.read_bytes(), f"{file} after {call} {number}"
            assert [one for one in site.findings("p") if one["volume"]] == []
            site.ok("vol-delete", "q", "--pool", "p")
            site.run("pool-check", "p", "--repair")
            number += 1
            if ended.returncode == DONE:
                break


def test_ending_to_keep_state_can_be_done_again(site, pool):
    for call in ("renameat", "renameat2", "fsync", "unlinkat"):
        for number in range(1, 6):
            site.ok("vol-create-as", "p", "v", "1M", "--allocation", "0")
            injections.inject(site, call, number, "KILL", "vol-set", "v", "save_on_stop", "no", "--pool", "p")
            site.ok("vol-set", "v", "save_on_stop", "no", "--pool", "p")
            assert [one for one in site.findings("p") if one["volume"]] == [] and not (pool / "v").exists()
            site.ok("vol-start", "v", "--pool", "p")
            site.ok("vol-stop", "v", "--pool", "p")
            site.ok("vol-delete", "v", "--pool", "p")


def test_content_is_never_taken_for_what_a_cut_left(site, pool):
    site.ok("vol-create-as", "p", "v", "1M", "--allocation", "0", "--save-on-stop", "no")
    (pool / "v").write_bytes(b"content" * 1000)
    site.refused(BUSY, "vol-set", "v", "save_on_stop", "no", "--pool", "p", words=["holds content", "save_on_stop yes"])
    assert (pool / "v").read_bytes() == b"content" * 1000


def test_a_wipe_that_fails_at_a_revision_does_not_say_that_it_is_done(site, pool, scratch):
    Case(site, pool, scratch)
    site.ok("vol-set", "v", "revisions_to_keep", "2", "--pool", "p")
    for _ in range(2):
        site.ok("vol-import", "v", scratch / "new", "--pool", "p")
    number = 1
    while True:
        done = injections.inject(site, "fsync", number, "EIO", "vol-wipe", "v", "--pool", "p")
        if done.returncode == DONE or not site.revisions("v", "p"):
            break
        assert b"it is done" not in done.stderr, done.stderr
        number += 1
    assert number > 2


def test_a_snapshot_whose_stop_fails_is_still_told_to_be_outdated(site, pool, scratch):
    (scratch / "new").write_bytes(b"new." * (MIB // 4))
    site.ok("vol-create-as", "p", "m", "1M", "--revisions-to-keep", "1")
    site.ok("vol-create-as", "p", "s", "--source", "m", "--snap-on-start", "yes", "--save-on-stop", "no")
    site.ok("vol-start", "s", "--pool", "p")
    site.ok("vol-import", "m", scratch / "new", "--pool", "p")
    assert site.volume("s", "p")["outdated"] is True
    for call in ("renameat", "renameat2", "unlinkat"):
        done = injections.inject(site, call, 1, "EIO", "vol-stop", "s", "--pool", "p")
        if done.returncode != DONE and site.volume("s", "p")["state"] == "running":
            assert site.volume("s", "p")["outdated"] is True, call
    site.run("vol-stop", "s", "--pool", "p")
    assert site.findings("p") == []


@pytest.mark.parametrize("name", [";semi", "trail ", " lead", "y ; z", "50%"])
def test_whatever_a_name_is_it_can_be_changed_and_be_a_source(site, pool, name):
    site.ok("vol-create-as", "p", name, "1M", "--allocation", "0", "--revisions-to-keep", "1")
    site.ok("vol-rename", name, "--newname", "y", "--pool", "p")
    site.ok("vol-rename", "y", "--newname", name, "--pool", "p")
    site.ok("vol-create-as", "p", "s", "--source", name, "--snap-on-start", "yes", "--save-on-stop", "no")
    assert site.volume("s", "p")["source"] == name
    site.ok("vol-start", "s", "--pool", "p")
    site.ok("vol-stop", "s", "--pool", "p")
    site.refused(BUSY, "vol-delete", name, "--pool", "p", words="is the source of volume 's'")
