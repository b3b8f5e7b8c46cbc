"""What scripts take for granted of definitions: the pool default, folders in folders, what is missing and what is
broken."""

import json

import pytest
from filesystems import BindMount, unavailable
from tools import BAD_DATA, BUSY, EXISTS, NOT_FOUND, PROBLEMS, UNSUPPORTED


def define(site, name, folder, *words):
    site.ok("pool-define-as", name, "dir", "--target", folder, *words)


# --if-exists


@pytest.mark.parametrize("words", [["x"], ["x", "--pool", "typo"], ["x", "typo"], ["x", "--pool", "stopped"]])
def test_if_exists_does_not_hide_a_volume_that_is_somewhere_else(words, site, pool, scratch):
    define(site, "stopped", scratch / "stopped")
    site.ok("vol-create-as", "p", "x", "1M")
    site.refused((NOT_FOUND, BUSY), "vol-delete", *words, "--if-exists")
    site.refused(NOT_FOUND, "vol-delete", pool / "y", "--if-exists")
    assert site.volume("x", "p")["name"] == "x"


def test_if_exists_is_about_the_volume_of_a_known_pool(site, pool):
    site.ok("vol-create-as", "p", "x", "1M")
    for _ in range(2):
        site.ok("vol-delete", "x", "--pool", "p", "--if-exists")
    assert site.json("vol-delete", pool / "x", "p", "--if-exists")["changed"] is False
    pool.rename(f"{pool}-gone")
    site.refused(NOT_FOUND, "vol-delete", "x", "p", "--if-exists", words=str(pool))


def test_if_exists_is_about_the_pool(site, pool, scratch):
    for tool in ("pool-undefine", "pool-delete"):
        assert site.json(tool, "absent", "--if-exists")["changed"] is False
    site.ok("pool-destroy", "p")
    site.ok("pool-delete", "p")
    site.refused(NOT_FOUND, "pool-delete", "p")
    site.ok("pool-delete", "p", "--if-exists")
    # A definition that cannot be read may be the one that is meant.
    uuid = site.pool("p")["uuid"]
    file = site.root / "etc/cistern/pools/p.xml"
    file.write_text(file.read_text().replace("</pool>", ""))
    site.refused(NOT_FOUND, "pool-undefine", uuid, "--if-exists")
    assert file.exists()


# The pool default


def test_default_is_defined_where_a_script_finds_none(site, scratch):
    assert site.ok("pool-list", "--all", "--name").split() == []
    for tool in ("pool-info", "pool-dumpxml", "pool-uuid"):
        site.refused(NOT_FOUND, tool, "default", words="Try: pool-start default --build")
    define(site, "default", scratch / "images")
    assert site.pool("default")["path"] == f"{scratch}/images"
    site.ok("pool-start", "default", "--build")
    assert site.ok("pool-list", "--name").split() == ["default"]


def test_default_is_undefined_whatever_it_is(site, scratch):
    for folder in ("a", "b"):
        site.ok("pool-destroy", "default", "--if-active")
        site.ok("pool-undefine", "default")
        define(site, "default", scratch / folder)
        site.ok("pool-start", "default", "--build")
    assert site.pool("default")["path"] == f"{scratch}/b"


def test_default_is_there_while_it_is_used(site, scratch):
    site.ok("pool-start", "default", "--build")
    assert site.pool("default")["state"] == "running"
    define(site, "default", scratch / "images")
    assert site.pool("default")["path"] == f"{site.root}/var/lib/cistern"
    site.ok("pool-destroy", "default")
    assert site.pool("default")["path"] == f"{scratch}/images"
    site.ok("pool-undefine", "default")
    site.ok("pool-autostart", "default")
    assert site.ok("pool-list", "--all", "--autostart", "--name").split() == ["default"]
    site.ok("pool-undefine", "default")
    assert site.ok("pool-list", "--all", "--name").split() == []


# Folders in folders


