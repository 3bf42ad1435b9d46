"""What README and docs/ say is there: links, files, figures, keys, buttons, messages, rooms."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from pathlib import Path

import pytest

import test_doors
from documents import (
    ALL,
    DOCUMENTS,
    FENCE,
    HEADING,
    ROOT,
    anchors,
    fences,
    in_code_type,
    in_italics,
    links,
    named,
    prose,
    read,
)

README, DOCS = ROOT / "README.md", ROOT / "docs"
PANELS = [*ROOT.glob("SAMCA*/Resources/UI/*.ui")]
HELD = ("SAMCAUltrasound", "SAMCATraining", "Testing", "Resources", "docs", ".github")
PLACES = [p for top in HELD for p in [ROOT / top, *(ROOT / top).rglob("*")] if "__pycache__" not in p.parts]
CODE = [path for path in PLACES if path.relative_to(ROOT).parts[0] != "Testing"]
NAMES = {path.name for path in CODE if path.is_dir()} | {
    "Testing"
}  # not of its rooms: readers have "runs", too
SUFFIXES = {"", ".py", ".ui", ".json", ".md", ".svg", ".cff", ".yml", ".txt"}
LANGUAGES = {"bash", "python", "text"}
OF_SLICER = {  # words of the application itself
    "Extensions Manager", "Sample Data", "Volumes", "Volume Information", "Transforms", "PyTorch Utils",
    "Help > Report a Bug", "Edit > Application Settings > Modules > Additional module paths",
}  # fmt: skip


def script(name: str):
    """A module of Resources/."""
    specification = importlib.util.spec_from_file_location(name, ROOT / "Resources" / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def exists(word: str) -> bool:
    """Whether a file or folder of the repository is called by this path or the end of it."""
    end = "/" + word.strip("/")
    return (ROOT / word).exists() or any(("/" + named(path)).endswith(end) for path in PLACES)


def names_a_place(word: str) -> bool:
    """Whether a word in code type is a path of the repository: a source file, or something in a folder."""
    path = Path(word)
    if not re.fullmatch(r"[\w./-]+", word) or path.suffix not in SUFFIXES:
        return False
    return path.suffix in (".py", ".ui") or ("/" in word and path.parts[0] in NAMES)


def test_the_readme_is_short():
    assert len(README.read_bytes()) <= 9 * 1024


def test_the_readme_shows_the_two_commands():
    assert [fence.text for fence in fences(README)] == ["python3 run.py demo\npython3 run.py test\n"]


def test_the_tutorial_has_at_most_eight_steps_and_there_are_at_most_four_pictures():
    tutorial = read(README).split("## Tutorial\n")[1].split("\n## ")[0]
    assert 3 < len(re.findall(r"^\d+\. ", tutorial, re.M)) <= 8
    assert len(re.findall(r"!\[", read(README))) <= 4


@pytest.mark.parametrize("document", ALL, ids=named)
def test_every_relative_link_leads_somewhere(document):
    for target in links(document):
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        place = (document.parent / path).resolve() if path else document
        assert place.exists(), f"{named(document)} links to {target}"
        assert not anchor or anchor in anchors(place), f"{named(document)} links to {target}"


@pytest.mark.parametrize("document", ALL, ids=named)
def test_every_file_that_is_named_exists(document):
    lost = [word for word in in_code_type(document) if names_a_place(word) and not exists(word)]
    assert lost == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_block_says_its_language_and_is_closed(document):
    assert {fence.language for fence in fences(document)} <= LANGUAGES
    assert "```" not in prose(document)


def test_every_document_is_linked_from_the_readme():
    linked = {(ROOT / target.partition("#")[0]).resolve() for target in links(README)}
    assert {*DOCS.glob("*.md"), ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"} <= linked


def test_the_readmes_figures_are_those_of_the_results():
    copy = script("copy_figures")
    assert copy.with_figures(read(README), read(DOCS / "results.md")) == read(README)
    assert len(copy.TABLE.findall(read(README))[0].splitlines()) > 3


def test_figures_with_a_deviation_stand_in_the_results_alone():
    table = script("copy_figures").TABLE
    others = [path for path in DOCUMENTS if path.name != "results.md"]
    assert [named(path) for path in others if "±" in table.sub("", read(path))] == []


OF_THE_EDITOR = {"Z", "Y", "Ctrl+Z"}  # its own keys


def test_the_keys_of_the_effect_are_those_of_the_readme():
    sys.path.insert(0, str(ROOT / "SAMCAUltrasound"))
    try:
        from SAMCALib import KeyTable
    finally:
        sys.path.pop(0)
    keys = {action.default for action in KeyTable.actions()} | set(KeyTable.FIXED)
    table = read(README).split("## Keys of the effect\n")[1].split("\n## ")[0]
    named = {key for cell in re.findall(r"^\| ([^|]+) \|", table, re.M) for key in cell.split(", ")}
    pressed = {key for key in named if re.fullmatch(r"(Ctrl\+|Shift\+)*([A-Z]|Tab)", key)}
    assert pressed - OF_THE_EDITOR == keys


def test_what_documents_call_by_its_name_is_on_the_screen():
    shells = [read(path) for path in ROOT.glob("SAMCA*/SAMCA*.py")]
    titles = set(re.findall(r'parent\.title = _\("(.*)"\)', "".join(shells)))
    texts = re.findall("<string>(.*?)</string>", "".join(map(read, PANELS)))
    shown = {re.sub(r"^\d\. |:$", "", text) for text in texts}
    for name in ("README.md", "docs/effect.md", "docs/training.md", "docs/troubleshooting.md"):
        unknown = in_italics(prose(ROOT / name)) - shown - titles - OF_SLICER
        assert unknown == set(), name


def messages() -> set[str]:
    """Every text in the sources, its placeholders as dots."""
    found = set()
    for path in [*ROOT.glob("SAMCAUltrasound/**/*.py"), *ROOT.glob("SAMCATraining/**/*.py")]:
        for node in ast.walk(ast.parse(read(path))):
            if isinstance(node, ast.JoinedStr):
                parts = [p.value if isinstance(p, ast.Constant) else "..." for p in node.values]
                found.add("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(re.sub(r"\{[^}]*\}", "...", node.value))
    return found


def test_messages_in_troubleshooting_are_messages_of_the_code():
    headings = HEADING.findall(FENCE.sub("", read(DOCS / "troubleshooting.md")))
    quoted = [words for heading in headings for words in re.findall('"(.+?)"', heading)]
    known = messages()
    assert len(quoted) > 20
    assert [words for words in quoted if not any(words in text for text in known)] == []


@pytest.mark.parametrize(
    ("heading", "floors"),
    [("Rooms of the core", test_doors.FLOORS), ("Rooms of the MRML side", test_doors.LIB_FLOORS)],
)
def test_the_architecture_lists_the_rooms_from_the_top_down(heading, floors):
    section = read(DOCS / "architecture.md").split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [re.findall("`([^`]+)`", cell) for cell in re.findall(r"^\|( `[^|]+)\|", section, re.M)]
    floor_of = {name: number for number, floor in enumerate(floors) for name in floor}
    listed = [name for row in rows for name in row]
    assert sorted(listed) == sorted(floor_of)
    assert [floor_of[name] for name in listed] == sorted(floor_of[name] for name in listed)
