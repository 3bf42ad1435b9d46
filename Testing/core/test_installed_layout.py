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
MODULE = ROOT / "SAMCAUltrasound"
CMAKE = shutil.which("cmake")
INSTALLED = "lib/Slicer-5.12/qt-scripted-modules"
NOT_INSTALLED = {"CMakeLists.txt"}
# what needs the repository and not only the modules
OF_THE_REPOSITORY = ("test_extension", "test_installed_layout", "test_run", "test_panels", "test_doors")

pytestmark = pytest.mark.skipif(
    CMAKE is None or not shutil.which("cc"), reason="CMake or a compiler is missing"
)


def run(*words, **options):
    """The output of a command that has to end well."""
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """(build folder, installed modules, what CMake said), from a copy of the tracked and new files."""
    folder = tmp_path_factory.mktemp("extension")
    stand_in = ROOT / "Testing" / "stand_ins" / "slicer_cmake"
    prefix = f"-DCMAKE_INSTALL_PREFIX={folder / 'installed'}"
    said = run(CMAKE, "-S", ROOT, "-B", folder / "build", f"-DSlicer_DIR={stand_in}", prefix)
    run(CMAKE, "--install", folder / "build")
    return folder / "build", folder / "installed" / INSTALLED, said


def test_slicer_learns_all_it_wants_to_know(built):
    said = built[2]
    for name in ("HOMEPAGE", "CONTRIBUTORS", "DESCRIPTION", "ICONURL", "SCREENSHOTURLS"):
        assert re.search(rf"EXTENSION_{name}=\S+", said), name
    assert "EXTENSION_DEPENDS=PyTorch" in said
    assert "EXTENSION_NAME=SAMCA" in said


def test_every_file_of_the_module_is_installed_and_no_other(built):
    installed = {path.relative_to(built[1]).as_posix() for path in built[1].rglob("*") if path.is_file()}
    wanted = {
        path.relative_to(MODULE).as_posix()
        for path in MODULE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name not in NOT_INSTALLED
    }
    assert installed == wanted
    assert not any(path.startswith("Testing") for path in installed)


def test_the_self_tests_are_known_to_ctest(built):
    tests = run(shutil.which("ctest") or "ctest", "-N", cwd=built[0])
    names = {
        "py_SAMCAUltrasound",
        *(f"py_{path.stem}" for path in (ROOT / "Testing/Python").glob("SAMCA*Test.py")),
    }
    assert names <= set(re.findall(r"Test +#\d+: (\S+)", tests))
    assert len(names) > 1


def test_a_new_file_is_collected_by_the_next_build(built, tmp_path):
    """CONFIGURE_DEPENDS makes the build look again."""
    assert "CONFIGURE_DEPENDS" in (MODULE / "CMakeLists.txt").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("suite", ["core", "mrml"])
def test_the_tests_pass_on_the_installed_layout_alone(built, tmp_path, suite):
    shutil.copytree(ROOT / "Testing", tmp_path / "Testing", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "SAMCAUltrasound").symlink_to(built[1], target_is_directory=True)
    ignored = [f"--ignore=Testing/core/{name}.py" for name in OF_THE_REPOSITORY]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"Testing/{suite}", *ignored]
    said = run(*command, cwd=tmp_path, env=environment)
    assert re.search(r"\d+ passed", said)
