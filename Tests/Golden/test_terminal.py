"""How commands look on a terminal, and that nobody else gets any of it."""

import subprocess

import pytest
from terminals import Terminal, plain
from tools import USAGE

LONG = "a/folder/whose/path/is/much/longer/than/any/window/that/somebody/would/open/on/a/screen"


@pytest.fixture
def images(site, scratch):
    """A started pool in a folder with a long path, with two volumes."""
    folder = scratch / LONG
    folder.mkdir(parents=True)
    site.ok("pool-define-as", "images", "dir", "--target", folder)
    site.ok("pool-build", "images")
    site.ok("pool-start", "images")
    site.ok("vol-create-as", "images", "disk1", "1M")
    site.ok("vol-create-as", "images", "漢字", "1M")
    return folder


def shown(site, columns, *line, **environment):
    """What a command shows in a window of that width, and its status."""
    argv = site.argv(*line)
    surroundings = site.surroundings({"TERM": "xterm", "LC_ALL": "C.UTF-8", **environment})
    with Terminal(argv, surroundings, columns=columns) as terminal:
        return terminal.rest()


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_tables_fit_the_window(columns, site, images):
    text, status = shown(site, columns, "vol-list", "images", "--details")
    assert status == 0
    lines = plain(text).splitlines()
    assert max(len(line) for line in lines) <= columns
    assert " disk1   " in text and "…" in text and "disk1   file" in text
    # Elsewhere nothing is cut, whatever the environment says of a window.
    out = site.ok("vol-list", "images", "--details", environment={"COLUMNS": "60"})
    assert f"{images}/disk1 " in out and "…" not in out


def test_colour_is_for_terminals_that_want_it(site, images):
    green = "\x1b[32mactive\x1b[0m"
    assert green in shown(site, 80, "pool-list")[0]
    for variable in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"CLICOLOR": "0"}):
        text, _ = shown(site, 80, "pool-list", **variable)
        assert "\x1b" not in text and "active" in text
    assert "\x1b" not in site.ok("pool-list", environment={"TERM": "xterm"})
    assert green in site.ok("pool-list", environment={"FORCE_COLOR": "1"})
    text, status = shown(site, 80, "pool-info", "imags")
    assert status == 4 and text.startswith("\x1b[31mpool-info:\x1b[0m failed to get pool 'imags'")


def test_a_document_is_never_coloured(site, images):
    text, _ = shown(site, 80, "pool-list", "--json")
    assert "\x1b" not in text


def test_names_ended_by_null_bytes(site, images):
    """For xargs -0: names as they are, nothing else."""
    assert site.run("vol-list", "images", "-0").data == "disk1\0漢字\0".encode()
    assert site.run("vol-list", "images", "--null").out == site.run("vol-list", "images", "-0").out
    assert site.run("pool-list", "--all", "-0").out == "images\0"
    uuid = site.pool("images")["uuid"]
    assert site.run("pool-list", "-0", "--uuid").out == f"{uuid}\0"
    assert site.run("pool-list", "--inactive", "--autostart", "-0").out == ""
    site.ok("vol-set", "disk1", "revisions_to_keep", "2", "--pool", "images")
    assert site.run("vol-revisions", "disk1", "images", "-0").out == ""
    site.ok("vol-start", "disk1", "images")
    site.ok("vol-stop", "disk1", "images")
    assert site.run("vol-revisions", "disk1", "images", "-0").out == "1\0"
    done = subprocess.run(
        ["xargs", "-0", "-I{}", str(site.programs / "vol-path"), "{}", "images"],
        input=site.run("vol-list", "images", "-0").data, env=site.surroundings(), capture_output=True,
        check=True, timeout=30,
    )  # fmt: skip
    assert done.stdout.decode().split() == [f"{images}/disk1", f"{images}/漢字"]


@pytest.mark.parametrize("other", ["--json", "--details"])
def test_null_ended_names_stand_alone(other, site, images):
    for line in (["vol-list", "images"], ["pool-list"]):
        result = site.run(*line, "-0", other)
        assert result.status == USAGE and not result.out
        assert f"Options --null and {other} are mutually exclusive" in result.err


def test_a_refused_edit_can_go_on(site, scratch):
    """pool-edit asks what to do about a text that is refused, until the user has said it."""
    site.ok("pool-define-as", "p", "dir", "--target", scratch / "p")
    editor = scratch / "editor"
    # The first time it breaks the document, the second time it puts it right and changes the path.
    editor.write_text(
        "#!/bin/sh\nif grep -q '<nam>' \"$1\"; then sed -i 's,nam>,name>,;s,/p<,/q<,' \"$1\"\n"
        "else sed -i 's,<name>,<nam>,' \"$1\"; fi\n"
    )
    editor.chmod(0o755)
    surroundings = site.surroundings({"TERM": "dumb", "EDITOR": str(editor), "TMPDIR": str(scratch)})
    for keys, status in (("n", 65), ("y", 0)):
        with Terminal(site.argv("pool-edit", "p"), surroundings) as terminal:
            asked = terminal.read(until="[y,n,f,?]: ")
            assert asked.startswith("pool-edit: edited text:2:"), asked
            terminal.type("?\n")
            assert "start editor again" in terminal.read(until="[y,n,f,?]: ")
            terminal.type(f"{keys}\n")
            text, ended = terminal.rest()
        assert ended == status, text
        assert ("edited." in text) == (status == 0)
        assert not list(scratch.glob("cistern-*")), "the edited text stays"
    assert site.pool("p")["path"] == f"{scratch}/q"


def test_an_edit_can_be_forced(site, scratch):
    site.ok("pool-define-as", "p", "dir", "--target", scratch / "p")
    document = site.root / "etc/cistern/pools/p.xml"
    editor = scratch / "editor"
    editor.write_text(f"#!/bin/sh\nsed -i 's,/p<,/q<,' \"$1\"\nsed -i 's,/p<,/r<,' {document}\n")
    editor.chmod(0o755)
    surroundings = site.surroundings({"TERM": "dumb", "EDITOR": str(editor), "TMPDIR": str(scratch)})
    with Terminal(site.argv("pool-edit", "p"), surroundings) as terminal:
        assert "was changed by another user" in terminal.read(until="[y,n,f,?]: ")
        terminal.type("f\n")
        text, status = terminal.rest()
    assert status == 0 and "edited." in text
    assert site.pool("p")["path"] == f"{scratch}/q"


def test_the_keyboard_stops_the_editor_and_not_the_command(site, scratch):
    site.ok("pool-define-as", "p", "dir", "--target", scratch / "p")
    surroundings = site.surroundings({"TERM": "dumb", "EDITOR": "sh -c 'exec sleep 60'", "TMPDIR": str(scratch)})
    with Terminal(site.argv("pool-edit", "p"), surroundings) as terminal:
        while not list(scratch.glob("cistern-*/pool.xml")):
            terminal.read()
        terminal.read()
        terminal.type("\x03")
        text, status = terminal.rest()
    assert status == 1 and "the editor ended with status 130" in text, text
    assert not list(scratch.glob("cistern-*"))
