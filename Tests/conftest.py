"""What every tier shares: a private root for each test, a scratch folder, a time limit."""

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

# Nothing is written beside the sources. The guest tier keeps what is compiled elsewhere: its guests read it.
sys.pycache_prefix = os.environ.get("CISTERN_COMPILED_TESTS")
sys.dont_write_bytecode = sys.pycache_prefix is None
pytest.register_assert_rewrite(
    "tools", "contents", "schemas", "sessions", "filesystems", "conformance", "inplace", "silence", "bothsides"
)

import guests  # noqa: E402
from filesystems import unmount_below  # noqa: E402
from tools import PATIENCE, Site  # noqa: E402  (after the registration above)


@pytest.fixture(autouse=True)
def bounded(request):
    """Fails a test that takes longer than its limit instead of letting it hang the tier."""
    mark = request.node.get_closest_marker("limit")
    seconds = mark.args[0] if mark else 60
    if guests.is_inside():
        seconds *= 3  # an emulated processor
    seconds *= PATIENCE

    def stop(*_):
        raise TimeoutError(f"took longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(call):
    """A test that has failed is not interrupted while its report is made, which takes long inside a guest."""
    if call.excinfo:
        signal.alarm(0)


@pytest.fixture
def scratch():
    """A folder that any user may pass through (pytest's own is for one user only)."""
    folder = Path(tempfile.mkdtemp(prefix="cistern-test-"))
    folder.chmod(0o755)
    yield folder
    unmount_below(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def site(scratch):
    """The commands under a private root."""
    (scratch / "root").mkdir()
    return Site(scratch / "root")
