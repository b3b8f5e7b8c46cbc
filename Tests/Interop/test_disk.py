"""One disk, seen by virsh and by us: each starts and lists what the other made, and refuses in the same
words.

Written differences: libvirt aligns nothing on gpt and to cylinders on dos, so its free extents and sizes
of the pool differ; it shows no type of a partition after a refresh, we show it; its vol-delete on a
loop device fails (it runs `parted rm p1`), and it leaves a volume with a wrong name in the table. On a
gpt made by libfdisk, ours or fdisk's own, it makes no partitions: it asks for sector 34, and the label
begins at 2048."""

import re
import shutil

import disks
import pytest
from bothsides import names

SIZE = 16 << 20


@pytest.fixture(params=["gpt", "dos"])
def disk(request, scratch):
    """A disk without a label, defined as pool d on both sides."""
    if reason := disks.unavailable():
        pytest.skip(reason)
    if not shutil.which("parted", path="/usr/sbin:/sbin:/usr/bin:/bin"):
        pytest.skip("needs parted, which libvirt runs")
    with disks.LoopDisk(scratch, 200) as disk:
        disk.label = request.param
        yield disk


@pytest.fixture
def both(disk, both):
    """Both sides, which know the disk as pool d."""
    options = ["--source-dev", disk.path, "--source-format", disk.label, "--target", "/dev"]
    both.ok("pool-define-as", "d", "disk", *options)
    return both


def test_refusals_have_the_same_words(both, virsh, site, disk):
    both.refused("Storage pool probe failed: ", "pool-start", "d")
    both.refused(f"Device '{disk.path}' is unrecognized, requires build", "pool-start", "d")
    assert site.run("pool-build", "d").status == 0
    words = f"Storage pool already built: Device '{disk.path}' already formatted using '{disk.label}'"
    both.refused(words, "pool-build", "d")
    both.ok("pool-start", "d")
    both.refused("no large enough free extent", "vol-create-as", "d", disk.part(1), "999M")
    assert f"invalid partition name 'wrong1', expected '{disk.part(1)}'" in site.run(
        "vol-create-as", "d", "wrong1", "20M"
    ).err
    assert disk.table() == {}
    if disk.label == "gpt":
        return
    # What libvirt does with it: the same words, and a partition that nobody asked for.
    result = virsh.run("vol-create-as", "d", "wrong1", "20M")
    assert f"invalid partition name 'wrong1', expected '{disk.part(1)}'" in result.err
    assert set(disk.table()) == {1}


def test_what_we_make_libvirt_sees(both, virsh, site, disk):
    for tool in ("pool-build", "pool-start"):
        site.ok(tool, "d")
    for number in (1, 2):
        site.ok("vol-create-as", "d", disk.part(number), str(SIZE))
    assert virsh.run("pool-start", "d").status == 0
    theirs, ours = both("vol-list", "d")
    assert set(names(theirs.out)) == set(names(ours.out)) == {disk.part(1), disk.part(2)}
    both.same("vol-info", disk.part(2), "--pool", "d")
    theirs, ours = (result.out for result in both("vol-dumpxml", disk.part(1), "--pool", "d"))
    for element in ("name", "key", "capacity", "allocation", "physical", "path", "mode", "owner", "group"):
        found = [re.findall(f"<{element}[ >].*?</{element}>|<{element}>.*", text) for text in (theirs, ours)]
        assert found[0] == found[1], element
    extents = [re.findall(r"<extent start='(\d+)' end='(\d+)'", text) for text in (theirs, ours)]
    assert extents[0] == extents[1]


def test_what_libvirt_makes_we_see(both, virsh, site, disk):
    for tool in ("pool-build", "pool-start"):
        assert virsh.run(tool, "d").status == 0
    made = virsh.run("vol-create-as", "d", disk.part(1), str(SIZE))
    assert set(disk.table()) == {1}, made
    site.ok("pool-start", "d")
    assert names(site.ok("vol-list", "d")) == [disk.part(1)]
    start, size, _ = disk.table()[1]
    assert site.volume(disk.part(1), "d")["capacity"] == size
    # The next one goes behind it, wherever it ends.
    site.ok("vol-create-as", "d", disk.part(2), str(SIZE))
    table = disk.table()
    assert table[2][0] >= start + size and table[2][0] % (1 << 20) == 0
    site.ok("vol-delete", disk.part(1), "--pool", "d")
    assert set(disk.table()) == {2}
