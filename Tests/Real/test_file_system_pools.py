"""Pools of type fs on loop devices: what is mounted, what else is, and who is in the way."""

import contextlib
import mmap
import os
import re
import subprocess
from pathlib import Path

import pytest
from filesystems import make_image, unavailable
from tools import BAD_DATA, BUSY, DONE, EXISTS, MIB, NOT_FOUND, UNSUPPORTED


@pytest.fixture(autouse=True)
def possible():
    if reason := unavailable("ext4"):
        pytest.skip(reason)


def call(*argv):
    return subprocess.run(list(map(str, argv)), check=True, capture_output=True, text=True, timeout=60).stdout


@pytest.fixture
def loop(scratch):
    """loop(megabytes): a loop device on a new empty file; gone after the test."""
    made = []

    def make(megabytes=16):
        image = scratch / f"disk{len(made)}"
        with open(image, "wb") as file:
            file.truncate(megabytes * MIB)
        made.append(call("losetup", "--find", "--show", image).strip())
        return made[-1]

    yield make
    with open("/proc/self/mounts", encoding="utf-8") as table:
        lines = [line.split() for line in table]
    for device in made:
        for line in reversed([line for line in lines if line[0] == device]):
            subprocess.run(["umount", "--lazy", line[1]], check=False, timeout=20)
        subprocess.run(["losetup", "--detach", device], check=False, timeout=20)


@pytest.fixture
def pool(site, scratch, loop):
    """pool(name, device, format): a defined pool; returns its target."""

    def define(name="p", device=None, form="ext4", build=True):
        target = scratch / name
        site.ok(
            "pool-define-as", name, "fs", "--source-dev", device or loop(), "--source-format", form,
            "--target", target,
        )  # fmt: skip
        if build:
            site.ok("pool-build", name, "--no-overwrite")
        return target

    return define


def mounts(target):
    """What is mounted at a target, the topmost last."""
    with open("/proc/self/mounts", encoding="utf-8") as table:
        return [line.split() for line in table if line.split()[1] == str(target)]


def test_it_is_built_mounted_unmounted_and_deleted(site, pool, loop):
    device = loop()
    target = pool(device=device)
    site.ok("pool-start", "p")
    [[source, _, kind, options, *_]] = mounts(target)
    assert (source, kind) == (device, "ext4")
    assert {"nodev", "nosuid", "noexec"} <= set(options.split(","))
    site.ok("vol-create-as", "p", "v", "1M")
    assert [volume["name"] for volume in site.json("vol-list", "p")["volumes"]] == ["v"]
    site.refused(BUSY, "pool-delete", "p", words="is still active")
    site.ok("pool-destroy", "p")
    assert mounts(target) == [] and os.listdir(target) == []
    site.ok("pool-start", "p")
    assert site.volume("v", "p")["capacity"] == MIB
    site.ok("pool-destroy", "p")
    site.ok("pool-delete", "p")
    assert not target.exists()


def test_what_is_on_a_device_is_only_overwritten_on_request(site, pool, loop):
    device = loop()
    pool(device=device)
    for extra in ([], ["--json"]):
        site.run("pool-build", "p", "--no-overwrite", *extra)
    words = f"Storage pool already built: Device '{device}' already formatted using 'ext4'"
    site.refused(EXISTS, "pool-build", "p", "--no-overwrite", words=words)
    before = call("blkid", "-o", "value", "-s", "UUID", "-p", device)
    site.ok("pool-build", "p")
    assert call("blkid", "-o", "value", "-s", "UUID", "-p", device) == before
    site.ok("pool-build", "p", "--overwrite")
    assert call("blkid", "-o", "value", "-s", "UUID", "-p", device) != before
    site.ok("pool-undefine", "p")
    # What another kind of file system would leave of the first goes too.
    pool("q", device, "vfat", build=False)
    words = "does not match the expected format 'vfat', forced overwrite is necessary"
    site.refused(EXISTS, "pool-build", "q", "--no-overwrite", words=words)
    site.ok("pool-build", "q", "--overwrite")
    assert [line.split()[-1] for line in call("wipefs", "--noheadings", "--output", "TYPE", device).splitlines()] \
        == ["vfat"] * 3  # fmt: skip


