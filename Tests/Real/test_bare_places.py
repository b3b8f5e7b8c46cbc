"""Places that lack what machines usually have, as the folder that an image is made of: no /proc, no /sys, no /dev, no
home, no open standard descriptor. What works without works; the rest is refused with a sentence."""

import os
import shutil
import subprocess

import pytest
from tools import BUSY, DONE, IO_ERROR, MIB, NOT_FOUND, STRANGER, USAGE, Site, cannot_be_root, public_programs

needs_root = pytest.mark.skipif(cannot_be_root() is not None, reason="needs root")
HIDDEN = ("/proc", "/sys", "/dev")


class BareSite(Site):
    """A site whose commands see empty folders in the places of some that the kernel fills."""

    hidden: tuple[str, ...] = HIDDEN

    def argv(self, tool, *arguments):
        hide = " && ".join(f"mount -t tmpfs none {folder}" for folder in self.hidden)
        return ["unshare", "--mount", "sh", "-c", f'{hide} && exec "$@"', "sh", *super().argv(tool, *arguments)]


class BoundedSite(BareSite):
    """One whose commands may not take leases on files of others, either."""

    def argv(self, tool, *arguments):
        *hidden, program = super().argv(tool)
        return [*hidden, "setpriv", "--bounding-set=-lease", "--inh-caps=-lease", program, *map(str, arguments)]


@pytest.fixture
def bare(site, pool):
    # Nothing has been started there in a boot that could be told.
    shutil.rmtree(os.path.join(site.root, "run"))
    return BareSite(site.root)


@needs_root
class TestWithoutKernelFolders:
    def test_every_program_knows_its_own_name_and_arguments(self, bare):
        assert "p" in bare.ok("pool-list", "--all", "--name")
        assert "pool-list" in bare.ok("pool-list", "--help")
        assert "vol-list" in bare.ok("cistern", "help", "vol-list")

    def test_a_pool_of_raw_volumes_works(self, bare, pool, scratch):
        bare.ok("pool-define-as", "n", "dir", "--target", scratch / "n")
        for command in (("pool-build",), ("pool-start",), ("pool-info",), ("pool-check",), ("pool-destroy",)):
            bare.ok(*command, "n")
        bare.ok("pool-undefine", "n")
        bare.ok("pool-start", "p")
        bare.ok("vol-create-as", "p", "v", str(MIB), "--revisions-to-keep", "2")
        device = bare.ok("vol-start", "v", "--pool", "p").strip()
        with open(device, "r+b") as file:
            file.write(b"written")
        bare.ok("vol-stop", "v", "--pool", "p")
        assert (pool / "v").read_bytes().startswith(b"written")
        bare.ok("vol-clone", "v", "c", "--pool", "p")
        bare.ok("vol-export", "v", scratch / "out", "--pool", "p")
        bare.ok("vol-import", "c", scratch / "out", "--pool", "p")
        bare.ok("vol-upload", "c", scratch / "out", "--pool", "p")
        bare.ok("vol-resize", "c", str(2 * MIB), "--pool", "p")
        bare.ok("vol-revert", "v", "--pool", "p")
        bare.ok("vol-wipe", "c", "--pool", "p")
        bare.ok("vol-delete", "c", "--pool", "p")
        assert [volume["name"] for volume in bare.json("vol-list", "p")["volumes"]] == ["v"]
        assert bare.run("pool-health").status == DONE

    def test_somebody_who_has_a_volume_open_is_still_seen(self, bare, pool):
        bare.ok("pool-start", "p")
        bare.ok("vol-create-as", "p", "v", str(MIB))
        with open(pool / "v", "r+b"):
            bare.refused(BUSY, "vol-delete", "v", "--pool", "p", words="is in use by another process")
        bare.ok("vol-delete", "v", "--pool", "p")

    def test_who_uses_a_file_is_unknown_where_only_proc_could_tell(self, bare, pool):
        """A file system that gives no leases leaves nothing else to ask."""
        folder = pool.parent / "leaseless"
        folder.mkdir()
        subprocess.run(["mount", "-t", "ramfs", "none", folder], check=True)
        bare.ok("pool-define-as", "l", "dir", "--target", folder)
        bare.ok("pool-start", "l")
        bare.ok("vol-create-as", "l", "v", str(MIB))
        # Another user's file, so that the kernel gives this one no lease.
        os.chown(folder / "v", STRANGER, STRANGER)
        BoundedSite(bare.root).refused(
            BUSY, "vol-delete", "v", "--pool", "l",
            words=("cannot tell who uses it: '/proc' is not mounted", "mount -t proc proc /proc"),
        )
        assert (folder / "v").exists()

    def test_what_needs_proc_says_so(self, bare, pool):
        bare.ok("pool-start", "p")
        bare.refused(
            BUSY, "vol-create-as", "p", "q", str(MIB), "--format", "qcow2",
            words="cannot be given open files: '/proc' is not mounted",
        )
        assert not (pool / "q").exists()
        bare.ok("pool-define-as", "f", "fs", "--source-dev", "/dev/none", "--target", pool.parent / "f")
        bare.refused(BUSY, "pool-start", "f", words="cannot tell what is mounted: '/proc' is not mounted")

    @pytest.mark.parametrize("folder", HIDDEN)
    def test_each_of_them_may_be_missing(self, bare, pool, folder):
        bare.hidden = (folder,)
        bare.ok("pool-start", "p")
        bare.ok("vol-create-as", "p", "v", str(MIB))
        bare.ok("vol-start", "v", "--pool", "p")
        bare.ok("vol-stop", "v", "--pool", "p")
        bare.ok("vol-delete", "v", "--pool", "p")

    def test_a_device_without_sys_is_refused(self, bare, scratch):
        bare.hidden = ("/sys",)
        image = scratch / "disk"
        image.write_bytes(bytes(8 * MIB))
        device = subprocess.run(
            ["losetup", "--find", "--show", image], check=True, capture_output=True, text=True
        ).stdout.strip()
        try:
            bare.ok("pool-define-as", "f", "fs", "--source-dev", device, "--target", scratch / "f",
                    "--source-format", "ext4")  # fmt: skip
            claimed = os.open(device, os.O_RDWR | os.O_EXCL)
            try:
                bare.refused(
                    BUSY, "pool-build", "f", "--overwrite", words="cannot tell who uses it: '/sys' is not mounted"
                )
            finally:
                os.close(claimed)
        finally:
            subprocess.run(["losetup", "--detach", device], check=True)


