"""What the documents say holds: pages and completions are current and complete, examples work when
pasted, JSON output is as its schemas say."""

import json
import re
import shutil
import subprocess

import pytest
import sessions
from schemas import SCHEMAS, conforms
from sessions import shell
from tools import PROGRAMS, REPOSITORY

# Schemas of what cannot be had everywhere: the tier that has it checks them.
ELSEWHERE = {"cistern.find-storage-pool-sources/1"}
# Written only when something happens; test_events.py checks it.
ELSEWHERE |= {"cistern.pool-event/1"}
# What commands and driver processes say to each other; the real tier's test_drivers.py checks it.
ELSEWHERE |= {"cistern.driver/1"}
# Kept in a file; the real tier's test_log.py checks it.
ELSEWHERE |= {"cistern.log/1"}


@pytest.mark.parametrize("script", ["make-man", "make-completions", "make-pool-table"])
def test_generated_files_are_current(script):
    done = subprocess.run(
        [REPOSITORY / "scripts" / script, "--check", "--program", PROGRAMS / "cistern"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"run scripts/{script}:\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("script", ["make-pictures", "make-version"])
def test_files_made_from_documents_are_current(script):
    done = subprocess.run(
        [REPOSITORY / "scripts" / script, "--check"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", sorted(path.name for path in (REPOSITORY / "man").glob("*.[1-9]")))
def test_manual_pages_are_well_formed(page):
    if not shutil.which("mandoc"):
        pytest.skip("needs mandoc")
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", REPOSITORY / "man" / page],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "shell_name, file", [("bash", "bash/cistern"), ("zsh", "zsh/_cistern"), ("fish", "fish/cistern.fish")]
)
def test_completions_parse(shell_name, file):
    if not shutil.which(shell_name):
        pytest.skip(f"needs {shell_name}")
    subprocess.run([shell_name, "-n", REPOSITORY / "completions" / file], check=True, timeout=30)


def blocks(path, kind):
    """The fenced blocks of a kind, each with the heading that it stands under."""
    found, heading, block = [], "", None
    for line in path.read_text().splitlines():
        if block is None and line.startswith("#"):
            heading = line.lstrip("# ")
        if line == f"```{kind}":
            block = []
        elif line == "```" and block is not None:
            found.append((heading, "\n".join(block)))
            block = None
        elif block is not None:
            block.append(line)
    return found


DOCUMENTS = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
# Blocks of shell lines that no test runs, with the reason.
NOT_RUN = {
    ("README.md", "Two commands to start"): "release build and the whole of the tests",
    ("CONTRIBUTING.md", "Build"): "builds and the whole of the tests",
    ("guest.md", "The guest"): "installs packages and boots guests, as the guest tier does",
}
RUN = {("README.md", heading) for heading in ("Tour", "If you know virsh", "If you know Qubes OS")}


def test_tour_of_the_readme(site, scratch):
    script = "\n".join(text for heading, text in blocks(REPOSITORY / "README.md", "sh") if ("README.md", heading) in RUN)
    assert "pool-define-as" in script
    result = shell(site, scratch, script)
    assert result.returncode == 0, f"{script}\n{result.stdout}{result.stderr}"


def test_the_session_that_the_readme_opens_with(site, scratch):
    assert sessions.check(site, scratch, sessions.script("--marked", "README.md")) > 6


def test_the_commands_of_the_readme_for_users_of_other_tools(site, scratch):
    """The last column of the table, in its order, on the pool of the session; what the others would type is not ours to run."""
    table = (REPOSITORY / "README.md").read_text().split("## You know another tool")[1].split("\n\n")[1]
    typed = [re.findall(r"`([^` ]+ [^`]+)`", row.split("|")[3]) for row in table.splitlines()[2:]]
    assert len(typed) > 25 and all(typed), typed
    lines = [sessions.script("README.md"), "truncate --size=1G disk.raw", *(line for row in typed for line in row)]
    result = shell(site, scratch, "\n".join(lines))
    assert result.returncode == 0, f"{result.stdout}{result.stderr}"


def test_each_block_of_shell_lines_is_run_or_is_known_not_to_be():
    there = {(path.name, heading) for path in DOCUMENTS for heading, _ in blocks(path, "sh")}
    assert there == RUN | set(NOT_RUN)


def test_what_is_not_run_names_things_that_are_there():
    """Targets of make, scripts and their options."""
    targets = re.findall(r"(?m)^([a-z-]+):", (REPOSITORY / "Makefile").read_text())
    lines = [
        line.split("#")[0].split()
        for path in DOCUMENTS for heading, text in blocks(path, "sh") if (path.name, heading) in NOT_RUN
        for line in text.splitlines()
    ]  # fmt: skip
    assert len(lines) > 8
    for words in lines:
        if words[0] == "make":
            assert words[1] in targets, words
        elif words[0].startswith("scripts/"):
            text = (REPOSITORY / words[0]).read_text()
            for word in words[1:]:
                assert not word.startswith("--") or word == "--" or word in text, words


def test_the_hosted_workflow_runs_what_ci_runs():
    text = (REPOSITORY / ".github/workflows/check.yml").read_text()
    assert re.findall(r"(?m)^ *- run: (.*)$", text) == [".ci/run"]
    assert "make check" in (REPOSITORY / ".ci/run").read_text()


def test_each_document_shown_is_as_its_schema_says():
    shown = [text for path in DOCUMENTS for _, text in blocks(path, "json")]
    assert shown
    for text in shown:
        for line in text.splitlines() if text.startswith('{"schema"') else [text]:
            conforms(line + "\n")


def test_documents_conform_to_their_schemas(site, scratch):
    """Every --json output of a life of a pool, refusals included; every schema is met at least once."""
    image = scratch / "image"
    image.write_bytes(b"x" * 4096)
    secret = scratch / "secret"
    secret.write_text("<secret><uuid>5d2c4a3e-9b1f-4c55-8d0a-6f7e1a2b3c4d</uuid></secret>")
    seen = set()
    lines = f"""
        secret-define {secret} | secret-list | secret-dumpxml 5d2c4a3e-9b1f-4c55-8d0a-6f7e1a2b3c4d
        secret-set-value 5d2c4a3e-9b1f-4c55-8d0a-6f7e1a2b3c4d --file {image} --plain
        secret-undefine 5d2c4a3e-9b1f-4c55-8d0a-6f7e1a2b3c4d | secret-undefine none
        pool-define-as p dir --target {scratch}/pool --revisions-to-keep 2
        pool-capabilities | pool-info p | pool-build p | pool-start p | pool-start p | pool-list --all | pool-info p
        pool-autostart p | pool-refresh p | vol-list p | vol-create-as p v 4096 | vol-create-as p v 4096
        vol-create-as p v 4096 --if-not-exists | vol-create-as p v 8192 --if-not-exists
        vol-create-as p s --source v --snap-on-start yes --save-on-stop no | vol-list p | vol-list | vol-tree
        vol-info v p | vol-start v p | vol-start s p | vol-info v p | vol-info s p | vol-stop v p
        pool-uuid p | pool-dumpxml p | vol-path v p | vol-key v p | vol-dumpxml v p
        vol-name {scratch}/pool/v | vol-pool {scratch}/pool/v | pool-name @UUID@
        vol-revisions v p | vol-revert v 1 p | vol-revert v 9 p | vol-set v rw no p | vol-set v rw maybe p
        vol-set v rw yes p | vol-import v {image} p | vol-import v {image}x p | vol-resize v 8192 p
        vol-export v {scratch}/out p | vol-stop s p | vol-stop s p | vol-start v p | pool-check p
        vol-delete v p | vol-stop v p | vol-delete s p | vol-delete v p | vol-delete v p --if-exists
        pool-metrics | pool-metrics p | pool-health | pool-health --warning 0 --critical 100 | pool-health none
        pool-check p --repair | pool-destroy p | pool-delete p | pool-undefine p | pool-undefine p
        pool-event --list | pool-info p | vol-info v | pool-list --nonsense | vol-create-as p
    """
    for line in filter(None, (part.strip() for part in re.split(r"[\n|]", lines))):
        if "@UUID@" in line:
            line = line.replace("@UUID@", site.pool("p")["uuid"])
        result = site.run(*line.split(" "), "--json")
        # pool-health has statuses of its own: its 1 and 2 are answers, its 3 is an error.
        answers = (0, 1, 2) if line.startswith("pool-health") else (0, 2)
        text = result.out if result.status in answers else result.err
        if result.status == 64:
            continue
        try:
            seen.add(conforms(text))
        except (AssertionError, ValueError) as error:
            raise AssertionError(f"{line} --json: {error}\n{text}") from error
        if result.status not in answers:
            assert json.loads(text)["status"] == result.status, line
            assert result.out == "", line
    names = {json.loads(path.read_text())["title"] for path in SCHEMAS.glob("*.json")}
    assert seen | ELSEWHERE == names