@pytest.mark.parametrize("what", ["a mount", "a process", "swap"])
def test_a_device_in_use_is_not_overwritten(site, pool, loop, scratch, what):
    device = loop()
    pool(device=device)
    elsewhere = scratch / "elsewhere"
    elsewhere.mkdir()
    with contextlib.ExitStack() as stack:
        if what == "a mount":
            call("mount", device, elsewhere)
            stack.callback(call, "umount", elsewhere)
            words = f"is in use by the mount '{elsewhere}'"
        elif what == "swap":
            call("mkswap", device)
            if subprocess.run(["swapon", device], capture_output=True, check=False, timeout=20).returncode != 0:
                pytest.skip("this machine takes no swap")
            stack.callback(call, "swapoff", device)
            words = "is in use by swapping"
        else:
            held = os.open(device, os.O_RDWR | os.O_EXCL)
            stack.callback(os.close, held)
            words = f"(pid {os.getpid()})"
        site.refused(BUSY, "pool-build", "p", "--overwrite", words=words)


def test_what_is_there_already_is_taken_as_it_is(site, pool, loop):
    device = loop()
    target = pool(device=device)
    call("mount", device, target)
    site.ok("pool-start", "p")
    assert len(mounts(target)) == 1
    site.ok("pool-destroy", "p")
    assert mounts(target) == []


def test_what_somebody_mounted_is_no_left_over(site, pool, loop):
    device = loop()
    target = pool(device=device)
    call("mount", device, target)
    assert site.findings("p") == []
    site.ok("pool-check", "p", "--repair")
    assert len(mounts(target)) == 1


def test_something_else_on_the_target_is_refused_and_named(site, pool, loop, scratch):
    target = pool()
    call("mount", "-t", "tmpfs", "else", target)
    words = f"something else is mounted on '{target}': 'else' (tmpfs)"
    site.refused(BUSY, "pool-start", "p", words=words)
    site.refused(BUSY, "pool-build", "p", words=words)
    site.refused(BUSY, "pool-delete", "p", words="is mounted on it")
    call("umount", target)
    site.ok("pool-start", "p")
    call("mount", "-t", "tmpfs", "else", target)
    assert site.pool("p")["state"] == "inaccessible"
    for line in (["vol-list", "p"], ["vol-create-as", "p", "v", "1M"], ["pool-refresh", "p"], ["pool-check", "p"],
                 ["pool-destroy", "p"]):  # fmt: skip
        site.refused(BUSY, *line, words=words)
    assert os.listdir(target) == []
    call("umount", target)
    assert site.pool("p")["state"] == "running"
    # Another device of the same kind is something else as well.
    site.ok("pool-destroy", "p")
    other = loop()
    call("mkfs.ext4", "-q", other)
    call("mount", other, target)
    site.refused(BUSY, "pool-start", "p", words=f"'{other}' (ext4)")


def test_unmounted_behind_its_back_nothing_gets_into_the_folder_below(site, pool, scratch):
    target = pool()
    site.ok("pool-start", "p")
    site.ok("vol-create-as", "p", "v", "1M", "--revisions-to-keep", "1")
    site.ok("pool-define-as", "d", "dir", "--target", scratch / "d")
    site.ok("pool-build", "d")
    site.ok("pool-start", "d")
    site.ok("vol-create-as", "d", "v", "1M")
    call("umount", target)
    image = scratch / "image"
    image.write_bytes(bytes(MIB))
    for line in (
        ["vol-list", "p"], ["vol-create-as", "p", "w", "1M"], ["vol-info", "v", "--pool", "p"],
        ["vol-start", "v", "--pool", "p"], ["vol-delete", "v", "--pool", "p"],
        ["vol-import", "v", image, "--pool", "p"], ["vol-export", "v", "-", "--pool", "p"],
        ["vol-resize", "v", "2M", "--pool", "p"], ["vol-wipe", "v", "--pool", "p"], ["pool-refresh", "p"],
        ["pool-check", "p", "--repair"], ["vol-clone", "v", "w", "--pool", "p"],
        ["vol-set", "v", "rw", "no", "--pool", "p"], ["vol-revert", "v", "--pool", "p"],
    ):  # fmt: skip
        site.refused(BUSY, *line, words="is not mounted on")
    assert os.listdir(target) == []
    assert site.pool("p")["state"] == "inaccessible"
    listed = site.run("pool-list", "--details")
    assert listed.status == DONE and "running" in listed.out and "is not mounted" in listed.err
    site.ok("pool-destroy", "p")
    site.ok("pool-start", "p")
    site.ok("vol-info", "v", "--pool", "p")


