"""Everything that the dumpxml commands print validates against libvirt's installed schemas."""

import os
import re
import shutil
import subprocess

import pytest
from scenarios import GOOD_POOLS, UUID

SCHEMAS = "/usr/share/libvirt/schemas"

pytestmark = pytest.mark.skipif(
    not os.path.exists(f"{SCHEMAS}/storagepool.rng") or not shutil.which("xmllint"),
    reason="needs libvirt's schemas and xmllint",
)


def validate(xml, schema):
    """Checks a document. The life-cycle element is of a namespace of its own, which libvirt's parser
    ignores and its schemas do not know: it is taken out, and nothing else."""
    plain = re.sub(r"\n *<cistern:lifecycle [^>]*/>", "", xml)
    plain = plain.replace(" xmlns:cistern='urn:cistern:storage:1'", "")
    assert "cistern" not in re.sub(r"(?s)<path>.*?</path>|<key>.*?</key>", "", plain)
    done = subprocess.run(
        ["xmllint", "--noout", "--nonet", "--relaxng", f"{SCHEMAS}/{schema}.rng", "-"],
        input=plain, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{xml}\n{done.stderr}"


# libvirt's parser accepts these, its schema does not, whoever prints them.
BEYOND_THE_SCHEMA = {"logical without names"}


@pytest.mark.parametrize("name", GOOD_POOLS)
def test_pools(name, site, scratch):
    file = scratch / "pool.xml"
    file.write_text(GOOD_POOLS[name].replace("@D@", str(scratch)))
    printed = site.ok("pool-define", file, "--print-xml")
    validate(printed, "storagepool")
    site.ok("pool-define", file)
    validate(site.ok("pool-dumpxml", UUID.format(1)), "storagepool")


def test_active_pools_and_volumes(site, scratch):
    site.ok(
        "pool-define-as", "p", "dir", "--target", scratch / "pool", "--revisions-to-keep", "2"
    )
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")
    for options in ([], ["--inactive"]):
        validate(site.ok("pool-dumpxml", "p", *options), "storagepool")
    site.ok("vol-create-as", "p", "v", "1M", "--allocation", "0")
    site.ok("vol-create-as", "p", "t", "1M", "--save-on-stop", "no", "--revisions-to-keep", "5")
    site.ok(
        "vol-create-as", "p", "s", "--source", "v", "--snap-on-start", "yes", "--save-on-stop", "no"
    )
    site.ok("vol-start", "v", "--pool", "p")
    for name in ("v", "t", "s"):
        validate(site.ok("vol-dumpxml", name, "--pool", "p"), "storagevol")


@pytest.mark.parametrize("kind", ["qcow2", "qcow", "vmdk", "vdi", "vpc", "qed", "raw"])
def test_volumes_of_all_formats(kind, site, scratch):
    if not shutil.which("qemu-img"):
        pytest.skip("needs qemu-img")
    site.ok("pool-define-as", "p", "dir", "--target", scratch / "pool")
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")
    create = ["qemu-img", "create", "-q", "-f", kind]
    subprocess.run([*create, scratch / "pool" / "v", "8M"], check=True, timeout=30)
    validate(site.ok("vol-dumpxml", "v", "--pool", "p"), "storagevol")
    if kind == "qcow2":
        top = [*create, "-b", "v", "-F", "qcow2", scratch / "pool" / "top"]
        subprocess.run(top, check=True, timeout=30)
        validate(site.ok("vol-dumpxml", "top", "--pool", "p"), "storagevol")
