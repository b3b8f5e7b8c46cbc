"""The examples that are installed do what they say, the second time without changing anything."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from tools import PROGRAMS, REPOSITORY

EXAMPLES = REPOSITORY / "examples"
MACHINES = ["build.img", "mail.img", "web.img"]


def surroundings(site, *before):
    values = site.surroundings()
    values["PATH"] = ":".join([*map(str, before), str(PROGRAMS), values["PATH"]])
    return values


def names(site):
    return [volume["name"] for volume in site.json("vol-list", "images")["volumes"]]


def provision(site, *arguments):
    return subprocess.run(
        [EXAMPLES / "provision.sh", *arguments], env=surroundings(site), capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


def test_the_shell_script_brings_about_what_it_says_once(site, scratch):
    image = scratch / "image"
    image.write_bytes(b"system" * 1000)
    first = provision(site, scratch / "pool", image)
    assert first.returncode == 0, first.stderr
    # Pool: define, build, start, autostart; each disk in one step.
    assert first.stdout.splitlines()[-1] == "7 changes"
    assert names(site) == MACHINES and site.pool("images")["autostart"]
    assert (scratch / "pool/web.img").read_bytes().startswith(b"system")
    (scratch / "pool/web.img").write_bytes(b"written by the machine".ljust(64 << 20, b"\0"))
    second = provision(site, scratch / "pool", image)
    assert (second.returncode, second.stdout) == (0, "0 changes\n"), second.stderr
    assert (scratch / "pool/web.img").read_bytes().startswith(b"written by the machine")
    site.ok("vol-delete", "mail.img", "images")
    assert provision(site, scratch / "pool").stdout.splitlines()[-1] == "1 changes"


def test_the_shell_script_leaves_no_disk_without_its_content(site, scratch):
    image = scratch / "image"
    done = provision(site, scratch / "pool", image)
    assert done.returncode == 4 and "No such file" in done.stderr
    assert names(site) == []
    image.write_bytes(b"system" * 1000)
    assert provision(site, scratch / "pool", image).stdout.splitlines()[-1] == "3 changes"
    assert all((scratch / "pool" / name).read_bytes().startswith(b"system") for name in MACHINES)


def test_the_shell_script_ends_with_what_a_command_refused(site, scratch):
    site.ok("pool-define-as", "images", "dir", "--target", scratch / "elsewhere")
    done = provision(site, scratch / "pool")
    assert done.returncode == 3 and "differs in target path" in done.stderr
    assert not (scratch / "pool").exists()


# That of Debian 12, and whatever is current and runs on this Python.
ANSIBLE = {"debian-12": "ansible-core>=2.14,<2.15", "current": "ansible-core>2.16"}


@pytest.fixture(scope="module", params=ANSIBLE)
def ansible(request):
    """ansible-playbook of that age, installed below .build where it is not there yet."""
    folder = REPOSITORY / ".build" / f"ansible-{request.param}"
    program = folder / "bin" / "ansible-playbook"
    if not program.exists():
        shutil.rmtree(folder, ignore_errors=True)
        for argv in (
            [sys.executable, "-m", "venv", str(folder)],
            [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", ANSIBLE[request.param]],
        ):
            done = subprocess.run(argv, capture_output=True, text=True, timeout=150, check=False)
            if done.returncode != 0:
                said = (done.stderr or done.stdout).strip().splitlines()[-1]
                pytest.skip(f"{ANSIBLE[request.param]} cannot be installed: {said}")
    return program


@pytest.mark.limit(240)
def test_the_ansible_play_changes_nothing_the_second_time(ansible, site, scratch):
    image = scratch / "image"
    image.write_bytes(b"system" * 1000)

    def play():
        environment = surroundings(site, ansible.parent)
        environment |= {"ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8", "ANSIBLE_LOCALHOST_WARNING": "0"}
        done = subprocess.run(
            [ansible, "--inventory", "localhost,", "--connection", "local", EXAMPLES / "provision.yml",
             "--extra-vars", json.dumps({"folder": str(scratch / "pool"), "image": str(image)})],
            env=environment, cwd=scratch, capture_output=True, text=True, timeout=110, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        counts = re.search(r"ok=(\d+) +changed=(\d+) +unreachable=0 +failed=0", done.stdout)
        assert counts, done.stdout
        return int(counts[1]), int(counts[2])

    assert play() == (7, 5)
    assert names(site) == MACHINES and site.pool("images")["state"] == "running"
    assert (scratch / "pool/web.img").read_bytes().startswith(b"system")
    assert play() == (7, 0)


def test_the_example_configuration_is_read_as_it_is(site):
    folder = site.root / "etc/cistern"
    folder.mkdir(parents=True)
    shutil.copy(EXAMPLES / "storage.conf", folder)
    result = site.run("pool-list", "--all")
    assert result.err == ""
    pools = {pool["name"]: pool for pool in site.json("pool-list", "--all")["pools"]}
    assert set(pools) == {"default", "images", "vm-pool"}
    assert site.pool("default")["revisions_to_keep"] == 2
    assert site.pool("vm-pool")["driver"] == "file-reflink"


@pytest.mark.limit(90)
def test_virt_install_takes_a_volume_by_its_path(site, scratch):
    """The line of cistern(7)."""
    if not shutil.which("virt-install"):
        pytest.skip("needs virt-install")
    page = subprocess.run(
        ["man", "--local-file", "--pager=cat", REPOSITORY / "man/cistern.7"], capture_output=True, text=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "80"}, check=True, timeout=30,
    ).stdout  # fmt: skip
    line = re.search(r"(?m)^ +(virt-install .*\\)\n +(.*)$", page)
    assert line, page
    for words in (
        ["pool-define-as", "images", "dir", "--target", scratch / "images"], ["pool-build", "images"],
        ["pool-start", "images"], ["vol-create-as", "images", "disk1", "1M"],
    ):  # fmt: skip
        site.ok(*words)
    command = f"{line[1][:-1]} {line[2]} --connect test:///default --print-xml".replace("detect=on", "detect=off,require=off")
    done = subprocess.run(
        ["sh", "-c", command], env=surroundings(site), capture_output=True, text=True, timeout=80, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f'<source file="{scratch}/images/disk1"/>' in done.stdout
    assert os.path.exists(scratch / "images/disk1")
