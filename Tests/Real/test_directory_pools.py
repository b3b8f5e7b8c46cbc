"""What pools of type dir do to real folders on real file systems."""

import os
import shutil
import subprocess

import contents
import images
import pytest
from filesystems import BindMount, LoopFilesystem, unavailable
from tools import (
    BUSY,
    DONE,
    EXISTS,
    FAILURE,
    FORBIDDEN,
    IO_ERROR,
    LOCKED,
    MIB,
    NO_SPACE,
    NOT_FOUND,
    UNSUPPORTED,
    tree,
)

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def define(site, name, path, *options, permissions="", features=""):
    """Defines a dir pool, from XML where permissions or features are wanted."""
    if not permissions and not features:
        site.ok("pool-define-as", name, "dir", "--target", path, *options)
        return
    file = site.root / f"{name}.xml"
    file.write_text(
        f"<pool type='dir'><name>{name}</name>{features}"
        f"<target><path>{path}</path>{permissions}</target></pool>"
    )
    site.ok("pool-define", file)


def up(site, name, path, *options, **more):
    """Defines, builds and starts a dir pool."""
    define(site, name, path, *options, **more)
    site.ok("pool-build", name)
    site.ok("pool-start", name)


def mode(path):
    return os.stat(path).st_mode & 0o7777


class TestBuild:
    def test_default_mode_and_parents(self, site, scratch):
        define(site, "p", scratch / "a" / "b" / "pool")
        before = os.umask(0o027)
        try:
            site.ok("pool-build", "p")
        finally:
            os.umask(before)
        assert mode(scratch / "a" / "b" / "pool") == 0o711
        assert mode(scratch / "a") == mode(scratch / "a" / "b") == 0o750

    @needs_root
    def test_mode_owner_and_group(self, site, scratch):
        wanted = "<permissions><mode>0750</mode><owner>65534</owner><group>7</group></permissions>"
        define(site, "p", scratch / "pool", permissions=wanted)
        site.ok("pool-build", "p")
        facts = os.stat(scratch / "pool")
        assert (mode(scratch / "pool"), facts.st_uid, facts.st_gid) == (0o750, 65534, 7)

    def test_an_existing_folder_keeps_its_mode_and_content(self, site, scratch):
        (scratch / "pool").mkdir()
        (scratch / "pool").chmod(0o755)
        (scratch / "pool" / "mine").write_text("data")
        define(site, "p", scratch / "pool")
        site.ok("pool-build", "p")
        assert mode(scratch / "pool") == 0o755
        assert (scratch / "pool" / "mine").read_text() == "data"

    def test_a_failed_build_leaves_nothing(self, site, scratch):
        (scratch / "file").write_text("")
        define(site, "p", scratch / "file" / "pool")
        before = tree(site.root / "etc")
        site.refused((FAILURE, NOT_FOUND, EXISTS), "pool-build", "p", words=str(scratch / "file"))
        assert sorted(os.listdir(scratch)) == ["file", "root"]
        assert tree(site.root / "etc") == before

    def test_a_file_in_the_place_of_the_folder(self, site, scratch):
        (scratch / "pool").write_text("data")
        define(site, "p", scratch / "pool")
        site.refused((FAILURE, NOT_FOUND, EXISTS, 65), "pool-build", "p")
        assert (scratch / "pool").read_text() == "data"

    @pytest.mark.parametrize(
        "options, features, expected",
        [
            ((), "", True),
            (("--revisions-to-keep", "2"), "", False),
            (("--driver", "file-reflink"), "", False),
            ((), "<features><cow state='yes'/></features>", False),
            ((), "<features><cow state='no'/></features>", True),
        ],
        ids=["plain", "keeps revisions", "reflink driver", "cow yes", "cow no"],
    )
    def test_btrfs_copy_on_write(self, site, place, options, features, expected):
        path = place("btrfs") / "pool"
        define(site, "p", path, *options, features=features)
        site.ok("pool-build", "p")
        flags = subprocess.run(
            ["lsattr", "-d", path], check=True, capture_output=True, text=True, timeout=10
        ).stdout.split()[0]
        assert ("C" in flags) is expected

    def test_copy_on_write_off_and_revisions_contradict(self, site, place):
        path = place("btrfs") / "pool"
        file = site.root / "p.xml"
        file.write_text(
            "<pool type='dir'><name>p</name><features><cow state='no'/></features>"
            f"<target><path>{path}</path></target><cistern:lifecycle"
            " xmlns:cistern='urn:cistern:storage:1' revisions_to_keep='2'/></pool>"
        )
        result = site.run("pool-define", file)
        if result.status == DONE:
            result = site.run("pool-build", "p")
        assert result.status != DONE, result
        assert "copy-on-write" in result.err

    def test_copy_on_write_cannot_be_chosen_elsewhere(self, site, place):
        define(site, "p", place("ext4") / "pool", features="<features><cow state='yes'/></features>")
        site.refused(UNSUPPORTED, "pool-build", "p", words="Btrfs")


