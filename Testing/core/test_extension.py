"""What the Extensions Index and Slicer read of the repository is complete, and the same in every place."""

from __future__ import annotations

import ast
import json
import re
import struct
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlparse

import pytest

ROOT = Path(__file__).resolve().parents[2]
CMAKE = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
ENTRY = json.loads((ROOT / "SAMCA.json").read_text(encoding="utf-8"))
RESOURCES = ROOT / "SAMCAUltrasound" / "Resources"
MODULES = (ROOT / "SAMCAUltrasound", ROOT / "SAMCATraining")
SHELLS = [module / f"{module.name}.py" for module in MODULES]
OF_WIDGETS = ("SegmentEditorEffects", "SegmentStatisticsPlugins")  # Slicer's own, which import qt
QT_SIDE = sorted(path for module in MODULES for path in module.glob("SAMCA*Lib/*.py"))

# slicer-extension-catalog-entry-schema-v1.0.2: key -> type; nothing else is allowed
SCHEMA = {
    "$schema": str,
    "category": str,
    "scm_url": str,
    "scm_revision": str,
    "scm_type": str,
    "build_dependencies": list,
    "build_subdirectory": str,
    "dicom_support_rule": str,
    "enabled": bool,
    "tier": int,
}
REQUIRED = {"$schema", "category", "scm_url"}
CATEGORIES = {"Segmentation", "Ultrasound"}  # those of the accepted list that would fit


def metadata(name):
    """The value of EXTENSION_<name>, variables put in."""
    (value,) = re.findall(rf'^set\(EXTENSION_{name} "([^"\n]*)"\)', CMAKE, re.M)
    for variable, content in re.findall(r'^set\((SAMCA_\w+) "([^"\n]*)"\)', CMAKE, re.M)[::-1]:
        value = value.replace(f"${{{variable}}}", content)
    return value


def test_the_catalog_entry_is_valid_against_the_schema():
    assert REQUIRED <= set(ENTRY) <= set(SCHEMA)
    for key, value in ENTRY.items():
        assert type(value) is SCHEMA[key], key
    assert ENTRY["$schema"].endswith("slicer-extension-catalog-entry-schema-v1.0.2.json#")
    assert ENTRY["scm_type"] in ("git", "local")
    assert ENTRY["tier"] in (1, 3, 5)
    assert ENTRY["category"] in CATEGORIES
    assert all(isinstance(name, str) for name in ENTRY["build_dependencies"])
    assert b"\r" not in (ROOT / "SAMCA.json").read_bytes()


@pytest.mark.parametrize(("modality", "is_ours"), [("US", True), ("CT", False), ("SEG", False)])
def test_slicer_offers_the_extension_to_whoever_has_ultrasound_in_dicom(modality, is_ours):
    """Rules are of the package rule-engine, whose comparisons Python reads the same."""
    assert eval(ENTRY["dicom_support_rule"], {}, {"Modality": modality}) is is_ours


def test_the_licence_is_where_the_index_looks_for_it_and_named_in_the_readme():
    assert "Apache License" in (ROOT / "LICENSE.txt").read_text(encoding="utf-8")
    assert "Apache-2.0" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_entry_is_named_after_the_project_and_depends_on_what_cmake_depends_on():
    assert re.search(r"^project\((\w+)\)$", CMAKE, re.M)[1] == "SAMCA"
    assert metadata("DEPENDS").split(";") == ENTRY["build_dependencies"]


@pytest.mark.parametrize(
    "pattern",
    [
        r'set\s*\(EXTENSION_ICONURL\s*"([^"]+)"[ ]*\)',
        r'set\s*\(EXTENSION_SCREENSHOTURLS\s*"([^"]+)"\)',
    ],
)
def test_the_index_reads_whole_addresses_of_pictures_without_cmake(pattern):
    (addresses,) = re.findall(pattern, CMAKE)
    for address in addresses.split():
        assert re.fullmatch(r"https://raw\.githubusercontent\.com/[\w/.]+\.png", address), address
        assert (ROOT / urlparse(address).path.split("/main/")[1]).is_file()


def test_every_address_names_the_same_repository():
    sys.path.insert(0, str(ROOT / "SAMCAUltrasound"))
    try:
        from SAMCALib.Models import Links
    finally:
        sys.path.pop(0)
    assert re.findall(r'^set\(SAMCA_REPOSITORY "(.*)"\)$', CMAKE, re.M) == [Links.REPOSITORY]
    assert ENTRY["scm_url"] == f"https://github.com/{Links.REPOSITORY}.git"
    assert set(re.findall(r"\w+/SlicerSAMCA", CMAKE)) == {Links.REPOSITORY}
    sources = [
        p
        for module in MODULES
        for p in module.rglob("*.py")
        if Links.REPOSITORY in p.read_text(encoding="utf-8")
    ]
    assert [path.name for path in sources] == ["Links.py"]
    for name in ("HOMEPAGE", "ICONURL", "SCREENSHOTURLS"):
        assert Links.REPOSITORY in metadata(name)


