"""Which room may import what (DESIGN.md section 2), read from the source."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "SAMCAUltrasound"
PACKAGE = SOURCE / "samca"
FILES = sorted(PACKAGE.rglob("*.py"))
LIGHT = (
    "prompts",
    "geometry",
    "session",
    "windows",
    "closeups",
    "looks",
    "tidy",
    "heed",
    "metrics",
    "config",
    "phantoms",
    "frames",
    "clicks",
    "datasets",
)
LIGHT_LIBRARIES = {"numpy", "scipy", "SimpleITK"}
LIBRARIES = LIGHT_LIBRARIES | {"torch", "safetensors"}
INSIDE_FUNCTIONS = {"PIL", "monai", "matplotlib", "transformers"}
NEVER = {"slicer", "vtk", "qt", "ctk", "torchvision", "segment_anything"}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(tree: ast.AST, path: Path) -> set[str]:
    """Dotted names of what is imported anywhere below `tree`; our own modules from "samca" on."""
    names = set()
    here = ["samca", *path.relative_to(PACKAGE).parent.parts]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = here[: len(here) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            names |= {f"{module}.{alias.name}" for alias in node.names} if node.level else {module}
    return names


def at_import(path: Path) -> set[str]:
    """What importing this file imports: not what its functions import when they are called."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [ast.Pass()]
    return imports(tree, path)


def foreign(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - {"samca"}


def named(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_there_is_something_to_look_at():
    assert {"sam.py", "session.py", "model.py"} <= {path.name for path in FILES}
    assert "torch" in foreign(at_import(PACKAGE / "sam.py"))
    assert "samca.prompts.Prompts" in at_import(PACKAGE / "session.py")


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_file_imports_only_what_its_room_may(path):
    allowed = LIGHT_LIBRARIES if room(path) in LIGHT else LIBRARIES
    assert foreign(at_import(path)) <= allowed


@pytest.mark.parametrize("path", FILES, ids=named)
def test_functions_import_only_what_is_made_for_it(path):
    inside = foreign(imports(ast.parse(path.read_text()), path))
    assert inside <= LIBRARIES | INSIDE_FUNCTIONS
    assert not inside & NEVER


@pytest.mark.parametrize("path", [path for path in FILES if room(path) in LIGHT], ids=named)
def test_a_light_room_leads_to_light_rooms_only(path):
    ours = {name.split(".")[1] for name in at_import(path) if name.startswith("samca.")}
    assert ours <= set(LIGHT) | {"dicom", "nifti"}


def test_the_light_rooms_come_without_torch():
    rooms = ", ".join(f"samca.{name}" for name in LIGHT)
    code = f"import sys, samca, {rooms}; print('torch' in sys.modules, 'samca.session' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=SOURCE, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True"]
