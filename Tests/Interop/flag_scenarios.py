"""Scenarios for flags that belong to no other story, encrypted volumes, and sources on this machine."""

import os
import shutil

from content_scenarios import content, qemu, same
from steps import file

UUID = "c4f1a3de-0000-4000-8000-0000000000{:02}"
ONE = UUID.format(1)
# Scenarios of this title take minutes of processor time and are run when asked for: make test-interop-long.
LONG = "long"
VOLUME = "<volume><name>{}</name><capacity>{}</capacity><allocation>0</allocation><target><format type='{}'/>{}</target></volume>"


def clones(up):
    data = os.urandom(65536)
    volume = up + ["vol-create-as images v 1M --allocation 0", content("data", data), "vol-upload v data images"]
    return {
        "flags of vol-clone": volume + [
            "vol-create-as images q 8M --format qcow2",
            # The folder of the tests is on a file system that shares no blocks, or on one that does.
            "vol-clone v w --pool images --reflink",
            "vol-clone v x --pool images --print-xml",
            "vol-clone v x --pool images --print-xml --prealloc-metadata --reflink",
            "vol-clone q x --pool images --print-xml",
            "vol-clone absent x --pool images --print-xml",
            "vol-clone v x --pool absent --reflink",
            "vol-clone q m --pool images --prealloc-metadata",
            "vol-clone v x --pool images --prealloc-metadata",
            "vol-clone v x --pool images --prealloc-metadata --floppy",
            "vol-list images",
        ],
        "flags of vol-create-from": volume + [
            "pool-define-as other dir --target @D@/other", "pool-build other", "pool-start other",
            file("r.xml", VOLUME.format("r", 1 << 20, "raw", "")),
            file("s.xml", VOLUME.format("s", 1 << 20, "raw", "")),
            file("bare.xml", "<volume><name>b</name><capacity>1</capacity></volume>"),
            file("q.xml", VOLUME.format("q", 1 << 20, "qcow2", "")),
            "vol-create-from other r.xml v --inputpool images --reflink",
            "vol-create-from --pool other --file s.xml --vol v --inputpool images",
            same("other/s", "data"),
            "vol-create-from other bare.xml v --inputpool images --validate",
            "vol-create-from other q.xml v --inputpool images --prealloc-metadata",
            qemu("compare", "-f", "qcow2", "-F", "raw", "other/q", "images/v"),
            "vol-create-from other r.xml v --inputpool images --floppy",
            "vol-create-from other r.xml v --inputpool",
            "vol-list other",
            "vol-delete q other",
            "vol-create-from other q.xml v --inputpool images --validate",
        ],
        "every option by its name": [
            file("p.xml", "<pool type='dir'><name>p</name><target><path>@D@/p</path></target></pool>"),
            file("t.xml", "<pool type='dir'><name>t</name><target><path>@D@/t</path></target></pool>"),
            "pool-define --file p.xml",
            "pool-build --pool p",
            "pool-start --pool p",
            "pool-autostart --pool p",
            "pool-autostart --disable --pool p",
            "pool-refresh --pool p",
            "pool-uuid --pool p",
            "pool-name --pool @UUID1@",
            "vol-create-as --pool p --name v --capacity 1M",
            "vol-wipe --pool p --vol v",
            "vol-delete --pool p --vol v",
            "pool-destroy --pool p",
            "pool-delete --pool p",
            "pool-undefine --pool p",
            "pool-create --file t.xml --build",
            "find-storage-pool-sources --type dir",
            "find-storage-pool-sources-as --type dir",
            "pool-event --event lifecycle --timeout 1 --timestamp",
            "pool-event --event lifecycle --timeout 1 --timestamp --loop",
        ],
    }  # fmt: skip


def exchange(folder):
    """Each side gets the encrypted volume that the other made."""
    other = folder.parent / ("ours" if folder.name == "left" else "left")
    shutil.copyfile(other / "images" / "v", folder / "images" / "x")
    (folder / "images" / "x").chmod(0o600)


