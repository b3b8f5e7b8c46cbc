"""The scripts that install: what they place works, and what they remove is exactly that."""

import os
import re
import subprocess

import pytest
from tools import PROGRAMS, REPOSITORY, Site, commands, tree

SCRIPTS = REPOSITORY / "scripts"


def install(layout, prefix, folder, check=True):
    # The debug programs stand in for the release ones; the scripts do not care.
    return subprocess.run(
        [SCRIPTS / "install", layout, PROGRAMS, prefix, folder],
        check=check, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def uninstall(prefix, folder, check=True):
    return subprocess.run(
        [SCRIPTS / "uninstall", prefix, folder],
        check=check, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("layout", ["multi", "separate"])
@pytest.mark.parametrize("prefix", ["/usr", "/opt/a/b"])
def test_install_and_uninstall(layout, prefix, scratch):
    folder = scratch / "machine"
    (folder / "usr" / "bin").mkdir(parents=True)
    (folder / "usr" / "bin" / "somebody-elses").write_text("program")
    before = tree(folder)
    install(layout, prefix, folder)
    top = folder / prefix.lstrip("/")
    assert sorted(os.listdir(top / "bin")) == sorted(
        ["cistern", *commands()] + (["somebody-elses"] if prefix == "/usr" else [])
    )
    site = Site(scratch / "root", programs=top / "bin")
    newest = re.search(r"(?m)^## \[(\d\S+)\]", (REPOSITORY / "CHANGELOG.md").read_text())[1]
    assert site.ok("cistern", "--version") == f"cistern {newest}\n"
    for tool in commands():
        assert site.ok(tool, "--version").startswith(tool), tool
        assert (top / f"share/man/man8/{tool}.8").is_file()
        for file in (f"bash-completion/completions/{tool}", f"fish/vendor_completions.d/{tool}.fish"):
            assert (top / "share" / file).is_file(), file
    assert (top / "share/zsh/site-functions/_cistern").is_file()
    if layout == "multi":
        for tool in commands():
            # Relative, so that the tree can be packed and moved.
            assert not os.path.isabs(os.readlink(top / "bin" / tool))
    uninstall(prefix, folder)
    assert tree(folder) == before


def test_another_layout_replaces_the_first(scratch):
    install("separate", "/usr", scratch)
    install("multi", "/usr", scratch)
    assert all((scratch / "usr/bin" / tool).is_symlink() for tool in commands())
    uninstall("/usr", scratch)
    assert sorted(os.listdir(scratch)) == []


def test_folders_that_others_use_stay(scratch):
    install("multi", "/usr", scratch)
    (scratch / "usr/share/man/man8/other.8").write_text("page")
    uninstall("/usr", scratch)
    left = [str(path.relative_to(scratch)) for path in scratch.rglob("*") if path.is_file()]
    assert left == ["usr/share/man/man8/other.8"]


def test_nothing_to_uninstall(scratch):
    done = uninstall("/usr", scratch, check=False)
    assert done.returncode == 4 and "nothing is installed" in done.stderr


def test_a_relative_prefix_is_refused(scratch):
    assert install("multi", "usr", scratch, check=False).returncode == 64


@pytest.mark.parametrize("user, sudo", [("1000", False), ("1000", True), ("0", False)])
def test_missing_packages(user, sudo, scratch):
    """As root or with sudo they are installed; otherwise the line to run is printed and that fails."""
    tools = scratch / "tools"
    tools.mkdir()
    log = scratch / "log"
    stand_ins = {
        "id": f"echo {user}",
        "swift": "true",
        # Everything is there but mandoc, until apt-get has run.
        "dpkg-query": f"""for last; do :; done
            if [ "$last" = mandoc ] && ! [ -e {log} ]; then exit 1; fi
            echo 'install ok installed'""",
        "apt-get": f'echo "apt-get $*" >>{log}',
        "sudo": '[ "$1" = -n ] && shift && exec "$@"' if sudo else "exit 1",
        # The policy file of the machine that runs this test is not touched.
        "tee": "cat >/dev/null",
        "chmod": "true",
        "rm": "true",
    }
    for name, script in stand_ins.items():
        (tools / name).write_text(f"#!/bin/sh\n{script}\n")
        (tools / name).chmod(0o755)
    done = subprocess.run(
        [SCRIPTS / "dependencies", "build", "test"],
        env={"PATH": f"{tools}:/usr/bin:/bin"}, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    if user == "0" or sudo:
        assert done.returncode == 0, done.stderr
        assert "install --yes --no-install-recommends mandoc" in log.read_text()
    else:
        assert done.returncode == 69
        assert "install --yes --no-install-recommends mandoc" in done.stderr
        assert not log.exists()


def test_the_programs_link_no_foundation():
    """Foundation would cost megabytes and milliseconds in every command."""
    for name in ("cistern", "pool-list"):
        done = subprocess.run(
            ["ldd", PROGRAMS / name], check=True, capture_output=True, text=True, timeout=30
        )
        assert "Foundation" not in done.stdout, done.stdout


def test_the_package_is_built_of_what_it_names_without_a_network():
    """debian/control names what is installed for a build, and debian/rules installs nothing."""
    control = (REPOSITORY / "debian/control").read_text()
    named = re.search(r"(?m)^Build-Depends: ((?:.*\n )*.*)$", control)[1].replace("\n", " ")
    named = {word.split()[0] for word in named.split(", ")} - {"debhelper-compat"}
    build = re.search(r"(?m)^build='([^']*)'", (SCRIPTS / "dependencies").read_text())[1].split()
    # The first are in every place where packages are built; the last one computes what they depend on.
    assert set(build) - {"g++", "binutils", "make"} | {"python3"} == named
    rules = (REPOSITORY / "debian/rules").read_text()
    assert "$(MAKE) build SHELL=/bin/sh DEPENDENCIES=true" in rules and "apt" not in rules
    done = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "build", "DEPENDENCIES=true"], cwd=REPOSITORY, capture_output=True,
        text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "scripts/static-libraries" in done.stdout and "scripts/dependencies" not in done.stdout
    # The package itself is made without anything that only tests need.
    done = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "deb"], cwd=REPOSITORY, capture_output=True, text=True, timeout=60,
        check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[0] == "scripts/dependencies build package"
