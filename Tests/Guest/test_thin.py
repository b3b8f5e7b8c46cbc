"""Thin pools: the conformance suite on them, and what only they have."""

import os
import select
import shutil
import signal
import subprocess
from pathlib import Path

import contents
import pytest
from conformance import SIZE, Conformance
from logwrites import dmsetup
from lvmcuts import Traced
from tools import BAD_DATA, BUSY, DONE, EXISTS, MIB, NO_SPACE, NOT_FOUND
from volumegroups import (  # noqa: F401  (a fixture)
    ALL, ENVIRONMENT, ThinPools, each_cut, inside_lvm, light_lvm, lvm, repaired, volumes,
)  # fmt: skip

GROUP = "vgt"

#: An emulated processor takes 12 minutes for the whole suite. `make conformance-thin` runs it; everywhere else these
#: cases stand for it: those in which the mechanism, not the state machine, decides.
SAMPLE = {"02", "05", "06", "16", "19", "24", "25", "30", "32", "43"}
#: And those of making volumes from others.
MAKING = ("test_making_from_another_format", "test_making_of_encrypted", "test_making_for_sectors")

pytestmark = pytest.mark.guest(
    modules=["dm-thin-pool", "loop"],
    packages=["lvm2", "thin-provisioning-tools", "strace"],
    disks=["1G", "1G", "1G", "64M"],
    seconds=3600 if ALL else 2200,
)


@pytest.fixture(scope="session")
def thin_pools(disks):
    """Thin pools of groups with small extents, so that sizes are what is asked for."""
    groups = [GROUP, "vgu", "vgv"]
    for group, disk in zip(groups, disks):
        lvm("vgcreate", "--physicalextentsize", "1m", group, disk)
    return ThinPools(groups)


@pytest.fixture
def backend(thin_pools):
    """Empty thin pools."""
    thin_pools.begin()
    return thin_pools


@pytest.fixture
def place():
    """Unused: thin pools need no file system."""


