"""Names are bytes: two that look the same on a screen, and that Unicode calls canonically equivalent, are two volumes,
two pools, two sections and two secrets, and a combining mark behind a separator leaves the separator one."""

import os

import contents
import pytest
from tools import EXISTS, MIB, NOT_FOUND

# "é" in one scalar, and as a letter with a mark. By bytes the second comes first.
ONE, TWO = "caf\u00e9", "cafe\u0301"
MARK = "\u0301"


@pytest.fixture
def plain(site, scratch):
    """An active pool of type dir, called p."""
    folder = scratch / "p"
    site.ok("pool-define-as", "p", "dir", "--target", folder, "--revisions-to-keep", 3)
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")
    return folder


@pytest.fixture(params=["plain", "qubes"])
def pool(request, site, scratch):
    """An active pool p in each layout, and what the names of its volumes begin with."""
    folder = scratch / "p"
    more = ["--driver", "file-reflink"] if request.param == "qubes" else []
    folder.mkdir()
    conf = site.root / "etc/cistern/storage.conf"
    conf.parent.mkdir(parents=True, exist_ok=True)
    driver = "driver=file-reflink\nsetup_check=no\ndir_path=" if more else "driver=dir\ntarget="
    conf.write_text(f"[p]\n{driver}{folder}\nrevisions_to_keep=3\n")
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")
    return "appvms/" if more else "", "/root" if more else ""


def named(pool, middle):
    return pool[0] + middle + pool[1]


def listed(site, name="p"):
    return [one["name"] for one in site.json("vol-list", name)["volumes"]]


def exported(site, scratch, name, *options):
    target = scratch / "exported"
    target.unlink(missing_ok=True)
    site.ok("vol-export", name, target, "--pool", "p", *options)
    return contents.get(target)


def test_files_that_look_the_same_are_two_volumes(site, plain):
    (plain / ONE).write_text("a")
    (plain / TWO).write_text("bb")
    assert listed(site) == [TWO, ONE], "in the order of their bytes"
    lines = site.ok("vol-list", "p").splitlines()
    assert sum("caf" in line for line in lines) == 2
    assert [site.volume(name, "p")["capacity"] for name in (ONE, TWO)] == [1, 2]
    assert site.ok("pool-info", "p")


def test_sorting_ignores_the_case_of_ascii_letters_alone(site, plain):
    names = ["B", "a", "b", "A", "\u00c9", "\u00e9", "e\u0301", "z"]
    for name in names:
        (plain / name).write_text("")
    expected = sorted(names, key=lambda name: (name.encode().lower(), name.encode()))
    assert listed(site) == expected


def test_each_of_two_volumes_lives_its_own_life(site, scratch, pool):
    one, two = named(pool, ONE), named(pool, TWO)
    for name, text in ((one, "one"), (two, "two")):
        site.ok("vol-create-as", "p", name, MIB)
        device = site.ok("vol-start", name, "--pool", "p").strip()
        assert name in device
        contents.put(device, text)
    assert listed(site) == [two, one]
    for name in (one, two):
        site.ok("vol-stop", name, "--pool", "p")
    assert (exported(site, scratch, one), exported(site, scratch, two)) == ("one", "two")

    # What is told of one says nothing of the other.
    site.ok("vol-set", one, "revisions_to_keep", "1", "--pool", "p")
    kept = [site.volume(name, "p")["revisions_to_keep"] for name in (one, two)]
    assert kept == [1, 3]
    device = site.ok("vol-start", one, "--pool", "p").strip()
    contents.put(device, "again")
    assert [site.volume(name, "p")["state"] for name in (one, two)] == ["running", "clean"]
    site.ok("vol-stop", one, "--pool", "p")
    assert [len(site.revisions(name, "p")) for name in (one, two)] == [1, 1]
    site.ok("vol-revert", one, "--pool", "p")
    assert (exported(site, scratch, one), exported(site, scratch, two)) == ("one", "two")

    site.ok("vol-delete", two, "--pool", "p")
    assert listed(site) == [one]
    assert exported(site, scratch, one) == "one"
    site.refused(NOT_FOUND, "vol-info", two, "--pool", "p")
    assert site.findings("p") == []


def test_creation_beside_one_that_looks_the_same(site, pool):
    one, two = named(pool, ONE), named(pool, TWO)
    site.ok("vol-create-as", "p", one, MIB)
    site.ok("vol-create-as", "p", two, 2 * MIB, "--if-not-exists")
    site.refused(EXISTS, "vol-create-as", "p", one, MIB)
    assert [site.volume(name, "p")["capacity"] for name in (one, two)] == [MIB, 2 * MIB]
    site.ok("vol-clone", one, named(pool, TWO + "2"), "--pool", "p")
    site.ok("vol-clone", two, named(pool, ONE + "2"), "--pool", "p")
    assert site.volume(named(pool, ONE + "2"), "p")["capacity"] == 2 * MIB


