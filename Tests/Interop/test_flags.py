"""Every option of virsh's storage commands is used by some step, or stands here with its reason."""

import re
import subprocess

import pytest
from libvirtdaemon import unavailable
from scenarios import SCENARIOS

GROUPS = ("pool", "volume", "secret")
NO_DAEMON = "secrets are files here: there is nobody who would tell of their changes"
NEVER = "values of secrets are never printed"
UNUSED = {
    "secret-event": NO_DAEMON,
    "secret-get-value": NEVER,
}


def helps():
    """Every command of the groups with its options, as virsh itself tells them."""
    found = {}
    for group in GROUPS:
        out = subprocess.run(["virsh", "help", group], capture_output=True, text=True, timeout=30, check=True).stdout
        for name in re.findall(r"(?m)^    ([a-z][\w-]+) ", out):
            text = subprocess.run(["virsh", "help", name], capture_output=True, text=True, timeout=30, check=True).stdout
            found[name] = set(re.findall(r"(?m)^    \[?(--[\w-]+)", text))
    return found


@pytest.mark.limit(120)
def test_every_option_is_used():
    if reason := unavailable():
        pytest.skip(reason)
    known = helps()
    assert len(known) >= 40, "virsh's help is no longer understood"
    used = {}
    for line in (step for steps in SCENARIOS.values() for step in steps if isinstance(step, str)):
        tool, *words = line.split(" ")
        used.setdefault(tool, set()).update(word.partition("=")[0] for word in words if word.startswith("--"))
    missing = {f"{tool} {option}" for tool in known for option in known[tool] - used.get(tool, set()) if tool not in UNUSED}
    assert not missing, f"no step uses: {sorted(missing)}"
    assert not [tool for tool in UNUSED if tool in used or tool not in known], "is used, or is gone"
