"""Where we answer otherwise than virsh 9.0, on purpose. Every entry is tested: an undeclared
difference fails, and so does a declared one that does not occur."""

ONE = "c4f1a3de-0000-4000-8000-000000000001"

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
    "what a value is called": (
        r"(expected syntax: --[\w-]+) <[\w|-]+>",
        r"\1 <>",
        "virsh says <string> of every value; we say what is wanted",
    ),
    "which types of pool there are": (
        r"(<pool type='[\w-]+') supported='(?:yes|no)'",
        r"\1",
        "both tell what was built in",
    ),
    "moments": (
        r"<([amcb]time)>[0-9.]+</",
        r"<\1>@TIME@</",
        "the two files were made at different moments; libvirt has no birth time and prints 0",
    ),
}

LAST = "virsh names the last argument that is missing; we name the first, the next one to type"
LIVE = "libvirt shows sizes and permissions as they last were; we show nothing that we have not seen now"
BACKING = "libvirt opens the backing file for its owner and times; we never follow a name in an image"
REPEATED = "libvirt repeats the document until its next refresh; we print what the file holds"
COMPAT = "libvirt 9.0 makes qcow2 of compat 0.10; we make 1.1, as later libvirts do"
VALIDATE = "libvirt 9.0 refuses --validate with every document that is valid (its own flag is unknown to it)"
CHAIN = "we show the images below an overlay"
SCHEMA = "libvirt says only that the document failed; we say where and what was expected"
FORMAT = "our messages have the form SUBJECT: PROBLEM: REASON"

GROWS = "libvirt lets the file grow past the volume's capacity; we refuse before the first byte"
PAST = "libvirt gives nothing and reports success; we refuse an offset behind the end"
TRIM = "libvirt trims only on Ceph; we give the blocks back wherever the file system can"

PRINTED = "virsh prints the source's document with another name, its key, path and times included; we print the copy's"
WORDS = "libvirt passes on what iscsiadm says; we say what is missing"
SHOWN = "libvirt takes the value and warns; we take no secret as an argument, which everybody could see"

# (scenario, line): {stdout, stderr or status: reason}. The line * stands for any of the scenario.
DIFFERENCES = {
    ("life of a pool", "pool-dumpxml images --inactive"): {"stdout": LIVE},
    ("pool-define-as", "pool-define-as"): {"stderr": LAST},
    ("usage", "vol-create"): {"stderr": LAST},
    ("usage", "vol-create-as"): {"stderr": LAST},
    ("usage", "vol-create-as p"): {"stderr": LAST},
    ("usage", "vol-resize"): {"stderr": LAST},
    ("validated pool documents", "*"): {"stderr": SCHEMA},
    ("validated documents of secrets", "*"): {"stderr": SCHEMA},
    ("life of a volume", "vol-delete v --pool images --delete-snapshots"): {
        "stderr": "libvirt adds the name of its C function"
    },
    ("creating volumes", "vol-create-as images x 9999999999G"): {
        "stderr": "libvirt shows the number in bytes, wrapped round; we show it as it was typed"
    },
    ("creating volumes", "vol-list images --details"): {
        "stdout": "libvirt grows a volume to its allocation where that is larger; we keep the capacity"
    },
    ("creating volumes", "vol-info f images --bytes"): {"stdout": "as in the list"},
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
        "stdout": "at its next refresh libvirt forgets that iso was asked for; and its file has one block"
    },
    ("format dir", "vol-dumpxml v --pool images"): {
        "stdout": "libvirt makes folders of mode 0600, which nobody but root can enter; ours have 0700"
    },
    ("volume refused: name with a dot", "vol-create images v.xml"): {
        "stderr": "libvirt finds that the file is there already; we say why no file can have the name"
    },
    ("volume refused: name with two dots", "vol-create images v.xml"): {
        "stderr": "libvirt finds that the file is there already; we say why no file can have the name"
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
        "stdout": "file systems that libvirt 9.0 has no word for: btrfs and f2fs"
    },
    ("pool-event", "pool-event --event lifecycle --pool absent --timeout 1"): {
        "stdout": "virsh waits all the same, for every pool where it did not find the one"
    },
    ("folders that go wrong", "pool-build f"): {
        "stdout": "libvirt reports success where the folder's place is taken by a file; we refuse",
        "status": "libvirt reports success where the folder's place is taken by a file; we refuse",
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
