"""Command lines about volumes and their formats, every flag of the commands that make and describe them."""

UP = ["pool-define-as images dir --target @D@/images", "pool-build images", "pool-start images"]

# Every format that libvirt makes, as its lists and documents show it afterwards.
FORMATS = ("raw", "qcow", "qcow2", "qed", "vmdk", "vdi", "dir")
SEEN = [
    "pool-refresh images",
    "vol-list images --details",
    "vol-info v --pool images",
    "vol-info v --pool images --bytes --physical",
    "vol-dumpxml v --pool images",
]


def file(name, text):
    def write(folder):
        (folder / name).write_text(text.replace("@D@", str(folder)))

    return write


def document(inside, name="v", capacity="<capacity unit='MiB'>8</capacity>"):
    return f"<volume><name>{name}</name>{capacity}<allocation>0</allocation>{inside}</volume>"


def target(inside):
    return document(f"<target>{inside}</target>")


MADE = {
    "old compat": target("<format type='qcow2'/><compat>0.10</compat>"),
    "new compat": target("<format type='qcow2'/><compat>1.1</compat>"),
    "clusters": target("<format type='qcow2'/><clusterSize unit='KiB'>128</clusterSize>"),
    "lazy counts": target("<format type='qcow2'/><features><lazy_refcounts/></features>"),
    "extended tables": target(
        "<format type='qcow2'/><clusterSize unit='KiB'>128</clusterSize><features><extended_l2/></features>"
    ),
    "both features": target("<format type='qcow2'/><features><lazy_refcounts/><extended_l2/></features>"),
    "no features": target("<format type='qcow2'/><features/>"),
    "copy on write off": target("<format type='qcow2'/><nocow/>"),
    "iso": target("<format type='iso'/>"),
    "mode": target("<format type='qcow2'/><permissions><mode>0640</mode></permissions>"),
}
REFUSED = {
    "lazy counts of old compat": target(
        "<format type='qcow2'/><compat>0.10</compat><features><lazy_refcounts/></features>"
    ),
    "extended tables of old compat": target(
        "<format type='qcow2'/><compat>0.10</compat><features><extended_l2/></features>"
    ),
    "compat of vmdk": target("<format type='vmdk'/><compat>1.1</compat>"),
    "features of vdi": target("<format type='vdi'/><features><lazy_refcounts/></features>"),
    "unknown format": target("<format type='floppy'/>"),
    "bad compat": target("<format type='qcow2'/><compat>new</compat>"),
    "bad mode": target("<permissions><mode>9</mode></permissions>"),
    "bad cluster size": target("<format type='qcow2'/><clusterSize unit='QiB'>1</clusterSize>"),
    "backing store of a directory": document(
        "<target><format type='dir'/></target><backingStore><path>/b</path></backingStore>"
    ),
    "absent backing store": document(
        "<target><format type='qcow2'/></target><backingStore><path>/absent</path><format type='raw'/>"
        "</backingStore>"
    ),
    "encryption without a secret": target("<format type='raw'/><encryption format='luks'/>"),
    "two secrets": target(
        "<format type='raw'/><encryption format='luks'><secret type='passphrase' usage='it'/>"
        "<secret type='passphrase' usage='other'/></encryption>"
    ),
    "unknown encryption": target("<encryption format='rot13'/>"),
    "secret without a name": target("<encryption format='luks'><secret type='passphrase'/></encryption>"),
    "name with a dot": document("", "."),
    "name with two dots": document("", ".."),
}

VOLUME_SCENARIOS = {
    f"format {kind}": UP
    + [f"vol-create-as images v 8M --allocation 0 --format {kind}"]
    + SEEN
    + ["vol-path v --pool images", "vol-key v images", "vol-delete v --pool images", "vol-list images"]
    for kind in FORMATS
}
for title, text in MADE.items():
    VOLUME_SCENARIOS[f"volume made: {title}"] = (
        UP + [file("v.xml", text), "vol-create images v.xml"] + SEEN + ["vol-delete v images"]
    )
for title, text in REFUSED.items():
    VOLUME_SCENARIOS[f"volume refused: {title}"] = UP + [
        file("v.xml", text),
        "vol-create images v.xml",
        "vol-list images",
    ]
