"""Where we answer otherwise than virsh 9.0, on purpose. Every entry is tested: an undeclared
difference fails, and so does a declared one that does not occur. cistern(7) lists the reasons: scripts/make-man."""

ONE = "c4f1a3de-0000-4000-8000-000000000001"

# name: (pattern, replacement, reason); applied to both sides of every line.
EVERYWHERE = {
    "free space": (
        r"(?m)(<(?:allocation|available) unit='bytes'>)\d{8,}(<)",
        r"\1@SPACE@\2",
        "libvirt counts the blocks reserved for root as available",
    ),
    "free space in pool-info": (
        r"(?m)^((?:Allocation|Available): +)\d+\.\d\d [KMGT]iB$|^((?:Allocation|Available): +)\d{8,}$",
        r"@SPACE@",
        "libvirt counts the blocks reserved for root as available",
    ),
    "what a value is called": (
        r"(expected syntax: --[\w-]+) <[\w|-]+>",
        r"\1 <>",
        "virsh calls every value <string>; we say what kind it is",
    ),
    "which types of pool there are": (
        r"(<pool type='[\w-]+') supported='(?:yes|no)'",
        r"\1",
        "pool-capabilities names the types that this program has",
    ),
    "moments": (
        r"<([amcb]time)>[0-9.]+</",
        r"<\1>@TIME@</",
        "libvirt prints 0 for the time of birth; we print the real one",
    ),
}

LAST = "virsh names the last missing argument; we name the first, the next one to type"
LIVE = "libvirt shows sizes and permissions as it last saw them; we look each time"
BACKING = "libvirt opens the backing file for its owner and times; we never follow a name in an image"
REPEATED = "libvirt repeats the document until its next refresh; we print what the file holds"
COMPAT = "libvirt 9.0 makes qcow2 of compat 0.10; we make 1.1, as later libvirts do"
VALIDATE = "libvirt 9.0 refuses --validate with every valid document (it does not know its own flag)"
CHAIN = "we show the images below an overlay"
SCHEMA = "libvirt says only that the document failed; we say where and what was expected"
FORMAT = "our messages have the form SUBJECT: PROBLEM: REASON"

GROWS = "libvirt lets the file grow past the volume's capacity; we refuse before the first byte"
PAST = "libvirt writes nothing and reports success; we refuse an offset behind the end"
TRIM = "libvirt trims only on Ceph; we give the blocks back wherever the file system can"

PRINTED = "virsh prints the source's document under another name, with its key, path and times; we print the copy's"
WORDS = "libvirt passes on what iscsiadm says; we say what is missing"
SEVERAL = "these commands take several volumes, the last of the words may be their pool"
EVERY_POOL = "without a pool, vol-list lists the volumes of all active ones"
SHOWN = "libvirt takes the value and warns; we take no secret as an argument, which everybody could see"

