"""What the threads of ours import for the first time: in Slicer that crashes while Qt's events are worked on.

A module is imported once in a process, so a script is watched in a process of its own.
"""

from __future__ import annotations

import importlib.abc
import json
import os
import subprocess
import sys
import threading

found: list[tuple[str, str]] = []  # (thread, module) in this process


class Watch(importlib.abc.MetaPathFinder):
    """Asked for every module that is not there yet; finds none itself."""

    def find_spec(self, name, path=None, target=None):
        if threading.current_thread() is not threading.main_thread():
            found.append((threading.current_thread().name, name))


def watch() -> None:
    """Watch from now on."""
    sys.meta_path.insert(0, Watch())


def of(script: str, *words) -> list[tuple[str, str]]:
    """(thread, module) of all that the threads of this script imported; words: its sys.argv[1:]."""
    code = f"import first_imports\nfirst_imports.watch()\n{script}\nfirst_imports.tell()"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, sys.path)), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return [tuple(pair) for pair in json.loads(done.stdout.splitlines()[-1])]


def tell() -> None:
    """The last line of a script."""
    print(json.dumps(found), flush=True)
    os._exit(0)  # threads of ours are not waited for
