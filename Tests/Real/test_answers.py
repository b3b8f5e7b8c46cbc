"""What commands answer to words that cannot be, to what is so already, and to those who may not."""

import json
import shutil

import pytest
from tools import BUSY, FORBIDDEN, USAGE


# One rule: what the table of arguments knows is a wrong command line.


@pytest.mark.parametrize(
    "line",
    [
        "vol-create-as p x 1M --format foo", "vol-create-as p x 10X", "vol-create-as p x 1M --rw maybe",
        "vol-create-as p x 1M --allocation 1Y", "vol-create-as p x 1M --revisions-to-keep many",
        "vol-create-as p x 1M --format qcow2 --backing-vol v --backing-vol-format foo",
        "pool-list --type foo", "pool-define-as q foo --target /x", "pool-define-as q dir --target /x --driver -foo",
        "pool-define-as q fs --source-dev /dev/x --target /x --source-format foo",
        "pool-create-as q dir --target /x --revisions-to-keep many", "vol-wipe v p --algorithm foo",
        "vol-set v rw maybe p", "vol-set v foo yes p", "vol-set v revisions_to_keep many p", "vol-resize v 10X p",
        "vol-export v o --pool p --compress foo", "vol-import v /dev/null --pool p --decompress foo", "pool-event --event foo",
        "find-storage-pool-sources-as foo", "vol-upload v /dev/null p --offset x", "vol-list p --progress",
    ],
)  # fmt: skip
def test_a_word_that_cannot_be_is_a_wrong_command_line(line, site, pool):
    site.ok("vol-create-as", "p", "v", "1M")
    tool, *words = line.split()
    site.refused(USAGE, tool, *words, words=f"Try '{tool} --help' for more information.")


@pytest.mark.parametrize(
    "tool, words, option",
    [
        ("vol-info", ["", "p"], "vol"), ("vol-info", ["v", "--pool", ""], "pool"), ("vol-list", [""], "pool"),
        ("vol-create-as", ["p", "x", ""], "capacity"), ("vol-create-as", ["p", "x", "1M", "--format", ""], "format"),
        ("vol-create-as", ["p", "x", "1M", "--backing-vol", ""], "backing-vol"), ("pool-list", ["--type", ""], "type"),
        ("pool-define-as", ["q", "dir", "--target="], "target"), ("vol-clone", ["v", "", "p"], "newname"),
        ("vol-delete", ["", "--pool", "p", "--if-exists"], "vol"), ("pool-undefine", ["", "--if-exists"], "pool"),
    ],
)  # fmt: skip
def test_a_variable_that_is_not_set_is_a_wrong_command_line(tool, words, option, site, pool):
    site.refused(USAGE, tool, *words, words=f"Failed to get option '{option}': Option argument is empty")


def test_sizes_as_virsh_takes_them(site, pool):
    site.ok("vol-create-as", "p", "v", "+1M", "--allocation", "")
    assert site.volume("v", "p")["capacity"] == site.volume("v", "p")["allocation"] == 1 << 20
    assert site.ok("vol-resize", "v", "+2M", "p") == "Size of volume 'v' successfully changed to +2M\n\n"
    site.ok("vol-resize", "v", "+1M", "p", "--delta")
    assert site.volume("v", "p")["capacity"] == 3 << 20
    site.ok("vol-resize", "v", " -1M", "p", "--shrink")
    assert site.volume("v", "p")["capacity"] == 2 << 20
    site.ok("vol-upload", "v", "-", "p", "--offset", "+5", "--length", " 3", stdin=b"abc")
    assert (pool / "v").read_bytes()[:10] == b"\0\0\0\0\0abc\0\0"
    for word in ("+", "++1", "+ 1M", "+-1"):
        site.refused(USAGE, "vol-create-as", "p", "w", word, words="Malformed size")


def test_one_secret_has_one_name(site):
    words = "--target /x --secret-usage u --secret-uuid c4f1a3de-0000-4000-8000-000000000001".split()
    for tool in ("pool-define-as", "pool-create-as"):
        for kind in ("dir", "iscsi"):
            site.refused(
                USAGE, tool, "q", kind, *words, words="Options --secret-usage and --secret-uuid are mutually exclusive"
            )


