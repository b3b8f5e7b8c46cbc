"""Pools whose volumes are units that are there or not, for the conformance suite of volumes that change in place."""

import os

import pytest
from inplace import InPlaceConformance

#: An emulated processor takes long for the suite.
ALL = os.environ.get("CISTERN_ALL") == "1"


class UnitPool:
    """What the suite needs to know of such a pool."""

    def __init__(self, name, unit, define, abilities=("check",)):
        self.name, self.unit, self._define = name, unit, define
        self.abilities = frozenset(abilities)

    def define(self, site, pool):
        self._define(site, pool)

    def next_name(self):
        return self.unit


@pytest.mark.limit(180)
class UnitConformance(InPlaceConformance):
    """The suite, with a fixture `backend`, on units."""

    @pytest.fixture(autouse=True)
    def chosen(self):
        """Skips all but where it is asked for."""
        if not ALL:
            pytest.skip("takes long in an emulated guest; make conformance-units runs it")

    @pytest.fixture(autouse=True)
    def stopped(self, bench):
        """What another test finds must not be in use."""
        yield
        bench.site.run("pool-destroy", "p")