@pytest.mark.limit(400 if ALL else 60)
class TestThinConformance(Conformance):
    """The cases of the suite; those that look at storage are about logical volumes here."""

    @pytest.fixture(autouse=True)
    def chosen(self, request):
        """Skips what is not in the sample."""
        name = request.function.__name__
        sample = (*MAKING, *(f"test_case_{number}_" for number in SAMPLE))
        if not ALL and not name.startswith(sample):
            pytest.skip("not in the sample of cases for emulated guests; make conformance-thin runs all")

    def test_case_02_build_makes_and_undefine_keeps(self, lab):
        volume = lab.volume("work")
        lab.session(volume, "kept")
        before = lab.backend.everything(lab.storage)
        lab.site.ok("pool-destroy", "p")
        lab.site.ok("pool-undefine", "p")
        lab.site.refused(NOT_FOUND, "pool-info", "p")
        assert lab.backend.everything(lab.storage) == before
        lab.backend.define(lab.site, "p", lab.storage, lab.backend.revisions)
        lab.site.ok("pool-start", "p")
        assert lab.read(volume) == "kept"
        assert len(lab.revisions(volume)) == 1

    def test_case_05_thin_pool_must_exist(self, lab):
        define = ("pool-define-as", "n", "logical", "--source-name")
        lab.site.ok(*define, "nogroup", "--thin-pool", "pool0")
        lab.site.refused(NOT_FOUND, "pool-start", "n", words="volume group 'nogroup'")
        lab.site.ok("pool-undefine", "n")
        lab.site.ok(*define, GROUP, "--thin-pool", "nopool")
        lab.site.refused(NOT_FOUND, "pool-start", "n", words="thin pool 'vgt/nopool'")
        lab.site.ok("pool-undefine", "n")
        lvm("lvcreate", "-y", "-L", "4M", "-n", "ordinary", GROUP)
        lab.site.ok(*define, GROUP, "--thin-pool", "ordinary")
        lab.site.refused(BAD_DATA, "pool-start", "n", words="is not a thin pool")
        lvm("lvremove", "-y", f"{GROUP}/ordinary")

    def test_case_06_sizes_are_the_file_systems(self, lab):
        volume = lab.volume("work")
        lab.fill(volume, "data")
        row = volumes(GROUP, "lv_name,lv_size,data_percent")[lab.storage.name]
        pool = lab.site.pool("p")
        assert pool["capacity"] == int(row["lv_size"])
        assert pool["allocation"] == int(int(row["lv_size"]) * float(row["data_percent"]) / 100)
        assert pool["available"] == pool["capacity"] - pool["allocation"]

    def test_case_24_identities_at_commit(self, lab):
        volume = lab.volume("work")
        old = volumes(GROUP)[volume]["lv_uuid"]
        lab.start(volume)
        new = volumes(GROUP)[f"{volume}-snap"]["lv_uuid"]
        lab.stop(volume)
        rows = volumes(GROUP)
        assert rows[volume]["lv_uuid"] == new
        [back] = [name for name in rows if name.endswith("-back")]
        assert rows[back]["lv_uuid"] == old
        [revision] = lab.site.revisions(volume, "p")
        assert back == f"{volume}-{revision['epoch']}-back"

    def test_case_25_interrupted_commit(self, lab):
        volume = lab.volume("work", "--revisions-to-keep=3")
        for text in ("one", "two", "three"):
            lab.session(volume, text)
        contents.put(lab.start(volume), "working")
        lab.crash()
        # Killed between the two renames.
        before = lab.revisions(volume)
        epoch = 2_000_000_000
        lvm("lvrename", GROUP, volume, f"{volume}-{epoch}-back")
        assert lab.facts(volume)["capacity"] == SIZE
        assert lab.state(volume) == "dirty"
        assert lab.read(volume) == "three"
        assert lab.revisions(volume) == before
        kinds = {finding["kind"] for finding in lab.site.findings("p")}
        assert kinds == {"misplaced-state", "uncommitted"}
        assert contents.get(lab.start(volume)) == "working"
        lab.stop(volume)
        assert lab.read(volume) == "working"
        newest = lab.revisions(volume)[-1]
        assert newest == before[-1] + 1 and lab.read(volume, revision=newest) == "three"
        lab.check_clean()

    @pytest.mark.parametrize("keep, revisions", [(1, 1), (0, 0)])
    def test_case_26_started_by_somebody_else(self, lab, keep, revisions):
        volume = lab.volume("work", f"--revisions-to-keep={keep}")
        lvm("lvcreate", "-y", "-s", "-kn", "-ay", "-n", f"{volume}-snap", f"{GROUP}/{volume}")
        contents.put(f"/dev/{GROUP}/{volume}-snap", "theirs")
        assert lab.state(volume) == "dirty"
        lab.stop(volume)
        assert lab.read(volume) == "theirs"
        assert len(lab.revisions(volume)) == revisions
        assert f"{volume}-snap" not in volumes(GROUP)

    def test_case_30_revisions_disabled(self, lab):
        volume = lab.volume("work")
        lab.session(volume, "one")
        lab.run("vol-set", volume, "revisions_to_keep", "-1")
        identity = volumes(GROUP)[volume]["lv_uuid"]
        device = lab.start(volume)
        assert device == f"/dev/{GROUP}/{volume}"
        assert lab.revisions(volume) == []
        contents.put(device, "two")
        lab.stop(volume)
        assert volumes(GROUP)[volume]["lv_uuid"] == identity
        assert lab.read(volume) == "two"
        assert lab.revisions(volume) == []
        lab.check_clean()


# Beyond the suite: names, tags, and other owners of the same thin pool.


