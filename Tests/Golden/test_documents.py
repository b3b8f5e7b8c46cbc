"""What the documents say holds: pages and completions are current and complete, examples work when
pasted, JSON output is as its schemas say."""

import json
import re
import shutil
import subprocess

import pytest
from schemas import SCHEMAS, conforms
from tools import PROGRAMS, REPOSITORY, commands

# Schemas of what cannot be had everywhere: the tier that has it checks them.
ELSEWHERE = {"cistern.find-storage-pool-sources/1"}


def shell(site, folder, text):
    """Runs a script as a user would paste it, with the commands in PATH; stops at the first error."""
    surroundings = site.surroundings({"TMPDIR": str(folder)})
    surroundings["PATH"] = f"{PROGRAMS}:{surroundings['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=folder, env=surroundings, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("script", ["make-man", "make-completions", "make-pool-table"])
def test_generated_files_are_current(script):
    done = subprocess.run(
        [REPOSITORY / "scripts" / script, "--check", "--program", PROGRAMS / "cistern"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"run scripts/{script}:\n{done.stdout}{done.stderr}"


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


@pytest.mark.parametrize("tool", commands())
def test_examples_of_the_manual_page(tool, site, scratch):
    done = subprocess.run(
        [REPOSITORY / "scripts" / "make-man", "--examples", tool],
        check=True, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    result = shell(site, scratch, done.stdout)
    assert result.returncode == 0, f"{done.stdout}\n{result.stdout}{result.stderr}"
    assert "not found" not in result.stderr, result.stderr


def test_tour_of_the_readme(site, scratch):
    text = (REPOSITORY / "README.md").read_text()
    tour = re.search(r"(?ms)^## Tour$(.*?)^## ", text)[1]
    script = "\n".join(re.findall(r"(?ms)^```sh\n(.*?)^```$", tour))
    assert "pool-define-as" in script
    result = shell(site, scratch, script)
    assert result.returncode == 0, f"{script}\n{result.stdout}{result.stderr}"


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
        vol-create-as p s --source v --snap-on-start yes --save-on-stop no | vol-list p
        vol-info v p | vol-start v p | vol-start s p | vol-info v p | vol-info s p | vol-stop v p
        pool-uuid p | pool-dumpxml p | vol-path v p | vol-key v p | vol-dumpxml v p
        vol-name {scratch}/pool/v | vol-pool {scratch}/pool/v | pool-name @UUID@
        vol-revisions v p | vol-revert v 1 p | vol-revert v 9 p | vol-set v rw no p | vol-set v rw maybe p
        vol-set v rw yes p | vol-import v {image} p | vol-import v {image}x p | vol-resize v 8192 p
        vol-export v {scratch}/out p | vol-stop s p | vol-stop s p | vol-start v p | pool-check p
        vol-delete v p | vol-stop v p | vol-delete s p | vol-delete v p | vol-delete v p --if-exists
        pool-metrics | pool-metrics p | pool-health | pool-health --warning 0 --critical 100 | pool-health none
        pool-check p --repair | pool-destroy p | pool-delete p | pool-undefine p | pool-undefine p
        pool-info p | vol-info v | pool-list --nonsense | vol-create-as p
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
