"""Inputs that broke other storage tools, each with what must be answered. The identifiers name the lesson.

A case puts files into a pool (or beside it), runs one command and expects its refusal; nothing of the
administrator's secret may be printed, copied or changed, and nothing half-done may be left."""

import os
import struct
from dataclasses import dataclass

import pytest
from tools import BAD_DATA, DONE, FAILURE, MIB, NO_SPACE, NOT_FOUND, USAGE, tree

SECRET = b"the administrator's secret\n"


def qcow2(backing=b"", size=MIB, incompatible=0, autoclear=0, extensions=b"", l1_size=1, version=3, order=4):
    """A qcow2 of one cluster of header; extensions follow it, then the backing file's name."""
    place = 0x200
    head = struct.pack(
        ">4sIQIIQIIQQIIQQQQII", b"QFI\xfb", version, place if backing else 0, len(backing), 16, size, 0,
        l1_size, 0x30000, 0x10000, 1, 0, 0, incompatible, 0, autoclear, order, 104,
    )  # fmt: skip
    return ((head + extensions).ljust(place, b"\0") + backing).ljust(0x40000, b"\0")


def extension(kind, data):
    return struct.pack(">II", kind, len(data)) + data.ljust((len(data) + 7) & ~7, b"\0")


DATA_FILE, FORMAT = 0x44415441, 0xE2792ACA


def qed(backing):
    head = struct.pack("<4sIIIQQQQQII", b"QED\0", 65536, 4, 1, 1, 0, 0, 65536, MIB, 0x100, len(backing))
    return (head.ljust(0x100, b"\0") + backing).ljust(0x30000, b"\0")


