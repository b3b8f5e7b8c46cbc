"""What systemd is told at boot: what the generator writes, and whether systemd takes it."""

import os
import shutil
import subprocess

import pytest
from tools import PROGRAMS, REPOSITORY

NAMES = ["images", "a b-c", "it's 100% $HOME", "ümläut", ".x"]


def generate(site, folder, *more):
    """Runs the generator as systemd does; what it wrote, by file."""
    folder.mkdir(exist_ok=True)
    link = folder.parent / "cistern-generator"
    if not link.exists():
        link.symlink_to(PROGRAMS / "cistern")
    done = subprocess.run(
        [link, folder, folder, folder, *more], env=site.surroundings(), capture_output=True, text=True,
        timeout=30, check=True,
    )  # fmt: skip
    files = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.conf")}
    return files, done.stderr


def define(site, *line):
    site.ok("pool-define-as", *line)
    site.ok("pool-autostart", line[0])


def needs(files, unit):
    return files[f"{unit}.d/50-needs.conf"].splitlines()[1:]


def test_nothing_is_written_where_nothing_is_marked(site, scratch):
    site.ok("pool-define-as", "images", "dir", "--target", "/srv/images")
    assert generate(site, scratch / "units") == ({}, "")


def test_each_pool_waits_for_what_it_needs(site, scratch):
    define(site, "images", "dir", "--target", "/srv/images")
    define(site, "on-disk", "fs", "--target", "/srv/on-disk", "--source-dev", "/dev/disk/by-id/x-1")
    define(site, "on-image", "fs", "--target", "/srv/on-image", "--source-dev", "/srv/images/disk1")
    define(site, "shared", "netfs", "--target", "/srv/shared", "--source-host", "nas", "--source-path", "/x")
    define(site, "parts", "disk", "--target", "/dev", "--source-dev", "/dev/sdb")
    files, said = generate(site, scratch / "units")
    assert said == ""
    assert needs(files, "cistern-pool@images.service") == ['RequiresMountsFor="/srv/images"']
    assert needs(files, r"cistern-pool@on\x2ddisk.service") == [
        'RequiresMountsFor="/srv"', r"Wants=dev-disk-by\x2did-x\x2d1.device",
        r"After=dev-disk-by\x2did-x\x2d1.device",
    ]  # fmt: skip
    # The pool that its device lives in.
    assert needs(files, r"cistern-pool@on\x2dimage.service") == [
        'RequiresMountsFor="/srv"', "Wants=cistern-pool@images.service",
        "After=cistern-pool@images.service",
    ]  # fmt: skip
    assert needs(files, "cistern-pool@shared.service") == [
        'RequiresMountsFor="/srv"', "Wants=network-online.target", "After=network-online.target",
    ]  # fmt: skip
    assert needs(files, "cistern-pool@parts.service") == ["Wants=dev-sdb.device", "After=dev-sdb.device"]
    wanted = files["cistern-pools.target.d/50-pools.conf"].splitlines()[1:]
    assert len(wanted) == 5 and all(line.startswith("Wants=cistern-pool@") for line in wanted)


def test_a_pool_that_another_lives_in_is_prepared_though_it_is_not_marked(site, scratch):
    site.ok("pool-define-as", "images", "dir", "--target", "/srv/images")
    define(site, "inner", "fs", "--target", "/srv/inner", "--source-dev", "/srv/images/disk1")
    files, _ = generate(site, scratch / "units")
    assert needs(files, "cistern-pool@images.service") == ['RequiresMountsFor="/srv/images"']
    assert files["cistern-pools.target.d/50-pools.conf"] == "[Unit]\nWants=cistern-pool@inner.service\n"


def test_a_circle_is_broken(site, scratch):
    define(site, "a", "fs", "--target", "/srv/a", "--source-dev", "/srv/b/image")
    define(site, "b", "fs", "--target", "/srv/b", "--source-dev", "/srv/a/image")
    files, _ = generate(site, scratch / "units")
    ordered = [name for name, text in files.items() if "After=cistern-pool@" in text]
    assert ordered == ["cistern-pool@a.service.d/50-needs.conf"]


def test_a_broken_definition_costs_itself_only(site, scratch):
    define(site, "images", "dir", "--target", "/srv/images")
    (site.root / "etc/cistern/pools/bad.xml").write_text("<pool")
    (site.root / "etc/cistern/pools/autostart/bad.xml").symlink_to("../bad.xml")
    files, said = generate(site, scratch / "units")
    assert set(files) == {
        "cistern-pool@images.service.d/50-needs.conf", "cistern-pools.target.d/50-pools.conf"
    }  # fmt: skip
    assert said.startswith("cistern-generator: warning: ") and "bad.xml" in said


@pytest.mark.parametrize("name", ["cistern-pool@.service.in", "cistern-pools.target"])
def test_what_uses_pools_waits_for_them(name):
    """libvirt in one piece and in several, Xen, Qubes OS; and so these are stopped before the pools."""
    lines = (REPOSITORY / "systemd" / name).read_text().splitlines()
    before = {word for line in lines if line.startswith("Before=") for word in line.removeprefix("Before=").split()}
    users = "libvirtd virtqemud virtstoraged virtlxcd virtxend libvirt-guests xencommons xendomains qubesd"
    assert {f"{service}.service" for service in users.split()} <= before
    # One pool that fails keeps nobody from anything.
    assert not [line for line in lines if line.startswith(("Requires=", "BindsTo=", "PartOf="))]


def test_it_is_for_systemd_only(site):
    done = subprocess.run(
        ["cistern-generator"], executable=PROGRAMS / "cistern", env=site.surroundings(),
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 64 and "is called by systemd" in done.stderr


@pytest.mark.skipif(not shutil.which("systemd-escape"), reason="needs systemd-escape")
def test_names_are_escaped_as_systemd_does(site, scratch):
    for index, name in enumerate(NAMES):
        define(site, name, "dir", "--target", f"/srv/{index}")
    files, said = generate(site, scratch / "units")
    escaped = subprocess.run(
        ["systemd-escape", "--template=cistern-pool@.service", "--", *NAMES],
        capture_output=True, text=True, check=True, timeout=30,
    ).stdout.rstrip("\n").split(" ")  # fmt: skip
    assert len(escaped) == len(NAMES) and said == ""
    for unit in escaped:
        assert f"{unit}.d/50-needs.conf" in files


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_takes_the_units(site, scratch):
    """The units as installed with what the generator adds for pools with difficult names and paths."""
    units = scratch / "units"
    for index, name in enumerate(NAMES):
        define(site, name, "dir", "--target", f'/srv/{index} "%h" \\ ü')
    generate(site, units)
    for source in (REPOSITORY / "systemd").iterdir():
        if source.name.endswith(".tmpfiles"):
            continue
        text = source.read_text().replace("@bindir@", str(PROGRAMS))
        (units / source.name.removesuffix(".in")).write_text(text)
    for needed in ("sysinit.target", "basic.target", "shutdown.target", "multi-user.target", "timers.target"):
        (units / needed).write_text("[Unit]\nDefaultDependencies=no\n")
    instances = [name.split(".d/")[0] for name in os.listdir(units) if name.startswith("cistern-pool@")]
    instances = [name.removesuffix(".d") for name in instances if name.endswith(".d")]
    assert len(instances) == len(NAMES)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", "cistern-pools.target",
         "cistern-metrics.service", "cistern-metrics.timer", *instances],
        env={"SYSTEMD_UNIT_PATH": str(units), "PATH": os.environ["PATH"], "SYSTEMD_LOG_LEVEL": "warning"},
        capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
