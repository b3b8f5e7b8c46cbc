"""An NFS folder, a volume group and a SCSI host, each seen by virsh and by us.

Written differences: what is free on a server has moved when the second asks; libvirt has no times of birth, and
shows when a device was last read as it was at its last refresh; it sees what we have made at its next refresh; it
shows owner and times of a snapshot's origin, too. No udev runs here: paths of SCSI devices are those below /dev, for
which libvirt does not wait."""

import subprocess
from pathlib import Path

import contents
import libvirtdaemon
import pytest
from bothsides import BELOW, BIRTH, READ, SPACE, Both, names
from networkservers import KEPT, address, export, mounted, netfs  # noqa: F401
from tools import DONE, MIB
from volumegroups import ENVIRONMENT, lvm

pytestmark = [pytest.mark.limit(120), pytest.mark.guest(
    modules=["nfsd", "nfs", "nfsv4", "xfs", "dm-mod", "dm-snapshot"],
    packages=["nfs-kernel-server", "nfs-common", "rpcbind", "xfsprogs", "lvm2", "libvirt-daemon", "libvirt-clients"],
    disks=["320M", "128M"],
    seconds=700,
)]  # fmt: skip


@pytest.fixture(scope="module")
def virsh():
    """virsh on a libvirtd of its own."""
    with libvirtdaemon.daemon(ENVIRONMENT) as running:
        yield running


@pytest.fixture
def both(virsh, site):
    """virsh and our commands."""
    site.environment["CISTERN_TIMEOUT"] = "90"
    return Both(virsh, site)


def test_an_nfs_folder(both, virsh, site, scratch, export):
    (export / "a").mkdir()
    target = virsh.shared / "a"
    netfs(site, "n", KEPT, "/a", target, "<protocol ver='4.2'/>")
    both.hand_over("n")
    site.ok("pool-build", "n")
    # What one has mounted is started for the other.
    for run in (site.run, virsh.run):
        result = run("pool-start", "n")
        assert result.status == DONE, result
        assert mounted(target)[0] == f"{KEPT}:/a"
    both.same("pool-dumpxml", "n", but=SPACE)
    # Volumes of the one are those of the other.
    site.ok("vol-create-as", "n", "ours", str(MIB))
    assert virsh.run("vol-create-as", "n", "theirs", str(MIB)).status == DONE
    assert virsh.run("pool-refresh", "n").status == DONE
    theirs, ours = both("vol-list", "n")
    assert set(names(theirs.out)) - {".cistern"} == set(names(ours.out)) == {"ours", "theirs"}
    for name in ("ours", "theirs"):
        both.same("vol-dumpxml", name, "--pool", "n", but=BIRTH)
    image = contents.image(scratch / "image", MIB, at0="from virsh")
    assert virsh.run("vol-upload", "theirs", image, "--pool", "n").status == DONE
    site.ok("vol-download", "theirs", scratch / "out", "--pool", "n")
    assert contents.get(scratch / "out") == "from virsh"
    # Who stops it first unmounts it, and the other finds it gone; who starts it brings it back for both.
    assert virsh.run("pool-destroy", "n").status == DONE
    assert mounted(target) is None and site.pool("n")["state"] == "inaccessible"
    assert virsh.run("pool-start", "n").status == DONE
    assert site.pool("n")["state"] == "running"
    site.ok("pool-destroy", "n")
    assert mounted(target) is None and virsh.run("pool-destroy", "n").status == DONE


def test_a_volume_group(both, virsh, site, disks):
    device = f"/dev/{disks[1].resolve().name}"
    both.define("l", "logical", "--source-dev", device, "--source-name", "vgv")
    assert virsh.run("pool-build", "l").status == DONE
    try:
        both.refused("Storage pool already built: ", "pool-build", "l")
        both.ok("pool-start", "l")
        site.ok("vol-create-as", "l", "ours", "8M")
        assert virsh.run("vol-create-as", "l", "theirs", "10000001").status == DONE
        site.ok("vol-create-as", "l", "our-snapshot", "12M", "--backing-vol", "theirs")
        virsh.run("pool-refresh", "l")
        result = virsh.run("vol-create-as", "l", "their-snapshot", "8M", "--backing-vol", "ours")
        assert result.status == DONE, result
        virsh.run("pool-refresh", "l")
        both.same("pool-dumpxml", "l")
        for name in names(both.same("vol-list", "l", "--details")):
            both.same("vol-dumpxml", name, "--pool", "l", but=f"{BELOW}|{BIRTH}")
        assert virsh.run("vol-delete", "our-snapshot", "--pool", "l").status == DONE
        site.ok("vol-delete", "their-snapshot", "--pool", "l")
        assert virsh.run("vol-delete", "ours", "--pool", "l").status == DONE
        site.ok("vol-delete", "theirs", "--pool", "l")
        both.ok("pool-destroy", "l")
        site.ok("pool-delete", "l")
    finally:
        lvm("vgremove", "-y", "-f", "vgv", check=False)


def test_a_scsi_host(both, virsh):
    options = ["dev_size_mb=16", "num_tgts=1", "max_luns=2", "add_host=1", "delay=0"]
    subprocess.run(["modprobe", "sd_mod"], check=True, timeout=60)
    subprocess.run(["modprobe", "scsi_debug", *options], check=True, timeout=60)
    number = max(int(path.name[4:]) for path in Path("/sys/class/scsi_host").glob("host*"))
    both.define("s", "scsi", "--adapter-name", f"scsi_host{number}", "--target", "/dev")
    both.ok("pool-start", "s")
    listed = names(both.same("vol-list", "s", "--details"))
    assert listed == ["unit:0:0:0", "unit:0:0:1"]
    for name in listed:
        both.same("vol-dumpxml", name, "--pool", "s", but=READ)
    both.same("pool-dumpxml", "s")
    both.refused("storage pool does not support volume creation", "vol-create-as", "s", "new", "1M")
    both.ok("pool-destroy", "s")
