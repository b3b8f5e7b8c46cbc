"""The manual pages: found by what people type, clean for both formatters, true in what their examples show."""

import importlib.util
import json
import re
import shutil
import subprocess

import pytest
import sessions
from tools import PROGRAMS, REPOSITORY, commands

MAN = REPOSITORY / "man"
PAGES = sorted(MAN.glob("*.[1-9]"))


def test_groff_warns_of_nothing():
    if not shutil.which("groff"):
        pytest.skip("needs groff")
    said = ""
    for page in PAGES:
        done = subprocess.run(
            ["groff", "-mandoc", "-Tutf8", "-ww", "-rLL=78n", "-z", page],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        said += done.stderr
    assert said == ""


@pytest.mark.parametrize("page", sorted(sessions.sources()))
def test_the_examples_of_a_page_do_what_it_shows(page, site, scratch):
    """Blocks that need devices run in the real tier or in a guest."""
    text = sessions.script("--marked", page)
    compared = sessions.check(site, scratch, text)
    assert compared or sessions.NEEDS_DEVICES in sessions.sources()[page], "shows nothing that a command prints"


@pytest.mark.parametrize(
    "printed, shown, is_so",
    [
        ("a\nb", "a\nb", True), ("a\nb", "a", False), ("a", "a\nb", False), ("", "a", False), ("a", "", False),
        ("a\nb\nc", "a\n...", True), ("a\nb\nc", "...\nc", True), ("a\nb\nc", "a\n...\nd", False), ("a", "...\na", True),
        ("a b c", "a ... c", True), ("a b c", "a ... d", False), ("a.c", "abc", False),
    ],
)  # fmt: skip
def test_what_is_shown_is_compared_to_the_last_word(printed, shown, is_so):
    assert sessions.matches(printed.splitlines(), shown.splitlines()) is is_so


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """The pages with an index of their own, as mandb makes it after installation."""
    if not shutil.which("mandb"):
        pytest.skip("needs mandb")
    folder = tmp_path_factory.mktemp("man")
    for page in PAGES:
        section = folder / f"man{page.suffix[1:]}"
        section.mkdir(exist_ok=True)
        shutil.copy(page, section)
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANPATH": str(folder), "HOME": str(folder)}
    subprocess.run(
        ["mandb", "--quiet", "--user-db", "--create", folder], env=environment, check=True, timeout=120,
        capture_output=True,
    )  # fmt: skip
    return environment


def wanted():
    """(word, page) of apropos.txt, and for every other command the verb in its name."""
    lines = (REPOSITORY / "Tests" / "Golden" / "apropos.txt").read_text().splitlines()
    pairs = [tuple(part.strip() for part in line.split("|")) for line in lines if not line.startswith("#")]
    known = {page for _, page in pairs}
    return pairs + [(name.split("-", 1)[1], name) for name in commands() if name not in known]


def test_each_command_is_found_by_what_a_newcomer_types(index):
    lost = []
    for word, page in wanted():
        done = subprocess.run(
            ["apropos", "--long", word], env=index, capture_output=True, text=True, timeout=30, check=False
        )
        if not re.search(rf"(?m)^{re.escape(page)} \(\d\)", done.stdout):
            lost.append(f"apropos {word}: no {page}")
    assert not lost, "\n".join(lost)


PARTS = {
    "documents": {
        "pool": [
            {"path": "size", "repeats": False, "places": [
                {"type": kind, "condition": None, "value": "digits", "standard": None, "needed": False}
                for kind in ("dir", "fs")
            ]},
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize(
    "text, problem",
    [
        ('.\\" part size\n.\\" unit bytes\n.\\" default 0\nHow much.', None),
        ('.\\" part size\n.\\" unit bytes\n.\\" default 0\n.\\" types fs\nHow much.', None),
        ("", "nothing is said about size"),
        ('.\\" part size\n.\\" unit bytes\n.\\" default 0', "size: nothing is said about it"),
        ('.\\" part size\n.\\" default 0\nHow much.', "size: is a number and has no unit"),
        ('.\\" part size\n.\\" unit bytes\nHow much.', "size: its default is not told"),
        ('.\\" part size\n.\\" unit bytes\n.\\" default 0\n.\\" types zfs\nHow much.', "types ['zfs'] do not have it"),
        ('.\\" part speed\nHow fast.', "speed: a pool has no such part"),
        ('.\\" part size size\n.\\" unit bytes\n.\\" default 0\nHow much.', "size: stands twice"),
    ],
)
def test_a_page_says_all_of_each_part_and_nothing_of_others(parts_of_documents, text, problem):
    document = parts_of_documents.Document(PARTS["documents"]["pool"], ["dir", "fs"], "a pool")
    try:
        lines = parts_of_documents.lines(document, text.splitlines(), lambda words: [words], str)
    except parts_of_documents.Lost as error:
        assert problem is not None and problem in str(error)
    else:
        types = "fs" if "types fs" in text else "all"
        assert problem is None
        assert lines[1:] == [
            ".It Ic size", "How much.", "Value: digits", "Unit: bytes", "Default: 0", f"Pool types: {types}", ".El",
        ]  # fmt: skip


@pytest.fixture(scope="module")
def parts_of_documents():
    """The module that writes the lists of section 5."""
    path = REPOSITORY / "scripts" / "document_parts.py"
    specification = importlib.util.spec_from_file_location("document_parts", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_what_the_program_knows_of_documents_is_what_it_accepts():
    """A few facts of the lists that other programs depend on, told by the program that reads the documents."""
    done = subprocess.run([PROGRAMS / "cistern", "--describe-commands"], check=True, capture_output=True, timeout=30)
    known = json.loads(done.stdout)["documents"]
    pool = {part["path"]: part["places"] for part in known["pool"]}
    with_hosts = ["netfs", "iscsi", "iscsi-direct", "rbd", "sheepdog", "gluster"]
    assert [p["type"] for p in pool["source/host/@port"]] == with_hosts
    assert {(p["type"], p["condition"]) for p in pool["source/protocol"]} == {("netfs", "auto"), ("netfs", "nfs")}
    assert {p["type"]: p["standard"] for p in pool["source/format"]} == {
        "fs": "auto", "netfs": "auto", "logical": "lvm2", "disk": "unknown",
    }  # fmt: skip
    assert len(known["volume"]) > 60
    keys = {key["path"]: key["drivers"] for key in known["conf"]}
    assert keys["thin_pool"] == ["lvm_thin"] and keys["driver"] == []


def test_the_tour_opens_as_the_readme_does():
    def opening(text, start, end):
        return " ".join(text.split(start)[1].split(end)[0].split())

    page = (MAN / "cistern.7").read_text()
    readme = (REPOSITORY / "README.md").read_text()
    assert opening(page, ".Sh DESCRIPTION", ".Pp") == opening(readme, "# Cistern", "```console")
    typed = [line.split("  #")[0].strip() for line in sessions.script("README.md").splitlines()]
    shown = sessions.script("cistern").splitlines()
    assert [line for line in typed if line not in shown and not line.startswith("#")] == []


def test_the_tour_leads_to_every_page():
    text = (MAN / "cistern.7").read_text()
    listed = set(re.findall(r"^\.Xr (\S+) [58]", text.split(".Sh SEE ALSO")[1], re.M))
    assert listed == set(commands()) | {path.stem for path in MAN.glob("*.5")}
    by_task = re.findall(r"(?m)^\.Xr (\S+) 8", text.split(".Ss Commands by task")[1].split(".Ss ")[0])
    assert sorted(by_task) == sorted(commands())
    for topic in ("Pools", "Volumes", "Life cycle", "After a crash", "Security", "For users of virsh", "For users of Qubes OS"):
        assert f".Ss {topic}\n" in text, topic
