"""Scenarios for the commands that start pools for a time, edit and watch them, and look for sources."""

from steps import edit, file, folder, meanwhile

UUID = "c4f1a3de-0000-4000-8000-0000000000{:02}"
NEVER = "/dev/cistern-no-such-device"


def pool(name, folder, uuid=None):
    """A document of a directory pool."""
    uuid = f"<uuid>{UUID.format(uuid)}</uuid>" if uuid else ""
    return f"<pool type='dir'><name>{name}</name>{uuid}<target><path>@D@/{folder}</path></target></pool>"


# What one document of options looks like, of every kind of source.
OPTIONS = {
    "dir": "dir --target @D@/x",
    "fs": f"fs --source-dev {NEVER} --target @D@/x --source-format ext4",
    "netfs": "netfs --source-host h --source-path /e --target @D@/x --source-format nfs --source-protocol-ver 4",
    "logical": f"logical --source-dev {NEVER} --source-name vg --target /dev/vg",
    "disk": f"disk --source-dev {NEVER} --source-format gpt --target /dev",
    "iscsi": "iscsi --source-host h --source-dev iqn.2026-01.org.example:d --target /dev/disk/by-path "
    "--auth-type chap --auth-username me --secret-usage it --source-initiator iqn.2026-01.org.example:i",
    "iscsi-direct": "iscsi-direct --source-host h --source-dev iqn.a:b --source-initiator iqn.c:d",
    "scsi": "scsi --adapter-name host0 --target /dev/disk/by-path",
    "scsi-fc": "scsi --adapter-wwnn 20000000c9831b4b --adapter-wwpn 10000000c9831b4b --target /dev/disk/by-path "
    "--adapter-parent scsi_host5",
    "scsi-parent": "scsi --adapter-wwnn 20000000c9831b4b --adapter-wwpn 10000000c9831b4b --target /dev/x "
    "--adapter-parent-wwnn 20000000c9831b4c --adapter-parent-wwpn 10000000c9831b4c",
    "scsi-fabric": "scsi --adapter-wwnn 20000000c9831b4b --adapter-wwpn 10000000c9831b4b --target /dev/x "
    "--adapter-parent-fabric-wwn 20000000c9831b4d",
    "mpath": "mpath --target /dev/mapper",
    "rbd": f"rbd --source-host mon --source-name images --auth-type ceph --auth-username admin --secret-uuid {UUID.format(9)}",
    "gluster": "gluster --source-host brick --source-path /inner --source-name vol",
    "zfs": "zfs --source-name tank/images",
}

