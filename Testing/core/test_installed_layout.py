"""CMake configures and installs the extension as Slicer does; the tests then run on that alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = (ROOT / "SAMCAUltrasound", ROOT / "SAMCATraining")
PLACES = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
CMAKE, CTEST = (shutil.which(name, path=PLACES) for name in ("cmake", "ctest"))
STAND_IN = ROOT / "Testing" / "stand_ins" / "slicer_cmake"
INSTALLED = "lib/Slicer-5.12/qt-scripted-modules"
NOT_INSTALLED = {"CMakeLists.txt"}
# what needs the repository and not only the modules
OF_THE_REPOSITORY = (
    "test_doors",
    "test_documented_commands",
    "test_documents",
    "test_extension",
    "test_file_scope",
    "test_installed_layout",
    "test_panels",
    "test_run",
)

# Nothing is compiled, so a machine without compilers will do: any program stands for them.
TOOLS = [
    "-GUnix Makefiles",
    f"-DCMAKE_MAKE_PROGRAM={sys.executable}",
    *(f"-DCMAKE_{language}_COMPILER={sys.executable}" for language in ("C", "CXX")),
    *(f"-DCMAKE_{language}_COMPILER_FORCED=ON" for language in ("C", "CXX")),
]

pytestmark = pytest.mark.skipif(CMAKE is None or CTEST is None, reason="CMake is not installed")


def run(*words, **options):
    """The output of a command that has to end well."""
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """(build folder, installed modules, what CMake said)."""
    folder = tmp_path_factory.mktemp("extension")
    prefix = f"-DCMAKE_INSTALL_PREFIX={folder / 'installed'}"
    said = run(CMAKE, "-S", ROOT, "-B", folder / "build", *TOOLS, f"-DSlicer_DIR={STAND_IN}", prefix)
    run(CMAKE, "--install", folder / "build")
    return folder / "build", folder / "installed" / INSTALLED, said


def test_slicer_learns_all_it_wants_to_know(built):
    said = built[2]
    for name in ("HOMEPAGE", "CONTRIBUTORS", "DESCRIPTION", "ICONURL", "SCREENSHOTURLS"):
        assert re.search(rf"EXTENSION_{name}=\S+", said), name
    assert "EXTENSION_DEPENDS=PyTorch" in said
    assert "EXTENSION_NAME=SAMCA" in said


def test_every_file_of_the_modules_is_installed_and_no_other(built):
    installed = {path.relative_to(built[1]).as_posix() for path in built[1].rglob("*") if path.is_file()}
    wanted = {
        path.relative_to(module).as_posix()
        for module in MODULES
        for path in module.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name not in NOT_INSTALLED
    }
    assert installed == wanted
    assert not any(path.startswith("Testing") for path in installed)


def test_the_self_tests_are_known_to_ctest(built):
    tests = run(CTEST, "-N", cwd=built[0])
    names = {
        *(f"py_{module.name}" for module in MODULES),
        *(f"py_{path.stem}" for path in (ROOT / "Testing/Python").glob("SAMCA*Test.py")),
    }
    assert names <= set(re.findall(r"Test +#\d+: (\S+)", tests))
    assert len(names) > 1


def test_the_package_is_made_without_the_tests_too(tmp_path):
    prefix = f"-DCMAKE_INSTALL_PREFIX={tmp_path / 'installed'}"
    run(CMAKE, "-S", ROOT, "-B", tmp_path, *TOOLS, f"-DSlicer_DIR={STAND_IN}", prefix, "-DBUILD_TESTING=OFF")
    run(CMAKE, "--install", tmp_path)
    assert (tmp_path / "installed" / INSTALLED / "SAMCATraining.py").is_file()


BARE = """
import importlib, pathlib, sys, types
import numpy, pytest, scipy, slicer_application, slicer_scene, slicer_statistics, training_panel
base, i18n = types.ModuleType("slicer.ScriptedLoadableModule"), types.ModuleType("slicer.i18n")
for name in ("", "Widget", "Test"):
    setattr(base, f"ScriptedLoadableModule{name}", type(name, (), {}))
i18n.tr, i18n.translate = str, lambda context, text: text
sys.modules |= {module.__name__: module for module in (base, i18n)}
slicer_scene.start()
training_panel.install(pytest.MonkeyPatch())
slicer_statistics.install(pytest.MonkeyPatch())

ALLOWED = set(sys.stdlib_module_names) | {"numpy", "scipy", "SimpleITK", "slicer", "vtk", "vtkmodules"}

class OnlySlicers:
    def find_spec(self, name, path=None, target=None):
        package = name.partition(".")[0]
        if package not in ALLOWED and not package.startswith(("SAMCA", "samca")):
            raise ModuleNotFoundError(f"Slicer has no {package}", name=name)

before = set(sys.modules)
sys.meta_path.insert(0, OnlySlicers())
folder = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(folder))
for file in sorted(folder.rglob("*.py")):
    words = [word for word in file.relative_to(folder).with_suffix("").parts if word != "__init__"]
    if words[0] != "samca":
        importlib.import_module(".".join(words))
ours = [name for name in set(sys.modules) - before if name.startswith("SAMCA")]
assert all(sys.modules[name].__file__.startswith(str(folder)) for name in ours)
print(len(ours), *{"torch", "monai", "PIL", "safetensors", "segment_anything"} & set(sys.modules) - before)
"""


def test_a_bare_interpreter_imports_the_package_without_what_slicer_lacks(built):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "Testing" / "stand_ins")}
    count, *others = run(sys.executable, "-c", BARE, built[1], env=environment).split()
    assert int(count) > 70
    assert others == []


def pytest_in(built, folder, *words):
    """What pytest says with these words, in a folder where the installed modules are the only ones."""
    shutil.copytree(ROOT / "Testing", folder / "Testing", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for module in MODULES:
        (folder / module.name).symlink_to(built[1], target_is_directory=True)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return run(
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words, cwd=folder, env=environment
    )


def test_effect_and_module_work_from_the_installed_layout(built, tmp_path):
    tests = ("effect/test_effect", "effect/test_module", "training/runs/test_run_logic")
    said = pytest_in(built, tmp_path, *(f"Testing/mrml/{name}.py" for name in tests))
    assert int(re.search(r"(\d+) passed", said)[1]) > 40


@pytest.mark.slow
@pytest.mark.parametrize("suite", ["core", "mrml"])
def test_all_tests_pass_on_the_installed_layout(built, tmp_path, suite):
    ignored = [f"--ignore=Testing/core/{name}.py" for name in OF_THE_REPOSITORY]
    assert re.search(r"\d+ passed", pytest_in(built, tmp_path, f"Testing/{suite}", *ignored))
