"""What manual pages show of a session, compared with what is printed."""

import json
import re
import subprocess

from tools import PROGRAMS, REPOSITORY

MARK = "\x1e"
MAN = REPOSITORY / "man"
#: What stands before a block that the golden tier cannot run.
NEEDS_DEVICES = '\n.\\" needs devices\n'
#: What differs from run to run and from machine to machine, by the command that prints it: as it is compared.
VARYING = [
    ("", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
    ("", r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+0000)", "TIME"),
    ("", r"<([abcm]time|owner|group)>[0-9.]+<", r"<\1>NUMBER<"),
    ("pool-metrics", r'version="[0-9.]+"', 'version="VERSION"'),
    ("pool-info", r"^(Capacity|Allocation|Available): .*", r"\1: SIZE"),
    ("pool-dumpxml", r"<(capacity|allocation|available) unit='bytes'>\d+<", r"<\1>SIZE<"),
    ("pool-health", r"\d+ ?%", "SHARE"),
]


def sources():
    """The text of each page as it is written, by its name."""
    return {path.stem: path.read_text() for path in [*(MAN / "src").glob("*.in"), *MAN.glob("*.[57]")]}


def script(*arguments):
    """A page's examples as scripts/make-man takes them out."""
    return subprocess.run(
        [REPOSITORY / "scripts" / "make-man", "--examples", *arguments],
        check=True, capture_output=True, text=True, timeout=60,
    ).stdout  # fmt: skip


def shell(site, folder, text, seconds=60):
    """Runs a script as a user would paste it, with the commands in PATH; stops at the first error."""
    surroundings = site.surroundings({"TMPDIR": str(folder)})
    surroundings["PATH"] = f"{PROGRAMS}:{surroundings['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=folder, env=surroundings, capture_output=True, text=True, timeout=seconds, check=False,
    )  # fmt: skip


def comparable(text, command, root):
    """Lines with the private root by its name, what varies as one word, runs of blanks and dashes as one."""
    if root:
        text = text.replace(root, "$CISTERN_ROOT")
    for tool, pattern, word in VARYING:
        if tool in command:
            text = re.sub(f"(?m){pattern}", word, text)
    text = re.sub(r"-{9,}", "---", re.sub(r"[ \t]+", " ", text))
    return [line.strip() for line in text.splitlines() if line.strip()]


def matches(printed, shown):
    """Whether lines are as shown, where `...` stands for anything: in a line of its own for any number of lines."""
    if not shown:
        return not printed
    if shown[0] == "...":
        return any(matches(printed[skipped:], shown[1:]) for skipped in range(len(printed) + 1))
    pattern = ".*".join(re.escape(part) for part in shown[0].split("..."))
    return bool(printed) and bool(re.fullmatch(pattern, printed[0])) and matches(printed[1:], shown[1:])


def check(site, folder, text, seconds=60):
    """Runs a marked script to its end and compares what each command printed with what is shown.

    Returns how many outputs were compared."""
    result = shell(site, folder, text + '\nprintf "\\036root %s\\n" "${CISTERN_ROOT:-}"\n', seconds)
    assert result.returncode == 0, f"{text}\n{result.stdout}{result.stderr}"
    assert "not found" not in result.stderr, result.stderr
    root = re.search(rf"(?m)^{MARK}root (.*)$", result.stdout)[1]
    runs = re.findall(rf"(?ms)^{MARK}begin\n(.*?){MARK}(\{{.*?\}})$", result.stdout)
    for printed, told in runs:
        told = json.loads(told)
        command = told["command"]
        is_to_be = comparable("\n".join(told["shown"]), command, root)
        came = comparable(printed, command, root)
        assert matches(came, is_to_be), f"$ {command}\n" + "\n".join(came) + "\n--- shown:\n" + "\n".join(is_to_be)
    return sum(bool(json.loads(told)["shown"]) for _, told in runs)