def test_a_pool_in_the_folder_of_another_is_a_volume_there(site, pool):
    define(site, "iso", pool / "iso")
    site.ok("pool-start", "iso", "--build")
    site.ok("vol-create-as", "iso", "a", "1M")
    (volume,) = site.json("vol-list", "p")["volumes"]
    assert (volume["name"], volume["type"]) == ("iso", "dir")
    for command in (("vol-delete", "iso"), ("vol-rename", "iso", "other")):
        site.refused(BUSY, *command, "--pool", "p", words="has the folder of pool 'iso', which is active")
    site.ok("pool-destroy", "iso")
    site.refused(BUSY, "vol-delete", "iso", "p", words="Directory not empty")
    assert (pool / "iso" / "a").exists()


def test_a_folder_that_a_pool_lies_in_keeps_its_name(site, pool):
    """Also where it is not the pool's own one; once the pool is stopped, it can have another."""
    (pool / "a" / "b").mkdir(parents=True)
    define(site, "deep", pool / "a" / "b")
    site.ok("pool-start", "deep")
    for command in (("vol-rename", "a", "c"), ("vol-delete", "a")):
        site.refused(BUSY, *command, "--pool", "p", words="has the folder of pool 'deep', which is active")
    assert site.ok("vol-list", "deep")
    site.ok("pool-destroy", "deep")
    site.ok("vol-rename", "a", "c", "--pool", "p")
    assert (pool / "c" / "b").is_dir()


def test_one_folder_has_one_pool_by_whatever_name(site, pool, scratch):
    (scratch / "link").symlink_to(pool)
    (scratch / "bound").mkdir()
    (pool / "iso").mkdir()
    define(site, "iso", pool / "iso")
    names = [pool, f"{pool}/../{pool.name}", scratch / "link", scratch / "link" / "iso", pool / ".cistern"]
    for folder in names:
        site.refused(EXISTS, "pool-define-as", "q", "dir", "--target", folder, words="Storage source conflict")
    if reason := unavailable():
        pytest.skip(reason)
    with BindMount(pool, scratch / "bound"):
        for folder in (scratch / "bound", scratch / "bound" / "iso"):
            site.refused(EXISTS, "pool-define-as", "q", "dir", "--target", folder, words="Storage source conflict")
    define(site, "q", scratch)


def test_folders_of_qubes_layout_are_not_shared(site, scratch):
    define(site, "vms", scratch / "vms", "--driver", "xen")
    site.refused(EXISTS, "pool-define-as", "w", "dir", "--target", scratch / "vms/appvms/w", words="conflict with pool: 'vms'")


# What cannot be understood

STRANGE = b"# caf\xe9\n[bad]\ndriver=nonsense\n; \xfe mine\n[good]\ndriver=file\ndir_path=/srv/g ; \xe9\n"


def conf(site, content):
    file = site.root / "etc/cistern/storage.conf"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


@pytest.mark.parametrize("name", ["bad", "line", "a/b", "twice"])
def test_what_cannot_be_understood_can_be_undefined(name, site):
    rest = b"[last]\ndriver=xen\ndir_path=/l\n"
    sections = {
        "bad": b"[bad]\ndriver=nonsense\n", "line": b"[line]\nno assignment\nk=\xff\n", "a/b": b"[a/b]\ndriver=file\n",
        "twice": b"[twice]\ndriver=\n[twice]\nclass=\xe9\n",
    }  # fmt: skip
    file = conf(site, sections[name] + rest)
    site.ok("pool-undefine", name)
    assert file.read_bytes() == rest
    site.refused(NOT_FOUND, "pool-undefine", name)


def test_a_pool_that_is_defined_twice_can_be_undefined(site, scratch):
    define(site, "p", scratch / "p")
    rest = b"[last]\ndriver=xen\ndir_path=/l\n"
    file = conf(site, b"[p]\ndriver=file\ndir_path=/p\n" + rest)
    site.refused(BAD_DATA, "pool-info", "p", words="is defined twice")
    site.ok("pool-undefine", "p")
    assert file.read_bytes() == rest
    site.refused(NOT_FOUND, "pool-undefine", "p")
    assert site.ok("pool-list", "--all", "--name").split() == ["last"]


