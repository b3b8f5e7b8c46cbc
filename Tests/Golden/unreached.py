"""Texts of errors that no test brings about, each with its reason. An entry that a test does reach fails."""

FAILING_DEVICE = "takes a device or file system that fails while it is used"
EXHAUSTED = "takes a machine that has run out of memory, locks or file descriptors at just that moment"
IMPOSSIBLE = "cannot happen unless the program itself is wrong; the language asks for an answer"
RACE = "takes a change by another program between two system calls"

NO_LINKS = "takes a file system without hard links, such as vfat, which not every kernel has"

UNREACHED = {
    "cannot be renamed with its revisions: the file system has no second names for files": NO_LINKS,
    "libcrypto makes no SHA-256 here": EXHAUSTED,
    "libcrypto cannot go on with a SHA-256": EXHAUSTED,
    "libcrypto cannot end a SHA-256": EXHAUSTED,
    "no memory for libzstd": EXHAUSTED,
    "cannot compress: …": EXHAUSTED,
    "cannot get memory for a secret": EXHAUSTED,
    "cannot lock": EXHAUSTED,
    "cannot be asked": EXHAUSTED,
    "cannot be started": EXHAUSTED,
    "cannot wait for it": EXHAUSTED,
    "too many changes at once: some were missed": EXHAUSTED,
    "cannot clone from '…'": FAILING_DEVICE,
    "cannot copy from '…'": FAILING_DEVICE,
    "cannot find data": FAILING_DEVICE,
    "cannot … … bytes at byte …": FAILING_DEVICE,
    "ended early at byte …": RACE,
    "was replaced by another file in the meantime": RACE,
    "'…' cannot be read: …": RACE,
    "cannot be copied in one instant": RACE,
    "its revision was not changed": IMPOSSIBLE,
    "the name of a file is empty": IMPOSSIBLE,
    "cannot be confined to the files it is given": EXHAUSTED,
    "Storage volume not found: no storage vol with matching name '…'": RACE,
    "is locked by another program that changes its partitions": RACE,
    "key '…': expected letters, digits, '_', '-' and '.'": IMPOSSIBLE,
    "is not in the folder '…'": IMPOSSIBLE,
    "was not reverted": IMPOSSIBLE,
    "cannot do '…' by itself": IMPOSSIBLE,
    "has an unreadable record": IMPOSSIBLE,
    "no volume is named": IMPOSSIBLE,
    "'…' is not looked up here": IMPOSSIBLE,
    "document has no root element": IMPOSSIBLE,
    "the document cannot be read again": IMPOSSIBLE,
    "a request to driver '…' exceeds 1 MiB": IMPOSSIBLE,
    "cannot be spoken to": EXHAUSTED,
    "cannot be listened to": EXHAUSTED,
}
