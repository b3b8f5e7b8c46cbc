"""The command lines that are run through virsh and through the commands, in order.

@D@ stands for the folder of each side, @UUID1@ … for the UUIDs a side has printed, in that order. A
function instead of a line changes the folder itself, on both sides."""

from content_scenarios import contents
from flag_scenarios import flags
from pool_scenarios import POOL_SCENARIOS
from steps import file, folder, program
from volume_scenarios import VOLUME_SCENARIOS

UUID = "c4f1a3de-0000-4000-8000-0000000000{:02}"


def pool_xml(inside, kind="dir", name="x", uuid=UUID.format(1)):
    uuid = f"<uuid>{uuid}</uuid>" if uuid else ""
    return f"<pool type='{kind}'><name>{name}</name>{uuid}{inside}</pool>"


TARGET = "<target><path>@D@/x</path></target>"

# Pool documents that libvirt accepts, each defined and printed again.
GOOD_POOLS = {
    "dir": pool_xml(TARGET),
    "permissions": pool_xml(
        "<target><path>@D@/x</path><permissions><mode>0755</mode><owner>-1</owner><group>7</group>"
        "</permissions></target>"
    ),
    "label": pool_xml(
        "<target><path>@D@/x</path><permissions><mode>0700</mode><owner>0</owner><group>0</group>"
        "<label>virt_image_t</label></permissions></target>"
    ),
    "sizes are ignored": pool_xml(
        "<capacity unit='GiB'>10</capacity><allocation>5</allocation><available>5</available>" + TARGET
    ),
    "spelled paths": pool_xml("<target><path>@D@//x//y/</path></target>"),
    "unknown elements": pool_xml("<colour shade='dark'>blue</colour>" + TARGET),
    "features": pool_xml("<features><cow state='yes'/></features>" + TARGET),
    "short uuid": pool_xml(TARGET, uuid="c4f1a3de000040008000000000000001"),
    "fs": pool_xml(
        "<source><device path='/dev/sdz1'/><format type='xfs'/></source>" + TARGET, "fs"
    ),
    "fs without format": pool_xml("<source><device path='/dev/sdz1'/></source>" + TARGET, "fs"),
    "fs options": (
        "<pool type='fs' xmlns:fs='http://libvirt.org/schemas/storagepool/fs/1.0'><name>x</name>"
        f"<uuid>{UUID.format(1)}</uuid><source><device path='/dev/sdz1'/></source>{TARGET}"
        "<fs:mount_opts><fs:option name='noatime'/><fs:option name='ro'/></fs:mount_opts></pool>"
    ),
    "netfs": pool_xml(
        "<source><host name='nas'/><dir path='/export//images/'/><format type='nfs'/>"
        "<protocol ver='4'/></source>" + TARGET,
        "netfs",
    ),
    "netfs with makers": pool_xml(
        "<source><host name='nas'/><dir path='/e'/><vendor name='Acme'/><product name='Box &amp; Co'/>"
        "</source>" + TARGET,
        "netfs",
    ),
    "logical": pool_xml(
        "<source><device path='/dev/sdy'/><device path='/dev/sdz'/><name>vg0</name></source>", "logical"
    ),
    "logical without names": f"<pool type='logical'><uuid>{UUID.format(1)}</uuid><source><name>vg1</name></source></pool>",
    "disk": pool_xml(
        "<source><device path='/dev/sdz'/><format type='gpt'/></source><target><path>/dev</path></target>",
        "disk",
    ),
    "disk separator": pool_xml(
        "<source><device path='/dev/mapper/m' part_separator='no'/></source>"
        "<target><path>/dev/mapper</path></target>",
        "disk",
    ),
    "iscsi": pool_xml(
        "<source><host name='san' port='3261'/><device path='iqn.2026-01.org.example:disk'/>"
        "<auth type='chap' username='me'><secret usage='it'/></auth></source>"
        "<target><path>/dev/disk/by-path</path></target>",
        "iscsi",
    ),
    "iscsi-direct": pool_xml(
        "<source><host name='san'/><device path='iqn.2026-01.org.example:disk'/>"
        "<initiator><iqn name='iqn.2026-01.org.example:me'/></initiator></source>",
        "iscsi-direct",
    ),
    "scsi": pool_xml(
        "<source><adapter name='host0'/></source><target><path>/dev/disk/by-path</path></target>", "scsi"
    ),
    "scsi fc_host": pool_xml(
        "<source><adapter type='fc_host' parent='scsi_host5' managed='yes' wwnn='20000000c9831b4b'"
        " wwpn='10000000c9831b4b'/></source><target><path>/dev/disk/by-path</path></target>",
        "scsi",
    ),
    "mpath": pool_xml("<target><path>/dev/mapper</path></target>", "mpath"),
    "rbd": pool_xml(
        "<source><host name='mon1' port='6789'/><host name='mon2'/><name>images</name>"
        f"<auth type='ceph' username='admin'><secret uuid='{UUID.format(9)}'/></auth></source>",
        "rbd",
    ),
    "gluster": pool_xml(
        "<source><host name='brick'/><dir path='/inner'/><name>vol</name></source>", "gluster"
    ),
    "zfs": pool_xml("<source><name>tank/images</name></source>", "zfs"),
}