def test_the_icon_is_there_and_has_the_size_that_is_asked_for():
    path = ROOT / urlparse(metadata("ICONURL")).path.split("/main/")[1]
    icons = [path, *sorted((RESOURCES / "Icons").glob("SAMCA[UE]*.png"))]
    assert len(icons) == 3
    for icon in icons:
        assert struct.unpack(">II", icon.read_bytes()[16:24]) == (128, 128), icon.name
        assert icon.with_suffix(".svg").is_file(), "the drawing is the source of the picture"


def test_requirements_leave_torch_and_what_slicer_ships_alone():
    lines = (RESOURCES / "requirements.txt").read_text(encoding="utf-8").splitlines()
    names = [re.split("[<>=]", line)[0] for line in lines if line and not line.startswith("#")]
    assert names == ["safetensors"]
    assert "--hash=sha256:" in (RESOURCES / "segment-anything.txt").read_text(encoding="utf-8")


def test_the_logics_know_no_widgets_and_nothing_imports_torch():
    for path in QT_SIDE:
        imported = {name.split(".")[0] for name in imports(path, everywhere=True)}
        isLogic = path.parent.name == "SAMCATrainingLib" and not path.stem.endswith("Widget")
        if "SAMCALib" in path.parts or isLogic:
            assert not imported & {"qt", "ctk", "SAMCAUltrasoundLib", *OF_WIDGETS}, path.name
            imported = {name.split(".")[0] for name in imports(path, everywhere=False)}
        assert not imported & {"torch", "torchvision", "PyTorchUtils", "segment_anything", "monai"}, path.name


def imports(path, everywhere):
    """Names of modules that a file imports: everywhere in it, or when it is imported itself."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = ast.walk(tree) if everywhere else tree.body
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module


def test_every_text_for_the_user_is_marked_for_translation():
    """Sentences (a capital, spaces, an end) stand inside _(...), as docstrings do not."""
    unmarked = []
    for path in [*QT_SIDE, *SHELLS]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        skipped = {id(n) for call in ast.walk(tree) for n in ast.walk(call) if is_marked(call)}
        skipped |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            text = node.value if isinstance(node, ast.Constant) and id(node) not in skipped else ""
            if isinstance(text, str) and re.match(r"[A-Z]\w+ .*[.?]$", text):
                unmarked.append((path.name, text))
    assert unmarked == []


def is_marked(node):
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_", "translate")


SHELL_IMPORT = """
import sys, time, types
slicer, i18n, base = (types.ModuleType(n) for n in ("slicer", "slicer.i18n", "slicer.ScriptedLoadableModule"))
i18n.tr, i18n.translate = str, lambda context, text: text
for name in ("", "Widget", "Test", "Logic"):
    setattr(base, "ScriptedLoadableModule" + name, type("Base", (), {}))
for module in (slicer, i18n, base):
    sys.modules[module.__name__] = module
sys.path.insert(0, sys.argv[1])
sys.modules["torch"] = None
start = time.process_time()
__import__(sys.argv[2])
print(time.process_time() - start, "numpy" in sys.modules, "SAMCALib" in sys.modules)
"""


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_the_module_shell_is_imported_in_under_50_ms_without_torch(module):
    words = [sys.executable, "-c", SHELL_IMPORT, str(module), module.name]
    answers = [
        subprocess.run(words, capture_output=True, text=True, check=True).stdout.split() for _ in range(3)
    ]
    assert min(float(seconds) for seconds, *_ in answers) < 0.05
    assert all(rest == ["False", "False"] for _, *rest in answers), "nothing is imported before it is used"


@pytest.mark.parametrize("path", SHELLS, ids=lambda path: path.stem)
def test_shells_stay_shells(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 135


def test_the_citation_is_of_this_version_and_this_repository():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    said = dict(re.findall(r"^([\w-]+): (\S.*)$", citation, re.M))
    package = (ROOT / "SAMCAUltrasound" / "samca" / "__init__.py").read_text(encoding="utf-8")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.findall(r'^version = "(.*)"$', project, re.M) == [said["version"]]
    assert re.findall(r'^__version__ = "(.*)"$', package, re.M) == [said["version"]]
    assert said["repository-code"] == metadata("HOMEPAGE")
    assert (said["cff-version"], said["license"], said["type"]) == ("1.2.0", "Apache-2.0", "software")
    contributors = re.findall(r"^  - name: (.*)$", citation, re.M)
    assert contributors == [metadata("CONTRIBUTORS")]


def test_the_workflow_runs_the_tests_on_three_systems_and_nothing_else():
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert re.findall(r"run: (.*)$", workflow, re.M) == ["python run.py test"]
    assert re.findall(r"os: \[(.*)\]", workflow) == ["ubuntu-latest, windows-latest, macos-latest"]
    assert re.findall(r"python: \[(.*)\]", workflow) == ['"3.10", "3.12"']


def test_the_form_for_problems_asks_for_the_status_line_and_the_log():
    form = (ROOT / ".github" / "ISSUE_TEMPLATE" / "problem.yml").read_text(encoding="utf-8")
    for field in ("status", "log"):
        assert re.search(rf"id: {field}\n(?:(?!  - type).*\n)*?.*required: true", form), field
