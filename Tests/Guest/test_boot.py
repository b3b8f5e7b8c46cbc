"""Pools at boot: systemd itself, as process 1 of a PID name space, starts and stops them by the units and the
generator that are installed. Of the machine's other services none runs, so that a boot takes seconds."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from tools import PROGRAMS, REPOSITORY, commands

pytestmark = pytest.mark.guest(packages=["systemd"], modules=["loop", "ext4"], memory=1500, seconds=600)

UNITS = Path("/etc/systemd/system")
SYSTEM = Path("/lib/systemd/system")
# Names and paths that mean something to systemd or to a shell.
STRANGE, STRANGE_FOLDER = "my-$HOME %i pool", "/srv/my $HOME %i pool"

STARTED = ["a-inner", "images", STRANGE, "outer"]


def install():
    """What scripts/install places, by links: each of its many small programs would take a tenth of a second."""
    program = Path("/usr/local/bin")
    mount("tmpfs", program)
    for name in commands():
        (program / name).symlink_to(PROGRAMS / name)
    generators = Path("/lib/systemd/system-generators")
    mount("tmpfs", generators)
    (generators / "cistern-generator").symlink_to(PROGRAMS / "cistern")
    for source in (REPOSITORY / "systemd").iterdir():
        text = source.read_text().replace("@bindir@", str(program))
        (UNITS / source.name.removesuffix(".in")).write_text(text)


def mount(kind, folder, *options):
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", kind, *options, "none", folder], check=True)


def unit(name, **sections):
    """Writes a unit file; a value that is a list stands on several lines."""
    text = ""
    for section, entries in sections.items():
        text += f"[{section}]\n"
        for key, value in entries.items():
            text += "".join(f"{key}={one}\n" for one in (value if isinstance(value, list) else [value]))
    (UNITS / name).parent.mkdir(parents=True, exist_ok=True)
    (UNITS / name).write_text(text)


def pool(*line):
    environment = {key: value for key, value in os.environ.items() if key != "CISTERN_ROOT"}
    done = subprocess.run(
        [PROGRAMS / line[0], *line[1:]], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, f"{line}: {done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def booted(tmp_path_factory):
    """Boots once, and powers off; the folder with what was reported."""
    said = tmp_path_factory.mktemp("boot")
    mount("tmpfs", UNITS)
    for target in ("sysinit", "sockets", "timers", "multi-user", "graphical"):
        mount("tmpfs", SYSTEM / f"{target}.target.wants")
    (SYSTEM / "sysinit.target.wants" / "systemd-journald.service").symlink_to(
        SYSTEM / "systemd-journald.service"
    )
    install()
    # The folder of one pool is on a file system that systemd has to mount first.
    unit("srv-mounted.mount", Mount={"What": "tmpfs", "Where": "/srv/mounted", "Type": "tmpfs"})
    unit(
        "cistern-pool@images.service.d/build.conf",
        Service={"ExecStartPre": "/usr/local/bin/pool-build images"},
    )
    pool("pool-define-as", "images", "dir", "--target", "/srv/mounted/images")
    # The image of another lies in the folder of a pool that takes its time.
    unit("cistern-pool@outer.service.d/late.conf", Service={"ExecStartPost": "sleep 2"})
    pool("pool-define-as", "outer", "dir", "--target", "/srv/outer")
    pool("pool-build", "outer")
    with open("/srv/outer/image", "wb") as image:
        image.truncate(64 << 20)
    inner = ["--source-dev", "/srv/outer/image", "--source-format", "ext4", "--target", "/srv/inner"]
    pool("pool-define-as", "a-inner", "fs", *inner)
    pool("pool-build", "a-inner", "--no-overwrite")
    pool("pool-define-as", STRANGE, "dir", "--target", STRANGE_FOLDER)
    pool("pool-build", STRANGE)
    pool("pool-define-as", "broken", "dir", "--target", "/srv/was-never-built")
    pool("pool-define-as", "idle", "dir", "--target", "/srv/idle")
    for name in ("images", STRANGE, "broken", "a-inner"):
        pool("pool-autostart", name)
    listed = f"/usr/local/bin/pool-list --name >{said}"
    unit(
        "libvirtd.service",
        Service={
            "Type": "oneshot", "RemainAfterExit": "yes", "ExecStart": f"/bin/sh -c '{listed}/started'",
            "ExecStop": f"/bin/sh -c '{listed}/stopped'",
        },
    )  # fmt: skip
    shown = "Id,ActiveState,Result,After,InactiveExitTimestampMonotonic,ActiveEnterTimestampMonotonic"
    unit(
        "report.service",
        Unit={"After": ["cistern-pools.target", "libvirtd.service"]},
        Service={
            "Type": "oneshot",
            "ExecStart": [
                f"/bin/sh -c '/usr/local/bin/pool-list --all --json >{said}/pools'",
                f"/bin/sh -c 'systemctl show --property={shown} cistern-pool@* >{said}/units'",
                f"/bin/sh -c 'journalctl --no-pager -u cistern-pool@* >{said}/journal'",
                "systemctl poweroff --no-block",
            ],
        },
    )
    wanted = "cistern-pools.target libvirtd.service report.service"
    unit("test.target", Unit={"Wants": wanted, "AllowIsolate": "yes"})
    mount("cgroup2", Path("/sys/fs/cgroup"))
    boot = (
        "mount --make-rprivate / && mount -t proc proc /proc && exec env -i container=test"
        " PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        " /lib/systemd/systemd --system --unit=test.target --log-target=journal --show-status=0"
    )
    with open(said / "console", "wb") as console:
        subprocess.run(
            ["unshare", "--pid", "--mount", "--fork", "--kill-child", "sh", "-c", boot],
            stdin=subprocess.DEVNULL, stdout=console, stderr=console, timeout=200, check=False,
        )  # fmt: skip
    assert (said / "stopped").exists(), (said / "console").read_text(errors="replace")[-2000:]
    return said


def names(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


@pytest.mark.limit(80)
def test_marked_pools_are_started_and_no_others(booted):
    pools = {one["name"]: one["state"] for one in json.loads((booted / "pools").read_text())["pools"]}
    assert pools["images"] == pools[STRANGE] == "running"
    # What a marked pool lies in is started for it.
    assert pools["a-inner"] == pools["outer"] == "running"
    assert pools["idle"] == "inactive" and "default" not in pools


def test_a_pool_that_fails_fails_alone_and_says_why(booted):
    pools = {one["name"]: one["state"] for one in json.loads((booted / "pools").read_text())["pools"]}
    assert pools["broken"] == "inactive"
    units = (booted / "units").read_text().split("\n\n")
    failed = [unit for unit in units if "ActiveState=failed" in unit]
    assert len(failed) == 1 and "Id=cistern-pool@broken.service" in failed[0]
    assert "/srv/was-never-built': No such file or directory" in (booted / "journal").read_text()


def test_a_pool_waits_for_its_mount(booted):
    units = (booted / "units").read_text().split("\n\n")
    images = next(unit for unit in units if "Id=cistern-pool@images.service" in unit)
    assert "srv-mounted.mount" in images


def test_a_pool_waits_for_the_pool_that_it_lies_in(booted):
    units = [
        dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        for text in (booted / "units").read_text().split("\n\n")
    ]
    outer, inner = (
        next(one for one in units if one["Id"] == f"cistern-pool@{name}.service")
        for name in ("outer", "a\\x2dinner")
    )
    assert outer["Id"] in inner["After"].split()
    assert int(inner["InactiveExitTimestampMonotonic"]) >= int(outer["ActiveEnterTimestampMonotonic"]) > 0


def test_libvirt_finds_the_pools_started_and_keeps_them_until_it_has_stopped(booted):
    assert names((booted / "started").read_text()) == STARTED
    assert names((booted / "stopped").read_text()) == STARTED


def test_pools_are_stopped_at_shutdown(booted):
    assert pool("pool-list", "--name").strip() == ""