def test_a_busy_unmount_names_everybody(site, pool, scratch):
    target = pool()
    site.ok("pool-start", "p")
    file = target / "file"
    file.write_bytes(bytes(1 << 16))
    (target / "inner").mkdir()
    (target / "folder").mkdir()
    call("mount", "-t", "tmpfs", "inner", target / "inner")
    device = call("losetup", "--find", "--show", file).strip()
    with contextlib.ExitStack() as stack:
        stack.callback(lambda: subprocess.run(["umount", target / "inner"], check=False))
        stack.callback(lambda: subprocess.run(["losetup", "--detach", device], check=False))

        def sleeper(**how):
            process = subprocess.Popen(["sleep", "60"], **how)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return f"sleep (pid {process.pid})"

        with open(file, "rb") as opened:
            names = [sleeper(stdin=opened), sleeper(cwd=target / "folder")]
        with open(file, "rb") as opened, mmap.mmap(opened.fileno(), 4096, prot=mmap.PROT_READ):
            pass
        mapper = subprocess.Popen(
            ["/usr/bin/python3", "-c", "import mmap,os,sys,time\nf=os.open(sys.argv[1],os.O_RDONLY)\n"
             "m=mmap.mmap(f,4096,prot=mmap.PROT_READ)\nos.close(f)\nprint(flush=True)\ntime.sleep(60)", str(file)],
            stdout=subprocess.PIPE,
        )  # fmt: skip
        stack.callback(mapper.wait)
        stack.callback(mapper.kill)
        mapper.stdout.readline()
        names += [f"python3 (pid {mapper.pid})", f"the mount '{target}/inner'", device]
        site.refused(BUSY, "pool-destroy", "p", words=["is in use by", *names])
        assert site.pool("p")["state"] == "running"
    site.ok("pool-destroy", "p")


@pytest.mark.parametrize("by", ["uuid", "label"])
def test_a_link_to_the_device_does_and_may_vanish(site, pool, loop, scratch, by):
    device = loop()
    link = scratch / "disk" / f"by-{by}" / "name"
    link.parent.mkdir(parents=True)
    link.symlink_to(device)
    target = pool(device=link)
    site.ok("pool-start", "p")
    assert mounts(target)[0][0] == device
    site.ok("vol-create-as", "p", "v", "1M")
    link.unlink()
    assert site.pool("p")["state"] == "running"
    site.ok("vol-info", "v", "--pool", "p")
    site.ok("pool-destroy", "p")
    assert mounts(target) == []
    site.refused(NOT_FOUND, "pool-start", "p", words=f"cannot find device '{link}'")
    link.symlink_to(device)
    site.ok("pool-start", "p")


def test_a_device_detached_while_started(site, pool, loop):
    device = loop()
    target = pool(device=device)
    site.ok("pool-start", "p")
    # The kernel lets go of it at the last unmount.
    call("losetup", "--detach", device)
    assert site.pool("p")["state"] == "running"
    site.ok("pool-destroy", "p")
    assert mounts(target) == []
    result = site.run("pool-start", "p")
    assert result.status != DONE and mounts(target) == [], result


def test_formats_are_found_out(site, pool, loop):
    device = loop(64)
    call("mkfs.ext2", "-q", device)
    target = pool(device=device, form="auto", build=False)
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")
    assert mounts(target)[0][2] in ("ext2", "ext4")


def test_a_broken_file_system_is_told(site, pool, loop):
    device = loop()
    target = pool(device=device, build=False)
    site.ok("pool-build", "p")
    result = site.refused(1, "pool-start", "p", words=[f"cannot mount '{device}' on '{target}'", "wrong fs type"])
    assert "dmesg" not in result.err and site.pool("p")["state"] == "inactive"


def test_a_file_system_that_the_kernel_lacks(site, pool, loop):
    if re.search(r"\bvfat$", Path("/proc/filesystems").read_text(), re.M):
        pytest.skip("this kernel has vfat")
    if not os.access("/usr/sbin/mkfs.vfat", os.X_OK):
        pytest.skip("needs dosfstools")
    device = loop(64)
    target = pool(device=device, form="vfat")
    words = "the kernel has no file system 'vfat'"
    result = site.run("pool-start", "p")
    if result.status == DONE:
        pytest.skip("this kernel loads vfat")
    site.refused(UNSUPPORTED, "pool-start", "p", words=words)
    assert mounts(target) == []


