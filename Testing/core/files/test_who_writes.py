"""Nobody but samca/files opens a file for writing, renames or copies one: read from the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("SAMCAUltrasound", "SAMCATraining", "Resources")
EVERY = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
FILES = sorted(
    path
    for path in EVERY
    if path.parent.parts[-2:] != ("samca", "files") and not path.name.startswith("measure_")
)
# What measures fills a temporary folder that goes with it. run.py is left out: it works before the package is
# there, and its one stamp is out of date if it is torn.

AS_METHODS = {"write_text", "write_bytes", "mkdir", "rename", "hardlink_to", "symlink_to", "tofile"}
OF_MODULES = {
    "os": {"replace", "rename", "link", "symlink", "mkdir", "makedirs", "truncate", "open", "mkfifo"},
    "shutil": {"copy", "copy2", "copyfile", "copytree", "move", "rmtree"},
    "tempfile": {"mkdtemp", "mkstemp", "TemporaryDirectory", "NamedTemporaryFile", "TemporaryFile"},
    "json": {"dump"}, "pickle": {"dump"},
    "np": {"save", "savez", "savetxt", "savez_compressed"}, "numpy": {"save", "savez"},
}  # fmt: skip
BY_NAME = {"save", "savefig", "save_as", "save_file", "WriteImage", "copyfile", "link"}  # where it is told to
PANELS = ("self", "settings")  # whose touch is another one
GIVEN = {"replacing", "scratch", "BytesIO"}  # who gives a place that may be written to
OWN = {("overlay", "save"), ("memory_file", "save")}  # ours, and writes through the room
HANDED = {("dicom_pixels.py", "save_as")}  # a function that is handed a file of a scratch folder


def name_of(call: ast.Call) -> tuple[str, str]:
    """(what it is called on, as far as that is a name, and its own name)."""
    function = call.func
    if isinstance(function, ast.Attribute):
        return getattr(function.value, "id", "?"), function.attr
    return "", getattr(function, "id", "")


def given(tree: ast.AST) -> set[str]:
    """Names that hold a place given by the room, or memory."""
    names = set()
    for node in ast.walk(tree):
        pairs = []
        if isinstance(node, ast.withitem):
            pairs = [(node.context_expr, node.optional_vars)]
        elif isinstance(node, ast.Assign):
            pairs = [(node.value, target) for target in node.targets]
        names |= {
            target.id
            for value, target in pairs
            if isinstance(value, ast.Call) and name_of(value)[1] in GIVEN and isinstance(target, ast.Name)
        }
    return names


def opens_for_writing(call: ast.Call) -> bool:
    words = {node.value for node in ast.walk(call) if isinstance(node, ast.Constant)} - {None}
    modes = {
        word
        for word in words
        if isinstance(word, str) and 0 < len(word) < 5 and not set(word) - set("rwaxbt+")
    }
    return any(set(mode) & set("wax+") for mode in modes)


def writers(tree: ast.AST, file: str = "") -> Iterator[str]:
    """The calls that write, by line."""
    ours = given(tree)
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        on, name = name_of(call)
        used = {node.id for node in ast.walk(call) if isinstance(node, ast.Name)}
        path_replace = name == "replace" and len(call.args) == 1 and not call.keywords and on != ""
        by_name = name in BY_NAME and on and not used & ours and (on, name) not in OWN
        if (
            name in AS_METHODS
            or (name == "touch" and on not in PANELS)
            or (name in OF_MODULES.get(on, ()) and not (name in BY_NAME and used & ours))
            or (name == "open" and opens_for_writing(call))
            or path_replace
            or (by_name and (file, name) not in HANDED)
        ):  # fmt: skip
            yield f"line {call.lineno}: {on}.{name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nobody_else_writes(path):
    assert list(writers(ast.parse(path.read_text(encoding="utf-8")), path.name)) == []


@pytest.mark.parametrize(
    "code",
    [
        "path.write_text('')", "(folder / 'a').write_bytes(b'')", "open(path, 'w')", "path.open('ab')",
        "path.open(mode='r+b')", "path.open('r+b' if old else 'w+b')", "path.replace(target)",
        "os.replace(a, b)", "shutil.copyfile(a, b)", "tempfile.mkdtemp()", "image.save(path)",
        "SimpleITK.WriteImage(image, str(path))", "figure.savefig(path)", "folder.mkdir()",
        "np.save(path, a)", "(run / STOP).touch()",
    ],
)  # fmt: skip
def test_what_writes_is_seen(code):
    assert list(writers(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        "path.open('rb')", "open(path)", "text.replace('a', 'b')", "path.read_bytes()",
        "with replacing(path) as temporary:\n    image.save(temporary, 'PNG')",
        "content = io.BytesIO()\nfigure.savefig(content)", "write_atomically(path, b'')",
        "replace(config, out='')",
    ],
)  # fmt: skip
def test_what_only_reads_or_goes_through_the_room_is_none(code):
    assert list(writers(ast.parse(code))) == []
