"""Examples of manual pages that make file systems and partitions on loop devices."""

import re
import subprocess

import pytest
import sessions
from tools import cannot_be_root


@pytest.mark.limit(120)
def test_what_pool_build_shows_of_disks_is_so_and_nothing_of_it_stays(site, scratch):
    if reason := cannot_be_root():
        pytest.skip(reason)
    made = subprocess.run(["losetup", "--find"], capture_output=True, text=True, timeout=30, check=False)
    if made.returncode != 0:
        pytest.skip(f"needs loop devices: {made.stderr.strip()}")
    try:
        assert sessions.check(site, scratch, sessions.script("--devices", "--marked", "pool-build"), seconds=100) > 5
        assert loops(scratch) == []
    finally:
        for device in loops(scratch):
            subprocess.run(["losetup", "--detach", device], check=False, timeout=30)


def loops(folder):
    """The loop devices on files below a folder."""
    listed = subprocess.run(
        ["losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE"], capture_output=True, text=True, timeout=30,
        check=True,
    )  # fmt: skip
    return [line.split()[0] for line in listed.stdout.splitlines() if str(folder) in line]


def test_no_example_is_about_a_disk_that_the_reader_may_have():
    """Whoever pastes an example loses nothing: disks are loop devices that it makes, services stay as they are."""
    for page, text in sessions.sources().items():
        for line in text.splitlines():
            # A command that is shown and that does something.
            typed = line.startswith(("$ ", "> ")) and not re.search(r"--print-xml|<<", line)
            assert not (typed and re.search(r"/dev/(sd|vd|nvme|disk/)", line)), f"{page}: {line}"
            assert not (typed and "systemctl" in line), f"{page}: {line}"
    text = (sessions.MAN / "src" / "pool-metrics.in").read_text()
    assert "systemctl" not in text