class TestDelete:
    def test_only_an_empty_folder(self, site, scratch):
        up(site, "p", scratch / "pool")
        site.ok("vol-create-as", "p", "v", "1M")
        site.ok("pool-destroy", "p")
        before = tree(scratch / "pool")
        site.refused(BUSY, "pool-delete", "p", words="Directory not empty")
        assert tree(scratch / "pool") == before
        site.ok("pool-start", "p")
        site.ok("vol-delete", "v", "--pool", "p")
        site.ok("pool-destroy", "p")
        site.ok("pool-delete", "p")
        assert not (scratch / "pool").exists()
        # The definition stays, as in libvirt.
        site.ok("pool-info", "p")

    def test_never_with_a_hidden_working_copy(self, site, scratch):
        up(site, "p", scratch / "pool", "--revisions-to-keep", "2")
        site.ok("vol-create-as", "p", "v", "1M", "--allocation", "0")
        site.ok("vol-start", "v", "--pool", "p")
        os.unlink(scratch / "pool" / "v")
        site.run("pool-destroy", "p")
        result = site.run("pool-delete", "p")
        assert result.status in (EXISTS, BUSY), result
        assert (scratch / "pool" / ".cistern" / "volumes" / "v" / "dirty").exists()

    def test_never_a_mount_point(self, site, scratch):
        if reason := unavailable("ext4"):
            pytest.skip(reason)
        with LoopFilesystem("ext4", scratch, megabytes=64) as filesystem:
            shutil.rmtree(filesystem.path / "lost+found")
            define(site, "p", filesystem.path)
            site.refused(BUSY, "pool-delete", "p", words="mount point")
            assert filesystem.path.is_dir()

    def test_foreign_files_and_links_stay(self, site, scratch):
        up(site, "p", scratch / "pool")
        site.ok("pool-destroy", "p")
        (scratch / "precious").mkdir()
        (scratch / "precious" / "file").write_text("data")
        (scratch / "pool" / "link").symlink_to(scratch / "precious")
        site.refused(BUSY, "pool-delete", "p")
        assert (scratch / "precious" / "file").read_text() == "data"


class TestSizes:
    def test_reserved_blocks_are_not_available(self, site, scratch):
        if reason := unavailable("ext4"):
            pytest.skip(reason)
        with LoopFilesystem("ext4", scratch, megabytes=128) as filesystem:
            up(site, "p", filesystem.path / "pool")
            facts = os.statvfs(filesystem.path)
            assert facts.f_bavail < facts.f_bfree, "this file system reserves nothing"
            pool = site.pool("p")
            assert pool["available"] == facts.f_bavail * facts.f_frsize
            assert pool["capacity"] == facts.f_blocks * facts.f_frsize
            assert pool["allocation"] == (facts.f_blocks - facts.f_bfree) * facts.f_frsize or (
                pool["allocation"] == pool["capacity"] - pool["available"]
            )

    @pytest.mark.parametrize(
        "allocation, least, most",
        [(None, 8 * MIB, 9 * MIB), ("0", 0, 64 << 10), ("4M", 4 * MIB, 5 * MIB)],
        ids=["full", "sparse", "half"],
    )
    @pytest.mark.parametrize("kind", ["xfs", "btrfs", "ext4"])
    def test_allocation(self, site, place, kind, allocation, least, most):
        path = place(kind) / "pool"
        up(site, "p", path)
        options = [] if allocation is None else ["--allocation", allocation]
        site.ok("vol-create-as", "p", "v", "8M", *options)
        assert os.path.getsize(path / "v") == 8 * MIB
        assert least <= contents.blocks(path / "v") <= most
        volume = site.volume("v", "p")
        assert volume["allocation"] == contents.blocks(path / "v")
        assert volume["capacity"] == volume["physical"] == 8 * MIB

    def test_resize_with_allocation(self, site, place):
        path = place("ext4") / "pool"
        up(site, "p", path)
        site.ok("vol-create-as", "p", "v", "1M", "--allocation", "0")
        site.ok("vol-resize", "v", "8M", "--pool", "p", "--allocate")
        assert contents.blocks(path / "v") >= 7 * MIB