@pytest.mark.parametrize("line", [b"dir_path=/b\xff", b"no assignment", b"revisions\xe9=1", b"dir_path=/b\n  /\xff", b"k=\0"])
def test_a_line_that_cannot_be_understood_is_a_matter_of_its_section(line, site, scratch):
    text = b"[a]\ndriver=file\ndir_path=/a\n[b]\ndriver=file\n" + line + b"\n[c]\ndriver=file\ndir_path=/c\n"
    file = conf(site, text)
    result = site.run("pool-list", "--all", "--name")
    assert result.out.split() == ["a", "c"] and f"{file}:" in result.err
    site.refused(BAD_DATA, "pool-info", "b", words=f"{file}:")
    site.refused(BAD_DATA, "pool-define-as", "b", "dir", "--target", scratch / "b")
    define(site, "d", scratch / "d")
    site.ok("pool-set", "a", "revisions_to_keep", "0")
    site.ok("pool-undefine", "c")
    assert file.read_bytes() == text[: text.index(b"[c]")].replace(b"/a\n", b"/a\nrevisions_to_keep=0\n")
    site.ok("pool-undefine", "b")
    assert site.ok("pool-list", "--all", "--name").split() == ["a", "d"]


@pytest.mark.parametrize("text", [b"k=v\n[a]\ndriver=file\ndir_path=/a\n", b"[a]\ndriver=file\ndir_path=/a\n[b\ndriver=file\n"])
def test_where_it_is_not_known_which_sections_there_are_nothing_is_said_to_be_missing(text, site, scratch):
    file = conf(site, text)
    site.refused(BAD_DATA, "pool-info", "b", words=f"{file}:")
    site.refused(BAD_DATA, "pool-define-as", "b", "dir", "--target", scratch / "b")


def test_a_document_that_cannot_be_understood_can_be_undefined(site):
    file = site.root / "etc/cistern/pools/p.xml"
    file.parent.mkdir(parents=True)
    for content in (b"", b"\xff\xfe", b"<pool", b"<pool type='dir'><name>other</name></pool>"):
        file.write_bytes(content)
        site.refused(BAD_DATA, "pool-info", "p")
        site.ok("pool-undefine", "p")
        assert not file.exists()


def test_bytes_that_are_no_utf8_survive_every_edit(site, scratch):
    file = conf(site, STRANGE)
    section = scratch / "section"
    section.write_text("[new]\ndriver=file\ndir_path=/srv/n\n")
    site.ok("pool-define", section, "--conf")
    added = file.read_bytes()
    assert added.startswith(STRANGE) and added.endswith(b"[new]\ndriver=file\ndir_path=/srv/n\n")
    section.write_text("[good]\ndriver=file\ndir_path=/srv/other\n")
    site.ok("pool-define", section, "--conf")
    assert file.read_bytes() == added.replace(b"/srv/g ", b"/srv/other ")
    site.ok("pool-edit", "good", environment={"EDITOR": "sed -i s,/srv/other,/srv/third,"})
    assert file.read_bytes() == added.replace(b"/srv/g ", b"/srv/third ")
    site.ok("pool-undefine", "bad")
    assert file.read_bytes() == added.replace(b"/srv/g ", b"/srv/third ").replace(b"[bad]\ndriver=nonsense\n", b"")


@pytest.mark.parametrize("text", ["<pool", "", "<pool type='dir'><name>other</name><target><path>/x</path></target></pool>"])
def test_a_definition_that_nobody_can_read_is_a_finding(site, scratch, text):
    (scratch / "d").mkdir()
    site.ok("pool-define-as", "good", "dir", "--target", scratch / "d")
    file = scratch / "root/etc/cistern/pools/bad.xml"
    file.write_text(text)
    result = site.run("pool-check", "--json")
    assert result.status == PROBLEMS
    [finding] = json.loads(result.out)["findings"]
    assert (finding["kind"], finding["path"]) == ("unreadable", str(file))
    assert "remove it with pool-undefine bad" in finding["repair"]
    site.ok("pool-undefine", "bad")
    assert site.json("pool-check")["findings"] == []


def test_a_driver_that_is_known_and_not_there_is_refused_at_the_start(site, scratch):
    (scratch / "z.conf").write_text("[z]\ndriver=zfs\ncontainer=tank/vms\n")
    site.ok("pool-define", scratch / "z.conf", "--conf")
    site.refused(UNSUPPORTED, "pool-start", "z", words="pools with driver 'zfs' can be defined but not used here")
    site.ok("pool-undefine", "z")
