"""ZFS pools as libvirt has them: zvols of a dataset, on real OpenZFS."""

import contents
import pytest
import zpools
from inplace import SIZE, InPlaceConformance
from tools import BAD_DATA, BUSY, EXISTS, MIB, NOT_FOUND
from zpools import datasets, get, zfs, zpool

pytestmark = [pytest.mark.limit(120), pytest.mark.guest(
    modules=["loop"], packages=["fdisk", "e2fsprogs", "cryptsetup-bin"],
    disks=["2G", "512M"], memory=2048, seconds=2400, needs=zpools.lacking,
)]


@pytest.fixture(scope="session")
def devices(disks):
    """Partitions for zpools."""
    zpools.load()
    return [zpools.partition(disk) for disk in disks]


@pytest.fixture
def tank(site, devices):
    """A started pool 'z' on a zpool of its own; nothing is left of it afterwards."""
    site.ok("pool-define-as", "z", "zfs", "--source-dev", devices[0], "--source-name", "tank")
    site.ok("pool-build", "z", "--overwrite")
    site.ok("pool-start", "z")
    yield site
    zpool("destroy", "-f", "tank", check=False)


class Zvols:
    """What the in-place conformance suite needs to know of a zpool."""

    name = "zfs"
    abilities = frozenset({"build", "create", "check"})

    def __init__(self, device):
        self.device = device

    def define(self, site, pool):
        zpool("labelclear", "-f", self.device, check=False)
        site.ok("pool-define-as", pool, "zfs", "--source-dev", self.device, "--source-name", "tank")

    def next_name(self):
        used = datasets("tank")
        return next(name for number in range(1, 100) if f"tank/{(name := f'v{number}')}" not in used)


class TestZvols(InPlaceConformance):
    """The suite."""

    @pytest.fixture
    def backend(self, devices):
        yield Zvols(devices[0])
        zpool("destroy", "-f", "tank", check=False)

    def test_sizes_of_the_pool_add_up(self, bench):
        before = bench.site.pool("p")
        bench.create()
        after = bench.site.pool("p")
        # ZFS reserves a little more than the size, for its own notes on the blocks.
        assert SIZE <= after["allocation"] - before["allocation"] <= SIZE * 5 // 4
        assert after["available"] + after["allocation"] == after["capacity"]

    def test_delete_gives_the_space_back(self, bench):
        before = bench.site.pool("p")["available"]
        name = bench.create()
        bench.run("vol-delete", name)
        # But for what ZFS notes of the change itself.
        assert abs(bench.site.pool("p")["available"] - before) < MIB


def test_a_pool_is_made_started_stopped_and_deleted(site, devices):
    site.ok("pool-define-as", "z", "zfs", "--source-dev", devices[0], "--source-name", "tank")
    site.refused(NOT_FOUND, "pool-start", "z", words="no such pool available")
    site.ok("pool-build", "z", "--overwrite")
    site.refused(EXISTS, "pool-build", "z", words="already built")
    site.ok("pool-start", "z")
    site.ok("vol-create-as", "z", "v", "8M")
    site.ok("pool-destroy", "z")
    # This pool has imported it.
    assert "tank" not in zpool("list", "-H", "-o", "name")
    site.ok("pool-start", "z")
    assert [one["name"] for one in site.json("vol-list", "z")["volumes"]] == ["v"]
    site.ok("vol-delete", "v", "--pool", "z")
    site.ok("pool-destroy", "z")
    # What somebody else has imported stays.
    zpool("import", "-d", devices[0], "tank")
    site.ok("pool-start", "z")
    zfs("create", "tank/theirs")
    site.ok("pool-destroy", "z")
    assert "tank" in zpool("list", "-H", "-o", "name")
    site.refused(BUSY, "pool-delete", "z", words="it holds 'tank/theirs'")
    zfs("destroy", "tank/theirs")
    zpool("export", "tank")
    site.ok("pool-delete", "z")
    assert "tank" not in zpool("list", "-H", "-o", "name")