class TestPermissions:
    @needs_root
    def test_volumes_inherit_from_the_pool(self, site, scratch):
        wanted = "<permissions><mode>0770</mode><owner>65534</owner><group>7</group></permissions>"
        up(site, "p", scratch / "pool", permissions=wanted)
        site.ok("vol-create-as", "p", "v", "1M", "--allocation", "0")
        facts = os.stat(scratch / "pool" / "v")
        assert (facts.st_uid, facts.st_gid, facts.st_mode & 0o777) == (65534, 7, 0o660)

    @needs_root
    def test_given_permissions_win(self, site, scratch):
        up(site, "p", scratch / "pool")
        file = scratch / "v.xml"
        file.write_text(
            "<volume><name>v</name><capacity>4096</capacity><target><permissions><mode>0640</mode>"
            "<owner>65534</owner><group>65534</group></permissions></target></volume>"
        )
        site.ok("vol-create", "p", file)
        facts = os.stat(scratch / "pool" / "v")
        assert (facts.st_uid, facts.st_gid, facts.st_mode & 0o777) == (65534, 65534, 0o640)

    def test_new_files_are_private_whatever_the_mask(self, site, scratch):
        up(site, "p", scratch / "pool", "--revisions-to-keep", "2")
        before = os.umask(0)
        try:
            site.ok("vol-create-as", "p", "v", "1M", "--allocation", "0")
            device = site.ok("vol-start", "v", "--pool", "p").strip()
            site.ok("vol-stop", "v", "--pool", "p")
        finally:
            os.umask(before)
        assert mode(scratch / "pool" / "v") == 0o600
        for base, _, files in os.walk(scratch / "pool" / ".cistern"):
            for name in files:
                assert not mode(os.path.join(base, name)) & 0o022, name
        assert device

    @needs_root
    def test_owner_and_mode_survive_the_life_cycle(self, site, scratch):
        up(site, "p", scratch / "pool", "--revisions-to-keep", "2")
        site.ok("vol-create-as", "p", "v", "1M", "--allocation", "0")
        path = scratch / "pool" / "v"
        os.chown(path, 65534, 65534)
        path.chmod(0o640)

        def facts():
            found = os.stat(path)
            return found.st_uid, found.st_gid, found.st_mode & 0o777

        before = facts()
        for step in (["vol-start", "v"], ["vol-stop", "v"], ["vol-revert", "v"]):
            site.ok(*step, "--pool", "p")
            assert facts() == before, step
        image = contents.image(scratch / "image", MIB, at0="new")
        site.ok("vol-import", "v", image, "--pool", "p")
        assert facts() == before


