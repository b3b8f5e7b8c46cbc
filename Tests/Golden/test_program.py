"""The program by its own name: what it says to words that it does not know, and what it does with several commands."""

import json
import os
import re
import signal
import subprocess
import time

import pytest
from tools import BAD_DATA, FORBIDDEN, NOT_FOUND, UNSUPPORTED, USAGE, commands

LIST = "Did you mean 'pool-list'?"


@pytest.mark.parametrize(
    "words, hint",
    [
        ("pool-stop p", "Did you mean 'pool-destroy'?"),
        ("pool stop p", "Did you mean 'pool-destroy'?"),
        ("volume stop p", "Did you mean 'vol-stop'?"),
        ("vol-remove x", "Did you mean 'vol-delete'?"),
        ("vol-rm x", "Did you mean 'vol-delete'?"),
        ("pool-rm x", "Did you mean 'pool-delete'?"),
        ("rm-vol x", "Did you mean 'vol-delete'?"),
        ("vol-show x", "Did you mean 'vol-info'?"),
        ("pool-status x", "Did you mean 'pool-info'?"),
        ("vol-ls p", "Did you mean 'vol-list'?"),
        ("ls-pools", LIST),
        ("pools", LIST),
        ("vol-copy a b", "Did you mean 'vol-clone'?"),
        ("vol-cp a b", "Did you mean 'vol-clone'?"),
        ("vol-backup a", "Did you mean 'vol-export'?"),
        ("vol-restore a", "Did you mean 'vol-import'?"),
        ("vol-new a", "Did you mean 'vol-create-as'?"),
        ("pool-add a", "Did you mean 'pool-create-as'?"),
        ("vol-grow a", "Did you mean 'vol-resize'?"),
        ("pool-grow a", "Did you mean 'pool-extend'?"),
        ("vol-undo a", "Did you mean 'vol-revert'?"),
        ("vol-snapshots a", "Did you mean 'vol-revisions'?"),
        ("secret-rm a", "Did you mean 'secret-undefine'?"),
        ("vol-mv a b", "Did you mean 'vol-rename'?"),
        ("volume rename a b", "Did you mean 'vol-rename'?"),
        ("pool-rename a b", "A pool cannot be renamed: define it under the other name after pool-undefine."),
        ("vol-zero a", "Did you mean 'vol-clear'?"),
        ("vol-shred a", "Did you mean 'vol-wipe'?"),
        ("pool-lst", LIST),
        ("pool-infoo x", "Did you mean 'pool-info'?"),
        # By its spelling alone a command that changes something is never meant.
        ("vol-delet x", None),
        ("pool-strat x", None),
        ("vol-wip x", None),
        ("net-list", None),
        ("start vm", None),
        ("--quite pool-list", "Did you mean '--quiet'?"),
        ("-x pool-list", None),
    ],
)
def test_what_an_unknown_word_means(words, hint, site):
    result = site.run("cistern", *words.split())
    assert result.status == USAGE and result.out == ""
    lines = result.err.splitlines()
    first = words.split()[0]
    error = f"unsupported option '{first}'" if first.startswith("-") else f"unknown command: '{first}'"
    assert (lines[0], lines[-1]) == (f"cistern: {error}", "Try 'cistern --help' for a list.")
    assert lines[1:-1] == ([hint] if hint else [])


def test_pool_list_in_two_words(site):
    assert site.ok("cistern", "pool", "list", "--all") == site.ok("pool-list", "--all")


def test_a_connection_is_ignored_and_said_once(site):
    first = site.run("cistern", "-c", "qemu:///system", "pool-list; pool-list")
    assert first.status == 0
    assert first.err == (
        "pool-list: warning: --connect is ignored: there is no daemon, and these are the pools of this user\n"
    )
    for uri in ("qemu:///session", "qemu+unix:///system?socket=/x", "xen:///", "test:///default", "", "qemu://localhost/system"):
        result = site.run("cistern", f"--connect={uri}", "pool-list")
        assert (result.status, result.err) == (0, "")


@pytest.mark.parametrize("uri", ["qemu+ssh://host/system", "qemu+ssh:///system", "qemu://host/system", "xen+tls://me@host:99/"])
def test_another_machine_is_refused(uri, site):
    words = f"cistern: connection '{uri}': leads to another machine; only the pools of this one can be reached\n"
    for line in (["-c", uri, "pool-list"], [f"--connect={uri}", "pool-list"], [f"connect {uri}"]):
        result = site.run("cistern", *line)
        assert result.status == UNSUPPORTED and result.err.startswith(words) and result.out == ""


