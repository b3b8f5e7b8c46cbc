"""The metrics as Prometheus reads them, and the file that its collector finds."""

import os
import stat

import pytest
from tools import NOT_FOUND


@pytest.fixture
def parsed():
    """A function that reads metrics with Prometheus' own reader for Python: {name: {labels: value}}."""
    parser = pytest.importorskip("prometheus_client.parser", reason="needs python3-prometheus-client")

    def read(text):
        found = {}
        for family in parser.text_string_to_metric_families(text):
            assert family.type == "gauge" and family.documentation, family
            for sample in family.samples:
                labels = tuple(sorted(sample.labels.items()))
                assert labels not in found.setdefault(sample.name, {}), sample
                found[sample.name][labels] = sample.value
        return found

    return read


@pytest.fixture
def vms(site, scratch):
    """A pool with a volume in each state and a revision."""
    site.ok("pool-define-as", 'v"m\\s', "dir", "--target", scratch / "vms", "--revisions-to-keep", 2)
    site.ok("pool-build", 'v"m\\s')
    site.ok("pool-start", 'v"m\\s')
    for name in ("clean", "running", "dirty"):
        site.ok("vol-create-as", 'v"m\\s', name, "1M", "--allocation", 0)
    for name in ("clean", "running", "dirty"):
        site.ok("vol-start", name, 'v"m\\s')
    site.ok("vol-stop", "clean", 'v"m\\s')
    next((site.root / "run/cistern").glob("boot-*/started/*/dirty.started")).unlink()
    return 'v"m\\s'


def test_prometheus_reads_every_value(site, vms, parsed):
    found = parsed(site.ok("pool-metrics"))
    of = (("pool", vms),)
    assert found["cistern_pool_active"] == {of: 1}
    assert found["cistern_pool_reachable"] == {of: 1}
    states = {labels[1][1]: value for labels, value in found["cistern_pool_volumes"].items()}
    assert states == {"clean": 1, "running": 1, "dirty": 1, "absent": 0, "broken": 0}
    assert found["cistern_pool_revisions"][of] == 1
    assert found["cistern_pool_provisioned_bytes"][of] == 3 << 20
    left = {labels[0][1]: value for labels, value in found["cistern_pool_leftovers"].items()}
    assert left["uncommitted"] == 1 and sum(left.values()) == 1
    facts = site.pool(vms)
    for name in ("capacity", "available"):
        near = found[f"cistern_pool_{name}_bytes"][of]
        assert abs(near - facts[name]) < 1 << 30, name


def test_the_collector_finds_all_of_it_or_what_was_there(site, vms, scratch, parsed):
    folder = scratch / "collector"
    folder.mkdir()
    file = folder / "cistern.prom"
    assert site.ok("pool-metrics", "--folder", folder) == ""
    first = file.stat()
    assert stat.S_IMODE(first.st_mode) == 0o644
    assert parsed(file.read_text())["cistern_pool_revisions"]
    site.ok("pool-metrics", "--folder", folder)
    # Another file took its place; nobody can have read a part of it.
    assert file.stat().st_ino != first.st_ino
    assert os.listdir(folder) == ["cistern.prom"]
    site.refused(NOT_FOUND, "pool-metrics", "--folder", scratch / "none", words="cannot open directory")


def test_a_dead_pool_costs_its_own_values_only(site, vms, scratch, parsed):
    site.ok("pool-define-as", "gone", "dir", "--target", scratch / "gone")
    site.ok("pool-build", "gone")
    site.ok("pool-start", "gone")
    (scratch / "gone").rmdir()
    result = site.run("pool-metrics")
    found = parsed(result.out)
    assert result.status == 0 and "warning: pool 'gone'" in result.err
    assert found["cistern_pool_reachable"] == {(("pool", "gone"),): 0, (("pool", vms),): 1}
    assert (("pool", "gone"),) not in found["cistern_pool_capacity_bytes"]