# (scenario, line): {stdout, stderr or status: reason}. The line * stands for any of the scenario.
DIFFERENCES = {
    ("life of a pool", "pool-dumpxml images --inactive"): {"stdout": LIVE},
    ("pool-define-as", "pool-define-as"): {"stderr": LAST},
    ("usage", "vol-create"): {"stderr": LAST},
    ("usage", "vol-create-as"): {"stderr": LAST},
    ("usage", "vol-create-as p"): {"stderr": LAST},
    ("usage", "vol-resize"): {"stderr": LAST},
    ("usage", "vol-delete a b c d e f g h i j"): {"stderr": SEVERAL},
    ("usage", "vol-info a b c d e f g h i j"): {"stderr": SEVERAL},
    ("usage", "vol-list"): {"stdout": EVERY_POOL, "status": EVERY_POOL},
    ("validated pool documents", "*"): {"stderr": SCHEMA},
    ("validated documents of secrets", "*"): {"stderr": SCHEMA},
    ("life of a volume", "vol-delete v --pool images --delete-snapshots"): {
        "stderr": "libvirt adds the name of its C function"
    },
    ("creating volumes", "vol-create-as images x 9999999999G"): {
        "stderr": "libvirt shows the number in bytes, wrapped round; we show it as it was typed"
    },
    ("creating volumes", "vol-list images --details"): {
        "stdout": "libvirt grows a volume to its allocation if that is larger; we keep the capacity"
    },
    ("creating volumes", "vol-info f images --bytes"): {
        "stdout": "libvirt grows a volume to its allocation if that is larger; we keep the capacity"
    },
    ("life of a pool", "pool-dumpxml --pool images"): {"stdout": LIVE},
    ("foreign image: overlays", "vol-dumpxml one --pool images"): {"stdout": BACKING},
    ("foreign image: overlays", "vol-dumpxml two --pool images"): {"stdout": BACKING},
    ("volume document: compat of raw", "vol-dumpxml v --pool images"): {"stdout": REPEATED},
    ("volume document: features of raw", "vol-dumpxml v --pool images"): {"stdout": REPEATED},
    ("long: encrypted volumes", "vol-dumpxml q --pool images"): {"stdout": REPEATED},
    ("format qcow2", "vol-dumpxml v --pool images"): {"stdout": COMPAT},
    ("volume made: clusters", "vol-dumpxml v --pool images"): {"stdout": COMPAT},
    ("volume made: copy on write off", "vol-dumpxml v --pool images"): {"stdout": COMPAT},
    ("volume made: mode", "vol-dumpxml v --pool images"): {"stdout": COMPAT},
    ("volume made: iso", "*"): {
        "stdout": "at its next refresh libvirt forgets that the format was iso; and its file has one block"
    },
    ("format dir", "vol-dumpxml v --pool images"): {
        "stdout": "libvirt makes folders of mode 0600, which nobody but root can enter; ours have 0700"
    },
    ("volume refused: name with a dot", "vol-create images v.xml"): {
        "stderr": "libvirt says that the file exists already; we say why no file can have the name"
    },
    ("volume refused: name with two dots", "vol-create images v.xml"): {
        "stderr": "libvirt says that the file exists already; we say why no file can have the name"
    },
    ("flags of vol-create", "vol-create images bare.xml --validate"): {"stderr": SCHEMA},
    ("flags of vol-create", "vol-create images r.xml --validate"): {"stdout": VALIDATE, "status": VALIDATE},
    ("flags of vol-create", "vol-create images q.xml --validate"): {"stderr": VALIDATE},
    ("flags of vol-create-as", "vol-create-as images n 8M --format bochs"): {
        "stderr": "libvirt passes on what qemu-img says; we name the formats that can be made"
    },
    ("flags of vol-create-as", "vol-info o --pool images"): {"stdout": CHAIN},
    ("flags of vol-create-as", "vol-info p images"): {"stdout": CHAIN},
    ("flags of vol-resize", "vol-resize q 12345678901234567890 --pool images"): {
        "stderr": "libvirt passes on what qemu-img says; we say that the number is too large"
    },
    ("pool-edit", "pool-edit --pool e"): {"stderr": "virsh names its temporary file; we name the editor"},
    ("pool-capabilities", "pool-capabilities"): {
        "stdout": "we have formats of file systems that libvirt 9.0 lacks: btrfs and f2fs"
    },
    ("pool-event", "pool-event --event lifecycle --pool absent --timeout 1"): {
        "stdout": "virsh waits for events of every pool if it does not find the named one; we refuse"
    },
    ("folders that go wrong", "pool-build f"): {
        "stdout": "libvirt reports success if a file is in the place of the folder; we refuse",
        "status": "libvirt reports success if a file is in the place of the folder; we refuse",
    },
    ("folders that go wrong", "pool-build g"): {"stderr": FORMAT},
    ("folders that go wrong", "pool-build h --overwrite --no-overwrite"): {
        "stderr": "libvirt names its C flags; we name the options"
    },
    **{
        (scenario, line): {"stderr": reason}
        for scenario, line, reason in (
            ("upload: refused", "vol-upload", LAST),
            ("upload: refused", "vol-upload v data --pool images --length 500", FORMAT),
            ("download: refused", "vol-download", LAST),
            ("clone", "vol-clone", LAST),
            ("create-from", "vol-create-from images", LAST),
            ("create-from", "vol-create-from", LAST),
        )
    },
    **{
        ("flags of vol-clone", f"vol-clone {words}"): {"stdout": PRINTED}
        for words in (
            "v x --pool images --print-xml",
            "v x --pool images --print-xml --prealloc-metadata --reflink",
            "q x --pool images --print-xml",
        )
    },
    ("flags of vol-create-from", "vol-create-from other bare.xml v --inputpool images --validate"): {"stderr": SCHEMA},
    ("flags of vol-create-from", "vol-create-from other q.xml v --inputpool images --validate"): {
        "stdout": VALIDATE,
        "status": VALIDATE,
    },
    ("sources on this machine", "find-storage-pool-sources-as iscsi 127.0.0.1 1"): {"stderr": WORDS},
    ("sources on this machine", "find-storage-pool-sources iscsi host.xml"): {"stderr": WORDS},
    **{
        ("values of secrets", f"secret-set-value {words}"): {"stdout": SHOWN, "status": SHOWN}
        for words in (f"--secret {ONE} --base64 c2VjcmV0", f"{ONE} c2VjcmV0")
    },
    **{
        (scenario, line): {"stdout": reason, "status": reason}
        for scenario, line, reason in (
            ("upload: refused", "vol-upload v data --pool images --offset 1000000", GROWS),
            ("upload: refused", "vol-upload v small --pool images --offset 2000000", GROWS),
            ("download: refused", "vol-download v out --pool images --offset 2000000", PAST),
            ("wipe", "vol-wipe v --pool images --algorithm trim", TRIM),
            (
                "create-from",
                "vol-create-from images p.xml v",
                "without --inputpool libvirt takes a name for a path; we look in the new volume's pool",
            ),
        )
    },
}

