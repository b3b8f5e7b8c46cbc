"""Pools of type netfs against real servers: the kernel's NFS server and Samba, both on the guest's own addresses.

The servers are also cut off: by taking their address away, by stopping their processes, by something that takes a
connection and never answers. What must hold then: a command that asks them ends within its time-out, and commands
about other pools do not wait for them at all."""

import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import contents
import pytest
import silence
from networkservers import (  # noqa: F401
    CUT, KEPT, address, cut_off, export, mounted, netfs, samba, wait_until,
)
from tools import BUSY, DONE, EXISTS, IO_ERROR, MIB, UNSUPPORTED

pytestmark = pytest.mark.guest(
    modules=["nfsd", "xfs", "nfs", "nfsv4", "nfsv3", "cifs", "dm_mod", "vfat", "udf", "f2fs", "loop"],
    packages=["nfs-kernel-server", "nfs-common", "rpcbind", "samba", "cifs-utils", "dosfstools", "udftools",
              "f2fs-tools", "xfsprogs", "dmsetup"],
    disks=["320M", "256M", "64M"],
    seconds=1200,
)  # fmt: skip

#: What a time-out may cost more than it says: starting programs takes
#: long on an emulated processor. Without a time-out it would be minutes, or for ever.
SLACK = 15


@pytest.fixture(autouse=True)
def patience(site):
    """The first mount of a kind loads modules, which takes long on an emulated processor."""
    site.environment["CISTERN_TIMEOUT"] = "90"


KEEPS = "<c:lifecycle xmlns:c='urn:cistern:storage:1' revisions_to_keep='2'/>"


def life_of_a_volume(site, pool, target):
    """Two sessions and a revert, through whatever is mounted."""
    site.ok("vol-create-as", pool, "v", str(MIB), "--allocation", "0")
    for text in ("one", "two"):
        device = site.ok("vol-start", "v", "--pool", pool).strip()
        assert device.startswith(str(target))
        contents.put(device, text)
        site.ok("vol-stop", "v", "--pool", pool)
    assert contents.get(target / "v") == "two"
    site.ok("vol-revert", "v", "--pool", pool)
    assert contents.get(target / "v") == "one"
    # Two commits, and the state that was reverted from.
    assert len(site.revisions("v", pool)) == 3
    assert site.run("pool-check", pool).out.strip() == f"Pool {pool} is clean"
    # What an open file leaves when it is removed belongs to nobody.
    assert [volume["name"] for volume in site.json("vol-list", pool)["volumes"]] == ["v"]


@pytest.mark.limit(120)
def test_an_nfs_pool_does_what_a_directory_pool_does(site, scratch, export, call):
    (export / "a").mkdir()
    target = scratch / "a"
    netfs(site, "a", KEPT, "/a", target, "<protocol ver='4.2'/>", "noatime", KEEPS)
    site.ok("pool-build", "a")
    site.ok("pool-start", "a")
    kind, options = mounted(target)[2:4]
    assert kind == "nfs4"
    assert {"vers=4.2", "noatime", "nodev", "nosuid", "noexec"} <= set(options.split(","))
    assert mounted(target)[0] == f"{KEPT}:/a"
    life_of_a_volume(site, "a", target)
    assert (export / "a" / "v").exists(), "it is on the server"
    site.ok("vol-delete", "v", "--pool", "a")
    assert site.run("pool-check", "a").out.strip() == "Pool a is clean"
    # Somebody holds it.
    with subprocess.Popen(["sleep", "60"], cwd=target) as sleeper:
        site.refused(BUSY, "pool-destroy", "a", words=f"sleep (pid {sleeper.pid})")
        sleeper.kill()
    site.ok("pool-destroy", "a")
    assert mounted(target) is None and list(target.iterdir()) == []
    site.refused(BUSY, "vol-list", "a", words="is not active")
    # Unmounted behind its back, nothing is put into the folder below.
    site.ok("pool-start", "a")
    call("umount", target)
    site.refused(BUSY, "vol-create-as", "a", "w", "1M", words="is not mounted")
    assert site.pool("a")["state"] == "inaccessible" and list(target.iterdir()) == []
    site.ok("pool-destroy", "a")
    site.ok("pool-delete", "a")
    assert not target.exists()