POOL_SCENARIOS = {
    "transient pools": [
        "pool-define-as default dir --target @D@/default",
        file("t.xml", pool("t", "t")),
        file("same.xml", pool("s", "s", 1)),
        file("other-name.xml", pool("u", "u", 1)),
        file("conflict.xml", pool("c", "t")),
        "pool-create t.xml",
        "pool-list --all",
        "pool-create t.xml --overwrite",
        "pool-create t.xml --no-overwrite",
        "pool-create t.xml --build --overwrite",
        "pool-create t.xml --overwrite --no-overwrite",
        "pool-create t.xml --build",
        "pool-create t.xml",
        "pool-create t.xml --build",
        "pool-create conflict.xml",
        "pool-list",
        "pool-list --transient",
        "pool-list --persistent",
        "pool-list --all --transient --persistent",
        "pool-info t",
        "pool-dumpxml t",
        "pool-uuid t",
        "pool-name @UUID1@",
        "pool-autostart t",
        "pool-autostart t --disable",
        "pool-undefine t",
        "pool-start t",
        "pool-build t",
        "pool-delete t",
        "pool-refresh t",
        "vol-create-as t v 1M --allocation 0",
        "vol-list t",
        "vol-info v t",
        "pool-define t.xml",
        "pool-define-as t dir --target @D@/t",
        "pool-define-as d dir --target @D@/t",
        "pool-destroy t",
        "pool-destroy t",
        "pool-info t",
        "pool-list --all",
        "pool-create t.xml",
        "vol-list t",
        "vol-delete v t",
        "pool-destroy t",
        "pool-create same.xml --build",
        "pool-create same.xml",
        "pool-create other-name.xml --build",
        "pool-define same.xml",
        "pool-info s",
        "pool-list --persistent",
        "pool-list --transient",
        "pool-autostart s",
        "pool-destroy s",
        "pool-info s",
        "pool-create same.xml",
        "pool-info s",
        "pool-undefine s",
        "pool-destroy s",
        "pool-create other-name.xml --build",
        "pool-create-as s dir --target @D@/s",
        "pool-undefine s",
        "pool-info s",
    ],
    "pool-create": [
        "pool-define-as default dir --target @D@/default",
        "pool-create",
        "pool-create absent.xml",
        "pool-create a b",
        "pool-create a --floppy",
        file("empty.xml", ""),
        "pool-create empty.xml",
        file("wrong.xml", "<domain type='kvm'/>"),
        "pool-create wrong.xml",
        file("type.xml", "<pool type='foo'><name>x</name></pool>"),
        "pool-create type.xml",
        file("target.xml", "<pool type='dir'><name>x</name></pool>"),
        "pool-create target.xml",
        file("name.xml", "<pool type='dir'><target><path>@D@/x</path></target></pool>"),
        "pool-create name.xml",
        file("slash.xml", pool("a/b", "x")),
        "pool-create slash.xml",
        "pool-list --all",
    ],
    "pool-create-as": [
        "pool-define-as default dir --target @D@/default",
        "pool-create-as t",
        "pool-create-as t floppy --target @D@/t",
        "pool-create-as t dir",
        "pool-create-as t dir --target @D@/t --floppy",
        "pool-create-as t dir --target",
        "pool-create-as a/b dir --target @D@/t",
        "pool-create-as t dir --target @D@/t",
        "pool-create-as t dir --target @D@/t --overwrite",
        "pool-create-as t dir --target @D@/t --overwrite --no-overwrite",
        "pool-create-as t dir --target @D@/t --overwrite --no-overwrite --print-xml",
        "pool-create-as t dir --target @D@/t --build --no-overwrite",
        "pool-create-as t dir --target @D@/t --build --print-xml",
        "pool-list --all",
        "pool-create-as t dir - - - - @D@/t --build",
        "pool-dumpxml t",
        "pool-create-as t dir - - - - @D@/t --build",
        "pool-create-as u dir --target @D@//t/",
        "pool-destroy t",
        "pool-create-as --type dir --name t --target=@D@/t",
        "pool-destroy --pool t",
    ]
    + [f"{tool} x {words} --print-xml" for words in OPTIONS.values() for tool in ("pool-create-as", "pool-define-as")],
    "pool-start and building": [
        "pool-define-as s dir --target @D@/s",
        "pool-start s --overwrite",
        "pool-start s --no-overwrite",
        "pool-start s --overwrite --no-overwrite",
        "pool-start s --floppy",
        "pool-start s --build",
        "pool-start s --build",
        "pool-start s",
        "pool-list",
        "pool-destroy s",
        "pool-start s --build --no-overwrite",
        "pool-start s --build",
        "pool-destroy s",
        "pool-start absent --build",
        "pool-start --build",
        folder("full"),
        file("full/foreign", "data"),
        "pool-define-as f dir --target @D@/full",
        "pool-start f --build",
        "vol-list f",
    ],
    "pool-edit": [
        "pool-define-as e dir --target @D@/start",
        edit("true", "pool-edit e"),
        edit("sed -i s,/start,/end,", "pool-edit e"),
        "pool-dumpxml e",
        edit("false", "pool-edit --pool e"),
        edit("true", "pool-edit absent"),
        edit("true", "pool-edit"),
        edit("true", "pool-edit e f"),
        edit("true", "pool-edit e --floppy"),
        "pool-start e --build",
        edit("sed -i s,/end,/later,", "pool-edit @UUID1@"),
        "pool-dumpxml e --xpath //path",
        "pool-dumpxml e --inactive --xpath //path",
        "pool-destroy e",
        "pool-dumpxml e --xpath //path",
        "pool-create-as t dir --target @D@/brief --build",
        edit("true", "pool-edit t"),
        "pool-info t",
        edit("sed -i s,/brief,/longer,", "pool-edit t"),
        "pool-info t",
    ],
    "pool-event": [
        "pool-event",
        "pool-event --list",
        "pool-event --list --loop",
        "pool-event --floppy",
        "pool-event a b c d",
        "pool-event nonsense",
        "pool-event --loop",
        "pool-event --event nonsense",
        "pool-event --event lifecycle --timeout 0",
        "pool-event --event lifecycle --timeout x",
        "pool-event --event lifecycle --timeout=-1",
        "pool-event --event lifecycle --timeout",
        "pool-event --event lifecycle --pool absent --timeout 1",
        "pool-event --event refresh --timeout 1 --loop",
        "pool-define-as p dir --target @D@/p",
        meanwhile(
            "pool-event --event lifecycle --loop --timeout 6",
            "pool-build p", "pool-start p", "pool-refresh p", "pool-autostart p", "pool-destroy p",
            "pool-define-as q dir --target @D@/q", "pool-undefine q", "pool-delete p", "pool-start p --build",
            "pool-create-as t dir --target @D@/t --build", "pool-destroy t", "pool-create-as u dir --target @D@/u",
        ),
        meanwhile("pool-event --event refresh --timeout 20", "vol-create-as p v 4096", "vol-delete v p", "pool-refresh p"),
        meanwhile("pool-event p lifecycle --timeout 20", "pool-define-as r dir --target @D@/r", "pool-destroy p"),
    ],
    "pool-capabilities": ["pool-capabilities", "pool-capabilities x", "pool-capabilities --floppy"],
    "parts of documents": [
        "pool-define-as p dir --target @D@/p",
        "pool-start p --build",
        "vol-create-as p v 1M --allocation 0",
        file("s.xml", f"<secret><uuid>{UUID.format(7)}</uuid><usage type='volume'><volume>/v</volume></usage></secret>"),
        "secret-define s.xml",
    ]
    + [
        f"{command} --xpath {words}"
        for command in ("pool-dumpxml p", "vol-dumpxml v p", f"secret-dumpxml {UUID.format(7)}")
        for words in (
            "//name", "//name|//uuid", "//name|//uuid|//usage --wrap", "//target", "//target --wrap", "//nothing",
            "//nothing --wrap", "//path/text()", "//@unit --wrap", "//usage/@type", "//volume --wrap",
            "count(//name)", "string(//name)", "//name='x'",
        )
    ]
    + [
        "pool-dumpxml p --xpath",
        "pool-dumpxml p --inactive --xpath //name --wrap",
        "pool-dumpxml p //name",
        "pool-dumpxml p --wrap --inactive --xpath /pool/name",
        "vol-dumpxml v p --wrap --xpath //format",
        "vol-dumpxml v --pool p //name",
        "vol-dumpxml absent --pool p --xpath //name",
        "pool-dumpxml absent --xpath //name",
        f"secret-undefine {UUID.format(7)}",
    ],
    "sources of pools": [
        f"{command} {kind}"
        for command in ("find-storage-pool-sources", "find-storage-pool-sources-as")
        # Of other types libvirt tells whether it was built with them.
        for kind in ("dir", "fs", "disk", "scsi", "mpath", "floppy")
    ]
    + [
        "find-storage-pool-sources",
        "find-storage-pool-sources-as",
        "find-storage-pool-sources dir a b",
        "find-storage-pool-sources-as dir a b c d",
        "find-storage-pool-sources --floppy",
        "find-storage-pool-sources-as dir --host",
        "find-storage-pool-sources-as dir --host h --port 1 --initiator i",
        "find-storage-pool-sources dir absent.xml",
        "find-storage-pool-sources dir --srcSpec absent.xml",
        "find-storage-pool-sources-as dir h 1 i",
    ],
    "listing by what pools are": [
        "pool-define-as default dir --target @D@/default",
        "pool-define-as one dir --target @D@/one",
        "pool-start one --build",
        "pool-autostart one",
        "pool-create-as two dir --target @D@/two --build",
    ]
    + [
        f"pool-list {words}"
        for words in (
            "--transient", "--persistent", "--autostart", "--no-autostart", "--transient --no-autostart",
            "--transient --autostart", "--all --name", "--all --uuid", "--all --uuid --name", "--type dir",
            "--type dir --transient --name", "--inactive --persistent", "--all --autostart --no-autostart",
            "--inactive --all", "--inactive --transient", "--details --type fs", "--type dir,fs,netfs,logical",
            "--type ,", "--type", "--all a", "--name --uuid --details",
        )
    ],
}  # fmt: skip