def test_a_log_is_kept_of_changes_only(site, scratch):
    log = scratch / "log"
    site.ok("cistern", "-l", log, "pool-list")
    assert not log.exists()
    site.ok("cistern", "-l", log, "pool-define-as", "logged", "dir", "--target", scratch / "logged")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert lines[-1]["command"] == "pool-define-as" and lines[-1]["pool"] == "logged" and lines[-1]["changed"]
    site.ok("pool-undefine", "logged")


@pytest.mark.parametrize(
    "words, error",
    [
        (["-c"], "option '-c' needs a value"),
        (["--connect"], "option '--connect' needs a value"),
        (["--quiet=1"], "option '--quiet' takes no value"),
        (["--debug", "x"], "--debug 'x' is not a number"),
        (['vol-info "a'], 'missing "'),
        (["vol-info a\\"], "dangling \\"),
    ],
)
def test_lines_that_cannot_be_understood(words, error, site):
    result = site.run("cistern", *words)
    assert (result.status, result.err.splitlines()[0]) == (USAGE, f"cistern: {error}")


def test_only_reading_is_allowed(site, scratch):
    site.ok("pool-define-as", "p", "dir", "--target", scratch / "p")
    site.ok("pool-define-as", "q", "dir", "--target", scratch / "q")
    site.ok("pool-start", "q", "--build")
    site.ok("vol-create-as", "q", "v", "1M")
    for line in (
        "pool-build p", "pool-start p", "pool-undefine p", "pool-autostart p", "pool-check q --repair",
        "vol-revisions v --pool q --delete 1", "vol-revisions v --pool q --pin 1",
    ):  # fmt: skip
        tool = line.split()[0]
        result = site.run("cistern", "--readonly", line)
        assert (result.status, result.err) == (
            FORBIDDEN, f"{tool}: operation forbidden: read only access prevents {tool}\n",
        )  # fmt: skip
    for line in (
        "pool-info p", "pool-build p --dry-run", "pool-define-as r dir --target /r --print-xml", "pool-check q",
        "vol-revisions v --pool q",
    ):  # fmt: skip
        site.ok("cistern", "-r", line)
    assert not (scratch / "p").exists()


def feed(site, text, *words):
    return site.run("cistern", *words, stdin=text.encode())


def test_commands_on_standard_input(site, scratch):
    script = f"""# as for virsh
connect qemu:///system
pool-define-as p dir --target '{scratch}/p'
pool-start p --build; vol-create-as p "a b" 1M
cd {scratch}
pwd
vol-upload 'a b' - p
"""
    # What follows the line of a command that reads standard input is that command's.
    result = feed(site, script + "content", "--quiet")
    assert (result.status, result.err, result.out) == (0, "", f"{scratch}\n")
    assert (scratch / "p" / "a b").read_bytes().startswith(b"content\0")


def test_the_last_command_has_the_status(site):
    for text, status in (
        ("pool-info nope\npool-list\n", 0), ("pool-list\npool-info nope\n", NOT_FOUND), ("pool-list\nbogus\n", USAGE),
        ("bogus\npool-list\n", 0), ("pool-info nope\nquit\npool-list\n", NOT_FOUND), ("\n\n", 0),
        ("pool-info nope", NOT_FOUND), ("pool-list; quit; pool-info nope", 0),
    ):  # fmt: skip
        assert feed(site, text, "-q").status == status, text
    assert site.run("cistern", "pool-info nope; pool-list").status == 0
    assert site.run("cistern", "pool-list; pool-info nope").status == NOT_FOUND


def test_nothing_at_all_shows_what_there_is_to_who_sits_there(site):
    main, terminal = os.openpty()
    with os.fdopen(main, "rb"), os.fdopen(terminal, "rb") as keyboard:
        result = site.run("cistern", stdin=keyboard)
    assert result.status == USAGE and result.out.startswith("Usage: cistern ")


def test_a_line_has_an_end(site):
    result = feed(site, "echo a\n" + "x" * (1 << 20) + "\n", "-q")
    assert (result.status, result.out) == (BAD_DATA, "a\n")
    assert result.err == "cistern: standard input: has a line of more than 1 MiB\n"


def test_times_are_told(site):
    lines = site.ok("cistern", "-q", "-t", "pool-list; pool-list").splitlines()
    assert sum(line.startswith("(Time: ") and line.endswith(" ms)") for line in lines) == 2


