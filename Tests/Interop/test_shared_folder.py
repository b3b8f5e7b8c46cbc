"""A pool of libvirt and one of ours on the same folder: both show the same volumes, and neither harms the other."""

from bothsides import names

# libvirt takes every folder for a volume, also the one in which we keep what belongs to volumes; cistern(7) says so.
OWN = ".cistern"


def test_libvirt_shows_and_uses_our_volumes(virsh, site, scratch):
    folder = scratch / "images"
    for words in (
        ["pool-define-as", "images", "dir", "--target", folder], ["pool-build", "images"],
        ["pool-start", "images"], ["vol-create-as", "images", "ours", "1M"],
    ):  # fmt: skip
        site.ok(*words)
    for words in (["pool-define-as", "images", "dir", "--target", folder], ["pool-start", "images"]):
        assert virsh.run(*words).status == 0
    try:
        assert names(virsh.run("vol-list", "images").out) == [OWN, "ours"]
        path = virsh.run("vol-path", "ours", "images").out.strip()
        assert path == site.ok("vol-path", "ours", "images").strip()
        assert virsh.run("vol-create-as", "images", "theirs", "1M").status == 0
        assert names(site.ok("vol-list", "images")) == ["ours", "theirs"]
        site.ok("vol-set", "ours", "revisions_to_keep", "1", "images")
        site.ok("vol-start", "ours", "images")
        site.ok("vol-stop", "ours", "images")
        # What belongs to a volume's life cycle is no volume to libvirt.
        assert virsh.run("pool-refresh", "images").status == 0
        assert names(virsh.run("vol-list", "images").out) == [OWN, "ours", "theirs"]
    finally:
        virsh.run("pool-destroy", "images")
        virsh.run("pool-undefine", "images")
    assert names(site.ok("vol-list", "images")) == ["ours", "theirs"]
