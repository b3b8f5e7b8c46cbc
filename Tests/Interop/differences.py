"""Where we answer otherwise than virsh 9.0, on purpose. Every entry is tested: an undeclared
difference fails, and so does a declared one that does not occur."""

# name: (pattern, replacement, reason); applied to both sides of every line.
EVERYWHERE = {
    "free space": (
        r"(?m)(<(?:allocation|available) unit='bytes'>)\d{8,}(<)",
        r"\1@SPACE@\2",
        "libvirt counts the blocks reserved for root as available; and the disk moves meanwhile",
    ),
    "free space in pool-info": (
        r"(?m)^((?:Allocation|Available): +)\d+\.\d\d [KMGT]iB$|^((?:Allocation|Available): +)\d{8,}$",
        r"@SPACE@",
        "as above",
    ),
    "moments": (
        r"<([amcb]time)>[0-9.]+</",
        r"<\1>@TIME@</",
        "the two files were made at different moments; libvirt has no birth time and prints 0",
    ),
}

# (scenario, line): {stdout, stderr or status: reason}
DIFFERENCES = {}