@pytest.mark.limit(60)
def test_nfs_3_and_what_the_server_exports(site, scratch, export):
    (export / "b").mkdir()
    netfs(site, "b", KEPT, export / "b", scratch / "b", "<protocol ver='3'/>", "nolock")
    site.ok("pool-build", "b")
    site.ok("pool-start", "b")
    assert mounted(scratch / "b")[2] == "nfs"
    site.ok("vol-create-as", "b", "v", "64K")
    site.ok("pool-destroy", "b")
    found = site.ok("find-storage-pool-sources-as", "netfs", KEPT)
    assert found.strip() == (
        f"<sources>\n  <source>\n    <host name='{KEPT}'/>\n    <dir path='{export}'/>\n"
        "    <format type='nfs'/>\n  </source>\n</sources>"
    )
    (site.root / "source.xml").write_text(f"<source><host name='{KEPT}'/></source>")
    assert site.ok("find-storage-pool-sources", "netfs", site.root / "source.xml") == found


def timed(run, *arguments, **options):
    """What a command gave and how long it took."""
    start = time.monotonic()
    result = run(*arguments, **options)
    return result, time.monotonic() - start


@pytest.mark.limit(200)
def test_a_server_that_is_gone_costs_its_time_out_and_delays_nobody_else(site, scratch, export, call):
    (export / "c").mkdir()
    for pool in ("dead", "dead2"):
        netfs(site, pool, CUT, "/c" if pool == "dead" else "/", scratch / pool, "<protocol ver='4.2'/>")
        site.ok("pool-build", pool)
        site.ok("pool-start", pool)
    site.ok("pool-define-as", "alive", "dir", "--target", scratch / "alive")
    site.ok("pool-build", "alive")
    site.ok("pool-start", "alive")
    for volume in ("v", "w"):
        site.ok("vol-create-as", "alive", volume, "64K")
    site.ok("vol-create-as", "dead", "v", "64K")
    _, usual = timed(site.ok, "pool-info", "alive")

    call("ip", "addr", "del", f"{CUT}/32", "dev", "lo")
    try:
        # Of the pool itself: within the time-out, and told.
        result, took = timed(site.run, "pool-info", "dead", "--timeout", "3")
        assert "inaccessible" in result.out and "does not answer within 3 seconds" in result.err, result
        assert took < 3 + SLACK
        for tool, arguments in {
            "vol-list": ["dead"],
            "pool-refresh": ["dead"],
            "vol-info": ["v", "--pool", "dead"],
        }.items():
            result, took = timed(site.run, tool, *arguments, "--timeout", "3")
            assert result.status == IO_ERROR and "does not answer" in result.err, result
            assert took < 3 + SLACK, f"{tool} took {took}"
        # Without the option too, if it is not said otherwise.
        result, took = timed(site.run, "vol-create-as", "dead", "x", "64K", environment={"CISTERN_TIMEOUT": "2"})
        assert result.status == IO_ERROR and took < 2 + SLACK, result
        # Two that are dead are waited for together.
        result, took = timed(site.run, "pool-list", "--details", "--timeout", "4")
        assert result.out.count("inaccessible") == 2 and "running" in result.out, result
        assert took < 4 + SLACK
        # Of the others: as if nothing were.
        still: dict[str, list[str]] = {
            "pool-info": ["alive"],
            "vol-list": ["alive"],
            "vol-info": ["v", "--pool", "alive"],
            "pool-list": [],
        }
        for tool, words in still.items():
            result, took = timed(site.run, tool, *words)
            assert result.status == DONE and took < 2 * usual + 4, f"{tool} took {took}:\n{result}"
        # What has to look at all pools waits for the dead ones once.
        line = ["vol-delete", "v", "--pool", "alive"]
        result, took = timed(site.run, *line, environment={"CISTERN_TIMEOUT": "3"})
        # There may be overlays on it.
        assert result.status == BUSY and "may be the backing store of others" in result.err, result
        assert took < 3 + SLACK, result
        result, took = timed(site.run, *line, "--force", environment={"CISTERN_TIMEOUT": "3"})
        assert result.status == DONE and took < 3 + SLACK, result
        result, took = timed(site.run, "pool-define-as", "more", "dir", "--target", scratch / "more")
        assert result.status == DONE and took < SLACK, result
        result = site.run("pool-define-as", "inside", "dir", "--target", scratch / "dead" / "x")
        # Folders in each other are no conflict, and to tell that nobody has to answer.
        assert result.status == DONE, result
        # It comes back.
        call("ip", "addr", "add", f"{CUT}/32", "dev", "lo")
        wait_until(lambda: site.pool("dead")["state"] == "running", 60)
        site.ok("vol-info", "v", "--pool", "dead")
        call("ip", "addr", "del", f"{CUT}/32", "dev", "lo")
        # It is stopped though it is gone.
        result, took = timed(site.run, "pool-destroy", "dead", "--timeout", "3")
        assert result.status == DONE and mounted(scratch / "dead") is None, result
        assert took < 6 + SLACK
        result, took = timed(site.run, "pool-destroy", "dead2", "--timeout", "3")
        assert result.status == DONE, result
    finally:
        subprocess.run(["ip", "addr", "add", f"{CUT}/32", "dev", "lo"], check=False, timeout=20)
    site.ok("pool-start", "dead")
    site.ok("vol-info", "v", "--pool", "dead")
    site.ok("pool-destroy", "dead")