def test_thick_sparse_and_partly_reserved(tank):
    tank.ok("vol-create-as", "z", "thick", "20M")
    tank.ok("vol-create-as", "z", "sparse", "20M", "--allocation", "0")
    tank.ok("vol-create-as", "z", "part", "20M", "--allocation", "5M")
    assert int(get("tank/thick", "refreservation")[0]) >= 20 * MIB
    assert get("tank/sparse", "refreservation") == ["0"]
    assert get("tank/part", "refreservation") == [str(5 * MIB)]
    assert [tank.volume(name, "z")["allocation"] // MIB for name in ("thick", "sparse", "part")] == [20, 0, 5]
    # Sizes are whole blocks, and what is reported is real.
    tank.ok("vol-create-as", "z", "odd", "1000K")
    assert tank.volume("odd", "z")["capacity"] == int(get("tank/odd", "volsize")[0]) == 1008 * 1024
    tank.ok("vol-resize", "odd", "1025K", "--pool", "z")
    assert tank.volume("odd", "z")["capacity"] == int(get("tank/odd", "volsize")[0]) == 1040 * 1024
    tank.refused(BAD_DATA, "vol-resize", "odd", "512K", "--pool", "z")
    tank.ok("vol-resize", "odd", "512K", "--shrink", "--pool", "z")
    assert get("tank/odd", "volsize", "volblocksize") == [str(512 * 1024), "16384"]


def test_nested_names_and_foreign_datasets(tank):
    zfs("create", "-o", "mountpoint=none", "tank/theirs")
    zfs("create", "-s", "-V", "8M", "tank/theirs/deep")
    assert tank.volume("theirs/deep", "z")["capacity"] == 8 * MIB
    tank.ok("vol-create-as", "z", "vm/work/root", "8M")
    device = tank.ok("vol-path", "vm/work/root", "--pool", "z").strip()
    assert tank.ok("vol-name", device).strip() == "vm/work/root"
    assert tank.ok("vol-pool", "/dev/zvol/tank/vm/work/root").strip() == "z"
    tank.ok("vol-rename", "vm/work/root", "other/root", "--pool", "z")
    tank.ok("vol-delete", "other/root", "--pool", "z")
    tank.ok("vol-delete", "theirs/deep", "--pool", "z")
    assert datasets("tank") == ["tank/theirs"]
    for name in ("a@b", "a%b", "a b", "n" * 200):
        tank.refused(BAD_DATA, "vol-create-as", "z", name, "8M")


def test_an_open_zvol_is_neither_renamed_nor_destroyed(tank):
    tank.ok("vol-create-as", "z", "v", "8M")
    with open(tank.ok("vol-path", "v", "--pool", "z").strip(), "rb"):
        tank.refused(BUSY, "vol-rename", "v", "w", "--pool", "z", words="in use by")
        tank.refused(BUSY, "vol-delete", "v", "--pool", "z", words="in use by")
        tank.refused(BUSY, "pool-destroy", "z", words=[])
    tank.ok("vol-rename", "v", "w", "--pool", "z")
    assert datasets("tank") == ["tank/w"]


def test_what_others_hold_on_to_stays_and_is_named(tank):
    tank.ok("vol-create-as", "z", "v", "8M")
    zfs("snapshot", "tank/v@daily")
    tank.refused(BUSY, "vol-delete", "v", "--pool", "z", words="snapshot 'tank/v@daily'")
    tank.refused(BUSY, "vol-wipe", "v", "--pool", "z", words="snapshot 'tank/v@daily'")
    zfs("clone", "tank/v@daily", "tank/c")
    zfs("destroy", "-d", "tank/v@daily")
    tank.refused(BUSY, "vol-delete", "v", "--pool", "z", words="origin of 'tank/c'")
    tank.ok("vol-delete", "c", "--pool", "z")
    tank.ok("vol-delete", "v", "--pool", "z")
    assert datasets("tank") == []


def test_a_sparse_clone_shares_blocks(tank):
    tank.ok("vol-create-as", "z", "v", "8M", "--allocation", "0")
    contents.put(tank.ok("vol-path", "v", "--pool", "z").strip(), "text")
    tank.ok("vol-clone", "v", "c", "--pool", "z", "--reflink")
    assert contents.get(tank.ok("vol-path", "c", "--pool", "z").strip()) == "text"
    assert get("tank/c", "origin")[0].startswith("tank/v@cistern-clone-")
    tank.refused(BUSY, "vol-delete", "v", "--pool", "z", words="zfs promote")
    tank.ok("vol-delete", "c", "--pool", "z")
    tank.ok("vol-delete", "v", "--pool", "z")


def test_a_missing_zpool_is_named(site, devices):
    site.ok("pool-define-as", "n", "zfs", "--source-name", "nope")
    site.refused(NOT_FOUND, "pool-start", "n", words="dataset 'nope'")
    site.refused(BAD_DATA, "pool-build", "n", words="missing source devices")
