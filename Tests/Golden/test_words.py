"""The words of documents and manual pages: CONTRIBUTING lists what to write instead of the worst shapes."""

import re

import pytest
from tools import REPOSITORY

#: What is not to be written, and what is.
SHAPES = {
    r"(?<!there )\b(?:is|are|was|were) no (?!longer\b|more\b|fewer\b|less\b|larger\b|smaller\b|older\b|newer\b|is\b)[a-z]": "is not a",
    r"\bcan not\b": "cannot",
    r"\blook-ups?\b": "lookup",
    r"\bleft-overs?\b": "leftover",
    r"\btime-outs?\b": "time limit",
    r"\bper cent\b": "percent",
    r"\banew\b": "again",
    r"\b(?:is|are|was|were|be|being) told\b": "say who says it: 'a warning names it', 'the command prints it'",
    r"\btold in a warning\b": "a warning says",
    r"\b(?:is|are|was|were|be|been) had\b": "say who does it",
    r"\b(?:command|program|one|none)s? of (?:lvm|libvirt|qemu|virsh)'s\b": "an LVM command",
    r"\bas asked for\b": "as requested",
    r"\bwhat gets blocks\b": "how much gets its blocks at once",
    r"\ban own\b": "of its own",
    r"\bunless said\b": "by default",
}
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "docs/decisions/*.md", "examples/*.md", "examples/*/*.md", "man/src/*", "man/*.[57]")
    for path in REPOSITORY.glob(pattern)
    if path.name != "CHANGELOG.md"
)


def prose(path):
    """The text as one line of lower case, without code, quotations from programs and the list of what not to write."""
    text = path.read_text()
    if path.suffix == ".md":
        text = re.sub(r"(?ms)^```.*?^```$|`[^`\n]*`", " ", text)
        text = re.sub(r"(?s)\n## Words\n.*?\n## ", "\n", text)
    else:
        text = re.sub(r"(?ms)^\.Bd -literal.*?^\.Ed$", " ", text)
        # What the generated parts say comes from elsewhere: help, exit statuses, schemas, differences.
        text = re.sub(r'(?ms)^\.\\" BEGIN generated.*?^\.\\" END generated$', " ", text)
        text = re.sub(r"(?m)^\.(?:Xr|Fl|Ar|Ql|Cm|Pa|Nm|Li|Ev)\b.*$", " X ", text)
        text = re.sub(r"(?m)^\.[A-Z][a-z]\b", " ", text)
    return re.sub(r"\s+", " ", text).lower()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_it_has_none_of_the_worst_shapes(path):
    text = prose(path)
    found = [
        f"'...{text[max(0, match.start() - 30):match.end() + 30]}...': write '{instead}'"
        for shape, instead in SHAPES.items() for match in re.finditer(shape, text)
    ]  # fmt: skip
    assert not found, "\n".join(found)


def test_the_list_for_writers_has_each_shape():
    words = (REPOSITORY / "CONTRIBUTING.md").read_text().split("\n## Words\n")[1].split("\n## ")[0].lower()
    left = " ".join(re.findall(r"(?m)^\| (.*?) \|", words))
    assert [shape for shape in SHAPES if not re.search(shape, left)] == []
