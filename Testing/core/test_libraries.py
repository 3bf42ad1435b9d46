"""What torch is made of is open before it is imported, and nothing is lost where it cannot be."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from samca import libraries

SOURCE = Path(__file__).resolve().parents[2] / "SAMCAUltrasound"
OPENED = """
import sys
from samca import libraries
print(libraries.open_torch(), "torch" in sys.modules)
import torch
print(float(torch.ones(3).sum()))
"""


def test_torch_is_imported_as_ever_from_libraries_that_are_open():
    done = subprocess.run(
        [sys.executable, "-c", OPENED],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=True,
    )
    opens = sys.platform in libraries.LAST
    assert done.stdout.split() == [str(opens), "False", "3.0"]


@pytest.mark.parametrize("found", [None, "a folder without libraries"])
def test_without_libraries_nothing_is_opened(found, monkeypatch, tmp_path):
    class Package:
        origin = str(tmp_path / "torch" / "__init__.py")

    monkeypatch.setattr(libraries, "find_spec", lambda name: found and Package)
    assert not libraries.open_torch()


def test_a_library_that_does_not_open_leaves_it_to_the_import(monkeypatch, tmp_path):
    class Package:
        origin = str(tmp_path / "torch" / "__init__.py")

    (tmp_path / "torch" / "lib").mkdir(parents=True)
    for name in libraries.LAST.values():
        (tmp_path / "torch" / "lib" / name).write_bytes(b"no library")
    monkeypatch.setattr(libraries, "find_spec", lambda name: Package)
    assert not libraries.open_torch()


def test_on_windows_torch_opens_its_libraries_by_itself(monkeypatch):
    monkeypatch.setattr(libraries.sys, "platform", "win32")
    assert not libraries.open_torch()