def waiting(site, line):
    """The program, and the process of its command that waits for standard input."""
    running = site.start("cistern", line, stdin=subprocess.PIPE)
    for _ in range(100):
        found = subprocess.run(["pgrep", "-P", str(running.pid)], capture_output=True, text=True, check=False).stdout.split()
        if found:
            time.sleep(0.2)
            return running, int(found[0])
        time.sleep(0.05)
    raise AssertionError("no command was started")


def test_a_signal_ends_the_line(site, scratch):
    """A command that is stopped stops those after it; whoever started the program learns of the signal."""
    running, child = waiting(site, f"pool-define -; pool-define-as p dir --target {scratch}/p")
    os.kill(child, signal.SIGINT)
    assert running.wait(timeout=20) == -signal.SIGINT
    assert "p" not in site.ok("pool-list", "--all", "--name").split()


def test_a_command_ends_with_the_program(site):
    running, child = waiting(site, "pool-define -; pool-list")
    running.terminate()
    assert running.wait(timeout=20) == -signal.SIGTERM
    for _ in range(100):
        if not os.path.exists(f"/proc/{child}"):
            return
        time.sleep(0.05)
    raise AssertionError("the command goes on")


def test_no_commands_on_standard_input_are_no_error(site):
    for given in (b"", b"\n", b"# nothing\n"):
        result = site.run("cistern", stdin=given)
        assert (result.status, result.out, result.err) == (0, "", "")


def test_the_time_is_told_in_milliseconds(site):
    out = site.ok("cistern", "-t", "pool-list")
    assert re.search(r"(?m)^\(Time: \d+\.\d{3} ms\)$", out), out


def test_a_size_with_a_line_end_is_none(site, scratch):
    """It was read from a file, of which there may be more."""
    site.ok("pool-define-as", "p", "dir", "--target", scratch / "p")
    site.ok("pool-start", "p", "--build")
    for size in ("1M\n", "1\tM"):
        site.refused(USAGE, "vol-create-as", "p", "v", size, words="Malformed size")
    site.ok("vol-create-as", "p", "v", "1M")
    site.refused(USAGE, "vol-resize", "v", "2M\n", "--pool", "p", words="Malformed size")


@pytest.mark.parametrize("variable", ["LIBVIRT_DEFAULT_URI", "VIRSH_DEFAULT_CONNECT_URI"])
def test_a_connection_elsewhere_by_a_variable_is_refused(site, variable):
    for line, stdin in ((["pool-list"], b""), ([], b"pool-list\n")):
        result = site.run("cistern", *line, stdin=stdin, environment={variable: "qemu+ssh://host/system"})
        assert (result.status, result.out) == (UNSUPPORTED, ""), result
        assert f"cistern: {variable} 'qemu+ssh://host/system': leads to another machine" in result.err
        assert result.err.splitlines()[1] == "Run the command there, by ssh; for the pools of this machine say --connect ''."
    site.ok("cistern", "--connect", "", "pool-list", environment={variable: "qemu+ssh://host/system"})
    site.ok("cistern", "pool-list", environment={variable: "qemu:///system"})
    # The commands by their own names are no virsh.
    site.ok("pool-list", environment={variable: "qemu+ssh://host/system"})


def test_help_is_by_topic(site):
    overview = site.ok("cistern", "help")
    assert overview == site.ok("cistern", "--help")
    topics = overview.split("Topics: ")[1].strip().split(", ")
    assert "life-cycle" in topics
    seen = []
    for topic in topics:
        text = site.ok("cistern", "help", topic)
        assert text.splitlines()[0] in overview.splitlines(), topic
        examples = text.split("\nExamples:\n")[1].split("\n\n")[0].splitlines()
        seen += [line.split()[0] for line in examples]
    assert sorted(seen) == sorted(commands())
    assert site.ok("cistern", "help", "vol-start") == site.ok("vol-start", "--help")
    site.refused(USAGE, "cistern", "help", "nonsense", words="unknown command: 'nonsense'")


def test_the_version_is_a_word_too(site):
    assert site.ok("cistern", "version") == site.ok("cistern", "--version")


def test_the_lines_to_start_with_work(site, scratch):
    lines = site.ok("cistern", "help").split("Start here:\n")[1].split("\n\n")[0].splitlines()
    assert len(lines) == 4
    for line in lines:
        site.ok(*line.replace("/srv", str(scratch)).split())
