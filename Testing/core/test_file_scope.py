"""What runs when Slicer loads a file of ours: imports of what it brings, definitions and constants."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACES = (ROOT / "SAMCAUltrasound", ROOT / "SAMCATraining")  # both are on Slicer's search path
ALLOWED = {
    "slicer",
    "qt",
    "ctk",
    "SegmentEditorEffects",
    "SegmentStatisticsPlugins",
    "vtk",
    "SimpleITK",
    "numpy",
    "scipy",
}
ALLOWED |= set(sys.stdlib_module_names)
DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# calls that make a value and do nothing else, beside those of a class, which begins with a capital
MAKERS = {"_", "compile", "field", "frozenset", "getLogger", "items", "range", "replace", "resolve"}
MAKERS |= {"dict", "list", "set", "setting", "tuple"}


def executed(body: list[ast.stmt]):
    """Statements that an import runs: not what is inside functions, nor what only type checkers read."""
    for node in body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Try) and all(is_for_imports(handler) for handler in node.handlers):
            yield from executed([*node.body, *(n for handler in node.handlers for n in handler.body)])
        else:
            yield node


def is_for_imports(handler: ast.ExceptHandler) -> bool:
    return handler.type is not None and ast.unparse(handler.type) == "ImportError"


def statements(path: Path) -> list[ast.stmt]:
    return list(executed(ast.parse(path.read_text(encoding="utf-8")).body))


def imported(path: Path) -> set[str]:
    """Dotted names of what importing a file imports, our own from the package's name on."""
    place = next(place for place in PLACES if place in path.parents)
    here, names = path.relative_to(place).parent.parts, set()
    for node in statements(path):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = here[: len(here) - node.level + 1] if node.level else ()
            module = ".".join([*start, *filter(None, [node.module])])
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return names


def file_of(name: str) -> Path | None:
    """Our file of a module, None for one of others."""
    paths = [place.joinpath(*name.split(".")) for place in PLACES]
    files = [file for path in paths for file in (path / "__init__.py", path.with_suffix(".py"))]
    return next((file for file in files if file.is_file()), None)


def loaded() -> list[Path]:
    """The modules, their Lib folders, and all files of the core that these import when they are imported."""
    own = [path for place in PLACES for path in sorted(place.rglob("*.py"))]
    found = [path for path in own if PLACES[0] / "samca" not in path.parents]
    for path in found:  # grows meanwhile
        parts = [name.split(".") for name in imported(path)]
        names = {".".join(words[:count]) for words in parts for count in range(1, len(words) + 1)}
        found += sorted({file for name in names if (file := file_of(name))} - set(found))
    return found


LOADED = loaded()


def runs_code(node: ast.stmt) -> bool:
    """Whether a statement does more than to import, to define, or to name a value."""
    if isinstance(node, DEFINITIONS) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        return False
    if isinstance(node, ast.Assign | ast.AnnAssign):
        later = {inner for each in ast.walk(node) if isinstance(each, ast.Lambda) for inner in ast.walk(each)}
        calls = [each.func for each in ast.walk(node) if isinstance(each, ast.Call) and each not in later]
        names = [ast.unparse(call).rpartition(".")[2] for call in calls]
        return not all(name in MAKERS or name[0].isupper() for name in names)
    return True


def test_it_is_seen_what_is_loaded_and_what_is_not():
    names = {path.relative_to(ROOT).as_posix() for path in LOADED}
    assert {"SAMCATraining/SAMCATraining.py", "SAMCAUltrasound/SAMCALib/Texts.py"} <= names
    assert "SAMCAUltrasound/samca/interaction/session.py" in names
    assert "SAMCAUltrasound/samca/network/model.py" not in names, "only functions import what needs torch"
    assert len(names) > 80


def test_the_application_starts_with_nothing_but_what_it_brings():
    foreign = {
        f"{path.name}: {name}"
        for path in LOADED
        for name in imported(path)
        if name.split(".")[0] not in ALLOWED and not file_of(name.split(".")[0])
    }
    assert foreign == set()


def test_nothing_is_done_when_a_file_is_loaded():
    doing = [
        f"{path.name}, line {node.lineno}" for path in LOADED for node in statements(path) if runs_code(node)
    ]
    assert doing == []


def test_code_at_file_scope_would_be_seen():
    does = "print(1)", "if x:\n    y = 1", "for x in y:\n    pass", "x = pip_install('torch')", "x += 1"
    is_harmless = "import x", "X = 1", "X = Path(__file__).resolve()", "def f():\n    g()", "'text'"
    assert [runs_code(ast.parse(text).body[0]) for text in (*does, *is_harmless)] == [True] * 5 + [False] * 5
