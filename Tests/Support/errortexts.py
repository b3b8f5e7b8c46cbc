"""The texts of errors in the sources, and whether a test looks for each.

A text is a string in a call that makes an error (`StorageError`, `XMLFault`, a local `refused` …). What is put in where
the program runs stands as one `…`. How texts are told from other strings goes by the words below; see CONTRIBUTING."""

import ast
import re
from dataclasses import dataclass

from tools import REPOSITORY

# What makes an error out of a string, and which of its labelled arguments are no part of the message.
MAKERS = re.compile(
    r"(?<![\w.])(?:throw )?(?:\w+[.)])?(StorageError|XMLFault|XMLProblem|ConfProblem|\w*[fF]ault|usage|refused|refusal|"
    r"invalid|incorrect|wrong|problem)\("
)
DECLARATION = re.compile(r"\b(func|init|let|var|case|enum|struct)\s*$")
ASIDE = re.compile(r"^\s*(hint|at|attribute|file|line|column|kind|in)\s*:")
GAP = "…"
# Fewer letters say nothing about which error it is.
FEWEST = 8
# The written list of those that no test looks for.
LIST = "unreached.py"
# So many letters out of the middle of a long text say it.
ENOUGH = 16


@dataclass(frozen=True)
class ErrorText:
    """One text with `…` for what is put in, and where it is thrown."""

    text: str
    place: str

    def fragments(self):
        return [part for part in self.text.split(GAP) if part.strip(" ':")]

    def pattern(self):
        """Finds the text in what a program printed: one line, values of any length."""
        return re.compile(".*?".join(re.escape(part) for part in self.text.split(GAP)))

    def longest(self):
        return max(self.fragments(), key=len)


class Sought:
    """What tests look for in messages."""

    def __init__(self, words):
        self.words = [one for one in words if len(one) >= FEWEST]
        self.all = "\0".join(words)

    def means(self, text):
        """Whether some words mean this text, and not just any: all of its longest part, or enough of it."""
        longest = text.longest()
        enough = max(FEWEST, min(len(longest) / 2, ENOUGH))
        return longest in self.all or any(len(one) >= enough and one in longest for one in self.words)


def literal(source, start):
    """The string literal that opens at `start`: its text with gaps, and where it ends."""
    text, i = "", start + 1
    while source[i] != '"':
        if source[i] == "\\" and source[i + 1] == "(":
            i = closing(source, i + 1) + 1
            text += GAP
        elif source[i] == "\\":
            text += {"n": "\n", "t": "\t", "0": "\0"}.get(source[i + 1], source[i + 1])
            i += 2
        else:
            text += source[i]
            i += 1
    return text, i + 1


def closing(source, start):
    """Where the parenthesis that opens at `start` is closed."""
    depth, i = 0, start
    while True:
        if source[i] == '"':
            _, i = literal(source, i)
            continue
        if source.startswith("//", i):
            i = source.index("\n", i)
        if source[i] in "([{":
            depth += 1
        elif source[i] in ")]}":
            depth -= 1
            if depth == 0:
                return i
        i += 1


def arguments(source, start, end):
    """The arguments of a call between two places, each as its own list of strings."""
    found, i, first = [], start, start
    pieces = []  # where a literal begins and ends, and its text
    while i <= end:
        if i == end or source[i] == ",":
            found.append((source[first:i], pieces))
            pieces, first = [], i + 1
            i += 1
        elif source[i] == '"':
            text, after = literal(source, i)
            pieces.append((i, after, text))
            i = after
        elif source[i] in "([{":
            i = closing(source, i) + 1
        else:
            i += 1
    return found


def joined(source, pieces):
    """The strings of one argument: those with a plus between them are one."""
    texts = []
    last = None
    for begin, after, text in pieces:
        between = source[last:begin].strip() if last is not None else None
        if between == "+":
            texts[-1] += text
        elif between is not None and re.fullmatch(r"\+.*\+", between, re.S):
            texts[-1] += GAP + text
        else:
            texts.append(text)
        last = after
    return texts


def texts_of(path):
    """Every error text of one source file."""
    source = path.read_text()
    place = str(path.relative_to(REPOSITORY))
    for match in MAKERS.finditer(source):
        if DECLARATION.search(source[: match.start(1)]):
            continue
        line = source.count("\n", 0, match.start()) + 1
        start = match.end()
        given = arguments(source, start, closing(source, start - 1))
        if match[1] == "StorageError":
            given = given[2:]
        for words, pieces in given:
            if ASIDE.match(words):
                continue
            for text in joined(source, pieces):
                yield ErrorText(text, f"{place}:{line}")
    # The cases of an error that is an enumeration.
    if re.search(r"\benum \w+: Error\b|\benum \w*(Problem|Refusal)\b", source):
        for match in re.finditer(r"case [^\n]*?:\s*(?:return )?(?=\")", source):
            text, _ = literal(source, match.end())
            yield ErrorText(text, f"{place}:{source.count(chr(10), 0, match.end()) + 1}")


def error_texts():
    """Every error text of the sources that has words enough to be known by, once."""
    seen = {}
    for path in sorted((REPOSITORY / "Sources").rglob("*.swift")):
        for found in texts_of(path):
            fragments = found.fragments()
            if fragments and sum(map(str.isalpha, found.text)) >= FEWEST and " " in found.text.strip():
                seen.setdefault(found.text, found)
    return list(seen.values())


def sought():
    """Every string in the tests of the tiers that do not keep whole outputs."""
    found = set()
    for path in (REPOSITORY / "Tests").rglob("*.py"):
        if path.name == LIST:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.Constant) and isinstance(node.value, bytes):
                found.add(node.value.decode("utf-8", "replace"))
    for path in (REPOSITORY / "Tests" / "Unit").rglob("*.swift"):
        source = path.read_text()
        for match in re.finditer(r'"((?:[^"\\\n]|\\.)*)"', source):
            found.add(re.sub(r"\\(.)", r"\1", match[1]))
    return Sought(found)
