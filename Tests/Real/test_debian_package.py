"""The Debian package: built, judged by lintian, and taken through its life in a Debian of its own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tools import REPOSITORY, cannot_be_root, commands

CACHE = REPOSITORY / ".build" / "debian"
# A package that somebody else has built: make check-deb sets it.
GIVEN = os.environ.get("CISTERN_DEB")
NEEDED = ["dpkg-buildpackage", "dh", "lintian", "debootstrap"]
# What dpkg and its helpers keep for themselves, or leave when the last file goes.
BOOKKEEPING = ("var/lib/dpkg", "var/log", "var/cache", "var/lib/systemd", "etc/systemd", "run", "tmp", "proc", "dev")


def run(*argv, seconds=300, **options):
    line = [str(word) for word in argv]
    done = subprocess.run(line, capture_output=True, text=True, timeout=seconds, check=False, **options)
    assert done.returncode == 0, f"$ {' '.join(line)}\n[{done.returncode}]\n{done.stdout}{done.stderr}"
    return done.stdout


def mirror():
    """The mirror that this machine installs from."""
    for path in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]:
        lines = path.read_text().splitlines() if path.is_file() else []
        for words in map(str.split, lines):
            if words[:1] in (["deb"], ["URIs:"]) and "debian" in words[-1] + words[1] and "security" not in words[1]:
                return next(word for word in words[1:] if "://" in word)
    pytest.skip("no Debian mirror is configured")


@pytest.fixture(scope="module")
def package():
    """The package's file, with the programs that the tests run unless one is given."""
    if reason := cannot_be_root():
        pytest.skip(reason)
    if missing := [name for name in NEEDED if not shutil.which(name)]:
        pytest.skip(f"needs {', '.join(missing)}")
    if GIVEN:
        return Path(GIVEN)
    folder = CACHE / "tested"
    done = subprocess.run(
        [REPOSITORY / "scripts" / "build-deb", "tested", folder], capture_output=True, text=True, timeout=280,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return next(folder.glob("cistern_*.deb"))


def field(package, name):
    """The packages that a field names, without their versions."""
    said = run("dpkg-deb", "--field", package, name).strip()
    return {word.split()[0] for word in said.split(", ") if word}


@pytest.fixture(scope="module")
def base():
    """A Debian without anything of ours, made once."""
    if reason := cannot_be_root():
        pytest.skip(reason)
    kept = CACHE / "base"
    if not (kept / "etc/debian_version").exists():
        work = CACHE / "base.new"
        shutil.rmtree(work, ignore_errors=True)
        done = subprocess.run(
            ["debootstrap", "--variant=minbase", "bookworm", work, mirror()],
            capture_output=True, text=True, timeout=280, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            pytest.skip(f"debootstrap: {(done.stdout + done.stderr).splitlines()[-1]}")
        shutil.rmtree(kept, ignore_errors=True)
        work.rename(kept)
    return kept


@pytest.fixture
def machine(base, tmp_path):
    """A copy of it, as an overlay where the kernel has that."""
    root = tmp_path / "machine"
    layers = tmp_path / "layers"
    for folder in (root, layers):
        folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", layers], check=True)
    for folder in ("upper", "work"):
        (layers / folder).mkdir()
    options = f"lowerdir={base},upperdir={layers}/upper,workdir={layers}/work"
    overlay = subprocess.run(["mount", "-t", "overlay", "-o", options, "none", root], check=False)
    if overlay.returncode != 0:
        run("cp", "-a", f"{base}/.", root)
    for name, kind in (("proc", "proc"), ("run", "tmpfs")):
        subprocess.run(["mount", "-t", kind, "none", root / name], check=True)
    yield Machine(root)
    for folder in (root / "proc", root / "run", root, layers):
        subprocess.run(["umount", "-l", folder], check=False, stderr=subprocess.DEVNULL)


class Machine:
    """A folder with a Debian in it."""

    def __init__(self, root):
        self.root = root

    def run(self, *argv):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
        return run("chroot", self.root, *argv, env=environment, seconds=120)

    def install(self, package):
        target = self.root / "root" / package.name
        shutil.copy(package, target)
        said = self.run("dpkg", "--install", f"/root/{package.name}")
        target.unlink()
        return said

    def files(self):
        """Every file with what tells it from another, without what dpkg keeps for itself."""
        found = {}
        for folder, folders, files in os.walk(self.root):
            near = os.path.relpath(folder, self.root)
            if near.startswith(BOOKKEEPING):
                folders.clear()
                continue
            for name in folders + files:
                path = os.path.join(folder, name)
                facts = os.lstat(path)
                size = facts.st_size if os.path.isfile(path) else None
                found[os.path.relpath(path, self.root)] = (facts.st_mode, size)
        return {path: facts for path, facts in found.items() if not path.startswith(BOOKKEEPING)}


@pytest.mark.limit(300)
def test_it_builds_and_lintian_says_nothing(package):
    said = (package.parent / "lintian.txt").read_text()
    assert not [line for line in said.splitlines() if line.startswith(("E:", "W:"))], said


@pytest.mark.limit(90)
def test_dependencies_are_computed_and_heavy_libraries_are_none(package):
    depends = field(package, "Depends")
    assert "libc6" in depends and depends <= {"libc6", "libgcc-s1", "libstdc++6"}
    recommended, suggested = field(package, "Recommends"), field(package, "Suggests")
    assert {"libblkid1", "libmount1", "libzstd1", "libssl3", "libfdisk1", "qemu-utils", "scrub"} <= recommended
    assert {"lvm2", "open-iscsi", "nfs-common"} <= suggested
    # Each name is that of a package; Debian has some in other releases, or in its section contrib only.
    known = set(run("apt-cache", "pkgnames").split()) | {"hfsprogs", "zfsutils-linux"}
    assert (recommended | suggested) - known == set()


@pytest.mark.limit(60)
def test_a_metapackage_brings_what_a_type_of_pool_needs(package):
    """And nothing else: it has no files but those that every package has."""
    found = {path.name.split("_")[0]: path for path in package.parent.glob("cistern-*_all.deb")}
    assert set(found) == {"cistern-fs", "cistern-iscsi", "cistern-logical", "cistern-netfs"}
    assert field(found["cistern-logical"], "Depends") == {"cistern", "libblkid1", "lvm2"}
    assert field(found["cistern-iscsi"], "Depends") == {"cistern", "kmod", "open-iscsi"}
    assert {"nfs-common", "cifs-utils"} <= field(found["cistern-netfs"], "Recommends")
    assert {"e2fsprogs", "xfsprogs", "btrfs-progs"} <= field(found["cistern-fs"], "Recommends")
    for name, path in found.items():
        listed = run("dpkg-deb", "--contents", path).splitlines()
        files = {line.split()[5] for line in listed if not line.startswith("d")}
        assert files == {f"./usr/share/doc/{name}/{file}" for file in ("changelog.gz", "changelog.Debian.gz", "copyright")}


def test_a_missing_library_is_told_by_a_package_that_is_recommended_or_suggested():
    """What a command says to install where it cannot load a library is what the package names too."""
    said = run(REPOSITORY / "scripts" / "debian-substvars", "cistern")
    named = {word for line in said.splitlines() for word in line.split("=", 1)[1].split(", ")}
    wrappers = {
        "CBlkid": "Signatures", "CCrypto": "Digests", "CDevmapper": "Backends/Multipath", "CFdisk": "Backends/Disk",
        "CLVM": "VolumeGroups", "CMount": "Mounts", "CZstd": "Zstandard",
    }  # fmt: skip
    loading = {path.parent.name for path in (REPOSITORY / "Sources").rglob("*.c") if "dlopen(" in path.read_text()}
    assert set(wrappers) <= loading
    for folder in wrappers.values():
        text = "".join(path.read_text() for path in (REPOSITORY / "Sources" / folder).glob("*.swift"))
        told = set(re.findall(r"install the package ([a-z0-9.+-]+)", text))
        assert told and told <= named, f"{folder}: {told}"


@pytest.mark.limit(60)
def test_everything_is_in_it(package):
    listed = run("dpkg-deb", "--contents", package)
    files = {line.split()[5].removeprefix("./") for line in listed.splitlines()}
    for tool in commands():
        for path in (
            "usr/bin/cistern", f"usr/bin/{tool}", f"usr/share/man/man8/{tool}.8.gz",
            f"usr/share/bash-completion/completions/{tool}",
            f"usr/share/fish/vendor_completions.d/{tool}.fish",
        ):  # fmt: skip
            assert path in files, path
    for path in (
        "usr/libexec/cistern/cistern", "lib/systemd/system/cistern-pools.target",
        "lib/systemd/system/cistern-pool@.service", "lib/systemd/system/cistern-metrics.timer",
        "lib/systemd/system-generators/cistern-generator", "usr/lib/tmpfiles.d/cistern.conf",
        "usr/share/zsh/vendor-completions/_cistern", "usr/share/cistern/schema/error-1.schema.json",
        "usr/share/doc/cistern/examples/storage.conf", "usr/share/man/man7/cistern.7.gz",
    ):  # fmt: skip
        assert path in files, path
    assert not [path for path in files if path.startswith(("etc/cistern", "var/lib/cistern"))]


@pytest.mark.limit(280)
def test_its_life_on_a_machine(package, machine):
    """Installed, used, upgraded, removed, purged: what is in pools and how they are defined stays, nothing else."""
    before = machine.files()
    machine.install(package)
    assert "default" not in machine.run("pool-list", "--all"), "it is there for who uses it"
    machine.run("pool-build", "default")
    machine.run("pool-start", "default")
    machine.run("pool-autostart", "default")
    machine.run("vol-create-as", "default", "disk1", "64K")
    disk = machine.root / "var/lib/cistern/disk1"
    disk.write_bytes(b"precious" * 8192)

    newer = machine.root.parent / "newer"
    run("dpkg-deb", "--raw-extract", package, newer)
    control = (newer / "DEBIAN/control").read_text()
    version = run("dpkg-deb", "--field", package, "Version").strip()
    (newer / "DEBIAN/control").write_text(control.replace(f"Version: {version}", f"Version: {version}+1"))
    run("dpkg-deb", "--build", "--root-owner-group", newer, newer.with_suffix(".deb"))
    assert f"({version}+1) over ({version})" in machine.install(newer.with_suffix(".deb"))
    # What is started stays so, and is found.
    assert "active" in machine.run("pool-list").splitlines()[2]
    assert "disk1" in machine.run("vol-list", "default")

    machine.run("dpkg", "--remove", "cistern")
    assert disk.read_bytes() == b"precious" * 8192
    assert not (machine.root / "usr/bin/pool-list").is_symlink()
    machine.run("dpkg", "--purge", "cistern")
    assert disk.read_bytes() == b"precious" * 8192
    left = {path: facts for path, facts in machine.files().items() if before.get(path) != facts}
    expected = ("etc/cistern", "var/lib/cistern")
    assert [path for path in left if not path.startswith(expected)] == []
    assert set(before) <= set(machine.files())
    assert "etc/cistern/pools/autostart/default.xml" in left

    # Again, on top of what was left.
    machine.install(package)
    assert "disk1" in machine.run("vol-list", "default")


if __name__ == "__main__":
    sys.exit(pytest.main([__file__]))