class TestDuplicateSources:
    """Two pools on one folder would each change what the other relies on."""

    words = "Storage source conflict with pool: 'p'"

    def refused(self, site, path, name="r"):
        site.refused(EXISTS, "pool-define-as", name, "dir", "--target", path, words=self.words)

    def test_same_path_in_other_spellings(self, site, scratch):
        up(site, "p", scratch / "pool")
        self.refused(site, scratch / "pool")
        self.refused(site, f"{scratch}//pool/")

    def test_symbolic_link(self, site, scratch):
        up(site, "p", scratch / "pool")
        (scratch / "link").symlink_to("pool")
        self.refused(site, scratch / "link")

    def test_link_to_the_parent(self, site, scratch):
        (scratch / "real").mkdir()
        up(site, "p", scratch / "real" / "pool")
        (scratch / "link").symlink_to("real")
        self.refused(site, scratch / "link" / "pool")

    def test_folders_in_each_other_are_no_conflict(self, site, scratch):
        """As in libvirt: one is a volume of the other, a directory."""
        up(site, "p", scratch / "pools" / "pool")
        up(site, "inner", scratch / "pools" / "pool" / "inner")
        define(site, "outer", scratch / "pools")
        assert site.volume("inner", "p")["format"] == "dir"
        site.refused(BUSY, "vol-delete", "inner", "--pool", "p")

    def test_what_is_not_yet_made(self, site, scratch):
        define(site, "p", scratch / "pool")
        self.refused(site, scratch / "pool")
        define(site, "r", scratch / "pool" / "deeper" / "inner")

    @needs_root
    def test_bind_mount(self, site, scratch):
        if reason := unavailable():
            pytest.skip(reason)
        up(site, "p", scratch / "pool")
        with BindMount(scratch / "pool", scratch / "bound") as bound:
            self.refused(site, bound)

    def test_other_type_on_the_same_folder(self, site, scratch):
        up(site, "p", scratch / "pool")
        site.refused(
            EXISTS, "pool-define-as", "r", "fs", "--source-dev", "/dev/sdz1", "--target",
            scratch / "pool", words=self.words,
        )  # fmt: skip

    def test_equal_beginnings_are_different_folders(self, site, scratch):
        up(site, "p", scratch / "pool")
        define(site, "r", scratch / "pool2")

    def test_redefining_itself_is_no_conflict(self, site, scratch):
        up(site, "p", scratch / "pool")
        xml = scratch / "p.xml"
        xml.write_text(site.ok("pool-dumpxml", "p", "--inactive"))
        site.ok("pool-define", xml)


class TestListing:
    def test_one_bad_image_is_one_marked_line(self, site, scratch):
        pool = scratch / "pool"
        up(site, "p", pool)
        site.ok("vol-create-as", "p", "good", "1M", "--allocation", "0")
        # A header that claims to be qcow2 and ends there.
        (pool / "broken").write_bytes(b"QFI\xfb\0\0\0\x03")
        volumes = {one["name"]: one for one in site.json("vol-list", "p")["volumes"]}
        assert volumes["good"]["problem"] is None
        assert volumes["broken"]["problem"] or volumes["broken"]["format"] == "raw"
        table = site.ok("vol-list", "p", "--details")
        assert "good" in table and "broken" in table

    def test_nothing_that_is_no_volume(self, site, scratch):
        pool = scratch / "pool"
        up(site, "p", pool)
        os.mkfifo(pool / "fifo")
        (pool / "link").symlink_to("/etc/passwd")
        (pool / "dangling").symlink_to("/nowhere")
        (pool / "tab\tname").write_text("")
        (pool / "fine").write_text("data")
        names = [one["name"] for one in site.json("vol-list", "p", timeout=10)["volumes"]]
        assert names == ["fine"]
        for name in ("fifo", "link", "dangling"):
            site.refused((NOT_FOUND, FAILURE, UNSUPPORTED, 65), "vol-info", name, "--pool", "p")

    def test_formats(self, site, scratch):
        if not shutil.which("qemu-img"):
            pytest.skip("needs qemu-img")
        pool = scratch / "pool"
        up(site, "p", pool)
        made = ("qcow2", "qcow", "qed", "vmdk", "vdi", "vpc", "vhdx", "raw", "luks")
        for name in made:
            extra = []
            if name == "luks":
                extra = [
                    "--object", "secret,id=s,data=test", "-o", "key-secret=s,iter-time=10",
                ]  # fmt: skip
            images.make(pool / name, name, "8M", *extra)
        subprocess.run(
            ["qemu-img", "create", "-q", "-f", "qcow2", "-b", "qcow2", "-F", "qcow2", pool / "top"],
            check=True, timeout=60,
        )  # fmt: skip
        volumes = {one["name"]: one for one in site.json("vol-list", "p")["volumes"]}
        for name in made:
            assert volumes[name]["problem"] is None, name
            if name not in ("luks", "vhdx"):
                assert volumes[name]["format"] == name
                # VHD sizes are rounded up to its geometry.
                assert 8 * MIB <= volumes[name]["capacity"] <= 9 * MIB, name
        assert volumes["top"]["backing_store"] == {"path": "qcow2", "format": "qcow2"} or (
            volumes["top"]["backing_store"]["path"].endswith("qcow2")
        )

    def test_a_dropped_file_is_a_volume_at_once(self, site, scratch):
        up(site, "p", scratch / "pool")
        contents.image(scratch / "pool" / "dropped", MIB)
        assert site.volume("dropped", "p")["capacity"] == MIB
        (scratch / "pool" / "dropped").unlink()
        site.refused(NOT_FOUND, "vol-info", "dropped", "--pool", "p")

    def test_ten_thousand_files(self, site, scratch):
        pool = scratch / "pool"
        up(site, "p", pool)
        for number in range(10_000):
            (pool / f"v{number:05}").touch()
        names = [one["name"] for one in site.json("vol-list", "p")["volumes"]]
        assert len(names) == 10_000 and names == sorted(names)

    def test_names_with_odd_bytes_cannot_steer_a_terminal(self, site, scratch):
        pool = scratch / "pool"
        up(site, "p", pool)
        with open(os.fsencode(pool) + b"/\x1b[31mred", "w"):
            pass
        with open(os.fsencode(pool) + b"/latin-\xe4", "w"):
            pass
        for arguments in (["vol-list", "p"], ["vol-list", "p", "--details"], ["vol-list", "p", "--json"]):
            result = site.run(*arguments)
            assert result.status == DONE, result
            assert b"\x1b" not in result.data
            assert b"\x1b" not in result.err.encode()


