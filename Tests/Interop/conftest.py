"""The sides that the tests compare."""

import libvirtdaemon
import pytest
from bothsides import Both


@pytest.fixture(scope="session")
def virsh():
    """virsh on a libvirtd of its own, ended with the session."""
    with libvirtdaemon.daemon() as running:
        yield running


@pytest.fixture
def both(virsh, site):
    """virsh and our commands; virsh knows no pools afterwards."""
    yield Both(virsh, site)
    virsh.forget()