# What is one of these on both sides, and no line of a scenario: (words, whether virsh takes it, reason). We do the
# other thing. The pool p has the volumes a, and o on it; @D@/link leads to the folder of p.
ELSEWHERE = [
    (["vol-create-as", "p", "n1", "1 M"], False, "we accept blanks around a unit, as in '1 M'"),
    (["vol-download", "a", "@D@/out", "p", "--length", "5K"], False, "we accept units in --offset and --length"),
    (["vol-download", "a", "@D@/out", "p", "--length=-5"], True, "virsh reads a negative --length as a very large one; we accept only -1"),
    (["pool-define-as", "n2", "dir", "--target", "-"], True, "here a lone dash holds the place of an option that you leave out"),
    (["pool-define-as", "n3", "dir", "--target", "@D@/link"], True, "libvirt compares the folders of pools as text; we find links and bind mounts"),
    (["vol-resize", "o", "64K", "p", "--shrink"], False, "libvirt shrinks no volume below its allocation; we do with --shrink, and the data beyond is lost"),
    (["vol-create-as", "p", ".n4", "1M"], True, "libvirt makes volumes whose names begin with a dot or a dash; we refuse, because shells hide the one and programs take the other for an option"),
    (["vol-upload", "o", "@D@/data", "p"], True, "libvirt writes any bytes into an image; we refuse content of another format than the volume's, unless --format converts it"),
    (["vol-delete", "a", "p"], True, "libvirt deletes a volume that others lie on; we refuse, and everything else that harms what is in use"),
    (["vol-wipe", "a", "p"], True, "libvirt wipes a volume that others lie on; we refuse"),
    (["pool-undefine", "default"], False, "the pool default works without a definition here, and can be undefined at any time"),
    (["pool-check", "p"], False, "we have commands that virsh lacks"),
    (["pool-info", "p", "--json"], False, "we have options that virsh lacks: docs/options.md lists all"),
]

#: What no single line shows.
ALWAYS = [
    "every kind of error has an exit status of its own; virsh ends with 1",
    "an error is one line, TOOL: SUBJECT: PROBLEM: REASON, and often a second one says what to do",
    "there is no list to refresh: a file that you put into a pool is a volume at once",
    "of commands on standard input the last one decides the exit status; virsh always reports success",
    "we have only virsh's commands for storage and secrets",
    "a warning names what is not a volume (links, sockets, names that cannot be shown)",
]


def published():
    """Every reason, once, in the order of the page."""
    reasons = [*ALWAYS, *(reason for *_, reason in ELSEWHERE), *(reason for *_, reason in EVERYWHERE.values())]
    reasons += [reason for channels in DIFFERENCES.values() for reason in channels.values()]
    return list(dict.fromkeys(reasons))
