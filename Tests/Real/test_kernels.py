"""Qubes' folders of kernels: pools of type dir with driver linux-kernel, which are only read."""

import os

import pytest
from tools import BAD_DATA, BUSY, MIB, NOT_FOUND, UNSUPPORTED, Site


@pytest.fixture(name="site")
def fixture_site(tmp_path):
    """A pool `k` with two kernels, a folder without modules, and a file that is no kernel."""
    (tmp_path / "root").mkdir()
    kernels = tmp_path / "kernels"
    for name, content in (("6.1.75-1", b"one"), ("6.6.9-1", b"two")):
        (kernels / name).mkdir(parents=True)
        (kernels / name / "modules.img").write_bytes(content * MIB)
        (kernels / name / "vmlinuz").write_bytes(b"kernel")
        (kernels / name / "initramfs").write_bytes(b"disk")
    (kernels / "pvgrub2").mkdir()
    (kernels / "readme").write_text("hello")
    site = Site(tmp_path / "root")
    site.ok("pool-define-as", "k", "dir", "--target", kernels, "--driver", "linux-kernel")
    site.ok("pool-start", "k")
    return site


def kernels_of(site):
    """The folder of the pool."""
    return site.root.parent / "kernels"


def state_of(folder):
    """All that is in a folder, with its times."""
    return {
        path: (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
        for path in [folder, *folder.rglob("*")]
    }


def test_volumes_are_folders(site):
    """Each with the image of modules as its content."""
    listed = {volume["name"]: volume for volume in site.json("vol-list", "k")["volumes"]}
    assert sorted(listed) == ["6.1.75-1", "6.6.9-1", "pvgrub2"]
    image = str(kernels_of(site) / "6.6.9-1" / "modules.img")
    assert site.ok("vol-path", "6.6.9-1", "--pool", "k").strip() == image
    assert site.ok("vol-name", image).strip() == "6.6.9-1"
    assert site.ok("vol-pool", image).strip() == "k"
    info = site.json("vol-info", "6.6.9-1", "--pool", "k")["volume"]
    assert info["capacity"] == 3 * MIB
    assert info["rw"] is False
    assert f"<key>{image}</key>" in site.ok("vol-dumpxml", "6.6.9-1", "--pool", "k")


def test_what_is_no_directory_is_named(site):
    """And is not a volume, unlike in Qubes."""
    done = site.run("vol-list", "k")
    assert f"'{kernels_of(site)}/readme' is not a directory of a kernel; not listed" in done.err
    site.refused(NOT_FOUND, "vol-info", "readme", "--pool", "k")


def test_a_kernel_without_modules_has_no_content(site):
    """It is listed, and whatever asks for its content says what is missing."""
    for command in (["vol-path"], ["vol-start"], ["vol-export", "-"], ["vol-info"]):
        done = site.refused(NOT_FOUND, command[0], "pvgrub2", *command[1:], "--pool", "k")
        assert "volume 'pvgrub2': has no modules.img" in done.err


def test_any_number_of_machines_start_a_kernel(site):
    """Nothing is marked, nothing has to be stopped, and the pool can be."""
    image = str(kernels_of(site) / "6.1.75-1" / "modules.img")
    before = state_of(kernels_of(site))
    for _ in range(2):
        assert site.ok("vol-start", "6.1.75-1", "--pool", "k").strip() == image
    assert "<readonly/>" in site.ok("vol-start", "6.1.75-1", "--pool", "k", "--print-disk=xvdd")
    with open(image, "rb"):
        site.ok("vol-start", "6.1.75-1", "--pool", "k")
    site.ok("vol-stop", "6.1.75-1", "--pool", "k")
    site.ok("pool-destroy", "k")
    assert state_of(kernels_of(site)) == before


def test_a_kernel_that_somebody_writes_is_not_read(site, tmp_path):
    """Whoever installs a kernel is waited for."""
    with open(kernels_of(site) / "6.1.75-1" / "modules.img", "r+b"):
        done = site.refused(BUSY, "vol-export", "6.1.75-1", tmp_path / "out", "--pool", "k")
        assert "is in use by" in done.err


def test_content_goes_out(site, tmp_path):
    """By export and download, and into volumes of other pools."""
    content = (kernels_of(site) / "6.1.75-1" / "modules.img").read_bytes()
    for command in ("vol-export", "vol-download"):
        site.ok(command, "6.1.75-1", tmp_path / command, "--pool", "k")
        assert (tmp_path / command).read_bytes() == content
    (tmp_path / "other").mkdir()
    site.ok("pool-create-as", "other", "dir", "--target", tmp_path / "other")
    document = tmp_path / "new.xml"
    document.write_text("<volume><name>copy</name><capacity>0</capacity></volume>")
    site.ok("vol-create-from", "other", document, "6.1.75-1", "--inputpool", "k")
    assert (tmp_path / "other" / "copy").read_bytes() == content
    site.ok("vol-import", "copy", "--from-volume", "6.6.9-1", "--from-pool", "k", "--pool", "other")
    assert (tmp_path / "other" / "copy").read_bytes() == (kernels_of(site) / "6.6.9-1" / "modules.img").read_bytes()


@pytest.mark.parametrize(
    "words",
    [
        ["vol-create-as", "k", "new", MIB], ["vol-delete", "6.1.75-1", "--pool", "k"],
        ["vol-resize", "6.1.75-1", 9 * MIB, "--pool", "k"], ["vol-wipe", "6.1.75-1", "--pool", "k"],
        ["vol-upload", "6.1.75-1", "/dev/null", "--pool", "k"], ["vol-import", "6.1.75-1", "/dev/null", "--pool", "k"],
        ["vol-clone", "6.1.75-1", "new", "--pool", "k"], ["vol-rename", "6.1.75-1", "new", "--pool", "k"],
        ["vol-revert", "6.1.75-1", "--pool", "k"], ["vol-commit", "6.1.75-1", "--pool", "k"],
        ["vol-set", "6.1.75-1", "rw", "yes", "--pool", "k"], ["vol-clear", "6.1.75-1", "--pool", "k"],
    ],
    ids=lambda words: words[0],
)
def test_every_change_is_refused_in_one_way(site, words):
    """Before anything is touched."""
    before = state_of(kernels_of(site))
    done = site.refused(UNSUPPORTED, *words)
    assert "pools with driver 'linux-kernel' are read-only" in done.err
    assert state_of(kernels_of(site)) == before


def test_the_folder_is_made_and_goes_when_it_is_empty(site, tmp_path):
    """As of any pool of type dir."""
    site.ok("pool-destroy", "k")
    site.refused(BUSY, "pool-delete", "k")
    site.ok("pool-define-as", "n", "dir", "--target", tmp_path / "new", "--driver", "linux-kernel")
    site.ok("pool-build", "n")
    assert os.listdir(tmp_path / "new") == []
    site.ok("pool-delete", "n")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("word", ["driver=linux-kernel", "class=qubes.storage.kernels.LinuxKernel"])
def test_the_notation_of_qubes(site, tmp_path, word):
    """Qubes' key, and its class; a document says the same."""
    file = tmp_path / "pool.conf"
    (tmp_path / "more" / "5.15.0-1").mkdir(parents=True)
    (tmp_path / "more" / "5.15.0-1" / "modules.img").write_bytes(b"x" * 512)
    file.write_text(f"[q]\n{word}\ndir_path={tmp_path}/more\n")
    site.ok("pool-define", file, "--conf")
    site.ok("pool-start", "q")
    assert site.json("pool-info", "q")["pool"]["driver"] == "linux-kernel"
    assert [volume["name"] for volume in site.json("vol-list", "q")["volumes"]] == ["5.15.0-1"]
    assert "driver='linux-kernel'" in site.ok("pool-dumpxml", "q")


def test_kernels_have_no_revisions(site, tmp_path):
    """A definition that wants some is refused."""
    file = tmp_path / "pool.conf"
    file.write_text(f"[q]\ndriver=linux-kernel\ndir_path={tmp_path}/more\nrevisions_to_keep=1\n")
    done = site.refused(BAD_DATA, "pool-define", file, "--conf")
    assert "expected -1 or 0 with driver 'linux-kernel'" in done.err
    site.refused(
        BAD_DATA, "pool-define-as", "q", "dir", "--target", tmp_path / "more", "--driver", "linux-kernel",
        "--revisions-to-keep=1",
    )
    site.refused(BAD_DATA, "pool-define-as", "q", "logical", "--driver", "linux-kernel")


def test_what_stands_in_the_place_of_modules(site):
    """A directory is no image, and a symbolic link is not followed."""
    (kernels_of(site) / "pvgrub2" / "modules.img").mkdir()
    site.refused(BAD_DATA, "vol-export", "pvgrub2", "-", "--pool", "k", words="its modules.img is not a regular file")
    (kernels_of(site) / "pvgrub2" / "modules.img").rmdir()
    (kernels_of(site) / "pvgrub2" / "modules.img").symlink_to("/etc/passwd")
    done = site.run("vol-export", "pvgrub2", "-", "--pool", "k")
    assert done.status not in (0, NOT_FOUND) and not done.out
    assert len(site.json("vol-list", "k")["volumes"]) == 3
