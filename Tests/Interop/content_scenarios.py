"""Command lines about the content of volumes: upload, download, clones, wiping. As in scenarios.py."""

import os
import subprocess


def content(name, *pieces):
    """Writes a file out of pieces: bytes, or a number for a hole of that length."""

    def write(folder):
        with open(folder / name, "wb") as file:
            for piece in pieces:
                if isinstance(piece, int):
                    file.seek(piece, os.SEEK_CUR)
                else:
                    file.write(piece)
            file.truncate()

    write.__name__ = f"content {name}"
    return write


def same(left, right, count=None, skip=0):
    """The first file's bytes are the second's, from `skip` on in the first."""

    def check(folder):
        a, b = ((folder / name).read_bytes() for name in (left, right))
        assert a[skip:][: count or len(b)] == b[: count or len(b)], f"{left} and {right} differ"

    return check


def size(name, bytes):
    def check(folder):
        assert (folder / name).stat().st_size == bytes, f"{name} has {(folder / name).stat().st_size} bytes, not {bytes}"

    return check


def zero(name):
    def check(folder):
        assert not (folder / name).read_bytes().strip(b"\0"), f"{name} is not all zeroes"

    return check


def ours(check):
    """A check of our side alone."""
    return lambda folder: check(folder) if folder.name == "ours" else None


def absent(name):
    def check(folder):
        assert not (folder / name).exists(), f"{name} is there"

    return check


def qemu(*argv):
    def run(folder):
        subprocess.run(
            ["qemu-img", *argv], cwd=folder, check=True, timeout=60, stdout=subprocess.DEVNULL
        )

    return run