def test_names_that_lvm_or_the_endings_keep_are_refused(backend, site, scratch):
    storage = backend.prepare(None, scratch)
    backend.define(site, "p", storage)
    site.ok("pool-start", "p")
    for name in ("a-snap", "a-import", "a-1500000000-back", "snapshot1", "a_tdata", "a b", "n" * 120):
        site.refused(BAD_DATA, "vol-create-as", "p", name, "1M", words="name")
    # Not a revision: nothing but digits is a time.
    site.ok("vol-create-as", "p", "a-text-back", "1M")
    assert site.volume("a-text-back", "p")["state"] == "clean"


def test_revisions_stay_in_order_when_the_clock_goes_back(backend, site, scratch):
    storage = backend.prepare(None, scratch)
    backend.define(site, "p", storage, 5)
    site.ok("pool-start", "p")
    site.ok("vol-create-as", "p", "v", "4M")
    # A revision from the future, as a clock that was wrong left it.
    lvm("lvcreate", "-y", "-s", "-n", "v-2100000000-back", f"{GROUP}/v")
    for text in ("one", "two"):
        contents.put(site.ok("vol-start", "v", "--pool", "p").strip(), text)
        site.ok("vol-stop", "v", "--pool", "p")
    revisions = site.revisions("v", "p")
    assert [one["number"] for one in revisions] == [2100000000, 2100000001, 2100000002]
    epochs = [one["epoch"] for one in revisions]
    assert epochs == [2100000000, 2100000001, 2100000002]
    site.ok("vol-export", "v", scratch / "out", "--pool", "p", "--revision", "2100000002")
    assert contents.get(scratch / "out") == "one"
    # Its number says which it is, whoever removes another; Qubes' name of it is understood too.
    lvm("lvremove", "-y", f"{GROUP}/v-2100000000-back")
    for name in ("2100000002", "2100000002-back"):
        site.ok("vol-export", "v", scratch / "out", "--pool", "p", "--revision", name)
        assert contents.get(scratch / "out") == "one"


def test_what_a_record_knows_nothing_of_stays(backend, site, scratch):
    """Volumes that Qubes' driver, or a person, made under the names of volumes that keep nothing by their records."""
    storage = backend.prepare(None, scratch)
    backend.define(site, "p", storage, 1)
    site.ok("pool-start", "p")
    site.ok("vol-create-as", "p", "t", "4M")
    site.ok("vol-create-as", "p", "s", "--source", "t", "--snap-on-start", "yes", "--save-on-stop", "no")
    site.ok("vol-create-as", "p", "v", "4M", "--save-on-stop", "no")
    # Its own left-over is removed as ever.
    contents.put(site.ok("vol-start", "v", "--pool", "p").strip(), "throw-away")
    shutil.rmtree(site.root / "run")
    site.ok("pool-start", "p")
    assert repaired(site, "p") == []
    for name in ("s", "v"):
        lvm("lvcreate", "-y", "-V", "4M", "-T", f"{GROUP}/{storage.name}", "-n", name)
        contents.put(f"/dev/{GROUP}/{name}", "content")
    for name in ("s", "v"):
        for tool in ("vol-start", "vol-stop", "vol-delete"):
            site.refused(BUSY, tool, name, "--pool", "p", words="holds content")
    assert [one["kind"] for one in repaired(site, "p")] == ["unexpected-content"] * 2
    for name in ("s", "v"):
        assert contents.get(f"/dev/{GROUP}/{name}") == "content"
    site.ok("vol-set", "s", "snap_on_start", "no", "--pool", "p")
    for name in ("s", "v"):
        site.ok("vol-set", name, "save_on_stop", "yes", "--pool", "p")
        assert contents.get(site.ok("vol-start", name, "--pool", "p").strip()) == "content"
    site.ok("vol-stop", "s", "v", "--pool", "p")
    assert site.findings("p") == []