def test_a_missing_program_names_its_package(site, pool, loop, scratch):
    nothing = scratch / "nothing"
    nothing.write_text("")
    pool(form="btrfs", build=False)
    words = ["mkfs.btrfs", "btrfs-progs"]
    instead = ("/usr/sbin/mkfs.btrfs", nothing)
    site.refused(UNSUPPORTED, "pool-build", "p", "--no-overwrite", words=words, instead=instead)
    assert not (scratch / "p").exists()


def test_a_file_system_that_takes_no_writes_is_degraded(site, pool):
    target = pool()
    site.ok("pool-start", "p")
    call("mount", "-o", "remount,ro", target)
    assert site.pool("p")["state"] == "degraded"
    info = site.run("pool-info", "p")
    assert "takes no writes" in info.err and "Capacity" in info.out
    call("mount", "-o", "remount,rw", target)
    assert site.pool("p")["state"] == "running"


def test_mount_options_and_copy_on_write_of_the_definition(site, loop, scratch):
    if reason := unavailable("btrfs"):
        pytest.skip(reason)
    device, target = loop(256), scratch / "b"
    (scratch / "b.xml").write_text(
        "<pool type='fs' xmlns:fs='http://libvirt.org/schemas/storagepool/fs/1.0'><name>b</name>"
        f"<features><cow state='no'/></features><source><device path='{device}'/><format type='btrfs'/></source>"
        f"<target><path>{target}</path></target>"
        "<fs:mount_opts><fs:option name='noatime'/><fs:option name='compress=zstd'/></fs:mount_opts></pool>"
    )
    site.ok("pool-define", scratch / "b.xml")
    site.ok("pool-build", "b", "--no-overwrite")
    site.ok("pool-start", "b")
    options = mounts(target)[0][3].split(",")
    assert "noatime" in options and any(option.startswith("compress=zstd") for option in options)
    assert "C" in call("lsattr", "-d", target).split()[0]
    # Mounted by any of its devices it is the same one.
    other = loop(256)
    call("btrfs", "device", "add", "-f", other, target)
    call("umount", target)
    call("mount", other, target)
    assert site.pool("b")["state"] == "running"
    site.ok("pool-destroy", "b")


def test_a_target_reached_by_a_link(site, loop, scratch):
    (scratch / "real").mkdir()
    (scratch / "link").symlink_to("real")
    device = loop()
    site.ok("pool-define-as", "p", "fs", "--source-dev", device, "--source-format", "ext4",
            "--target", scratch / "link" / "p")  # fmt: skip
    site.ok("pool-build", "p", "--no-overwrite")
    site.ok("pool-start", "p")
    assert mounts(scratch / "real" / "p")
    site.ok("vol-create-as", "p", "v", "1M")
    site.ok("pool-destroy", "p")
    assert not mounts(scratch / "real" / "p")


def test_two_that_start_at_once(site, pool):
    target = pool()
    running = [site.start("pool-start", "p") for _ in range(4)]
    results = sorted(process.wait(60) for process in running)
    for process in running:
        process.stdout.close()
        process.stderr.close()
    assert results == [DONE, BUSY, BUSY, BUSY]
    assert len(mounts(target)) == 1


def test_pools_that_would_share(site, pool, loop, scratch):
    device = loop()
    target = pool(device=device)
    link = scratch / "link"
    link.symlink_to(device)
    conflict = "Storage source conflict with pool: 'p'"
    for source, path in ((device, scratch / "q"), (link, scratch / "q"), (loop(), target)):
        site.refused(EXISTS, "pool-define-as", "q", "fs", "--source-dev", source, "--target", path, words=conflict)
    site.ok("pool-start", "p")
    site.refused(EXISTS, "pool-define-as", "q", "dir", "--target", target, words=conflict)
    site.refused(BAD_DATA, "pool-define-as", "q", "fs", "--target", scratch / "q", words="missing storage pool source")


def test_an_image_file_as_the_source(site, scratch):
    image = scratch / "image"
    make_image("ext4", image, 16)
    site.ok("pool-define-as", "p", "fs", "--source-dev", image, "--target", scratch / "p")
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")
    assert site.pool("p")["state"] == "running"
    site.refused(BUSY, "pool-start", "p", words="is already active")
    site.ok("pool-destroy", "p")
    assert str(image) not in call("losetup", "--list", "--noheadings", "--output", "BACK-FILE")
