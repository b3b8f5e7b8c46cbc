"""What a scenario is made of, besides plain command lines."""

import os
import subprocess


class Line(str):
    """A command line that needs more than its words."""

    #: Variables for the command.
    environment = None
    #: Command lines that are run while this one waits.
    others = ()


def edit(editor, line):
    """A command line with an editor."""
    line = Line(line)
    line.environment = {"EDITOR": editor}
    return line


def meanwhile(line, *others):
    """A command line that waits for what the others do."""
    line = Line(line)
    line.others = others
    return line


def file(name, text):
    """Writes a file into the folder; @D@ in it stands for the folder."""

    def write(folder):
        (folder / name).write_text(text.replace("@D@", str(folder)))

    write.__name__ = f"file {name}"
    return write


def program(*argv):
    """Runs a program in the folder."""

    def run(folder):
        subprocess.run(argv, cwd=folder, check=True, timeout=30)

    return run


def folder(name):
    """Makes a folder in the folder."""
    return lambda folder: os.makedirs(folder / name)