@pytest.mark.limit(120)
def test_a_server_that_goes_in_the_middle_is_given_up(site, scratch, export):
    (export / "m").mkdir()
    netfs(site, "m", CUT, "/m", scratch / "m", "<protocol ver='4.2'/>")
    site.ok("pool-build", "m")
    site.ok("pool-start", "m")
    site.ok("vol-create-as", "m", "v", str(silence.SIZE))
    silence.death_in_the_middle(site, "m", "v", cut_off, 6 + SLACK)
    # Nothing of the command that was given up holds it.
    site.ok("pool-destroy", "m")
    assert mounted(scratch / "m") is None


@pytest.mark.limit(120)
def test_files_beside_the_pools_on_a_server_that_is_gone(site, scratch, export, call):
    """What is exported to, and imported from."""
    (export / "f").mkdir()
    with open(export / "f" / "in", "wb") as file:
        file.truncate(silence.SIZE)
    place = scratch / "mounted"
    place.mkdir()
    site.ok("pool-define-as", "d", "dir", "--target", scratch / "d")
    site.ok("pool-build", "d")
    site.ok("pool-start", "d")
    site.ok("vol-create-as", "d", "v", str(silence.SIZE))
    site.ok("vol-import", "v", "-", "--pool", "d", stdin=b"x" * silence.SIZE)
    brief = {"CISTERN_TIMEOUT": "2"}
    call("mount", "-t", "nfs4", f"{CUT}:/f", place)
    try:
        out = site.start("vol-export", "v", place / "out", "--pool", "d", environment=brief)
        wait_until(lambda: len(list((export / "f").iterdir())) > 1, 30)
        with cut_off():
            silence.given_up(out, f"{place}/out", time.monotonic(), 6 + SLACK)
            for line in (["vol-import", "v", place / "in"], ["vol-export", "v", place / "out"]):
                result, took = timed(site.run, *line, "--pool", "d", environment=brief)
                assert result.status == IO_ERROR and took < 2 + SLACK, result
                assert f": {line[2]}: '{CUT}:/f' on '{place}' does not answer within 2 seconds" in result.err, result
        assert not (export / "f" / "out").exists()
        site.ok("vol-export", "v", place / "out", "--pool", "d")
        assert (export / "f" / "out").stat().st_size == silence.SIZE
        assert site.findings("d") == []
    finally:
        call("umount", place)


class Silent:
    """A server that takes connections and says nothing."""

    def __init__(self, port):
        self.socket = socket.create_server((CUT, port))
        self.taken = []
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self):
        while True:
            try:
                self.taken.append(self.socket.accept()[0])
            except OSError:
                return

    def close(self):
        self.socket.close()
        for one in self.taken:
            one.close()


@pytest.mark.limit(60)
def test_a_server_that_never_answers_is_given_up(site, scratch, address):
    server = Silent(12049)
    try:
        netfs(site, "s", CUT, "/x", scratch / "s", "<protocol ver='4.2'/>", "port=12049")
        site.ok("pool-build", "s")
        result, took = timed(site.run, "pool-start", "s", "--timeout", "3")
        assert result.status == IO_ERROR and "no answer within 3 seconds" in result.err, result
        assert took < 3 + SLACK
        assert mounted(scratch / "s") is None and site.pool("s")["state"] == "inactive"
        # A signal ends it sooner.
        process = site.start("pool-start", "s", "--timeout", "50")
        time.sleep(2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) != 0
    finally:
        server.close()
    result, took = timed(site.run, "find-storage-pool-sources-as", "netfs", "10.99.0.77", "--timeout", "3")
    assert result.status != DONE and took < 3 + SLACK, result