def test_a_committed_state_that_somebody_replaced_is_not_committed_over(backend, site, scratch):
    storage = backend.prepare(None, scratch)
    backend.define(site, "p", storage, 1)
    site.ok("pool-start", "p")
    site.ok("vol-create-as", "p", "v", "4M")
    contents.put(site.ok("vol-start", "v", "--pool", "p").strip(), "ours")
    lvm("lvrename", GROUP, "v", "v-2000000000-back")
    lvm("lvcreate", "-y", "-V", "4M", "-T", f"{GROUP}/{storage.name}", "-n", "v")
    contents.put(f"/dev/{GROUP}/v", "theirs")
    site.refused(BUSY, "vol-stop", "v", "--pool", "p", words="changed since the session was begun")
    assert contents.get(f"/dev/{GROUP}/v") == "theirs"
    assert "changed-state" in [one["kind"] for one in site.findings("p")]
    site.ok("vol-stop", "v", "--pool", "p", "--discard")
    assert contents.get(f"/dev/{GROUP}/v") == "theirs"


def test_start_takes_one_command_and_stop_three(backend, site, scratch):
    storage = backend.prepare(None, scratch)
    backend.define(site, "p", storage, 1)
    site.ok("pool-start", "p")
    site.ok("vol-create-as", "p", "v", "4M")
    for _ in range(2):
        site.ok("vol-start", "v", "--pool", "p")
        site.ok("vol-stop", "v", "--pool", "p")
    log = scratch / "log"
    for tool, most in (("vol-start", ["lvcreate"]), ("vol-stop", ["lvrename", "lvrename", "lvremove"])):
        log.write_text("")
        site.ok(tool, "v", "--pool", "p", environment={"CISTERN_FAULT_LOG": str(log)})
        commands = [line.split()[1] for line in log.read_text().splitlines() if " lv" in line]
        assert commands == most


def test_an_open_revision_is_kept_until_it_is_closed(backend, site, scratch):
    """Only that one: what is too old of a volume that is stopped with it goes."""
    storage = backend.prepare(None, scratch)
    backend.define(site, "p", storage, 1)
    site.ok("pool-start", "p")
    both = ["v", "w", "--pool", "p"]
    for name in ("v", "w"):
        site.ok("vol-create-as", "p", name, "4M")
    site.ok("vol-start", *both)
    site.ok("vol-stop", *both)
    [back] = [name for name in volumes(GROUP) if name.startswith("v-")]
    with open(f"/dev/{GROUP}/{back}", "rb"):
        site.ok("vol-start", *both)
        stopped = site.run("vol-stop", *both)
        assert stopped.status == DONE
        assert "volume 'v': an old revision was not removed: it is in use" in stopped.err, stopped
        assert "volume 'w'" not in stopped.err
        assert [len(site.revisions(name, "p")) for name in ("v", "w")] == [2, 1]
    site.ok("vol-start", *both)
    site.ok("vol-stop", *both)
    assert [len(site.revisions(name, "p")) for name in ("v", "w")] == [1, 1]


def test_a_device_in_use_is_not_pulled_away(backend, site, scratch):
    storage = backend.prepare(None, scratch)
    backend.define(site, "p", storage, 1)
    site.ok("pool-start", "p")
    site.ok("vol-create-as", "p", "v", "4M")
    device = site.ok("vol-start", "v", "--pool", "p").strip()
    with open(device, "rb"):
        site.refused(BUSY, "vol-stop", "v", "--pool", "p", words="is in use by")
    site.ok("vol-stop", "v", "--pool", "p")


# Several volumes at once, room, and what cuts leave.


def started_pool(backend, site, scratch, revisions=2):
    """A started pool 'p' of one thin pool."""
    storage = backend.prepare(None, scratch)
    backend.define(site, "p", storage, revisions)
    site.ok("pool-start", "p")
    return storage


def test_a_session_goes_on_after_a_boot_that_activated_nothing(backend, site, scratch):
    storage = started_pool(backend, site, scratch)
    site.ok("vol-create-as", "p", "v", "4M")
    device = site.ok("vol-start", "v", "--pool", "p").strip()
    contents.put(device, "unsaved")
    lvm("lvchange", "-an", f"{GROUP}/v-snap", f"{GROUP}/v", f"{GROUP}/{storage.name}")
    shutil.rmtree(site.root / "run")
    site.ok("pool-start", "p")
    assert site.volume("v", "p")["state"] == "dirty"
    assert site.ok("vol-start", "v", "--pool", "p").strip() == device
    assert contents.get(device) == "unsaved"
    site.ok("vol-stop", "v", "--pool", "p")


