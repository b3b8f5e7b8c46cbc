"""An error is never an absence. `try?` makes one of it, so each place that has it is listed here with why it decides
nothing."""

import re
from collections import Counter

from tools import REPOSITORY

#: What is only said, offered or told: nothing is done or left because of it.
SHOWN = "it is only shown"
#: A text is read by the rules of its notation; no file is looked at.
PARSED = "a text is read, no file"
#: Where to write about a failure that cannot be written is nowhere.
SAID = "what cannot be said cannot be said"
#: Done as well as can be, after the matter is decided.
EXTRA = "the matter is decided without it"

ALLOWED = {
    "Backends/Disk/DiskBuild.swift": (1, EXTRA),
    "Backends/Disk/DiskListing.swift": (2, SHOWN),
    "Backends/ISCSI/ISCSIAdmin.swift": (1, PARSED),
    "Backends/ISCSI/ISCSISessions.swift": (1, PARSED),
    "Backends/Logical/GroupBackend.swift": (1, EXTRA),
    "Backends/Logical/LogicalCheck.swift": (1, PARSED),
    "Backends/Logical/ThinLifecycle.swift": (1, SHOWN),
    "Backends/Multipath/MultipathBackend.swift": (1, SHOWN),
    "Backends/NetworkFileSystem/Exports.swift": (1, SHOWN),
    "Backends/ZFS/ZFSBackend.swift": (1, PARSED),
    "Backends/ZFS/ZvolNodes.swift": (1, "the path is asked for again by whoever opens it"),
    "FileVolumes/FileBackend.swift": (3, SHOWN),
    "FileVolumes/FileDecision.swift": (1, SHOWN),
    "FileVolumes/FileOverlays.swift": (1, "without the record more is refused"),
    "MountedFolders/MountedBackend.swift": (3, SHOWN),
    "Mounts/Mounting.swift": (2, EXTRA),
    "SCSIUnits/UnitBackend.swift": (2, SHOWN),
    "SCSIUnits/UnitScan.swift": (2, EXTRA),
    "Definitions/PoolEventWatch.swift": (5, SHOWN),
    "Operations/Pools/PoolEventTelling.swift": (5, EXTRA),
    "Operations/Pools/PoolOperations.swift": (2, PARSED),
    "Operations/Pools/PoolStatus.swift": (1, EXTRA),
    "Definitions/PoolLookup.swift": (1, PARSED),
    "Definitions/PoolStore.swift": (2, PARSED),
    "Operations/Secrets/SecretOperations.swift": (1, EXTRA),
    "Operations/Storage.swift": (2, SHOWN),
    "Operations/Volumes/BackingChain.swift": (1, "only a loop is told later"),
    "Operations/Volumes/VolumeOperations.swift": (1, SHOWN),
    "StorageHost/Editor.swift": (1, "as a shell looks for a program"),
    "StorageHost/Program.swift": (1, SHOWN),
    "StorageOS/FileLock.swift": (1, SHOWN),
    "StorageOS/FolderAnswer.swift": (1, EXTRA),
    "StorageOS/MuteTerminal.swift": (2, EXTRA),
    "StorageTools/CommandLine/Arguments.swift": (1, PARSED),
    "StorageTools/CommandLine/Hint.swift": (12, SHOWN),
    "StorageTools/CommandLine/Program.swift": (1, SAID),
    "StorageTools/Completion/LiveNames.swift": (14, SHOWN),
    "StorageTools/Output/ActivityLog.swift": (1, SAID),
    "StorageTools/Output/ProgressLine.swift": (1, SAID),
    "StorageTools/Pool/PoolEdit.swift": (1, EXTRA),
    "StorageTools/Pool/PoolUndefine.swift": (1, PARSED),
    "StorageTools/Tool.swift": (5, SAID),
    "StorageTools/Volume/VolumeChanges.swift": (1, SAID),
    "StorageTools/Volume/VolumeReport.swift": (1, SHOWN),
    "StorageXML/SchemaValue.swift": (3, PARSED),
}


def found():
    counts = Counter()
    for file in sorted((REPOSITORY / "Sources").rglob("*.swift")):
        text = re.sub(r"//.*", "", file.read_text())
        number = len(re.findall(r"\btry\?", text))
        if number:
            counts[str(file.relative_to(REPOSITORY / "Sources"))] = number
    return counts


def test_no_error_is_swallowed_without_a_reason():
    more = {file: number for file, number in found().items() if number > ALLOWED.get(file, (0, ""))[0]}
    assert not more, f"rethrow the error, or list the place here with why nothing depends on it: {more}"


def test_the_list_has_nothing_that_is_gone():
    counts = found()
    gone = {file: number for file, (number, _) in ALLOWED.items() if counts[file] < number}
    assert not gone, f"there are fewer: {gone}"