# Pool documents that libvirt refuses.
BAD_POOLS = {
    "not xml": "hello",
    "empty": "",
    "wrong root": "<domain type='kvm'/>",
    "no type": "<pool><name>x</name></pool>",
    "unknown type": "<pool type='foo'><name>x</name></pool>",
    "no name": f"<pool type='dir'>{TARGET}</pool>",
    "no target": pool_xml(""),
    "name with slash": pool_xml(TARGET, name="a/b"),
    "bad uuid": pool_xml(TARGET, uuid="nonsense"),
    "bad mode": pool_xml(
        "<target><path>@D@/x</path><permissions><mode>7777</mode></permissions></target>"
    ),
    "bad owner": pool_xml(
        "<target><path>@D@/x</path><permissions><owner>me</owner></permissions></target>"
    ),
    "fs without device": pool_xml(TARGET, "fs"),
    "fs with bad format": pool_xml(
        "<source><device path='/dev/sdz1'/><format type='floppyfs'/></source>" + TARGET, "fs"
    ),
    "netfs without host": pool_xml("<source><dir path='/e'/></source>" + TARGET, "netfs"),
    "netfs without dir": pool_xml("<source><host name='n'/></source>" + TARGET, "netfs"),
    "iscsi without device": pool_xml("<source><host name='n'/></source>" + TARGET, "iscsi"),
    "iscsi-direct without initiator": pool_xml(
        "<source><host name='n'/><device path='iqn.2026-01.org.example:d'/></source>", "iscsi-direct"
    ),
    "auth without type": pool_xml(
        "<source><host name='n'/><device path='iqn.2026-01.org.example:d'/>"
        "<auth username='me'><secret usage='it'/></auth></source>" + TARGET,
        "iscsi",
    ),
    "bad wwn": pool_xml(
        "<source><adapter type='fc_host' wwnn='2000' wwpn='10000000c9831b4b'/></source>" + TARGET, "scsi"
    ),
    "bad cow": pool_xml("<features><cow state='perhaps'/></features>" + TARGET),
}

VOLUME = "<volume><name>{}</name><capacity unit='{}'>{}</capacity>{}</volume>"