def test_several_volumes_are_started_together_or_not_at_all(backend, site, scratch):
    started_pool(backend, site, scratch)
    for name in ("a", "b"):
        site.ok("vol-create-as", "p", name, "4M")
    site.ok("vol-create-as", "p", "s", "--source", "a", "--snap-on-start", "yes", "--save-on-stop", "no")
    site.refused(NOT_FOUND, "vol-start", "a", "b", "absent", "--pool", "p")
    assert "a-snap" not in volumes(GROUP) and "b-snap" not in volumes(GROUP)
    log = scratch / "log"
    out = site.ok("vol-start", "a", "b", "s", "--pool", "p", environment={"CISTERN_FAULT_LOG": str(log)})
    assert out.split() == [f"/dev/{GROUP}/{name}-snap" for name in ("a", "b", "s")]
    assert [line.split()[1] for line in log.read_text().splitlines() if " lv" in line] == ["lvcreate"] * 3
    site.ok("vol-stop", "a", "b", "s", "--pool", "p")
    assert {site.volume(name, "p")["state"] for name in ("a", "b", "s")} == {"clean"}


@pytest.mark.parametrize("kernel", ["made it", "was told nothing"])
@pytest.mark.parametrize("repaired", [True, False])
def test_a_making_that_was_cut_is_settled(backend, site, scratch, kernel, repaired):
    """As a loss of power between LVM's metadata and the kernel's leaves it: LVM still has to tell the kernel of the new
    snapshot, which the kernel has already, or has not."""
    storage = started_pool(backend, site, scratch)
    thin = f"{GROUP}/{storage.name}"
    site.ok("vol-create-as", "p", "v", "4M")
    contents.put(site.ok("vol-start", "v", "--pool", "p").strip(), "committed")
    site.ok("vol-stop", "v", "--pool", "p")
    site.ok("vol-start", "v", "--pool", "p")
    facts = volumes(GROUP, "lv_name,transaction_id,thin_id")
    number, device = int(facts[storage.name]["transaction_id"]), facts["v-snap"]["thin_id"]
    if kernel == "was told nothing":
        lvm("lvchange", "-an", f"{GROUP}/v-snap")
        dmsetup("message", f"{GROUP}-{storage.name}-tpool", "0", f"delete {device}")
    dmsetup("message", f"{GROUP}-{storage.name}-tpool", "0", f"set_transaction_id {number} {number - 1}")
    saved = scratch / "metadata"
    lvm("vgcfgbackup", "-f", saved, GROUP)
    head, pool, tail = saved.read_text().partition(f"pool = \"{storage.name}_tdata\"")
    assert pool
    saved.write_text(f'{head}{pool}\nmessage1 {{\ncreate = "v-snap"\n}}\n{tail}')
    lvm("vgcfgrestore", "--yes", "--force", "-f", saved, GROUP)
    if kernel == "made it":
        stuck = ["lvcreate", "-y", "--type", "thin", "-V", "4M", "--thinpool", thin, "-n", "other"]
        assert subprocess.run(["lvm", *stuck], env=ENVIRONMENT, capture_output=True, timeout=60).returncode != 0
    if repaired or kernel == "was told nothing":
        shutil.rmtree(site.root / "run")  # what a boot forgets
        site.ok("pool-start", "p")
    if repaired:
        site.ok("pool-check", "p", "--repair")
        assert ("v-snap" in volumes(GROUP)) == (kernel == "made it")
        site.ok("vol-stop", "v", "--discard", "--pool", "p")
    elif kernel == "was told nothing":
        assert site.ok("vol-start", "v", "--pool", "p").strip() == f"/dev/{GROUP}/v-snap"
        assert contents.get(f"/dev/{GROUP}/v-snap") == "committed"
    site.ok("vol-stop", "v", "--pool", "p")
    assert site.findings("p") == []
    site.ok("vol-create-as", "p", "other", "4M")
    site.ok("vol-export", "v", scratch / "out", "--pool", "p")
    assert contents.get(scratch / "out") == "committed"