def test_a_lock_of_one_does_not_hold_the_other(site, pool):
    one, two = named(pool, ONE), named(pool, TWO)
    for name in (one, two):
        site.ok("vol-create-as", "p", name, MIB)
    # An import that waits for its input holds its volume.
    read, write = os.pipe()
    waiting = site.start("vol-import", one, "-", "--pool", "p", stdin=read)
    try:
        os.close(read)
        os.write(write, b"x")
        site.ok("vol-wipe", two, "--pool", "p", "--lock-timeout", "20")
    finally:
        os.close(write)
        waiting.communicate(timeout=60)


def test_a_mark_behind_a_separator(site, scratch, pool):
    """A "." or "/" with a combining mark behind it is still one."""
    name = named(pool, MARK + "w")
    site.ok("vol-create-as", "p", name, MIB)
    assert listed(site) == [name]
    device = site.ok("vol-start", name, "--pool", "p").strip()
    contents.put(device, "marked")
    site.ok("vol-stop", name, "--pool", "p")
    assert exported(site, scratch, name) == "marked"
    assert len(site.revisions(name, "p")) == 1
    site.ok("vol-delete", name, "--pool", "p")
    assert listed(site) == [] and site.findings("p") == []


def test_a_mark_behind_an_ending(site, plain):
    """Not the ending that it looks like."""
    names = [f"a.img{MARK}", f"a.{MARK}img", f"a-dirty{MARK}", f"x~{MARK}"]
    for name in names:
        (plain / name).write_text("")
    assert sorted(listed(site)) == sorted(names)


def test_a_pool_in_a_folder_whose_name_begins_with_a_mark(site, scratch):
    folder = scratch / f"{MARK}folder" / MARK
    site.ok("pool-define-as", "p", "dir", "--target", folder)
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")
    site.ok("vol-create-as", "p", MARK, MIB)
    assert site.ok("vol-path", MARK, "--pool", "p").strip() == str(folder / MARK)
    assert site.ok("vol-pool", folder / MARK).strip() == "p"


@pytest.mark.parametrize("notation", ["xml", "conf"])
def test_pools_that_look_the_same_are_two(site, scratch, notation):
    if notation == "conf":
        conf = site.root / "etc/cistern/storage.conf"
        conf.parent.mkdir(parents=True, exist_ok=True)
        conf.write_text("".join(f"[{name}]\ndriver=dir\ntarget={scratch / name}\n" for name in (ONE, TWO)))
    else:
        for name in (ONE, TWO):
            site.ok("pool-define-as", name, "dir", "--target", scratch / name)
    for name in (ONE, TWO):
        site.ok("pool-build", name)
    site.ok("pool-start", ONE)
    states = {one["name"]: one["state"] for one in site.json("pool-list", "--all")["pools"]}
    assert states[ONE] == "running" and states[TWO] == "inactive"
    assert [site.pool(name)["path"] for name in (ONE, TWO)] == [str(scratch / ONE), str(scratch / TWO)]
    site.ok("pool-autostart", TWO)
    assert [site.pool(name)["autostart"] for name in (ONE, TWO)] == [False, True]
    site.ok("pool-undefine", TWO)
    names = [one["name"] for one in site.json("pool-list", "--all")["pools"]]
    assert ONE in names and TWO not in names


def test_secrets_whose_usages_look_the_same_are_two(site):
    for usage in (ONE, TWO):
        file = site.root / "secret.xml"
        file.write_text(f"<secret><usage type='volume'><volume>/{usage}</volume></usage></secret>")
        site.ok("secret-define", file)
    secrets = site.json("secret-list")["secrets"]
    assert sorted(one["usage"] for one in secrets) == sorted(["/" + ONE, "/" + TWO])
    uuids = {one["uuid"] for one in secrets}
    assert len(uuids) == 2


def test_completion_offers_both(site, plain):
    for name in (ONE, TWO):
        site.ok("vol-create-as", "p", name, MIB)
    for shell, words in (("bash", ["vol-info --pool p caf", "caf"]), ("fish", ["--pool", "p", "caf"])):
        offered = site.ok("vol-info", f"--complete={shell}", *words).splitlines()[1:]
        assert [line.split("\t")[0] for line in offered] == [TWO, ONE], shell