# Volume documents: created where libvirt creates them, refused where it refuses them.
VOLUMES = {
    "plain": VOLUME.format("v", "MiB", 1, "<allocation>0</allocation>"),
    "full": VOLUME.format("v", "KiB", 64, ""),
    "permissions": VOLUME.format(
        "v", "bytes", 4096,
        "<target><permissions><mode>0640</mode><owner>0</owner><group>7</group></permissions></target>",
    ),
    "raw": VOLUME.format("v", "KB", 5, "<allocation/><target><format type='raw'/></target>"),
    "path is ignored": VOLUME.format("v", "b", 4096, "<target><path>/etc/passwd</path></target>"),
    "unknown elements": VOLUME.format("v", "b", 4096, "<colour>blue</colour>"),
    "no capacity": "<volume><name>v</name></volume>",
    "no name": "<volume><capacity>4096</capacity></volume>",
    "slash": VOLUME.format("a/b", "b", 4096, ""),
    "bad unit": VOLUME.format("v", "QiB", 1, ""),
    "negative": VOLUME.format("v", "b", -5, ""),
    "overflow": VOLUME.format("v", "EiB", 99, ""),
    "bad format": VOLUME.format("v", "b", 4096, "<target><format type='floppy'/></target>"),
    "wrong root": "<pool type='dir'/>",
    "not xml": "hello",
    "backing store of raw": VOLUME.format("v", "b", 4096, "<backingStore><path>/b</path></backingStore>"),
    "compat of raw": VOLUME.format(
        "v", "b", 4096, "<target><format type='raw'/><compat>1.1</compat></target>"
    ),
    "features of raw": VOLUME.format(
        "v", "b", 4096, "<target><format type='raw'/><features><lazy_refcounts/></features></target>"
    ),
}  # fmt: skip

UP = [
    "pool-define-as images dir --target @D@/images",
    "pool-build images",
    "pool-start images",
]

