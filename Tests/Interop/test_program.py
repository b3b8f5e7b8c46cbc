"""The program by its own name, in the place of virsh: its options, lines of several commands, standard input."""

import pytest
from differences import ALWAYS, ELSEWHERE, published
from tools import REPOSITORY

UP = ("pool-define-as p dir --target @D@/p", "pool-build p", "pool-start p", "vol-create-as p a 1M", "vol-create-as p b 2M")

#: Lines with -q: what is left of what is printed.
QUIET = [
    *UP,
    "pool-list", "pool-list --all", "pool-list --name", "pool-list --uuid", "pool-uuid p", "pool-dumpxml p --xpath //name",
    "vol-list p", "vol-list p --details", "vol-list a", "vol-path a p", "vol-key a p", "vol-name @D@/p/a",
    "vol-pool @D@/p/a", "vol-info a p", "vol-info a p --bytes", "vol-dumpxml a p --xpath //name",
    "vol-create-as p z 1M --print-xml", "pool-define-as z dir --target /z --print-xml", "pool-event --list",
    "vol-resize a 3M p", "vol-clone a c p", "vol-wipe c p", "vol-download a @D@/x p", "vol-upload a @D@/x p",
    "vol-create-from p @D@/v.xml a --inputpool p", "vol-delete c p", "pool-refresh p", "pool-autostart p", "pool-autostart p --disable",
    "vol-delete a p", "vol-delete b p", "vol-delete d p", "pool-destroy p", "pool-delete p", "pool-undefine p",
]  # fmt: skip

#: One word, several commands, as virsh takes them apart.
LINES = [
    "vol-path a p; vol-path b p",
    "vol-path nope p; vol-path b p",
    "vol-path b p; vol-path nope p",
    "vol-path a p;",
    ";;vol-path a p ;; vol-path b p",
    "vol-path a p; bogus",
    " ; ",
    "# nothing",
    "vol-path a p # vol-path b p",
    "vol-path a#b p",
    "vol-path 'a' \"p\"",
    "vol-path \"a\" 'p",
    "vol-path a\" b\" p",
    "vol-path 'a\\' p",
    "vol-path \"\\a\" p",
    "vol-path \\a p",
    "vol-path a p \\",
    "\tvol-path\ta\tp",
    "vol-path a p\nvol-path b p",
    "vol-path a \\\np",
    "echo 'a  b' c",
    "vol-path a p; quit; vol-path b p",
]

#: Words before the command.
WORDS = [
    ["--quiet", "vol-path", "a", "p"], ["--qui", "vol-path", "a", "p"], ["-rq", "vol-path", "a", "p"],
    ["-d4", "vol-path", "b", "p"], ["-d", "x", "pool-list"], ["-k", "x", "pool-list"], ["-z", "pool-list"], ["-qc"],
    ["--bogus", "pool-list"], ["--", "vol-path", "a", "p"], ["-k", "5", "-K", "5", "-e", "]", "vol-path", "a", "p"],
    ["vol-path", ";", "vol-path"], ["bogus"], ["-r", "vol-create-as", "p", "z", "1M"], ["-r", "vol-info", "a", "p"],
    ["-r", "vol-delete", "a", "p"], ["-r", "pool-destroy", "p"], ["-r", "pool-define-as", "z", "dir", "--target", "/z"],
    ["-r", "vol-create-as", "p", "z", "1M", "--print-xml"], ["-r", "pool-refresh", "p"],
]  # fmt: skip


class Pair:
    """virsh, and the program in its place; each with its own folder."""

    def __init__(self, virsh, site, scratch):
        self.sides = [(virsh, None, scratch / "left"), (site, "cistern", scratch / "ours")]
        for _, _, folder in self.sides:
            folder.mkdir()
            (folder / "v.xml").write_text("<volume><name>d</name><capacity>0</capacity></volume>")

    def __call__(self, *words):
        """What each prints, its folder taken out, and whether it succeeds."""
        found = []
        for runner, program, folder in self.sides:
            filled = [word.replace("@D@", str(folder)) for word in words]
            result = runner.run(program, *filled) if program else runner.run(*filled)
            # Where it fails, virsh prints an empty line.
            out = result.out if result.status == 0 else result.out.strip()
            for uuid in {line[-36:] for line in out.split("\n") if line.count("-") == 4 and len(line) >= 36}:
                out = out.replace(uuid, "@UUID@")
            found.append((out.replace(str(folder), "@D@"), result.status == 0))
        return found


@pytest.fixture
def pair(virsh, site, scratch):
    yield Pair(virsh, site, scratch)
    virsh.forget()


@pytest.mark.limit(300)
def test_quiet_leaves_out_what_virsh_leaves_out(pair):
    wrong = []
    for line in QUIET:
        theirs, ours = pair("-q", *line.split(" "))
        if theirs != ours:
            wrong.append((line, theirs, ours))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.limit(300)
def test_lines_and_options_before_the_command(pair):
    for line in UP:
        pair("-q", *line.split(" "))
    wrong = []
    for words in [[line] for line in LINES] + WORDS:
        theirs, ours = pair(*words)
        # A line that fails in between has an empty line of virsh's there.
        if [line for line in theirs[0].split("\n") if line] != [line for line in ours[0].split("\n") if line] or theirs[1] != ours[1]:
            wrong.append((words, theirs, ours))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.limit(300)
def test_what_differs_otherwise_does(pair):
    """Every entry of the list that no scenario has: one side takes it, the other does not."""
    for line in (*UP, "vol-create-as p o 1M --format qcow2 --backing-vol a --backing-vol-format raw"):
        pair("-q", *line.split(" "))
    for _, _, folder in pair.sides:
        (folder / "link").symlink_to(folder / "p")
        (folder / "data").write_bytes(b"no image".ljust(512))
    # Refused by one side, it changes nothing there; what deletes comes last.
    wrong = []
    for words, taken, reason in sorted(ELSEWHERE, key=lambda entry: entry[0][0] == "vol-delete"):
        theirs, ours = pair("-q", *words)
        if theirs[1] != taken or ours[1] == taken:
            wrong.append((words, reason, theirs, ours))
    assert not wrong, "\n".join(map(str, wrong))


def test_the_list_is_in_the_manual_page():
    page = (REPOSITORY / "man" / "cistern.7").read_text()
    part = page.split('BEGIN generated: differences', 1)[1].split('END generated', 1)[0]
    assert part.count(".It") == len(published()) and len(published()) > len(ALWAYS) + len(ELSEWHERE) + 20
    assert len({reason for *_, reason in ELSEWHERE}) == len(ELSEWHERE)