def test_a_pool_that_is_nearly_full_is_left_alone(backend, site, scratch):
    storage = started_pool(backend, site, scratch)
    site.ok("vol-create-as", "p", "v", "380M")
    device = site.ok("vol-start", "v", "--pool", "p").strip()
    with open(device, "wb") as file:
        for _ in range(24):
            file.write(b"x" * MIB)
    # It is full enough where nearly all of it has to stay free.
    fill = float(volumes(GROUP, "lv_name,data_percent")[storage.name]["data_percent"])
    assert 5.5 < fill < 7
    site.ok("vol-create-as", "p", "w", "4M", "--reserve", "80")
    site.refused(NO_SPACE, "vol-create-as", "p", "x", "4M", "--reserve", "95", words="are to stay free")
    site.refused(NO_SPACE, "vol-start", "w", "--pool", "p", "--reserve", "95", words="are to stay free")
    site.refused(NO_SPACE, "vol-stop", "v", "--pool", "p", "--reserve", "95")
    assert site.volume("v", "p")["state"] == "running"
    site.ok("vol-stop", "v", "--pool", "p")


BACK = "v-1500000000-back"


CHANGES = ["create", "clone", "delete", "resize", "start", "stop", "revert", "import"]


@pytest.mark.limit(600 if ALL else 120)
@pytest.mark.parametrize("name", CHANGES)
def test_a_cut_leaves_the_old_or_the_new(backend, site, scratch, name):
    cut_a_change(backend, site, scratch, name)


@pytest.mark.limit(900 if ALL else 120)
@pytest.mark.parametrize("with_repair", [True, False])
@pytest.mark.parametrize("name", CHANGES if ALL else ["stop"])
def test_a_kill_inside_lvm_leaves_the_old_or_the_new(backend, site, scratch, name, with_repair):
    """It can leave devices suspended, the whole thin pool among them."""
    cut_a_change(backend, site, scratch, name, **inside_lvm(with_repair))


def cut_a_change(backend, site, scratch, name, **how):
    """Cuts one of the changes as `each_cut` is told."""
    started_pool(backend, site, scratch, revisions=1)
    image = contents.image(scratch / "image", 4 * MIB, at0="imported")
    place = ["--pool", "p"]

    def make():
        """The volume 'v', which holds 'two' and has the revision 'one'; started and written to where it is stopped."""
        record = ["--revisions-to-keep", "1"] if name == "delete" else []
        site.ok("vol-create-as", "p", "v", "4M", *record)
        contents.put(f"/dev/{GROUP}/v", "one")
        lvm("lvcreate", "-y", "-s", "-kn", "-ay", "-n", BACK, f"{GROUP}/v")
        contents.put(f"/dev/{GROUP}/v", "two")
        if name in ("start", "stop"):
            contents.put(site.ok("vol-start", "v", *place).strip(), "three")
        if name == "start":  # not for the first time, which makes folders, too
            site.ok("vol-stop", "v", "--discard", *place)

    def make_again():
        site.ok("vol-delete", "v", *place)
        make()

    def forget():
        site.ok("vol-delete", "new", *place)

    make()
    old, new = each_cut(site, "p", GROUP, scratch / "log", **{
        "create": {
            "line": ["vol-create-as", "p", "new", "4M", "--revisions-to-keep", "3"],
            "undo": forget, "again": (DONE, EXISTS),
        },
        "clone": {"line": ["vol-clone", "v", "new", *place], "undo": forget, "again": (DONE, EXISTS)},
        "delete": {
            "line": ["vol-delete", "v", *place], "undo": make, "again": (DONE, NOT_FOUND),
            # Revisions go first.
            "between": lambda old: [old._replace(revisions=())],
        },
        "resize": {
            "line": ["vol-resize", "v", "8M", *place],
            "undo": lambda: site.ok("vol-resize", "v", "4M", "--shrink", *place),
        },
        "start": {
            "line": ["vol-start", "v", *place], "again": (DONE, BUSY),
            "undo": lambda: site.ok("vol-stop", "v", "--discard", *place),
        },
        "stop": {"line": ["vol-stop", "v", *place], "undo": make_again},
        "revert": {"line": ["vol-revert", "v", "1500000000", *place], "undo": make_again},
        "import": {"line": ["vol-import", "v", image, *place], "undo": make_again},
    }[name], **how)  # fmt: skip
    assert old.revisions == ("one",)
    kept = {"delete": (), "stop": ("two",), "import": ("two",), "revert": ("one", "two")}
    assert new.revisions == kept.get(name, old.revisions)
    text = {"stop": "three", "import": "imported", "revert": "one"}.get(name, "two")
    assert name == "delete" or new.volumes["v"][-1] == text