SCENARIOS = {
    "life of a pool": [
        "pool-define-as images dir --target @D@/images",
        "pool-info images",
        "pool-dumpxml images",
        "pool-uuid images",
        "pool-name @UUID1@",
        "pool-info @UUID1@",
        "pool-refresh images",
        "pool-destroy images",
        "vol-list images",
        "pool-start images",
        "pool-delete images",
        "pool-build images",
        "pool-build images",
        "pool-start images",
        "pool-start images",
        "pool-build images",
        "pool-delete images",
        "pool-undefine images",
        "pool-info images",
        "pool-info images --bytes",
        "pool-dumpxml images",
        "pool-dumpxml images --inactive",
        "pool-refresh images",
        "vol-list images",
        "vol-list images --details",
        "pool-autostart images",
        "pool-autostart images",
        "pool-info @UUID1@",
        "pool-autostart images --disable",
        "pool-autostart images --disable",
        "pool-destroy images",
        "pool-destroy images",
        "pool-dumpxml --pool images",
        "pool-delete images",
        "pool-delete images",
        "pool-undefine images",
        "pool-undefine images",
        "pool-info images",
    ],
    "listing pools": [
        # Here the pool `default` exists without a definition; give both sides the same one.
        "pool-define-as default dir --target @D@/default",
        "pool-list",
        "pool-list --all",
        "pool-define-as Beta dir --target @D@/b",
        "pool-define-as alpha dir --target @D@/a",
        "pool-define-as gamma-with-a-rather-long-name dir --target @D@/g",
        "pool-list",
        "pool-list --all",
        "pool-build alpha",
        "pool-start alpha",
        "pool-autostart Beta",
        "pool-list",
        "pool-list --all",
        "pool-list --inactive",
        "pool-list --all --autostart",
        "pool-list --all --no-autostart",
        "pool-list --all --persistent",
        "pool-list --all --transient",
        "pool-list --all --name",
        "pool-list --all --type dir",
        "pool-list --all --type dir,netfs",
        "pool-list --all --type zfs",
        "pool-list --all --type floppy",
        "pool-list --name --details",
        "pool-list --uuid --details",
        "pool-list --inactive --details",
        "pool-list --inactive --uuid",
        "pool-list --inactive --uuid --name",
    ],
    "defining pools twice": [
        "pool-define-as a dir --target @D@/a",
        "pool-dumpxml a",
        "pool-define-as a dir --target @D@/a",
        "pool-define-as a dir --target @D@/elsewhere",
        "pool-define-as b dir --target @D@/a",
        "pool-define-as b dir --target @D@//a/",
        file("same.xml", pool_xml("<target><path>@D@/y</path></target>", name="s")),
        "pool-define same.xml",
        "pool-define same.xml",
        file("other-name.xml", pool_xml("<target><path>@D@/z</path></target>", name="t")),
        "pool-define other-name.xml",
        "pool-dumpxml s",
        file("moved.xml", pool_xml("<target><path>@D@/moved</path></target>", name="s")),
        "pool-define moved.xml",
        "pool-dumpxml s",
    ],
    "pool-define-as": [
        "pool-define-as p1 dir - - - - @D@/p1",
        "pool-dumpxml p1",
        "pool-define-as --name p2 --type dir --target @D@/p2",
        "pool-define-as p3 dir --target=@D@/p3",
        "pool-define-as p4 dir",
        "pool-define-as p4",
        "pool-define-as",
        "pool-define-as p4 floppy --target @D@/p4",
        "pool-define-as p4 dir --target @D@/p4 --floppy",
        "pool-define-as p4 dir --target",
        "pool-define-as a/b dir --target @D@/p4",
        "pool-define-as f fs --source-dev /dev/sdz1 --target @D@/f",
        "pool-dumpxml f",
        "pool-define-as n netfs --source-host nas --source-path /e --target @D@/n --source-format nfs",
        "pool-dumpxml n",
        "pool-define-as l logical --source-dev /dev/sdz2 --source-name vg --target /dev/vg",
        "pool-dumpxml l",
        "pool-define-as d disk --source-dev /dev/sdx --source-format gpt --target /dev",
        "pool-dumpxml d",
        "pool-define-as i iscsi --source-host san --source-dev iqn.2026-01.org.example:d --target /dev/disk/by-path",
        "pool-dumpxml i",
        "pool-define-as f2 fs --target @D@/f2",
        "pool-define-as n2 netfs --target @D@/n2",
        "pool-define-as x dir --target /srv/x --print-xml",
        "pool-define-as x logical --source-dev /dev/a --source-name vg --print-xml",
        "pool-define-as x netfs --source-host h --source-path /e --source-format nfs --source-protocol-ver 4 --target /t --print-xml",
        "pool-define-as x scsi --adapter-name host0 --target /dev/disk/by-path --print-xml",
        "pool-define-as x scsi --adapter-wwnn 20000000c9831b4b --adapter-wwpn 10000000c9831b4b --adapter-parent scsi_host5 --target /dev/disk/by-path --print-xml",
        "pool-define-as x rbd --source-host mon --source-name images --auth-type ceph --auth-username admin --secret-usage it --print-xml",
        "pool-define-as x iscsi-direct --source-host h --source-dev iqn.a:b --source-initiator iqn.c:d --print-xml",
    ],
    "pools that are not there": [
        f"{tool} absent"
        for tool in (
            "pool-autostart", "pool-build", "pool-delete", "pool-destroy", "pool-dumpxml", "pool-info",
            "pool-refresh", "pool-start", "pool-undefine", "pool-uuid", "vol-list",
        )
    ] + [
        f"pool-name {UUID.format(77)}",
        f"pool-info {UUID.format(77)}",
        "pool-define absent.xml",
        "vol-create absent absent.xml",
        "vol-create-as absent v 1M",
        "vol-info v --pool absent",
        "vol-info v absent",
        "vol-delete v --pool absent",
    ],
    "usage": [
        f"{tool}{words}"
        for tool in (
            "pool-autostart", "pool-build", "pool-define", "pool-delete", "pool-destroy", "pool-dumpxml",
            "pool-info", "pool-name", "pool-refresh", "pool-start", "pool-undefine", "pool-uuid",
            "vol-create", "vol-create-as", "vol-delete", "vol-dumpxml", "vol-info", "vol-key", "vol-list",
            "vol-name", "vol-path", "vol-pool", "vol-resize",
        )
        for words in ("", " --floppy", " a b c d e f g h i j")
    ] + ["pool-list a", "pool-list --floppy", "pool-list --type", "vol-create-as p", "vol-create-as p v",
         "vol-resize v", "vol-info v --pool", "pool-info --pool p --pool p"],
    "good pool documents": [
        step
        for name, text in GOOD_POOLS.items()
        for step in (
            file(f"{name.replace(' ', '-')}.xml", text),
            f"pool-define {name.replace(' ', '-')}.xml",
            f"pool-dumpxml {UUID.format(1)}",
            f"pool-info {UUID.format(1)}",
            f"pool-undefine {UUID.format(1)}",
        )
    ],
    "validated pool documents": [
        step
        for name, text in (GOOD_POOLS | BAD_POOLS).items()
        for step in (
            file(f"{name.replace(' ', '-')}.xml", text),
            f"pool-define {name.replace(' ', '-')}.xml --validate",
            f"pool-undefine {UUID.format(1)}",
        )
    ],
    "bad pool documents": [
        step
        for name, text in BAD_POOLS.items()
        for step in (
            file(f"{name.replace(' ', '-')}.xml", text),
            f"pool-define {name.replace(' ', '-')}.xml",
            f"pool-info {UUID.format(1)}",
        )
    ],
    "life of a volume": UP + [
        "vol-list images",
        "vol-list images --details",
        "vol-create-as images v 1M --allocation 0",
        "vol-create-as images v 1M",
        "vol-list images",
        "vol-list images --details",
        "vol-info v --pool images",
        "vol-info v images",
        "vol-info v --pool images --bytes",
        "vol-info v --pool images --physical",
        "vol-info v --pool images --bytes --physical",
        "vol-info @D@/images/v",
        "vol-dumpxml v --pool images",
        "vol-path v --pool images",
        "vol-key v --pool images",
        "vol-path @D@/images/v",
        "vol-key @D@/images/v",
        "vol-name @D@/images/v",
        "vol-pool @D@/images/v",
        "vol-pool @D@/images/v --uuid",
        "vol-name v",
        "vol-pool v",
        "vol-info v",
        "vol-info absent --pool images",
        "vol-info absent",
        "vol-info /absent",
        "vol-path absent --pool images",
        "vol-delete absent --pool images",
        "vol-resize absent 1M --pool images",
        "vol-resize v 2M --pool images",
        "vol-info v --pool images",
        "vol-resize v 1M --delta --pool images",
        "vol-info v --pool images",
        "vol-resize v 1M --pool images",
        "vol-resize v 1M --shrink --pool images",
        "vol-info v --pool images",
        "vol-resize v --capacity=-512K --pool images",
        "vol-resize v --capacity=-512K --shrink --pool images",
        "vol-info v --pool images",
        "vol-resize v 512K --pool images",
        "vol-resize v 1M --allocate --pool images",
        "vol-info v --pool images",
        "vol-resize v big --pool images",
        "vol-resize v 1QiB --pool images",
        "vol-resize v 99999999999G --pool images",
        "vol-delete v --pool images --delete-snapshots",
        "vol-delete v --pool images",
        "vol-delete v --pool images",
        "vol-list images",
    ],
    "creating volumes": UP + [
        "vol-create-as images a 1M",
        "vol-create-as images b 1000000 0",
        "vol-create-as images c 1MB 500KB raw",
        "vol-create-as --pool images --name d --capacity 1KiB --format raw",
        "vol-create-as images e 0",
        "vol-create-as images f 1m --allocation 2m",
        "vol-create-as images x",
        "vol-create-as images x -- -5",
        "vol-create-as images x --capacity=-5",
        "vol-create-as images x lots",
        "vol-create-as images x 5QiB",
        "vol-create-as images x 1.5G",
        "vol-create-as images x 99999999999999999999",
        "vol-create-as images x 9999999999G",
        "vol-create-as images a/b 1M",
        "vol-create-as images x 1M --format floppy",
        "vol-create-as images x 1M --prealloc-metadata",
        "vol-create-as images x 1M --backing-vol absent",
        "vol-create-as images x 1M --format raw --backing-vol a",
        "vol-create-as images x 1M --allocation 1QiB",
        "vol-create-as images x 1M --format raw --print-xml",
        "vol-create-as images x 1M --allocation 0 --print-xml",
        "vol-list images --details",
        "vol-info a images --bytes",
        "vol-info b images --bytes",
        "vol-info c images --bytes",
        "vol-info f images --bytes",
        "pool-destroy images",
        "vol-create-as images x 1M",
        "vol-info a --pool images",
    ],
    "volumes in two pools": UP + [
        "pool-define-as other dir --target @D@/other",
        "pool-build other",
        "pool-start other",
        "vol-create-as images v 1M --allocation 0",
        "vol-create-as other v 2M --allocation 0",
        "vol-info v --pool other",
        "vol-pool @D@/other/v",
        "vol-info @D@/images/v --pool other",
        "vol-delete @D@/other/v",
        "vol-list other",
        "pool-destroy other",
        "vol-pool @D@/other/v",
        "vol-info v --pool other",
    ],
    "folders that go wrong": [
        folder("here"),
        file("plain-file", ""),
        "pool-define-as f dir --target @D@/plain-file",
        "pool-build f",
        "pool-start f",
        "pool-delete f",
        "pool-define-as g dir --target @D@/plain-file/below",
        "pool-build g",
        "pool-start g",
        "pool-define-as h dir --target @D@/here",
        "pool-start h",
        file("here/foreign", "data"),
        "pool-refresh h",
        "vol-list h",
        "vol-dumpxml foreign --pool h",
        "pool-destroy h",
        "pool-delete h",
        "pool-build f --overwrite",
        "pool-build h --overwrite",
        "pool-build h --no-overwrite",
        "pool-build h --overwrite --no-overwrite",
    ],
}  # fmt: skip

