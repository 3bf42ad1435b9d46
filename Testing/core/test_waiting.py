"""Threads that wait for each other leave the processor to other programs, whichever way torch is started."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from samca import waiting

SOURCE = Path(__file__).resolve().parents[2] / "SAMCAUltrasound"
SEEN = """
import os, sys

class Torch:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            print("torch", os.environ.get("GOMP_SPINCOUNT"))

sys.meta_path.insert(0, Torch())
"""
STARTS = {
    "load": "import samca; samca.load()",
    "the effect": "from SAMCALib.Engine import TorchLogic; TorchLogic.loadModel('shipped', 'auto')",
    "a command": "from samca.__main__ import main; main(['describe', '--help'])",
}


AFTER = "print('after', os.environ.get('GOMP_SPINCOUNT'))"


def seen(code, **environment):
    """What stands in the environment when torch is looked for last, to import it, and afterwards."""
    done = subprocess.run(
        [sys.executable, "-c", f"{SEEN}\ntry:\n    {code}\nexcept SystemExit:\n    pass\n{AFTER}"],
        env={**os.environ, "PYTHONPATH": str(SOURCE), **environment},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    said = [line.split() for line in done.stdout.splitlines() if line.startswith(("torch ", "after "))]
    return [value for _name, value in said[-2:]]


@pytest.mark.parametrize("code", STARTS.values(), ids=STARTS)
def test_torch_is_imported_so_that_its_threads_wait_briefly_and_nobody_else_is_told(code, tmp_path):
    home = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}  # what is remembered of speed goes there
    assert seen(code, **home) == [waiting.MOMENT["GOMP_SPINCOUNT"], "None"]


def test_what_the_user_wants_holds():
    assert seen(STARTS["load"], GOMP_SPINCOUNT="77") == ["77", "77"]