# Samba


@pytest.mark.limit(120)
def test_a_cifs_pool_for_guests_and_one_with_a_password(site, scratch, samba):
    netfs(site, "g", KEPT, "open", scratch / "g", options="file_mode=0600", form="cifs")
    site.ok("pool-build", "g")
    site.ok("pool-start", "g")
    source, _, kind, options = mounted(scratch / "g")[:4]
    assert (source, kind) == (f"//{KEPT}/open", "cifs")
    assert {"nodev", "nosuid", "noexec"} <= set(options.split(","))
    site.ok("vol-create-as", "g", "v", str(MIB), "--allocation", "0")
    image = contents.image(scratch / "image", MIB, at0="imported")
    site.ok("vol-import", "v", image, "--pool", "g")
    site.ok("vol-export", "v", scratch / "out", "--pool", "g")
    assert contents.get(scratch / "out") == "imported"
    assert contents.blocks(scratch / "out") < MIB // 2, "the holes are lost"
    site.refused(EXISTS, "vol-create-as", "g", "v", "1M", words="exists already")
    site.ok("vol-delete", "v", "--pool", "g")
    assert site.json("vol-list", "g")["volumes"] == []
    site.ok("pool-destroy", "g")


@pytest.mark.limit(200)
def test_a_cifs_pool_does_what_a_directory_pool_does(site, scratch, samba):
    netfs(site, "h", KEPT, "open", scratch / "h", lifecycle=KEEPS, form="cifs")
    site.ok("pool-build", "h")
    site.ok("pool-start", "h")
    life_of_a_volume(site, "h", scratch / "h")
    site.ok("pool-destroy", "h")


@pytest.mark.limit(120)
def test_a_cifs_pool_with_a_password(site, scratch, samba):
    secret = site.root / "secret.xml"
    secret.write_text("<secret><usage type='cifs'><name>nas</name></usage></secret>")
    site.ok("secret-define", secret)
    [uuid] = [one["uuid"] for one in site.json("secret-list")["secrets"]]
    login = "<auth type='cifs' username='root'><secret usage='nas'/></auth>"
    netfs(site, "c", KEPT, "closed", scratch / "c", login, form="cifs")
    site.ok("pool-build", "c")
    site.refused(4, "pool-start", "c", words="does not have a value")
    (site.root / "password").write_text("wrong")
    site.ok("secret-set-value", uuid, "--file", site.root / "password", "--plain")
    site.refused(1, "pool-start", "c", words="Permission denied")
    assert mounted(scratch / "c") is None
    (site.root / "password").write_text("open sesame")
    site.ok("secret-set-value", uuid, "--file", site.root / "password", "--plain")
    seen = []
    watcher = threading.Thread(target=watch_command_lines, args=(seen, "sesame", 5), daemon=True)
    watcher.start()
    site.ok("pool-start", "c")
    watcher.join()
    assert seen == [], "the password was in a command line or an environment"
    assert "sesame" not in Path("/proc/self/mounts").read_text()
    assert "username=root" in mounted(scratch / "c")[3]
    site.ok("vol-create-as", "c", "v", "64K")

    # Its processes are stopped: the connection stands, and nothing is answered.
    with silence.stopped(children(samba.pid)):
        result, took = timed(site.run, "pool-info", "c", "--timeout", "3")
        assert "inaccessible" in result.out, result
        assert took < 3 + SLACK
    wait_until(lambda: site.pool("c")["state"] == "running", 60)
    site.ok("pool-destroy", "c")


