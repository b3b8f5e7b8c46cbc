"""The options of all commands together: one name, one meaning, and help on one screen."""

import json
import os
import re
import subprocess
from collections import defaultdict

import pytest
import sessions
from tools import PROGRAMS, REPOSITORY, commands

HERE = REPOSITORY / "Tests" / "Golden"
# docs/options.md tells kinds of value apart only as far as a name's meaning goes.
FAMILIES = {"pool-uuid": "pool", "volume-path": "volume", "words": "word"}
SCREEN = (24, 80)


@pytest.fixture(scope="module")
def described():
    """What the program says of its commands, by name."""
    done = subprocess.run(
        [PROGRAMS / "cistern", "--describe-commands"], check=True, capture_output=True, timeout=30
    )
    return {command["name"]: command for command in json.loads(done.stdout)["commands"]}


def takes(parameter):
    """What an option takes, in a word of docs/options.md."""
    return FAMILIES.get(parameter["value"], parameter["value"]) or "flag"


def rows(title):
    """The cells of a table of docs/options.md; `title` begins the text that the table stands in."""
    text = (REPOSITORY / "docs" / "options.md").read_text()
    part = text[text.index(title) :].removeprefix(title).split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_one_name_means_one_thing(described):
    """Every option of every command has its row, with what it takes; no row is left over."""
    meanings = {name.strip("`"): kind for name, kind, _ in rows("# Options")}
    assert len(meanings) == len(rows("# Options")), "an option has two rows"
    twice = {(name.strip("`"), tool): kind for name, kind, tool, _ in rows("## Two meanings")}
    # Only what virsh has forced; a further one is a mistake.
    assert {name for name, _ in twice} == {"ephemeral", "inactive", "name"}
    used = defaultdict(set)
    for tool, command in described.items():
        for parameter in command["parameters"]:
            name, kind = parameter["name"], takes(parameter)
            if (name, tool) in twice:
                assert kind == twice.pop((name, tool)), f"{tool} --{name} takes a {kind}"
                continue
            assert name in meanings, f"{tool} --{name}: say what it means in docs/options.md"
            used[name].add(kind)
            assert kind == meanings[name], (
                f"{tool} --{name} takes a {kind}; elsewhere a {meanings[name]}: use another name"
            )
    assert not twice, f"rows of docs/options.md without an option: {twice}"
    assert set(meanings) == set(used), f"rows without an option: {set(meanings) - set(used)}"


def test_every_option_with_its_meaning(described):
    """The list of all options, for the eye of whoever changes one; `make golden-update` writes it."""
    lines = defaultdict(set)
    for tool, command in described.items():
        for parameter in command["parameters"]:
            lines[parameter["name"], takes(parameter), parameter["help"]].add(tool)
    text = ""
    for (name, kind, meaning), tools in sorted(lines.items()):
        where = "every command" if tools == set(described) else " ".join(sorted(tools))
        text += f"--{name}  {kind}  {meaning}  [{where}]\n"
    file = HERE / "options.txt"
    if os.environ.get("CISTERN_GOLDEN_UPDATE") == "1":
        file.write_text(text)
    assert text == file.read_text(), "run make golden-update and look at what changed"


def test_every_value_says_what_it_is(described):
    """Completion and hints go by it."""
    for tool, command in described.items():
        for parameter in command["parameters"]:
            assert parameter["value"] != "unknown", (
                f"{tool} --{parameter['name']}: its placeholder {parameter['placeholder']} says "
                "nothing; give it a ValueKind"
            )


def test_lists_are_for_programs_too(described):
    """Every command that lists things prints bare names for xargs -0 as well."""
    for tool, command in described.items():
        if tool.endswith(("-list", "-revisions")):
            names = {parameter["name"] for parameter in command["parameters"]}
            assert "null" in names, f"{tool} lacks .null"


@pytest.mark.parametrize("tool", commands())
def test_help_fits_one_screen(tool, site):
    """It fits, and ends with an example and the page's name; the example is run with the page's."""
    out = site.ok(tool, "--help")
    lines = out.splitlines()
    assert len(lines) <= SCREEN[0], f"{len(lines)} lines: make options .rare, or say it shorter"
    assert all(len(line) < SCREEN[1] for line in lines)
    assert lines[-1] == f"Manual page: {tool}(8)"
    match = re.fullmatch(r"Example: (.+)", lines[-2])
    assert match, lines[-2]
    page = sessions.script(tool) + sessions.script("--devices", tool)
    # The page works below a private root, the help as on a real machine.
    wanted = match[1].replace("/srv/", "$CISTERN_ROOT/")
    assert wanted in page, f"the page's examples have no line {wanted!r}:\n{page}"


@pytest.mark.parametrize(
    "line, status, hint",
    [
        ("pool-info defualt", 4, "Did you mean 'default'?"),
        ("pool-info defa", 4, "Did you mean 'default'?"),
        ("pool-info Default", 4, "Did you mean 'default'?"),
        ("pool-info nothing-like-it", 4, None),
        ("pool-info default --byts", 64, "Did you mean '--bytes'?"),
        ("pool-info default -bytes", 64, "Did you mean '--bytes'?"),
        ("pool-info default --zzz", 64, None),
        ("vol-info dis1 --pool images", 4, "Did you mean 'disk1'?"),
        ("vol-info disk1 --pool image", 4, "Did you mean 'images'?"),
        ("vol-set disk1 save-on-stop no --pool images", 64, "Did you mean 'save_on_stop'?"),
        ("pool-list --type dirr", 64, None),
        # By what it means.
        ("pool-define-as new lvm", 64, "Did you mean 'logical'?"),
        ("pool-define-as new nfs --target /srv", 64, "Did you mean 'netfs'?"),
        # The pool that has it.
        ("vol-info disk1", 4, "Try: vol-info disk1 --pool images"),
        ("vol-info dis1", 4, "Did you mean 'disk1'?"),
        ("vol-info nothing-like-it", 4, None),
        ("pool-start default", 4, "Try: pool-build default"),
        ("pool-define-as new netsf --target /srv", 64, "Did you mean 'netfs'?"),
        ("cistern pool-lst", 64, "Did you mean 'pool-list'?"),
    ],
)
def test_mistyped_words(line, status, hint, site, scratch):
    """What was probably meant is asked for, on a line of its own; in JSON it is the hint."""
    site.ok("pool-define-as", "images", "dir", "--target", scratch / "images")
    site.ok("pool-build", "images")
    site.ok("pool-start", "images")
    site.ok("vol-create-as", "images", "disk1", "1M")
    tool, *words = line.split()
    result = site.run(tool, *words)
    assert result.status == status, str(result)
    lines = result.err.splitlines()
    assert [text for text in lines if text.startswith(("Did you mean", "Try: "))] == ([hint] if hint else [])
    if tool != "cistern":
        document = json.loads(site.run(tool, *words, "--json").err)
        # A line that is advised has all words of the one that was given.
        assert (document["hint"] or "").replace(" --json", "") == (hint or "")