# A thin pool that is full


@pytest.fixture
def small(disks):
    """A thin pool of 16 MiB, 'tp' in the group 'vgfull', which takes 3 s until it stops waiting for room."""
    Path("/sys/module/dm_thin_pool/parameters/no_space_timeout").write_text("3")
    lvm("vgcreate", "--physicalextentsize", "1m", "vgfull", disks[3])
    lvm("lvcreate", "-y", "--type", "thin-pool", "-L", "16M", "-n", "tp", "vgfull")
    yield "vgfull/tp"
    lvm("vgremove", "-y", "-f", "vgfull")


@pytest.mark.limit(180)
@pytest.mark.parametrize("answer", ["errors", "waits"])
def test_a_full_pool_refuses_and_is_repaired_by_room(site, scratch, small, answer):
    """One that answers writes with errors at once, and one that first waits for room as long as the kernel is told."""
    if answer == "errors":
        lvm("lvchange", "--errorwhenfull", "y", small)
    site.ok("pool-define-as", "full", "logical", "--source-name", "vgfull", "--thin-pool", "tp")
    site.ok("pool-start", "full")
    place = ["--pool", "full"]
    site.ok("vol-create-as", "full", "v", "4M", "--revisions-to-keep", "1")
    contents.put(site.ok("vol-start", "v", *place).strip(), "one")
    site.ok("vol-stop", "v", *place)
    site.ok("vol-start", "v", *place)
    site.ok("vol-create-as", "full", "big", "32M", "--revisions-to-keep=-1")
    device = site.ok("vol-start", "big", *place).strip()
    with pytest.raises(OSError), open(device, "r+b", buffering=0) as file:
        for _ in range(32):
            file.write(b"x" * MIB)
            os.fsync(file.fileno())
    thin = site.json("pool-metrics", "full")["pools"][0]["thin"]
    assert thin["data"] == thin["data_used"] == 16 * MIB
    assert 0 < thin["metadata_used"] < thin["metadata"]
    assert "thin data of pool 'full'" in site.run("pool-health", "full").out
    # Nothing begins, nothing is committed, nothing hangs, nothing is half done.
    image = contents.image(scratch / "image", 4 * MIB, at0="imported")
    site.refused(NO_SPACE, "vol-create-as", "full", "w", "4M", words="thin pool 'vgfull/tp'")
    site.refused(NO_SPACE, "vol-stop", "v", *place, words="thin pool 'vgfull/tp'")
    site.ok("vol-stop", "v", "--discard", *place)
    site.refused(NO_SPACE, "vol-start", "v", *place, words="thin pool 'vgfull/tp'")
    site.refused(NO_SPACE, "vol-import", "v", image, *place, words="thin pool 'vgfull/tp'")
    site.refused(NO_SPACE, "vol-revert", "v", *place)
    assert len(site.revisions("v", "full")) == 1
    assert {name for name in volumes("vgfull") if not name.endswith("-back")} == {"tp", "v", "big"}
    assert site.findings("full") == []
    # What gives room back works, and so does the pool afterwards.
    site.ok("vol-stop", "big", *place)
    site.ok("vol-delete", "big", *place)
    contents.put(site.ok("vol-start", "v", *place).strip(), "two")
    site.ok("vol-stop", "v", *place)
    site.ok("vol-import", "v", image, *place)
    site.ok("vol-export", "v", scratch / "out", *place)
    assert contents.get(scratch / "out") == "imported"