def encrypted(up):
    """LUKS 1, which is what libvirt makes; the passphrase is cheap to check only in files that qemu-img made."""
    secret = f"<secret ephemeral='no' private='yes'><uuid>{ONE}</uuid><usage type='volume'><volume>it</volume></usage></secret>"
    inside = "<encryption format='luks'><secret type='passphrase' uuid='{}'/>{}</encryption>"
    plain = inside.format(ONE, "")
    known = [
        file("secret.xml", secret),
        file("value", "correct horse"),
        "secret-define --file secret.xml",
        f"secret-set-value --secret {ONE} --plain --file value",
    ]

    def opens(name):
        """QEMU opens the file with the passphrase."""
        options = f"driver=luks,file.filename=images/{name},key-secret=k"
        return qemu("info", "--object", "secret,id=k,file=value", "--image-opts", options)

    return {
        "encrypted volumes": up + known + [
            file("v.xml", VOLUME.format("v", 8 << 20, "raw", plain)),
            "vol-create images v.xml",
            "vol-dumpxml v --pool images",
            exchange,
            "pool-refresh images",
            "vol-list images --details",
            "vol-dumpxml x --pool images",
            "vol-delete x --pool images",
            f"secret-dumpxml --secret {ONE}",
            f"secret-undefine --secret {ONE}",
        ],
        f"{LONG}: encrypted volumes": up + known + [
            file("v.xml", VOLUME.format("v", 8 << 20, "raw", plain)),
            file("q.xml", VOLUME.format("q", 8 << 20, "qcow2", plain)),
            "vol-create images v.xml",
            "vol-resize v 16M --pool images",
            "vol-info v --pool images",
            "vol-clone v w --pool images",
            opens("w"),
            "vol-info w --pool images",
            "vol-create images q.xml",
            "vol-dumpxml q --pool images",
            "vol-delete q --pool images",
            "vol-list images",
        ],
        "encrypted volumes: refused": up + known + [
            step
            for name, kind, target in (
                ("unknown-secret", "raw", inside.format(UUID.format(2), "")),
                ("old-format", "raw", plain.replace("luks", "qcow")),
                ("vmdk", "vmdk", plain),
                ("no-secret", "raw", "<encryption format='luks'/>"),
                ("default", "raw", plain.replace("luks", "default")),
            )
            for step in (file(f"{name}.xml", VOLUME.format(name, 8 << 20, kind, target)), f"vol-create images {name}.xml")
        ] + ["vol-list images"],
        "values of secrets": known + [
            f"secret-set-value --secret {ONE} --base64 c2VjcmV0",
            f"secret-set-value {ONE} c2VjcmV0",
            f"secret-set-value {ONE} --base64 c2VjcmV0 --file value",
            f"secret-set-value {ONE} --base64",
            f"secret-set-value {ONE} --interactive --file value",
            f"secret-undefine {ONE}",
        ],
    }  # fmt: skip


SOURCES = {
    "sources on this machine": [
        # Nothing listens there.
        "find-storage-pool-sources-as iscsi 127.0.0.1 1",
        "find-storage-pool-sources-as netfs 127.0.0.1",
        "find-storage-pool-sources-as iscsi",
        "find-storage-pool-sources-as netfs",
        "find-storage-pool-sources iscsi",
        "find-storage-pool-sources netfs",
        file("host.xml", "<source><host name='127.0.0.1' port='1'/></source>"),
        file("bad.xml", "<pool/>"),
        "find-storage-pool-sources iscsi host.xml",
        "find-storage-pool-sources netfs bad.xml",
        "find-storage-pool-sources netfs --srcSpec host.xml",
        "find-storage-pool-sources logical",
        "find-storage-pool-sources-as logical",
    ],
}


def flags(up):
    return clones(up) | encrypted(up) | SOURCES