def contents(up):
    """The scenarios; `up` brings up the pool images."""
    small, data = b"small" * 200, os.urandom(65536)
    volume = up + ["vol-create-as images v 1M --allocation 0", content("small", small), content("data", data)]
    other = ["pool-define-as other dir --target @D@/other", "pool-build other", "pool-start other"]
    new = "<volume><name>{}</name><capacity>{}</capacity><target><format type='{}'/></target></volume>"
    return {
        "upload": volume + [
            "vol-upload v small --pool images",
            same("images/v", "small"), size("images/v", 1 << 20),
            "vol-info v --pool images",
            "vol-upload v small images",
            "vol-upload --vol v --file data --pool images --offset 1000",
            same("images/v", "data", skip=1000), same("images/v", "small"),
            "vol-upload v small --pool images --offset 1047576",
            same("images/v", "small", skip=1047576), size("images/v", 1 << 20),
            "vol-upload v small --pool images --length 1000",
            "vol-upload v small --pool images --length 2000",
            "vol-upload v small --pool images --length 0",
            "vol-upload v small --pool images --length -1",
            "vol-upload v small images 4096 2000",
            same("images/v", "small", skip=4096),
            "vol-upload @D@/images/v small",
            "vol-upload v small",
            "vol-upload v data --pool images --offset 512 --length 65536",
            same("images/v", "data", skip=512),
            content("empty"),
            "vol-upload v empty --pool images",
            same("images/v", "small", count=512),
            content("holes", 1 << 20),
            "vol-upload v holes --pool images",
            zero("images/v"), size("images/v", 1 << 20),
            "vol-upload v data --pool images",
            "vol-upload v holes --pool images --sparse",
            # libvirt leaves old data where a hole should be.
            ours(zero("images/v")), size("images/v", 1 << 20),
            content("sparse", data, 100_000, small),
            "vol-upload v sparse --pool images --offset 4096",
            same("images/v", "sparse", skip=4096),
            "vol-info v --pool images --bytes --physical",
        ],
        "upload: refused": volume + [
            "vol-upload",
            "vol-upload v",
            "vol-upload v small --pool",
            "vol-upload v small images extra",
            "vol-upload v small --pool images --floppy",
            "vol-upload absent small --pool images",
            "vol-upload absent small",
            "vol-upload v small --pool absent",
            "vol-upload v absent --pool images",
            "vol-upload v small --pool images --offset x",
            "vol-upload v small --pool images --offset -1",
            "vol-upload v small --pool images --length 1.5",
            "vol-upload v small --pool images --offset 99999999999999999999",
            "vol-upload v data --pool images --length 500",
            "vol-upload v data --pool images --offset 1000000",
            "vol-upload v small --pool images --offset 2000000",
            "pool-destroy images",
            "vol-upload v small --pool images",
        ],
        "upload into an image": up + [
            "vol-create-as images q 8M --format qcow2",
            qemu("create", "-q", "-f", "raw", "raw", "8M"),
            content("raw", b"x" * 3_000_000, 5_388_608),
            qemu("convert", "-f", "raw", "-O", "qcow2", "raw", "image"),
            "vol-upload q image --pool images",
            qemu("compare", "-f", "qcow2", "-F", "raw", "images/q", "raw"),
            qemu("check", "-q", "-f", "qcow2", "images/q"),
            "pool-refresh images",
            "vol-info q --pool images",
            "vol-download q out --pool images",
            qemu("compare", "-f", "qcow2", "-F", "raw", "out", "raw"),
        ],
        "download": volume + [
            "vol-upload v data --pool images --offset 4096",
            "vol-download v out --pool images",
            same("out", "images/v"), size("out", 1 << 20),
            "vol-download v out images",
            "vol-download --vol v --file out --pool images --offset 4096 --length 65536",
            same("out", "data"), size("out", 65536),
            "vol-download v out --pool images --offset 5000",
            size("out", (1 << 20) - 5000), same("images/v", "out", skip=5000),
            "vol-download v out --pool images --length 10",
            size("out", 10),
            "vol-download v out --pool images --length 0",
            size("out", 1 << 20),
            "vol-download v out --pool images --length=-1",
            size("out", 1 << 20),
            "vol-download v out images 4096 65536",
            same("out", "data"), size("out", 65536),
            "vol-download v out --pool images --length 9999999",
            size("out", 1 << 20),
            "vol-download v out --pool images --offset 1048576",
            size("out", 0),
            "vol-download v out --pool images --sparse",
            same("out", "images/v"), size("out", 1 << 20),
            "vol-download v out2 --pool images --sparse --offset 100000",
            size("out2", (1 << 20) - 100_000),
            "vol-download @D@/images/v out3",
            same("out3", "images/v"),
            "vol-download v out4",
        ],
        "download: refused": volume + [
            "vol-download",
            "vol-download v",
            "vol-download v out --pool",
            "vol-download v out images extra",
            "vol-download v out --pool images --floppy",
            "vol-download absent out --pool images",
            absent("out"),
            "vol-download v out --pool absent",
            "vol-download v absent/out --pool images",
            "vol-download v . --pool images",
            "vol-download v out --pool images --offset x",
            absent("out"),
            "vol-download v out --pool images --offset 2000000",
            "pool-destroy images",
            "vol-download v out --pool images",
            absent("out1"),
        ],
        "clone": volume + [
            "vol-upload v data --pool images",
            "vol-clone v w --pool images",
            same("images/w", "images/v"),
            "vol-info w --pool images",
            "vol-clone v x images",
            "vol-clone @D@/images/v y --pool images",
            "vol-clone --vol v --newname z --pool images",
            "vol-list images",
            "vol-clone v w --pool images",
            "vol-clone v v --pool images",
            "vol-clone v a/b --pool images",
            "vol-clone v --pool images",
            "vol-clone absent w2 --pool images",
            "vol-clone v w2 --pool absent",
            "vol-clone v w2 --pool images --floppy",
            "vol-clone v w2 --pool images --prealloc-metadata",
            "vol-clone v w2",
            "vol-clone",
            "vol-list images",
        ],
        "clone of an image": up + [
            "vol-create-as images q 8M --format qcow2",
            "vol-clone q p --pool images",
            "vol-info p --pool images",
            qemu("compare", "-f", "qcow2", "-F", "qcow2", "images/q", "images/p"),
            qemu("check", "-q", "-f", "qcow2", "images/p"),
            "vol-clone q m --pool images --prealloc-metadata",
            qemu("check", "-q", "-f", "qcow2", "images/m"),
            "vol-create-as images o 8M --format qcow2 --backing-vol q --backing-vol-format qcow2",
            "vol-clone o c --pool images",
            qemu("compare", "-f", "qcow2", "-F", "qcow2", "images/o", "images/c"),
            "vol-list images",
        ],
        "create-from": volume + other + [
            "vol-upload v data --pool images",
            content("raw.xml", new.format("r", 2 << 20, "raw").encode()),
            "vol-create-from images raw.xml v --inputpool images",
            same("images/r", "data"), size("images/r", 2 << 20),
            "vol-create-from other raw.xml v --inputpool images",
            same("other/r", "data"), size("other/r", 2 << 20),
            "vol-create-from other raw.xml v --inputpool images",
            content("qcow2.xml", new.format("q", 1 << 20, "qcow2").encode()),
            "vol-create-from other qcow2.xml v --inputpool images",
            qemu("compare", "-f", "qcow2", "-F", "raw", "other/q", "images/v"),
            "vol-info q --pool other",
            content("back.xml", new.format("b", 1 << 20, "raw").encode()),
            "vol-create-from images back.xml q --inputpool other",
            same("images/b", "data"),
            content("small.xml", new.format("s", 1000, "raw").encode()),
            "vol-create-from images small.xml v --inputpool images",
            size("images/s", 1 << 20),
            content("meta.xml", new.format("m", 1 << 20, "qcow2").encode()),
            "vol-create-from --pool images --file meta.xml --vol v --inputpool images --prealloc-metadata",
            qemu("check", "-q", "-f", "qcow2", "images/m"),
            "vol-list images",
            "vol-list other",
            content("n.xml", new.format("n", 1 << 20, "raw").encode()),
            "vol-create-from images n.xml @D@/images/v",
            content("p.xml", new.format("p", 1 << 20, "raw").encode()),
            "vol-create-from images p.xml v",
            "vol-create-from images absent.xml v --inputpool images",
            "vol-create-from images raw.xml absent",
            "vol-create-from absent raw.xml v --inputpool images",
            "vol-create-from images raw.xml v --inputpool absent",
            "vol-create-from images raw.xml",
            "vol-create-from images",
            "vol-create-from",
            content("bad.xml", b"hello"),
            "vol-create-from images bad.xml v --inputpool images",
            content("unknown.xml", new.format("u", 1, "floppy").encode()),
            "vol-create-from images unknown.xml v --inputpool images",
        ],
        "wipe": volume + [
            "vol-upload v data --pool images",
            "vol-wipe v --pool images",
            zero("images/v"), size("images/v", 1 << 20),
            "vol-upload v data --pool images",
            "vol-wipe v images",
            zero("images/v"),
            "vol-upload v data --pool images",
            "vol-wipe v --pool images --algorithm zero",
            zero("images/v"), size("images/v", 1 << 20),
        ] + [
            f"vol-wipe v --pool images --algorithm {word}"
            for word in ("nnsa", "dod", "bsi", "gutmann", "schneier", "pfitzner7", "pfitzner33", "random")
        ] + [
            size("images/v", 1 << 20),
            "vol-wipe v --pool images --algorithm floppy",
            "vol-wipe absent --pool images",
            "vol-wipe v --pool absent",
            "vol-wipe v --pool images --floppy",
            "vol-wipe v",
            "vol-wipe",
            "vol-wipe @D@/images/v",
            "vol-info v --pool images",
            "vol-wipe v --pool images --algorithm trim",
        ],
    }  # fmt: skip