class TestFullAndReadOnly:
    def test_no_space_leaves_nothing(self, site, scratch):
        if reason := unavailable("ext4"):
            pytest.skip(reason)
        with LoopFilesystem("ext4", scratch, megabytes=32) as filesystem:
            up(site, "p", filesystem.path / "pool", "--revisions-to-keep", "2")
            site.refused(NO_SPACE, "vol-create-as", "p", "big", "1G", words="No space left on device")
            assert site.json("vol-list", "p")["volumes"] == []
            site.ok("pool-check", "p")
            site.ok("vol-create-as", "p", "v", "20M", "--allocation", "0")
            image = scratch / "image"
            image.write_bytes(os.urandom(18 * MIB))
            os.truncate(image, 20 * MIB)
            site.ok("vol-import", "v", image, "--pool", "p")
            digest = contents.digest(filesystem.path / "pool" / "v")
            # ext4 cannot share blocks, so neither a working copy nor a second import fits.
            site.refused(NO_SPACE, "vol-start", "v", "--pool", "p")
            site.refused(NO_SPACE, "vol-import", "v", image, "--pool", "p")
            assert site.volume("v", "p")["state"] == "clean"
            assert contents.digest(filesystem.path / "pool" / "v") == digest
            assert site.run("pool-check", "p").out.strip() == "Pool p is clean"

    def test_no_space_for_a_record_leaves_no_folder(self, site, scratch):
        """A file system can be too full for a file, but not for a folder."""
        if reason := unavailable():
            pytest.skip(reason)
        pool = scratch / "pool"
        pool.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1M", "none", pool], check=True, timeout=30)
        try:
            up(site, "p", pool)
            room = os.statvfs(pool)
            with open(pool / ".fill", "wb") as file:
                os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize)
            command = ("vol-create-as", "p", "v", "64K", "--revisions-to-keep", "3")
            site.refused(NO_SPACE, *command, words="No space left on device")
            assert site.findings("p") == []
            os.unlink(pool / ".fill")
            site.ok(*command)
        finally:
            subprocess.run(["umount", "--lazy", pool], check=True, timeout=30)

    def test_read_only_file_system(self, site, scratch):
        if reason := unavailable("ext4"):
            pytest.skip(reason)
        with LoopFilesystem("ext4", scratch, megabytes=64) as filesystem:
            up(site, "p", filesystem.path / "pool", "--revisions-to-keep", "2")
            site.ok("vol-create-as", "p", "v", "1M", "--allocation", "0")
            filesystem.remount("ro")
            for command in (
                ["vol-create-as", "p", "w", "1M"],
                ["vol-start", "v", "--pool", "p"],
                ["vol-resize", "v", "2M", "--pool", "p"],
                ["vol-delete", "v", "--pool", "p"],
                ["vol-set", "v", "rw", "no", "--pool", "p"],
            ):
                site.refused((FORBIDDEN, IO_ERROR), *command, words="Read-only file system")
            # Looking needs nothing.
            assert site.volume("v", "p")["state"] == "clean"
            site.ok("vol-list", "p", "--details")
            site.ok("vol-export", "v", scratch / "copy", "--pool", "p")
            filesystem.remount("rw")


