"""iSCSI pools: the kernel's own target (LIO) on the guest's loopback, open-iscsi as initiator, CHAP."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import contents
import pytest
from tools import BAD_DATA, BUSY, DONE, FORBIDDEN, IO_ERROR, MIB, PROBLEMS, UNSUPPORTED
from unitpools import UnitConformance, UnitPool

pytestmark = pytest.mark.guest(packages=["open-iscsi", "e2fsprogs", "udev"], seconds=1200)

TARGET = "iqn.2026-01.test:disk0"
USER, PASSWORD = "user", "topsecret1234"
SIZE = 16 * MIB
CORE = Path("/sys/kernel/config/target")
GROUP = CORE / "iscsi" / TARGET / "tpgt_1"
RECORDS = Path("/etc/iscsi")
CALLS = Path("/run/iscsiadm-calls")


class Target:
    """A target with CHAP, made through configfs."""

    def __init__(self):
        for module in ("target_core_mod", "iscsi_target_mod", "target_core_file"):
            subprocess.run(["modprobe", module], check=True, timeout=60)
        subprocess.run(["mount", "-t", "configfs", "configfs", "/sys/kernel/config"], check=True, timeout=10)
        GROUP.mkdir(parents=True)
        (GROUP / "np" / "127.0.0.1:3260").mkdir(parents=True)
        for name, value in (("authentication", 1), ("generate_node_acls", 1), ("demo_mode_write_protect", 0)):
            (GROUP / "attrib" / name).write_text(str(value))
        (GROUP / "auth" / "userid").write_text(USER)
        (GROUP / "auth" / "password").write_text(PASSWORD)
        self.add(0)
        self.serve(True)

    def add(self, unit):
        image = Path(f"/tmp/unit{unit}")
        with open(image, "wb") as file:
            file.truncate(SIZE)
        store = CORE / "core" / "fileio_0" / f"d{unit}"
        store.mkdir(parents=True)
        (store / "control").write_text(f"fd_dev_name={image},fd_dev_size={SIZE},fd_buffered_io=1")
        (store / "enable").write_text("1")
        (store / "wwn" / "vpd_unit_serial").write_text(f"d{unit}-SERIAL")
        lun = GROUP / "lun" / f"lun_{unit}"
        lun.mkdir(parents=True)
        (lun / "store").symlink_to(store)

    def serve(self, whether):
        (GROUP / "enable").write_text(str(int(whether)))


@pytest.fixture(scope="module", autouse=True)
def target():
    """The target, the daemon, and an iscsiadm that writes down how it is called."""
    (RECORDS / "initiatorname.iscsi").write_text("InitiatorName=iqn.2026-01.test:init\n")
    for folder in ("nodes", "ifaces", "send_targets"):
        shutil.rmtree(RECORDS / folder, ignore_errors=True)
    Path("/run/lock").mkdir(exist_ok=True)
    # A link to the program in Debian.
    wrapper = Path("/usr/bin/iscsiadm")
    wrapper.unlink(missing_ok=True)
    wrapper.write_text(f'#!/bin/sh\necho "$*" >> {CALLS}\nexec /usr/sbin/iscsiadm "$@"\n')
    wrapper.chmod(0o755)
    return Target()


@pytest.fixture(scope="module")
def daemon(target):
    """iscsid, in the background, ended by its process id."""
    # In a group of its own: it ends all of its group with itself.
    process = subprocess.Popen(["iscsid", "-f"], stderr=subprocess.DEVNULL, start_new_session=True)
    time.sleep(1)
    yield process
    process.terminate()
    process.wait(20)


@pytest.fixture
def secret(site, scratch):
    """The right password as a secret of that site."""
    document = scratch / "secret.xml"
    document.write_text("<secret><usage type='iscsi'><target>t</target></usage></secret>")
    uuid = site.ok("secret-define", document).split()[1]
    (scratch / "password").write_text(PASSWORD)
    site.ok("secret-set-value", uuid, "--file", scratch / "password", "--plain")
    return uuid


@pytest.fixture(autouse=True)
def tidy():
    """Whatever a failed test leaves is no business of the next one."""
    yield
    subprocess.run(["/usr/sbin/iscsiadm", "-m", "session", "-u"], capture_output=True, timeout=60, check=False)
    for folder in ("nodes", "ifaces", "send_targets"):
        shutil.rmtree(RECORDS / folder, ignore_errors=True)


def define(site, name="i", host="127.0.0.1", target=TARGET, *more):
    auth = ["--auth-type", "chap", "--auth-username", USER, "--secret-usage", "t"]
    source = ["--source-host", host, "--source-dev", target, "--target", "/dev"]
    site.ok("pool-define-as", name, "iscsi", *source, *auth, *more)


def sessions():
    """The names of the interfaces of all sessions."""
    folder = Path("/sys/class/iscsi_session")
    return [path.joinpath("ifacename").read_text().strip() for path in folder.glob("session*")]


def leftovers():
    return [path for path in RECORDS.rglob("*") if path.is_file() and "cistern-" in path.read_text()] + [
        name for name in sessions() if name.startswith("cistern-")
    ]


def device():
    return next(Path("/sys/bus/scsi/devices").glob("*:0:0:0/block/*")).name


# Before the daemon and the module are there.


def test_a_missing_program_names_its_package(site, secret):
    define(site)
    hidden = Path("/usr/sbin/iscsiadm").rename("/usr/sbin/iscsiadm.away")
    wrapper = Path("/usr/bin/iscsiadm").rename("/usr/bin/iscsiadm.away")
    try:
        site.refused(UNSUPPORTED, "pool-start", "i", words=["unable to find iscsiadm", "open-iscsi"])
    finally:
        hidden.rename("/usr/sbin/iscsiadm")
        wrapper.rename("/usr/bin/iscsiadm")


def test_without_the_daemon_nothing_is_left(site, secret):
    define(site)
    site.refused(UNSUPPORTED, "pool-start", "i", words=["cannot reach iscsid", "systemctl start iscsid"])
    assert leftovers() == []


def test_a_missing_module_is_told_and_nothing_is_left(site, secret, daemon):
    folder = Path("/lib/modules") / os.uname().release
    subprocess.run(["modprobe", "-r", "iscsi_tcp"], check=False, timeout=30)
    module = next(folder.rglob("iscsi_tcp.ko*"))
    hidden = module.rename(module.with_suffix(".away"))
    define(site)
    try:
        words = ["the kernel module iscsi_tcp cannot be used", "modprobe iscsi_tcp"]
        site.refused(UNSUPPORTED, "pool-start", "i", words=words)
    finally:
        hidden.rename(module)
    assert leftovers() == []


# With them.


def test_the_targets_of_a_portal_are_found(site, daemon):
    expected = f"<sources>\n  <source>\n    <host name='127.0.0.1'/>\n    <device path='{TARGET}'/>\n  </source>\n</sources>"
    assert site.ok("find-storage-pool-sources-as", "iscsi", "127.0.0.1").strip() == expected
    site.ok("find-storage-pool-sources-as", "iscsi", "127.0.0.1", "--initiator", "iqn.2026-01.test:me")
    assert leftovers() == []
    site.refused(BAD_DATA, "find-storage-pool-sources-as", "iscsi", words="hostname must be specified")


def test_a_session_is_made_used_and_ended(site, secret, daemon, scratch, call):
    define(site)
    CALLS.write_text("")
    site.ok("pool-start", "i")
    assert PASSWORD not in CALLS.read_text(), "the password was on a command line"
    records = [path for path in RECORDS.rglob("*") if path.is_file() and PASSWORD in path.read_text()]
    assert len(records) == 1 and records[0].stat().st_mode & 0o777 == 0o600
    listed = site.json("vol-list", "i")["volumes"]
    assert [(v["name"], v["path"], v["capacity"]) for v in listed] == [("unit:0:0:0", f"/dev/{device()}", SIZE)]
    line = ["/lib/udev/scsi_id", "--replace-whitespace", "--whitelisted", "--device", f"/dev/{device()}"]
    # A new unit answers the first question with "unit attention".
    for _ in range(3):
        done = subprocess.run(line, capture_output=True, text=True, timeout=30, check=False)
        if done.returncode == 0:
            break
    assert site.ok("vol-key", "unit:0:0:0", "--pool", "i").strip() == done.stdout.strip() != ""
    image = contents.image(scratch / "image", SIZE, at0="over the network")
    site.ok("vol-import", "unit:0:0:0", image, "--pool", "i")
    site.ok("vol-export", "unit:0:0:0", scratch / "out", "--pool", "i")
    assert contents.digest(scratch / "out") == contents.digest(image)
    assert contents.get("/tmp/unit0") == "over the network"
    call("mkfs.ext4", "-q", "-F", f"/dev/{device()}")
    (scratch / "mnt").mkdir()
    call("mount", f"/dev/{device()}", scratch / "mnt")
    site.refused(BUSY, "pool-destroy", "i", words="is in use by the mount")
    call("umount", scratch / "mnt")
    site.ok("pool-destroy", "i")
    assert leftovers() == [] and sessions() == []


def test_a_unit_that_the_target_adds_is_seen_after_a_refresh(site, secret, daemon, target):
    define(site)
    site.ok("pool-start", "i")
    target.add(1)
    assert len(site.json("vol-list", "i")["volumes"]) == 1
    site.ok("pool-refresh", "i")
    assert [v["name"] for v in site.json("vol-list", "i")["volumes"]] == ["unit:0:0:0", "unit:0:0:1"]
    site.ok("pool-destroy", "i")


def test_a_wrong_password_is_refused_and_nothing_is_left(site, secret, daemon, scratch):
    (scratch / "password").write_text("something else")
    site.ok("secret-set-value", secret, "--file", scratch / "password", "--plain")
    define(site)
    site.refused(FORBIDDEN, "pool-start", "i", words="authorization failure")
    assert leftovers() == [] and sessions() == []
    (scratch / "password").write_text("two\nlines")
    site.ok("secret-set-value", secret, "--file", scratch / "password", "--plain")
    site.refused(BAD_DATA, "pool-start", "i", words="cannot be one of CHAP")


def test_a_session_that_was_there_before_stays(site, secret, daemon, call):
    """So do the records of whoever made it."""
    node = ["iscsiadm", "-m", "node", "-T", TARGET, "-p", "127.0.0.1:3260"]
    call(*node, "-o", "new")
    for name, value in (("authmethod", "CHAP"), ("username", USER), ("password", PASSWORD)):
        call(*node, "-o", "update", "-n", f"node.session.auth.{name}", "-v", value)
    define(site)
    call(*node, "--login")
    site.ok("pool-start", "i")
    assert [v["name"] for v in site.json("vol-list", "i")["volumes"]][0] == "unit:0:0:0"
    site.ok("pool-destroy", "i")
    assert sessions() == ["default"]
    call(*node, "--logout")
    # Only the record is left, which iscsiadm would replace.
    before = {path: path.read_text() for path in (RECORDS / "nodes").rglob("*") if path.is_file()}
    assert len(before) == 1
    site.refused(BUSY, "pool-start", "i", words="has a record of that portal which is not the pool's")
    assert {path: path.read_text() for path in (RECORDS / "nodes").rglob("*") if path.is_file()} == before
    call(*node, "-o", "delete")


def test_the_initiator_is_the_one_that_the_pool_names(site, secret, daemon):
    define(site, "i", "127.0.0.1", TARGET, "--source-initiator", "iqn.2026-01.test:own")
    site.ok("pool-start", "i")
    session = next(Path("/sys/class/iscsi_session").glob("session*"))
    assert session.joinpath("initiatorname").read_text().strip() == "iqn.2026-01.test:own"
    site.ok("pool-destroy", "i")
    assert leftovers() == []


def test_several_portals_are_refused(site, scratch):
    file = scratch / "pool.xml"
    file.write_text(
        f"<pool type='iscsi'><name>two</name><source><host name='a'/><host name='b'/><device path='{TARGET}'/>"
        "</source><target><path>/dev</path></target></pool>"
    )
    site.ok("pool-define", file)
    words = ["Expected exactly 1 host for the storage pool", "several portals"]
    site.refused(BAD_DATA, "pool-start", "two", words=words)


class TestUnits(UnitConformance):
    """The suite on the units of a target."""

    @pytest.fixture
    def backend(self, secret, daemon):
        return UnitPool("iscsi", "unit:0:0:0", define)


@pytest.mark.limit(90)
def test_a_server_that_goes_leaves_the_pool_inaccessible_and_stoppable(site, secret, daemon, target):
    define(site)
    site.ok("pool-start", "i")
    target.serve(False)
    try:
        end = time.monotonic() + 60
        while site.pool("i")["state"] != "inaccessible":
            assert time.monotonic() < end, "the loss of the session was not seen"
            time.sleep(1)
        begun = time.monotonic()
        site.refused(IO_ERROR, "vol-list", "i", words="is FAILED")
        assert site.run("pool-list", "--all", "--details").status == DONE
        site.ok("pool-destroy", "i")
        assert time.monotonic() - begun < 60
    finally:
        target.serve(True)
    assert leftovers() == []


@pytest.mark.limit(60)
def test_a_dead_portal_costs_its_time_and_leaves_nothing(site, secret, daemon):
    file = site.root / "pool.xml"
    file.write_text(
        "<pool type='iscsi'><name>dead</name><source><host name='127.0.0.1' port='3299'/>"
        f"<device path='{TARGET}'/></source><target><path>/dev</path></target></pool>"
    )
    site.ok("pool-define", file)
    begun = time.monotonic()
    site.refused(IO_ERROR, "pool-start", "dead", words=["the portal does not answer", "connection timed out"])
    assert time.monotonic() - begun < 40
    assert leftovers() == []


@pytest.mark.limit(150)
def test_whatever_kills_start_or_stop_can_be_named_and_repaired(site, secret, daemon):
    define(site)
    # The first start makes folders that the later ones find.
    site.ok("pool-start", "i")
    site.ok("pool-destroy", "i")
    log = site.root / "places"
    site.ok("pool-start", "i", environment={"CISTERN_FAULT_LOG": str(log)})
    places = len(log.read_text().splitlines())
    site.ok("pool-destroy", "i")
    named = 0
    for cut in range(3, places + 1, 2):
        result = site.run("pool-start", "i", environment={"CISTERN_FAULT": str(cut)})
        assert result.status == -9, f"cut {cut}:\n{result}"
        found = site.run("pool-check", "i")
        if found.status == PROBLEMS:
            assert "stale-session" in found.out, f"cut {cut}:\n{found}"
            named += 1
            site.ok("pool-check", "i", "--repair")
        else:
            # It has not begun, or has ended but for the last words of it.
            site.run("pool-destroy", "i")
        assert leftovers() == [] and sessions() == [], f"cut {cut}"
    assert named >= 2
    late = str(places - 1)
    # The next start takes up what one left.
    site.run("pool-start", "i", environment={"CISTERN_FAULT": late})
    site.ok("pool-start", "i")
    result = site.run("pool-destroy", "i", environment={"CISTERN_FAULT": "2"})
    assert result.status == -9
    site.ok("pool-destroy", "i")
    assert leftovers() == [] and sessions() == []