def vmdk(descriptor):
    head = struct.pack("<4sIIQQQQ", b"KDMV", 1, 3, MIB // 512, 128, 1, 20)
    return (head.ljust(512, b"\0") + descriptor).ljust(0x20000, b"\0")


def volume(name="v", more="<capacity>4096</capacity>"):
    return f"<volume><name>{name}</name>{more}</volume>".encode()


CONVERT = ("vol-create-from", "p", "@W@/raw.xml", "v")
PARENT = b'# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=2\nparentFileNameHint="@W@/secret"\n'
BOMB = (
    b"<!DOCTYPE volume [<!ENTITY a 'aaaaaaaaaa'>"
    + b"".join(b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]>"
)


@dataclass(frozen=True)
class Case:
    command: tuple
    status: tuple
    words: str = ""
    #: Files of the pool, then those beside it.
    pool: tuple = ()
    beside: tuple = ()


CASES = {
    # Images whose header leads to another file: it is never read through.
    "CVE-2015-1850 absolute backing file": Case(
        CONVERT, (BAD_DATA,), "is not a volume of an active pool", (("v", qcow2(b"@W@/secret")),)
    ),
    "CVE-2015-5163 relative backing file": Case(
        CONVERT, (BAD_DATA,), "is not a volume of an active pool", (("v", qcow2(b"../secret")),)
    ),
    "CVE-2010-2237 no format recorded": Case(
        CONVERT, (BAD_DATA,), "has no format recorded", (("v", qcow2(b"base")), ("base", qcow2(b"@W@/secret")))
    ),
    "CVE-2010-2238 the second image down": Case(
        CONVERT, (BAD_DATA,), "is not a volume of an active pool",
        (("v", qcow2(b"base", extensions=extension(FORMAT, b"qcow2"))),
         ("base", qcow2(b"@W@/secret", extensions=extension(FORMAT, b"raw")))),
    ),
    "CVE-2024-32498 external data file": Case(
        CONVERT, (BAD_DATA,), "keeps its data in another file",
        (("v", qcow2(incompatible=4, autoclear=2, extensions=extension(DATA_FILE, b"@W@/secret"))),),
    ),
    "CVE-2024-32498 external data file of a base": Case(
        CONVERT, (BAD_DATA,), "keeps its data in another file",
        (("v", qcow2(b"base", extensions=extension(FORMAT, b"qcow2"))),
         ("base", qcow2(incompatible=4, autoclear=2, extensions=extension(DATA_FILE, b"@W@/secret")))),
    ),
    "CVE-2024-32498 resize of an external data file": Case(
        ("vol-resize", "v", "2M", "--pool", "p"), (BAD_DATA,), "keeps its data in another file",
        (("v", qcow2(incompatible=4, autoclear=2, extensions=extension(DATA_FILE, b"@W@/secret"))),),
    ),
    "CVE-2024-4467 json data file": Case(
        CONVERT, (BAD_DATA,), "keeps its data in another file",
        (("v", qcow2(incompatible=4, extensions=extension(
            DATA_FILE, b'json:{"driver":"file","filename":"@W@/secret"}'))),),
    ),
    "CVE-2024-4467 json backing file": Case(
        CONVERT, (BAD_DATA,), "is no local file", (("v", qcow2(b'json:{"driver":"file","filename":"/etc/shadow"}')),)
    ),
    "remote backing file": Case(CONVERT, (BAD_DATA,), "is no local file", (("v", qcow2(b"nbd://somewhere/x")),)),
    "CVE-2014-0145 a loop": Case(
        CONVERT, (BAD_DATA,), "is below itself",
        (("v", qcow2(b"w", extensions=extension(FORMAT, b"qcow2"))),
         ("w", qcow2(b"v", extensions=extension(FORMAT, b"qcow2")))),
    ),
    "CVE-2015-1851 qed": Case(CONVERT, (BAD_DATA,), "is not a volume of an active pool", (("v", qed(b"@W@/secret")),)),
    "CVE-2022-47951 parent of a vmdk": Case(
        CONVERT, (BAD_DATA,), "is not a volume of an active pool", (("v", vmdk(PARENT)),)
    ),
    # Numbers in headers.
    "CVE-2014-0143 huge first table": Case(CONVERT, (BAD_DATA,), "L1 table", (("v", qcow2(l1_size=0xFFFFFFFF)),)),
    "CVE-2014-0147 reference count order": Case(CONVERT, (BAD_DATA,), "order 63", (("v", qcow2(order=63)),)),
    "CVE-2014-0222 size beyond any": Case(
        CONVERT, (BAD_DATA,), "too large", (("v", qcow2(size=0xFFFFFFFFFFFFFFFF)),)
    ),
    "CVE-2024-4467 unknown feature": Case(
        CONVERT, (BAD_DATA,), "unknown incompatible features", (("v", qcow2(incompatible=1 << 40)),)
    ),
    "CVE-2013-2096 small file, huge disk": Case(
        ("vol-create-as", "p", "n", "7E", "--allocation", "7E"), (NO_SPACE, FAILURE, BAD_DATA), ""
    ),
    # Names and paths.
    **{
        f"CVE-2015-5313 name {name!r}": Case(
            ("vol-create", "p", "@W@/in.xml"), (BAD_DATA,), "name", beside=(("in.xml", volume(name)),)
        )
        for name in ("../v", "a/b", "..", ".", "/etc/passwd", ".cistern", "a&#10;b", "a" * 256)
    },
    "CVE-2024-28085 an escape sequence in a name": Case(
        ("vol-create", "p", "@W@/in.xml"), (BAD_DATA,), "invalid xmlChar",
        beside=(("in.xml", volume("a&#27;[2Jb")),),
    ),
    "CVE-2015-5313 a path in the document": Case(
        ("vol-create", "p", "@W@/in.xml"), (DONE,),
        beside=(("in.xml", volume("in", "<capacity>4096</capacity><target><path>@W@/secret</path></target>")),),
    ),
    "CVE-2015-5313 source of a snapshot": Case(
        ("vol-create-as", "p", "n", "--source", "../secret", "--snap-on-start", "yes", "--save-on-stop", "no"),
        (BAD_DATA, NOT_FOUND),
    ),
    "overlay on a file of the host": Case(
        ("vol-create-as", "p", "n", "1M", "--format", "qcow2", "--backing-vol", "@W@/secret"), (NOT_FOUND,),
    ),
    "CVE-2026-62867 options in a format": Case(
        ("vol-create-as", "p", "n", "1M", "--format", "qcow2,backing_file=/etc/shadow"), (USAGE,), "format"
    ),
    "CVE-2026-62867 options in compat": Case(
        ("vol-create", "p", "@W@/in.xml"), (BAD_DATA,), "compat",
        beside=(("in.xml", volume("v", "<capacity>4096</capacity><target><format type='qcow2'/>"
                                  "<compat>1.1,backing_file=@W@/secret</compat></target>")),),
    ),
    "an option for a name": Case(("vol-create-as", "p", "--output=/etc/passwd", "1M"), (USAGE,), "output"),
    # XML.
    "nested entities": Case(
        ("vol-create", "p", "@W@/in.xml"), (BAD_DATA,), "DOCTYPE", beside=(("in.xml", BOMB + volume("&amp;j;")),)
    ),
    "external entity": Case(
        ("vol-create", "p", "@W@/in.xml"), (BAD_DATA,), "DOCTYPE",
        beside=(("in.xml", b"<!DOCTYPE volume [<!ENTITY x SYSTEM 'file://@W@/secret'>]>" + volume("&amp;x;")),),
    ),
    "parameter entity": Case(
        ("vol-create", "p", "@W@/in.xml"), (BAD_DATA,), "DOCTYPE",
        beside=(("in.xml", b"<!DOCTYPE volume [<!ENTITY % x SYSTEM 'file://@W@/secret'> %x;]>" + volume()),),
    ),
    "deep elements": Case(
        ("vol-create", "p", "@W@/in.xml"), (BAD_DATA,),
        beside=(("in.xml", b"<volume>" + b"<a>" * 20000 + b"</a>" * 20000 + b"</volume>"),),
    ),
    "a document that is huge": Case(
        ("vol-create", "p", "@W@/in.xml"), (BAD_DATA,), beside=(("in.xml", b"<volume>" + b" " * (64 * MIB)),)
    ),
    "a document that never ends": Case(("vol-create", "p", "/dev/zero"), (BAD_DATA,)),
    "not UTF-8": Case(
        ("vol-create", "p", "@W@/in.xml"), (BAD_DATA,), beside=(("in.xml", volume().replace(b">v<", b">\xff\xfe<")),)
    ),
}  # fmt: skip


@pytest.fixture
def place(site, scratch):
    (scratch / "secret").write_bytes(SECRET)
    (scratch / "raw.xml").write_text("<volume><name>n</name><target><format type='raw'/></target></volume>")
    site.ok("pool-define-as", "p", "dir", "--target", scratch / "p")
    site.ok("pool-build", "p")
    site.ok("pool-start", "p")
    return scratch


@pytest.mark.parametrize("title", CASES)
def test_case(site, place, title):
    case = CASES[title]
    for name, content in case.beside:
        (place / name).write_bytes(content.replace(b"@W@", os.fsencode(place)))
    for name, content in case.pool:
        # Headers tell the lengths of names; this one is as long as the placeholder.
        (place / "p" / name).write_bytes(content.replace(b"@W@/secret", b"/etc/group"))
    before = tree(place / "p"), (place / "secret").read_bytes()
    line = [word.replace("@W@", str(place)) for word in case.command]
    result = site.run(*line, timeout=20)
    assert result.status in case.status, result
    assert case.words.lower() in result.err.lower(), result
    assert SECRET.decode().strip() not in result.out + result.err
    # It can be looked at in spite of all.
    for look in (["vol-list", "p", "--details"], *(["vol-info", name, "--pool", "p"] for name, _ in case.pool)):
        assert site.run(*look, timeout=20).status == DONE
    if result.status == DONE:
        assert (place / "secret").read_bytes() == SECRET
        return
    after = {name: facts for name, facts in tree(place / "p").items() if not name.startswith(".cistern")}
    assert after == {name: facts for name, facts in before[0].items() if not name.startswith(".cistern")}
    assert (place / "secret").read_bytes() == SECRET
    # Nothing is left over; that an image cannot be read may well be said.
    assert {finding["kind"] for finding in site.findings("p")} <= {"unreadable"}