class TestInUse:
    """Nothing that another program has open is deleted, shrunk, replaced or committed."""

    @pytest.fixture
    def held(self, site, scratch):
        up(site, "p", scratch / "pool", "--revisions-to-keep", "2")
        site.ok("vol-create-as", "p", "v", "2M", "--allocation", "0")
        site.ok("vol-start", "v", "--pool", "p")
        site.ok("vol-stop", "v", "--pool", "p")
        with open(scratch / "pool" / "v", "rb"):
            yield contents.image(scratch / "image", MIB)

    def test_refused_with_the_holder(self, site, held):
        for command in (
            ["vol-delete", "v"],
            ["vol-resize", "v", "1M", "--shrink"],
            ["vol-revert", "v"],
            ["vol-import", "v", held],
        ):
            site.refused(BUSY, *command, "--pool", "p", words=str(os.getpid()))

    def test_a_working_copy_in_use_is_not_committed(self, site, scratch):
        up(site, "p", scratch / "pool", "--revisions-to-keep", "2")
        site.ok("vol-create-as", "p", "v", "2M", "--allocation", "0")
        device = site.ok("vol-start", "v", "--pool", "p").strip()
        with open(device, "r+b"):
            site.refused(BUSY, "vol-stop", "v", "--pool", "p", words=str(os.getpid()))
            site.refused(BUSY, "vol-stop", "v", "--discard", "--pool", "p")
            assert site.volume("v", "p")["state"] == "running"
        site.ok("vol-stop", "v", "--pool", "p")

    @needs_root
    def test_a_loop_device_holds_its_file(self, site, scratch):
        if reason := unavailable():
            pytest.skip(reason)
        up(site, "p", scratch / "pool")
        site.ok("vol-create-as", "p", "v", "2M", "--allocation", "0")
        loop = subprocess.run(
            ["losetup", "--find", "--show", scratch / "pool" / "v"],
            check=True, capture_output=True, text=True, timeout=10,
        ).stdout.strip()  # fmt: skip
        try:
            site.refused(BUSY, "vol-delete", "v", "--pool", "p")
        finally:
            subprocess.run(["losetup", "--detach", loop], check=True, timeout=10)
        site.ok("vol-delete", "v", "--pool", "p")


class TestLocks:
    def test_sixteen_creates_at_once(self, site, scratch):
        up(site, "p", scratch / "pool")
        running = [
            site.start("vol-create-as", "p", f"v{number}", "1M", "--allocation", "0")
            for number in range(16)
        ]
        for process in running:
            out, error = process.communicate(timeout=50)
            assert process.returncode == 0, error
        assert len(site.json("vol-list", "p")["volumes"]) == 16

    def test_one_of_many_equal_creates_wins(self, site, scratch):
        up(site, "p", scratch / "pool")
        running = [site.start("vol-create-as", "p", "v", "1M") for _ in range(8)]
        statuses = []
        for process in running:
            process.communicate(timeout=50)
            statuses.append(process.returncode)
        assert sorted(statuses) == [DONE] + [EXISTS] * 7

    def test_one_of_many_equal_definitions_wins(self, site, scratch):
        running = [
            site.start("pool-define-as", "p", "dir", "--target", scratch / f"pool{number}")
            for number in range(8)
        ]
        statuses = []
        for process in running:
            process.communicate(timeout=50)
            statuses.append(process.returncode)
        assert sorted(statuses) == [DONE] + [EXISTS] * 7

    def import_in_progress(self, site):
        """A vol-import that waits for input, and so holds its volume's lock."""
        process = site.start(
            "vol-import", "v", "-", "--size", "1M", "--pool", "p", stdin=subprocess.PIPE
        )
        process.stdin.write(b"x" * 4096)
        process.stdin.flush()
        return process

    def wait_for_import(self, scratch):
        """Until the import has made its file, which it does under the lock."""
        for _ in range(200):
            if any(p.name.startswith("import") for p in (scratch / "pool").rglob("*")):
                return
            subprocess.run(["sleep", "0.02"], check=True, timeout=5)
        raise AssertionError("the import never began")

    def test_time_out_names_the_holder(self, site, scratch):
        up(site, "p", scratch / "pool", "--revisions-to-keep", "2")
        site.ok("vol-create-as", "p", "v", "1M", "--allocation", "0")
        process = self.import_in_progress(site)
        try:
            self.wait_for_import(scratch)
            result = site.refused(
                LOCKED, "vol-resize", "v", "2M", "--pool", "p", "--lock-timeout", "1",
                words=[str(process.pid), "vol-import"],
            )  # fmt: skip
            assert result.out == ""
            # Another volume of the pool is not held up.
            site.ok("vol-create-as", "p", "w", "1M", "--lock-timeout", "1")
            site.ok("vol-list", "p")
        finally:
            process.kill()
            process.communicate(timeout=10)
        # Locks vanish with their process.
        site.ok("vol-resize", "v", "2M", "--pool", "p", "--lock-timeout", "1")

    def test_exports_block_nothing(self, site, scratch):
        up(site, "p", scratch / "pool", "--revisions-to-keep", "2")
        site.ok("vol-create-as", "p", "v", "8M", "--allocation", "0")
        contents.put(scratch / "pool" / "v", "old")
        # Reads nothing from the pipe, so the export stays half-way.
        process = site.start("vol-export", "v", "-", "--pool", "p")
        try:
            first = process.stdout.read(4096)
            device = site.ok("vol-start", "v", "--pool", "p", "--lock-timeout", "2").strip()
            contents.put(device, "new")
            site.ok("vol-stop", "v", "--pool", "p", "--lock-timeout", "2")
            rest, _ = process.communicate(timeout=30)
        finally:
            process.kill()
        # What came out is one state, the old one.
        assert first == contents.marker("old") and len(rest) == 8 * MIB - 4096
        assert not rest.strip(b"\0")


