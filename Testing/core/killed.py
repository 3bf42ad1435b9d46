"""A child process that is killed at one of its steps on disk, each in turn, until it comes to its end."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STEPS = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.truncate", "shutil.rmtree")
CHILD = """
import os, signal, sys
sys.path[:0] = {paths!r}
_inside, _left = {folder!r}, {steps}

def _step(event, arguments):
    global _left
    writes = event in {events!r} or (event == "open" and set(str(arguments[1])) & set("wax+"))
    if writes and str(arguments[0]).startswith(_inside):
        _left -= 1
        if _left < 0:
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

{prepare}
sys.addaudithook(_step)
{code}
"""


def at_every_step(folder: Path, code: str, prepare: str = "") -> Iterator[int]:
    """Run `code` in a child that is killed before its first step in `folder`, its second, and so on.

    Yields the number of steps done, once for each child; the last comes to its end.
    """
    paths = [str(ROOT / name) for name in ("SAMCAUltrasound", "SAMCATraining", "Testing/core")]
    for steps in range(1000):
        words = {"paths": paths, "folder": str(folder), "events": STEPS, "prepare": prepare, "code": code}
        child = subprocess.run(
            [sys.executable, "-c", CHILD.format(**words, steps=steps)], capture_output=True
        )
        assert child.returncode <= 0, child.stderr.decode()
        yield steps
        if child.returncode == 0:
            return
    raise AssertionError("the child never came to its end")
