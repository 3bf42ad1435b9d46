"""README, docs/ and what lies beside them, as data: fenced blocks, links, headings, words in code type."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
CARD = ROOT / "SAMCAUltrasound" / "Resources" / "Models" / "README.md"
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
ALL = [*DOCUMENTS, ROOT / "CHANGELOG.md", CARD]

FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^#+ +(.*)$", re.M)
NOT_RUN = re.compile(r"^# not run in the tests: (.+)$", re.M)


class Fence(NamedTuple):
    """A fenced block: the line it starts in, its language, its text."""

    document: Path
    line: int
    language: str
    text: str

    @property
    def reason(self) -> str:
        """Why the tests do not run it, as the block itself says; "" if they do."""
        found = NOT_RUN.search(self.text)
        return found[1] if found else ""


def named(path: Path) -> str:
    """Of a document, for the names of tests."""
    return path.relative_to(ROOT).as_posix()


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def fences(path: Path) -> list[Fence]:
    """The blocks of a document from top to bottom."""
    text = read(path)
    return [Fence(path, text[: m.start()].count("\n") + 1, m[1], m[2]) for m in FENCE.finditer(text)]


def prose(path: Path) -> str:
    """A document without its fenced blocks."""
    return FENCE.sub("", read(path))


def links(path: Path) -> list[str]:
    """Targets of all links and pictures."""
    return LINK.findall(prose(path))


def anchors(path: Path) -> set[str]:
    """What can be linked to in a document: its headings, as GitHub names them."""
    return {slug(heading) for heading in HEADING.findall(prose(path))}


def slug(heading: str) -> str:
    """The anchor of a heading: lower case, no punctuation, a hyphen for each space."""
    words = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def in_code_type(path: Path) -> set[str]:
    """Words between backticks in the prose of a document."""
    return set(CODE.findall(prose(path)))


def in_italics(text: str) -> set[str]:
    """Words between single stars: what the documents call by its name on the screen."""
    return {" ".join(words.split()) for words in re.findall(r"(?<![*\w])\*([^*|]+)\*(?!\*)", text)}
