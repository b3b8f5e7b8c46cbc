"""Texts of errors that no test brings about, each with its reason. An entry that a test does reach fails."""

FAILING_DEVICE = "takes a device or file system that fails while it is used"
EXHAUSTED = "takes a machine that has run out of memory, locks or file descriptors at just that moment"
IMPOSSIBLE = "cannot happen unless the program itself is wrong; the language asks for an answer"
ALL_CAN = "every pool type that can be used can do it; said for those to come"
IN_A_GUEST = "said of thin pools, volume groups and multipath maps only: takes a kernel with device mapper"
RACE = "takes a change by another program between two system calls"

UNREACHED = {
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
    "cannot write to disk": FAILING_DEVICE,
    "cannot clone from '…'": FAILING_DEVICE,
    "cannot copy from '…'": FAILING_DEVICE,
    "cannot find data": FAILING_DEVICE,
    "cannot … … bytes at byte …": FAILING_DEVICE,
    "did not end within … seconds": FAILING_DEVICE,
    "ended early at byte …": RACE,
    "Storage volume not found: no storage vol with matching name '…'": RACE,
    "is locked by another program that changes its partitions": RACE,
    "key '…': expected letters, digits, '_', '-' and '.'": IMPOSSIBLE,
    "was not reverted": IMPOSSIBLE,
    "cannot do '…' by itself": IMPOSSIBLE,
    "has an unreadable record": IMPOSSIBLE,
    "no volume is named": IMPOSSIBLE,
    "document has no root element": IMPOSSIBLE,
    "the document cannot be read again": IMPOSSIBLE,
    "pools of type '…' cannot be checked": IN_A_GUEST,
    "name '…' is kept for the pool's own files": IN_A_GUEST,
    "storage pool doesn't support volume wiping": ALL_CAN,
    "volumes of pools of type '…' cannot be changed": ALL_CAN,
}
