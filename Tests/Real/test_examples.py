"""The examples in folders: what their READMEs show, and what they are for."""

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
import sessions
from tools import BUSY, FORBIDDEN, PROGRAMS, REPOSITORY, Site

EXAMPLES = REPOSITORY / "examples"


def surroundings(site, name):
    values = site.surroundings()
    values["PATH"] = f"{EXAMPLES / name}:{PROGRAMS}:{values['PATH']}"
    return values


def run(site, script, *arguments, cwd=None):
    return subprocess.run(
        [EXAMPLES / script, *map(str, arguments)], env=surroundings(site, "."), cwd=cwd, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


def shown(site, scratch, name, setup):
    """Runs what the README of an example shows, after a setup; returns how many outputs were compared."""
    path = f'PATH="{EXAMPLES / name}:$PATH"'
    return sessions.check(site, scratch, "\n".join([path, setup, sessions.script("--marked", f"examples/{name}/README.md")]))


def test_a_class_room_is_set_up_and_reset(site, scratch):
    if not shutil.which("qemu-img"):
        pytest.skip("needs qemu-img")
    assert shown(site, scratch, "classroom", "qemu-img create -q -f qcow2 installed.qcow2 64M") == 2
    listed = {volume["name"]: volume for volume in site.json("vol-list", "classroom")["volumes"]}
    assert sorted(listed) == ["golden.qcow2", "pc1", "pc2", "pc3"]
    assert all(listed[name]["backing_store"] for name in ("pc1", "pc2", "pc3")) and not listed["golden.qcow2"]["rw"]
    written = scratch / "root/classroom/pc1"
    before = written.read_bytes()
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write 0 1M", written], check=True, capture_output=True, timeout=30)
    assert written.read_bytes() != before
    refused = site.run("vol-delete", "golden.qcow2", "--pool", "classroom")
    assert refused.status == BUSY and "pc1" in refused.err, refused
    for tool, *more in (("vol-resize", "128M"), ("vol-wipe",)):
        assert site.run(tool, "golden.qcow2", *more, "--pool", "classroom").status in (BUSY, FORBIDDEN)
    done = run(site, "classroom/classroom.sh", "reset")
    assert done.returncode == 0, done.stderr
    mapped = subprocess.run(["qemu-img", "map", "--output=json", written], check=True, capture_output=True, timeout=30)
    assert not any(part["data"] for part in json.loads(mapped.stdout))
    again = run(site, "classroom/classroom.sh", "set-up", scratch / "root/classroom", scratch / "installed.qcow2", 4)
    assert again.returncode == 0 and "Vol pc4 created" in again.stdout, again.stderr
    assert run(site, "classroom/classroom.sh").returncode == 64


def test_a_pool_moves_with_all_that_belongs_to_its_volumes(site, scratch, place):
    new = Site(scratch / "new")
    new.root.mkdir()
    source, target = place("xfs") / "here", place("ext4") / "the other's folder"
    site.ok("pool-define-as", "vms", "dir", "--target", source, "--revisions-to-keep", "2")
    site.ok("pool-start", "vms", "--build")
    for name in ("disk1", "disk 2"):
        site.ok("vol-create-as", "vms", name, "8M", "--allocation", "0")
        for text in (b"first", b"second"):
            device = site.ok("vol-start", name, "--pool", "vms").strip()
            with open(device, "r+b") as file:
                file.write(text + name.encode())
            assert run(site, "move-pool/move-pool.sh", "vms", target, "false").returncode == 5
            site.ok("vol-stop", name, "--pool", "vms")
    revisions = site.json("vol-revisions", "disk1", "vms")["revisions"]
    done = run(site, "move-pool/move-pool.sh", "vms", target, "env", f"CISTERN_ROOT={new.root}", "bash", "-c")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("moved 2 volumes")
    assert site.pool("vms")["state"] == "inactive" and (source / "disk1").exists()
    assert new.pool("vms")["uuid"] == site.pool("vms")["uuid"]
    moved = new.json("vol-revisions", "disk1", "vms")["revisions"]
    assert [(one["number"], one["time"]) for one in moved] == [(one["number"], one["time"]) for one in revisions]
    new.ok("vol-revert", "disk 2", "--pool", "vms")
    assert (target / "disk 2").read_bytes().startswith(b"firstdisk 2")
    assert (target / "disk1").stat().st_blocks * 512 < 1 << 20


SETUP = "pool-define-as images dir --target $CISTERN_ROOT/images {} >/dev/null; pool-start images --build >/dev/null; "


def test_metrics_are_collected_and_the_dashboard_knows_them(site, scratch):
    setup = SETUP.format("") + "vol-create-as images disk1 1M >/dev/null; mkdir $CISTERN_ROOT/collector"
    assert shown(site, scratch, "monitoring", setup) == 2
    page = (REPOSITORY / "man/src/pool-metrics.in").read_text()
    known = set(re.findall(r"cistern_\w+", page + (scratch / "root/collector/cistern.prom").read_text()))
    dashboard = json.loads((EXAMPLES / "monitoring/dashboard.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [variable["definition"] for variable in dashboard["templating"]["list"] if "definition" in variable]
    asked += re.findall(r"(?ms)^ +expr: (.*?)^ +(?:for|annotations):", (EXAMPLES / "monitoring/alerts.yml").read_text())
    assert len(asked) > 20
    for expression in asked:
        names = set(re.findall(r"\bcistern_\w+", expression))
        assert names <= known, names - known
    labels = set(re.findall(r'(\w+)=~?"', " ".join(asked)))
    assert labels <= {"instance", "pool", "state", "file", "kind", "version"}, labels
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    cells = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(cells) == len(set(cells)) and max(x for x, _ in cells) == 23
    if promtool := shutil.which("promtool"):
        subprocess.run([promtool, "check", "rules", EXAMPLES / "monitoring/alerts.yml"], check=True, timeout=30)


def test_machines_of_libvirt_and_xen_use_a_volume(site, scratch):
    assert shown(site, scratch, "virtual-machines", SETUP.format("--revisions-to-keep 1") + "vol-create-as images disk1 1M >/dev/null") == 2
    done = run(site, "virtual-machines/machine.sh", "libvirt", "images", "disk1", "web")
    assert done.returncode == 0, done.stderr
    domain = ElementTree.fromstring(done.stdout)
    device = site.ok("vol-start", "disk1", "--pool", "images", "--if-stopped").strip()
    assert domain.find("devices/disk/source").get("file") == device
    document = scratch / "web.xml"
    document.write_text(done.stdout)
    if shutil.which("virt-xml-validate"):
        subprocess.run(["virt-xml-validate", document, "domain"], check=True, capture_output=True, timeout=60)
    for words in (("kvm", "images", "disk1", "web"), ("xen", "images", "disk1", "a'b"), ("xen",)):
        assert run(site, "virtual-machines/machine.sh", *words).returncode == 64
