"""Which room may import what, read from the source: rooms below it, and the libraries of its door."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "SAMCAUltrasound"
PACKAGE, LIB = SOURCE / "samca", SOURCE / "SAMCALib"
FILES, LIB_FILES = sorted(PACKAGE.rglob("*.py")), sorted(LIB.rglob("*.py"))

# the rooms of the house from the top down: each imports only from floors below its own
FLOORS = (
    ("__main__",),
    ("commands",),
    ("studies", "batch", "raters"),
    ("training",),
    ("evaluation",),
    ("__init__",),
    ("weights", "export"),
    ("interaction", "network", "exchange", "dicom_objects", "runtime", "worklist"),
    ("methods", "clicks", "datasets", "model_files"),
    ("images", "config"),
    ("prompts", "phantoms", "measures"),
    ("tensor_files", "tensor_arrays"),
    ("tensor_header",),
    ("files",),
    ("libraries", "typed_json", "words", "spreadsheets", "waiting"),
)
LIB_FLOORS = (
    ("SegmentationLogic", "BenchmarkLogic"),
    ("Worklist",),
    ("Editing", "Handover"),
    ("Models", "Engine", "Measures"),
    ("Segments", "Prompts"),
    ("Frames", "KeyTable", "ChildProcess", "UserFolder"),
    ("Texts", "__init__"),
)

LIGHT = (
    "batch",
    "raters",
    "prompts",
    "interaction",
    "config",
    "phantoms",
    "measures",
    "images",
    "clicks",
    "datasets",
    "exchange",
    "dicom_objects",
    "files",
    "model_files",
    "runtime",
    "tensor_arrays",
    "tensor_header",
    "typed_json",
    "words",
    "worklist",
    "spreadsheets",
)
WITH_TENSORS = ("prompts/pointing.py", "interaction/text_box.py")  # light rooms' batches and detectors
LIGHT_LIBRARIES = {"numpy", "scipy", "SimpleITK"}
LIBRARIES = LIGHT_LIBRARIES | {"torch", "safetensors"}
INSIDE_FUNCTIONS = {
    "PIL",
    "pydicom",
    "monai",
    "matplotlib",
    "transformers",
    "highdicom",
    "onnx",
    "onnxruntime",
}
NEVER = {"slicer", "vtk", "qt", "ctk", "torchvision", "segment_anything"}


def room(path: Path, package: Path = PACKAGE) -> str:
    return path.relative_to(package).parts[0].removesuffix(".py")


def imports(tree: ast.AST, path: Path, package: Path = PACKAGE) -> set[str]:
    """Dotted names of what is imported anywhere below `tree`; our own modules from the package's name on."""
    names = set()
    here = [package.name, *path.relative_to(package).parent.parts]
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


def others(path: Path, package: Path) -> set[str]:
    """Rooms of the package that a file imports from, anywhere in it, but for its own."""
    names = imports(ast.parse(path.read_text()), path, package)
    rooms = {(*name.split("."), "__init__")[1] for name in names if name.split(".")[0] == package.name}
    return {"__init__" if name == "__version__" else name for name in rooms} - {room(path, package)}


def below(name: str, floors) -> set[str]:
    """Names of all rooms on the floors below the one that this room is on."""
    floor = next(i for i, rooms in enumerate(floors) if name in rooms)
    return {other for rooms in floors[floor + 1 :] for other in rooms}


def named(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def test_there_is_something_to_look_at():
    assert {"sam.py", "session.py", "model.py"} <= {path.name for path in FILES}
    assert "torch" in foreign(at_import(PACKAGE / "network" / "sam.py"))
    assert "samca.prompts.prompts.box_around" in at_import(PACKAGE / "interaction" / "views.py")
    assert others(PACKAGE / "weights" / "checkpoint.py", PACKAGE) >= {"config", "methods", "network"}


@pytest.mark.parametrize(("package", "floors"), [(PACKAGE, FLOORS), (LIB, LIB_FLOORS)], ids=["samca", "Lib"])
def test_every_room_is_on_one_floor_and_no_floor_is_empty(package, floors):
    rooms = [name for floor in floors for name in floor]
    assert sorted(rooms) == sorted({room(path, package) for path in package.rglob("*.py")})


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_room_of_the_core_imports_only_rooms_below_it(path):
    assert others(path, PACKAGE) <= below(room(path), FLOORS)


@pytest.mark.parametrize("path", LIB_FILES, ids=named)
def test_a_room_of_the_mrml_side_imports_only_rooms_below_it(path):
    assert others(path, LIB) <= below(room(path, LIB), LIB_FLOORS)


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_file_imports_only_what_its_room_may(path):
    light = room(path) in LIGHT and named(path).removeprefix("samca/") not in WITH_TENSORS
    assert foreign(at_import(path)) <= (LIGHT_LIBRARIES if light else LIBRARIES)


@pytest.mark.parametrize("path", FILES, ids=named)
def test_functions_import_only_what_is_made_for_it(path):
    inside = foreign(imports(ast.parse(path.read_text()), path))
    assert inside <= LIBRARIES | INSIDE_FUNCTIONS
    assert not inside & NEVER


MODULES = [path for folder in (SOURCE, SOURCE.parent / "SAMCATraining") for path in folder.rglob("*.py")]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_json_is_read_in_one_place(path):
    calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    names = [call for call in calls if isinstance(call, ast.Attribute) and call.attr in ("load", "loads")]
    reading = [call for call in names if isinstance(call.value, ast.Name) and call.value.id == "json"]
    assert bool(reading) == (path == PACKAGE / "typed_json.py")


def test_the_light_rooms_come_without_torch():
    rooms = [f"samca.{name}" for name in LIGHT] + ["samca.interaction.session", "samca.evaluation.metrics"]
    code = f"import sys, {', '.join(rooms)}; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=SOURCE, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False"]