VOLUME_SCENARIOS["flags of vol-create"] = UP + [
    file("q.xml", target("<format type='qcow2'/>")),
    file("r.xml", target("<format type='raw'/>").replace("<name>v<", "<name>r<")),
    file("m.xml", target("<format type='vmdk'/>").replace("<name>v<", "<name>m<")),
    file("bare.xml", document("")),
    "vol-create images q.xml --prealloc-metadata",
    "vol-create images q.xml --prealloc-metadata",
    "vol-create images r.xml --prealloc-metadata",
    "vol-create images m.xml --prealloc-metadata",
    "vol-create images bare.xml --validate",
    "vol-create images r.xml --validate",
    "vol-create images q.xml --validate",
    "vol-create --pool images --file m.xml",
    "vol-create images absent.xml",
    "vol-create images q.xml --floppy",
    "vol-delete --vol m --pool images",
]
VOLUME_SCENARIOS["flags of vol-create-as"] = UP + [
    "vol-create-as images base 8M --allocation 0",
    "vol-create-as images q 8M --format qcow2 --prealloc-metadata",
    "vol-create-as images s 8M 0 --format qcow2 --prealloc-metadata",
    "vol-create-as images t 8M --format qcow2",
    "vol-create-as images o 8M --format qcow2 --backing-vol base --backing-vol-format raw",
    "vol-create-as images p 16M 0 qcow2 @D@/images/base raw",
    "vol-create-as images n 8M --format qcow2 --backing-vol absent",
    "vol-create-as images n 8M --format qcow2 --backing-vol base --backing-vol-format floppy",
    "vol-create-as images n 8M --format qcow2 --backing-vol base --backing-vol-format raw --prealloc-metadata",
    "vol-create-as images n 8M --format vmdk --prealloc-metadata",
    "vol-create-as images n 8M --format dir --backing-vol base",
    "vol-create-as images n 8M --format bochs",
    "vol-create-as images n 8M --format qcow2 --print-xml",
    "vol-create-as images n 8M --format qcow2 --allocation 4M --print-xml",
    "vol-create-as images n 8M --format qcow2 --backing-vol base --backing-vol-format raw --print-xml",
    "vol-create-as images n 8M --format qcow2 --backing-vol absent --print-xml",
    "pool-refresh images",
    "vol-list images",
    "vol-list images --details",
    "vol-info o --pool images",
    "vol-info p images",
    "vol-delete o --pool images",
    "vol-delete p --pool images",
    "vol-delete base images",
]
VOLUME_SCENARIOS["flags of vol-resize"] = UP + [
    "vol-create-as images q 8M --format qcow2 --allocation 0",
    "vol-resize q 16M --pool images",
    "vol-info q --pool images",
    "vol-resize q 8M --pool images",
    "vol-resize q 8M --shrink --pool images",
    "vol-resize q 4M --delta --pool images",
    "vol-info q --pool images --bytes",
    "vol-resize q --capacity=-4M --shrink --pool images",
    "vol-resize q 4M --delta --shrink --pool images",
    "vol-resize q 16M --allocate --pool images",
    "vol-resize q 1000 --pool images",
    "vol-resize @D@/images/q 32M",
    "vol-resize --vol q --capacity 64M --pool images",
    "vol-info q --pool images",
    "vol-create-as images v 8M --format vmdk",
    "vol-create-as images d 0 --format dir",
    "vol-resize q 1M --pool absent",
    "vol-resize absent 1M",
    "vol-resize q 12345678901234567890 --pool images",
]
VOLUME_SCENARIOS["naming volumes"] = UP + [
    "vol-create-as images v 1M --allocation 0",
    "vol-path v images",
    "vol-path --vol v --pool images",
    "vol-path v --pool absent",
    "vol-key v --pool images",
    "vol-key --vol @D@/images/v",
    "vol-key absent",
    "vol-name @D@/images/v",
    "vol-name --vol @D@/images/v",
    "vol-name @D@/images/absent",
    "vol-pool @D@/images/v",
    "vol-pool --vol @D@/images/v",
    "vol-pool --uuid @D@/images/v",
    "vol-pool @D@/absent",
    "vol-dumpxml --vol v --pool images",
    "vol-dumpxml absent --pool images",
    "vol-dumpxml @D@/images/v",
    "vol-info --vol v --pool images --bytes",
    "vol-info @D@/images/v --physical",
    "vol-list --pool images",
    "vol-list --pool images --details",
    "vol-list images --floppy",
    "pool-destroy images",
    "vol-path v --pool images",
    "vol-key @D@/images/v",
    "vol-name @D@/images/v",
    "vol-pool @D@/images/v",
    "vol-dumpxml v --pool images",
    "vol-delete v --pool images",
    "vol-resize v 2M --pool images",
]