@needs_root
class TestWithoutProc:
    """On a machine that runs: what is started there is not taken for stopped because nothing tells the boot."""

    @pytest.fixture
    def bare(self, site, pool):
        bare = BareSite(site.root)
        bare.hidden = ("/proc",)
        return bare

    WORDS = "cannot tell what is started: '/proc' is not mounted"

    def test_a_pool_that_is_started_is_not_called_inactive(self, site, bare):
        site.ok("vol-create-as", "p", "v", str(MIB), "--revisions-to-keep=-1")
        site.ok("vol-start", "v", "--pool", "p")
        for command in (("pool-list", "--all"), ("pool-undefine", "p"), ("pool-start", "p"), ("vol-delete", "v", "p")):
            bare.refused(BUSY, *command, words=(self.WORDS, "mount -t proc proc /proc"))
        assert site.pool("p")["state"] == "running"
        assert site.volume("v", "p")["state"] == "running"

    def test_a_volume_that_is_started_from_elsewhere_is_not_called_stopped(self, site, bare, pool, scratch):
        """Whoever has other definitions finds the mark in the pool's folder only."""
        site.ok("vol-create-as", "p", "v", str(MIB), "--revisions-to-keep=-1")
        site.ok("vol-start", "v", "--pool", "p")
        other = BareSite(scratch / "other")
        other.hidden = ("/proc",)
        other.ok("pool-define-as", "p", "dir", "--target", pool)
        other.ok("pool-start", "p")
        other.refused(BUSY, "vol-delete", "v", "p", words="cannot tell whether volume 'v' is started")
        assert (pool / "v").exists()


class TestUsers:
    @needs_root
    def test_a_user_without_a_home_and_an_entry_is_told_so(self, scratch):
        programs = public_programs()
        try:
            site = Site(scratch, user=STRANGER, programs=programs, environment={"CISTERN_ROOT": None, "HOME": None})
            site.refused(USAGE, "pool-list", words=("HOME: is not set, and the user database has no user ", str(STRANGER)))
        finally:
            shutil.rmtree(programs)

    def test_a_folder_that_is_gone_is_no_place_for_relative_names(self, site, pool, scratch):
        gone = scratch / "gone"
        gone.mkdir()
        argv = site.argv("pool-edit", "p")
        ended = subprocess.run(
            ["sh", "-c", 'cd "$0" && rmdir "$0" && exec "$@"', gone, *argv],
            env=site.surroundings({"EDITOR": "./editor"}), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode == NOT_FOUND and "cannot tell the current folder" in ended.stderr


class TestStandardDescriptors:
    """Those that are closed become nobody else's."""

    @staticmethod
    def run(site, closed, tool, *arguments):
        script = 'exec "$@" ' + " ".join(closed)
        return subprocess.run(
            ["sh", "-c", script, "sh", *site.argv(tool, *arguments)],
            env=site.surroundings(), check=False, stdout=subprocess.PIPE, timeout=60,
        )  # fmt: skip

    def test_no_message_is_written_into_an_export(self, site, pool, scratch):
        site.ok("vol-create-as", "p", "v", str(MIB))
        (pool / "v").write_bytes(os.urandom(MIB))
        out = scratch / "out"
        closed = ["<&-", "2>&-"]
        ended = self.run(site, closed, "vol-export", "v", out, "--pool", "p", "--progress", "json")
        assert ended.returncode == DONE
        assert out.read_bytes() == (pool / "v").read_bytes()

    def test_no_message_is_written_into_a_volume(self, site, pool, scratch):
        site.ok("vol-create-as", "p", "v", str(MIB))
        content = os.urandom(MIB)
        (scratch / "in").write_bytes(content)
        self.run(site, ["<&-", ">&-", "2>&-"], "vol-import", "v", scratch / "in", "--pool", "p", "--progress", "json")
        assert (pool / "v").read_bytes() == content

    def test_output_that_goes_nowhere_is_an_error(self, site, pool):
        assert self.run(site, [">&-", "2>&-"], "vol-list", "p").returncode == IO_ERROR

    def test_input_that_comes_from_nowhere_is_an_error(self, site, pool):
        site.ok("vol-create-as", "p", "v", str(MIB))
        assert self.run(site, ["<&-", "2>&-"], "vol-import", "v", "-", "--pool", "p").returncode != DONE