@pytest.mark.limit(200)
def test_a_cifs_server_that_goes_in_the_middle_is_given_up(site, scratch, samba):
    netfs(site, "k", KEPT, "open", scratch / "k", form="cifs")
    site.ok("pool-build", "k")
    site.ok("pool-start", "k")
    site.ok("vol-create-as", "k", "big", str(silence.SIZE), "--allocation", "0")
    # All of it: what is left running takes new connections.
    silence.death_in_the_middle(
        site, "k", "big", lambda: silence.stopped([samba.pid, *children(samba.pid)]), 6 + SLACK
    )
    site.ok("vol-delete", "big", "--pool", "k")
    site.ok("pool-destroy", "k")


def children(parent):
    """The processes that a process started, and theirs."""
    own = [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    return own + [pid for one in own for pid in children(one)]


def watch_command_lines(seen, word, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for process in Path("/proc").glob("[0-9]*"):
            for file in ("cmdline", "environ"):
                try:
                    if word in (process / file).read_text(errors="replace"):
                        seen.append((process / file).read_text(errors="replace"))
                except OSError:
                    pass


# File systems that a build machine's kernel lacks


@pytest.mark.limit(120)
@pytest.mark.parametrize("kind", ["vfat", "udf", "f2fs"])
def test_a_file_system_that_this_kernel_knows(site, scratch, kind):
    image = scratch / "image"
    with open(image, "wb") as file:
        file.truncate(64 * MIB)
    site.ok("pool-define-as", "p", "fs", "--source-dev", image, "--source-format", kind, "--target", scratch / "p")
    site.ok("pool-build", "p", "--no-overwrite")
    site.refused(EXISTS, "pool-build", "p", "--no-overwrite", words=f"already formatted using '{kind}'")
    site.ok("pool-start", "p")
    assert mounted(scratch / "p")[2] == kind
    site.ok("vol-create-as", "p", "v", "64K")
    site.ok("pool-destroy", "p")
    site.ok("pool-start", "p")
    assert [volume["name"] for volume in site.json("vol-list", "p")["volumes"]] == ["v"]
    site.ok("pool-destroy", "p")


@pytest.mark.limit(60)
def test_a_device_that_fails_while_the_pool_is_started(site, scratch, disks, call):
    sectors = int(Path(f"/sys/class/block/{disks[2].resolve().name}/size").read_text())
    environment = {**os.environ, "DM_DISABLE_UDEV": "1"}
    call("dmsetup", "create", "gone", "--table", f"0 {sectors} linear {disks[2].resolve()} 0", env=environment)
    target = scratch / "d"
    (site.root / "d.xml").write_text(
        "<pool type='fs' xmlns:fs='http://libvirt.org/schemas/storagepool/fs/1.0'><name>d</name>"
        "<source><device path='/dev/mapper/gone'/><format type='ext4'/></source>"
        f"<target><path>{target}</path></target>"
        "<fs:mount_opts><fs:option name='errors=remount-ro'/></fs:mount_opts></pool>"
    )
    site.ok("pool-define", site.root / "d.xml")
    site.ok("pool-build", "d", "--no-overwrite")
    site.ok("pool-start", "d")
    site.ok("vol-create-as", "d", "v", "64K")
    call("dmsetup", "suspend", "--nolockfs", "gone", env=environment)
    call("dmsetup", "load", "gone", "--table", f"0 {sectors} error", env=environment)
    call("dmsetup", "resume", "gone", env=environment)
    try:
        result = site.run("vol-create-as", "d", "w", "64K")
        assert result.status != DONE and "vol-create-as: " in result.err, result
        assert "I/O error" in result.err or "Input/output error" in result.err or "Read-only" in result.err, result
        # Whether the file system has noticed by then is its own affair; the pool can be asked and stopped.
        assert site.pool("d")["state"] in ("running", "degraded", "inaccessible")
        site.ok("pool-destroy", "d")
        assert mounted(target) is None and list(target.iterdir()) == []
        result = site.run("pool-start", "d")
        assert result.status != DONE and mounted(target) is None, result
    finally:
        call("dmsetup", "remove", "gone", env=environment)


def test_a_missing_helper_program_names_its_package(site, scratch):
    netfs(site, "h", KEPT, "/x", scratch / "h")
    site.ok("pool-build", "h")
    helper = Path("/usr/sbin/mount.nfs")
    helper.rename("/usr/sbin/mount.nfs.away")
    try:
        site.refused(UNSUPPORTED, "pool-start", "h", words=["mount.nfs", "nfs-common"])
    finally:
        Path("/usr/sbin/mount.nfs.away").rename(helper)
