"""Pools of type netfs on GlusterFS, mounted by FUSE, against a real server."""

import os
import time
from pathlib import Path

import contents
import gluster
import pytest
import silence
from tools import BUSY, DONE, MIB


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if reason := gluster.unavailable():
        pytest.skip(reason)
    with gluster.Server(tmp_path_factory.mktemp("gluster")) as running:
        yield running


@pytest.mark.limit(120)
def test_a_gluster_pool_does_what_a_directory_pool_does(site, scratch, server):
    target = scratch / "g"
    (scratch / "g.xml").write_text(
        "<pool type='netfs'><name>g</name><source><host name='127.0.0.1'/>"
        f"<dir path='{server.volume}'/><format type='glusterfs'/></source><target><path>{target}</path></target>"
        "<c:lifecycle xmlns:c='urn:cistern:storage:1' revisions_to_keep='2'/></pool>"
    )
    site.ok("pool-define", scratch / "g.xml")
    site.ok("pool-build", "g")
    site.ok("pool-start", "g")
    [line] = [line for line in Path("/proc/self/mounts").read_text().splitlines() if f" {target} " in line]
    assert line.startswith(f"127.0.0.1:{server.volume} {target} fuse.glusterfs rw,nosuid,nodev,noexec")
    site.ok("vol-create-as", "g", "v", str(MIB), "--allocation", "0")
    for text in ("one", "two"):
        contents.put(site.ok("vol-start", "v", "--pool", "g").strip(), text)
        site.ok("vol-stop", "v", "--pool", "g")
    site.ok("vol-revert", "v", "--pool", "g")
    assert contents.get(target / "v") == "one"
    assert contents.get(server.folder / "brick" / server.volume / "v") == "one"
    assert site.run("pool-check", "g").out.strip() == "Pool g is clean"
    assert [volume["name"] for volume in site.json("vol-list", "g")["volumes"]] == ["v"]
    with open(target / "v", "rb"):
        site.refused(BUSY, "pool-destroy", "g", words=f"(pid {os.getpid()})")
    found = site.ok("find-storage-pool-sources-as", "netfs", "127.0.0.1")
    assert f"<dir path='{server.volume}'/>\n    <format type='glusterfs'/>" in found

    # The brick's process is stopped: the mount stands, and nothing is answered.
    site.ok("vol-create-as", "g", "big", str(silence.SIZE))
    silence.death_in_the_middle(site, "g", "big", lambda: silence.stopped(server.bricks()), 20)
    with silence.stopped(server.bricks()):
        start = time.monotonic()
        info = site.run("pool-info", "g", "--timeout", "2")
        assert "inaccessible" in info.out and "does not answer within 2 seconds" in info.err, info
        assert time.monotonic() - start < 5
        stopped = site.run("pool-destroy", "g", "--timeout", "2")
        assert stopped.status == DONE and not os.path.ismount(target), stopped
    site.ok("pool-start", "g")
    assert contents.get(target / "v") == "one"
    site.ok("pool-destroy", "g")
    site.ok("pool-delete", "g")