class TestUnprivileged:
    """Directory pools need no privilege."""

    def test_the_whole_life_cycle(self, user, scratch):
        pool = user.root / "pool"
        up(user, "p", pool, "--revisions-to-keep", "2")
        user.ok("vol-create-as", "p", "v", "1M", "--allocation", "0")
        contents.put(user.ok("vol-start", "v", "--pool", "p").strip(), "data")
        user.ok("vol-stop", "v", "--pool", "p")
        user.ok("vol-revert", "v", "--pool", "p")
        user.ok("vol-export", "v", user.root / "copy", "--pool", "p")
        user.ok("pool-autostart", "p")
        user.ok("vol-delete", "v", "--pool", "p")
        assert user.run("pool-check", "p").out.strip() == "Pool p is clean"

    def test_the_default_pool_and_the_xdg_folders(self, user):
        surroundings = {
            "CISTERN_ROOT": None,
            "HOME": str(user.root),
            "XDG_CONFIG_HOME": str(user.root / "config"),
            "XDG_RUNTIME_DIR": None,
            "XDG_DATA_HOME": None,
        }
        if os.geteuid() == 0 and user.user is None:
            pytest.skip("root has its own folders")
        user.ok("pool-build", "default", environment=surroundings)
        user.ok("pool-start", "default", environment=surroundings)
        user.ok("vol-create-as", "default", "v", "1M", environment=surroundings)
        user.ok("pool-autostart", "default", environment=surroundings)
        assert (user.root / ".local/share/cistern/v").exists()
        assert (user.root / "config/cistern/pools/autostart").is_dir()

    @needs_root
    def test_forbidden_places(self, user, scratch):
        (scratch / "closed").mkdir(mode=0o700)
        define(user, "p", scratch / "closed" / "pool")
        user.refused((FORBIDDEN, NOT_FOUND), "pool-build", "p", words="Permission denied")
        (scratch / "theirs").mkdir(mode=0o755)
        define(user, "q", scratch / "theirs" / "pool")
        user.refused(FORBIDDEN, "pool-build", "q", words="cannot create directory: Permission denied")

    @needs_root
    def test_a_pool_of_somebody_else(self, user, scratch):
        (scratch / "theirs").mkdir()
        (scratch / "theirs").chmod(0o755)
        (scratch / "theirs" / "secret").write_text("data")
        (scratch / "theirs" / "secret").chmod(0o600)
        define(user, "p", scratch / "theirs")
        user.ok("pool-start", "p")
        listing = user.run("vol-list", "p", "--details")
        assert listing.status == DONE, listing
        user.refused(FORBIDDEN, "vol-create-as", "p", "v", "1M", words="Permission denied")
        user.refused(FORBIDDEN, "vol-delete", "secret", "--pool", "p")
        user.refused(FORBIDDEN, "vol-export", "secret", "-", "--pool", "p")