SECRET = "<secret{}><uuid>{}</uuid>{}</secret>"
USAGES = {
    "volume": "<usage type='volume'><volume>/srv/v</volume></usage>",
    "ceph": "<usage type='ceph'><name>client.x</name></usage>",
    "iscsi": "<usage type='iscsi'><target>it</target></usage>",
    "tls": "<usage type='tls'><name>it</name></usage>",
    "vtpm": "<usage type='vtpm'><name>it</name></usage>",
    "none": "",
}
GOOD = {
    **{name: SECRET.format("", UUID.format(1), usage) for name, usage in USAGES.items()},
    "marked": SECRET.format(" ephemeral='no' private='yes'", UUID.format(1), "<description>a &amp; b</description>"),
    "short": SECRET.format("", UUID.format(1).replace("-", ""), ""),
}
BAD = {
    "wrong root": "<pool type='dir'/>",
    "no xml": "hello",
    "bad uuid": SECRET.format("", "nonsense", ""),
    "bad ephemeral": SECRET.format(" ephemeral='perhaps'", UUID.format(1), ""),
    "bad private": SECRET.format(" private='perhaps'", UUID.format(1), ""),
    "bad usage": SECRET.format("", UUID.format(1), "<usage type='floppy'/>"),
    "usage without type": SECRET.format("", UUID.format(1), "<usage/>"),
    "volume without name": SECRET.format("", UUID.format(1), "<usage type='volume'/>"),
    "ceph without name": SECRET.format("", UUID.format(1), "<usage type='ceph'/>"),
}
ONE, TWO = UUID.format(1), UUID.format(2)
POOL_SCENARIOS |= {
    "secrets": [
        "secret-list",
        file("one.xml", SECRET.format("", ONE, USAGES["volume"])),
        file("two.xml", SECRET.format(" private='yes'", TWO, USAGES["volume"])),
        file("three.xml", SECRET.format(" ephemeral='yes'", TWO, USAGES["ceph"])),
        file("value", "c2VjcmV0"),
        "secret-define one.xml",
        "secret-define one.xml",
        "secret-define two.xml",
        "secret-define three.xml",
        "secret-list",
        "secret-list --ephemeral",
        "secret-list --no-ephemeral",
        "secret-list --private",
        "secret-list --no-private",
        "secret-list --ephemeral --no-ephemeral",
        "secret-list --floppy",
        "secret-list a",
        f"secret-dumpxml {ONE}",
        f"secret-dumpxml {TWO}",
        "secret-dumpxml",
        "secret-dumpxml absent",
        f"secret-dumpxml {UUID.format(3)}",
        f"secret-set-value {ONE} --file value",
        f"secret-set-value {ONE} --file value --plain",
        f"secret-set-value {ONE}",
        f"secret-set-value {ONE} --file absent",
        f"secret-set-value {UUID.format(3)} --file value",
        "secret-set-value absent --file value",
        "secret-set-value",
        f"secret-set-value {ONE} --file value --floppy",
        f"secret-undefine {ONE}",
        f"secret-undefine {ONE}",
        "secret-undefine absent",
        "secret-undefine",
        f"secret-undefine {TWO} x",
        f"secret-undefine {TWO}",
        "secret-define",
        "secret-define absent.xml",
        "secret-define a b",
        "secret-list",
    ],
    "documents of secrets": [
        step
        for name, text in (GOOD | BAD).items()
        for step in (
            file(f"{name.replace(' ', '-')}.xml", text),
            f"secret-define {name.replace(' ', '-')}.xml",
            f"secret-dumpxml {ONE}",
            f"secret-undefine {ONE}",
        )
    ],
    "validated documents of secrets": [
        step
        for name, text in (GOOD | BAD).items()
        for step in (
            file(f"{name.replace(' ', '-')}.xml", text),
            f"secret-define {name.replace(' ', '-')}.xml --validate",
            f"secret-undefine {ONE}",
        )
    ],
}  # fmt: skip
