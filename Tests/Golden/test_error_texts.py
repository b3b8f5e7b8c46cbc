"""Every error text of the sources is brought about by some test, or stands with its reason in unreached.py.

Texts are known by their fixed words, so that a value put in elsewhere needs no change here. A case of this tier has
the text on its stderr; a test of another tier looks for the text, or for enough of it (`errortexts.py` says how much)."""

from pathlib import Path

import errortexts
import pytest
from unreached import UNREACHED

HERE = Path(__file__).parent
# Pool types whose refusals take a device or a server: their tests, in the real and the guest tier, go by statuses and
# by words that the device's own programs say.
ELSEWHERE = (
    "Sources/Backends/Disk/", "Sources/Backends/ISCSI/", "Sources/Backends/Logical/", "Sources/Backends/Multipath/",
    "Sources/Backends/NetworkFileSystem/", "Sources/Backends/SCSI/", "Sources/Backends/ZFS/", "Sources/BlockVolumes/",
    "Sources/SCSIUnits/", "Sources/VolumeGroups/",
)  # fmt: skip


@pytest.fixture(scope="module")
def texts():
    found = [text for text in errortexts.error_texts() if not text.place.startswith(ELSEWHERE)]
    assert len(found) > 350, "the sources are no longer understood"
    return found


@pytest.fixture(scope="module")
def reached(texts):
    """The texts that some test brings about."""
    printed = "\n".join(path.read_text() for path in HERE.glob("*/*/stderr"))
    sought = errortexts.sought()
    return {one.text for one in texts if one.pattern().search(printed) or sought.means(one)}


def test_every_text_is_reached(texts, reached):
    missing = [f"{one.place}: {one.text}" for one in texts if one.text not in reached | UNREACHED.keys()]
    assert not missing, "no test brings these about:\n" + "\n".join(missing)


def test_nothing_is_listed_in_vain(texts, reached):
    known = {one.text for one in texts}
    assert not [text for text in UNREACHED if text not in known], "is in no source any more"
    assert not [text for text in UNREACHED if text in reached], "a test brings it about"