# A thin pool that dmeventd watches


@pytest.fixture
def watched(disks):
    """A thin pool of 24 MiB, 'tp' in the group 'vgwatch', that LVM has watched and lets grow at 70 %."""
    settings = Path("/etc/lvm/lvmlocal.conf")
    before = settings.read_text()
    words = "monitoring = 1 thin_pool_autoextend_threshold = 70 thin_pool_autoextend_percent = 50"
    settings.write_text(f"{before}\nactivation {{ {words} }}\n")
    lvm("vgcreate", "--physicalextentsize", "1m", "vgwatch", disks[3])
    lvm("lvcreate", "-y", "--type", "thin-pool", "-L", "24M", "-n", "tp", "vgwatch")
    yield "vgwatch/tp"
    lvm("vgremove", "-y", "-f", "vgwatch")
    stop_dmeventd()
    settings.write_text(before)


def stop_dmeventd():
    """Kills dmeventd, with all that it watches."""
    process = os.pidfd_open(int(Path("/run/dmeventd.pid").read_text()))
    signal.pidfd_send_signal(process, signal.SIGKILL)
    ended, _, _ = select.select([process], [], [], 5)
    os.close(process)
    assert ended


@pytest.mark.limit(180)
def test_dmeventd_goes_on_watching(site, scratch, watched):
    """It is asked once in a command, however many volumes, and lets the thin pool grow while they start and stop."""

    def is_watched():
        return lvm("lvs", "--noheadings", "-o", "seg_monitor", watched).strip() == "monitored"

    place = ["--pool", "w"]

    def questions(*command: str):
        traced = Traced(site, scratch / "log", "openat")
        traced.ok(*command, *place)
        assert is_watched()
        return (scratch / "log").read_text().count('"/run/dmeventd-server"')

    site.ok("pool-define-as", "w", "logical", "--source-name", "vgwatch", "--thin-pool", "tp")
    site.ok("pool-start", "w")
    names = ["a", "b", "c"]
    for name in names:
        site.ok("vol-create-as", "w", name, "32M")
    first = questions("vol-start", "a"), questions("vol-stop", "a")
    assert first == (questions("vol-start", *names), questions("vol-stop", *names))
    assert all(first)
    # A watch that was lost begins again.
    stop_dmeventd()
    device = site.ok("vol-start", *names, *place).split()[0]
    assert is_watched()
    with open(device, "r+b", buffering=0) as file:
        for _ in range(18):
            file.write(os.urandom(MIB))
            os.fsync(file.fileno())
    for _ in range(60):
        if int(volumes("vgwatch")["tp"]["lv_size"]) > 24 * MIB:
            break
        for tool in ("vol-stop", "vol-start"):
            site.ok(tool, "b", "c", *place)
    else:
        pytest.fail("the thin pool has not grown")
    site.ok("vol-stop", *names, *place)
    assert site.findings("w") == []
    # So does that of a thin pool that a command activates after a change of what was not active: here a commit was cut.
    lvm("lvrename", "vgwatch", "a", "a-2000000000-back")
    lvm("vgchange", "-an", "vgwatch")
    site.ok("vol-start", "a", *place)
    assert is_watched()
    site.ok("vol-stop", "a", *place)