# One scenario for each document: all use the same names.
for title, document in VOLUMES.items():
    SCENARIOS[f"volume document: {title}"] = UP + [
        file("v.xml", document),
        "vol-create images v.xml",
        "vol-dumpxml v --pool images",
        "vol-delete v --pool images",
    ]

# Images that somebody else made: what the two make of their headers.
for kind, options in {
    "raw": "", "qcow2": "", "qcow2 with compat 0.10": "-o compat=0.10",
    "qcow2 with clusters": "-o cluster_size=4096", "qcow2 with lazy counts": "-o lazy_refcounts=on",
    "qcow": "", "qed": "", "vmdk": "", "vdi": "", "vpc": "",
}.items():  # fmt: skip
    SCENARIOS[f"foreign image: {kind}"] = UP + [
        program("qemu-img", "create", "-q", "-f", kind.split(" ")[0], *options.split(), "images/v", "8M"),
        "pool-refresh images",
        "vol-list images --details",
        "vol-info v --pool images",
        "vol-info v --pool images --physical --bytes",
        "vol-dumpxml v --pool images",
        "vol-delete v --pool images",
    ]
SCENARIOS["foreign image: overlays"] = UP + [
    program("qemu-img", "create", "-q", "-f", "raw", "images/base", "8M"),
    program("qemu-img", "create", "-q", "-f", "qcow2", "-b", "base", "-F", "raw", "images/one"),
    program("qemu-img", "create", "-q", "-f", "qcow2", "-b", "one", "-F", "qcow2", "images/two"),
    "pool-refresh images",
    "vol-list images --details",
    "vol-dumpxml one --pool images",
    "vol-dumpxml two --pool images",
]
SCENARIOS |= POOL_SCENARIOS | VOLUME_SCENARIOS | contents(UP) | flags(UP)