# What is so already has not changed.


def changed(site, tool, *words):
    return site.json(tool, *words)["changed"]


def test_what_is_built_is_not_built_again(site, scratch):
    for name, words in (
        ("a", []), ("b", ["--driver", "xen"]), ("c", ["--revisions-to-keep", "2"]),
    ):  # fmt: skip
        folder = scratch / name
        site.ok("pool-define-as", name, "dir", "--target", folder, *words)
        assert changed(site, "pool-build", name) and not changed(site, "pool-build", name)
        assert site.ok("pool-build", name, "--dry-run") == "would change nothing\n"
        if words:
            continue
        folder.chmod(0o700)
        assert not changed(site, "pool-build", name)
        folder.rmdir()
        assert changed(site, "pool-build", name)
    shutil.rmtree(scratch / "b" / "appvms")
    assert changed(site, "pool-build", "b") and not changed(site, "pool-build", "b")


def test_attributes_of_a_folder_are_set_once(site, scratch):
    folder, file = scratch / "p", scratch / "p.xml"
    permissions = f"<permissions><mode>0750</mode><owner>{folder.parent.stat().st_uid}</owner></permissions>"
    file.write_text(f"<pool type='dir'><name>p</name><target><path>{folder}</path>{permissions}</target></pool>")
    site.ok("pool-define", file)
    assert changed(site, "pool-build", "p") and not changed(site, "pool-build", "p")
    folder.chmod(0o711)
    assert changed(site, "pool-build", "p") and folder.stat().st_mode & 0o7777 == 0o750


def test_an_equal_definition_changes_nothing(site, scratch):
    site.ok("pool-define-as", "p", "dir", "--target", scratch / "p")
    file = scratch / "p.xml"
    file.write_text(site.ok("pool-dumpxml", "p"))
    stored = site.root / "etc/cistern/pools/p.xml"
    before = stored.stat()
    assert not changed(site, "pool-define", file)
    assert site.ok("pool-define", file, "--dry-run") == "would change nothing\n"
    after = stored.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    file.write_text(file.read_text().replace("/p<", "/q<"))
    assert changed(site, "pool-define", file) and not changed(site, "pool-define", file)
    conf = scratch / "s.conf"
    conf.write_text(f"[s]\ndriver=file\ndir_path={scratch}/s\n")
    assert changed(site, "pool-define", conf, "--conf") and not changed(site, "pool-define", conf, "--conf")
    answer = site.json("pool-define-as", "p", "dir", "--target", scratch / "q", "--if-not-exists")
    assert (answer["changed"], answer["message"]) == (False, "Pool p exists already")


def test_names_that_were_given_are_in_the_answer(site, pool):
    for tool, words, names in (
        ("vol-delete", ["x", "--pool", "p", "--if-exists"], ("p", "x")), ("pool-undefine", ["x", "--if-exists"], ("x", None)),
        ("pool-delete", ["x", "--if-exists"], ("x", None)),
    ):  # fmt: skip
        answer = json.loads(site.ok(tool, *words, "--json"))
        assert (answer["pool"], answer["volume"]) == names


# Who may not.


def test_who_may_not_mount_is_told_so(user):
    image, folder = user.root / "image", user.root / "mnt"
    image.write_bytes(b"\0" * 1024)
    folder.mkdir()
    user.ok("pool-define-as", "f", "fs", "--source-dev", image, "--target", folder)
    user.refused(
        FORBIDDEN, "pool-start", "f",
        words=f"cannot mount '{image}' on '{folder}': only root can mount and unmount",
    )  # fmt: skip


def test_a_folder_with_something_in_it_is_busy(site, pool):
    (pool / "other").mkdir()
    (pool / "other" / "file").touch()
    site.refused(BUSY, "vol-delete", "other", "p", words="Directory not empty")
    site.ok("pool-destroy", "p")
    site.refused(BUSY, "pool-delete", "p", words="Directory not empty")
