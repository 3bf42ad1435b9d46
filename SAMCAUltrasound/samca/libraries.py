"""Opens the libraries of torch before it is imported: Python's lock is free meanwhile.

An `import` holds the lock while the system reads and links half a gigabyte, so that an interface in another
thread stands still for a second or more; a call through ctypes does not, and the import finds them open.
"""

from __future__ import annotations

import ctypes
import os
import sys
from importlib.util import find_spec
from pathlib import Path

LAST = {"linux": "libtorch_python.so", "darwin": "libtorch_python.dylib"}  # it opens all others


def open_torch() -> bool:
    """Open them; whether they are open. False where torch is missing, or opens them in this way itself, as on
    Windows; what does not open tells its reason when torch is imported."""
    package = find_spec("torch") if sys.platform in LAST else None
    if package is None or not package.origin:
        return False
    path = Path(package.origin).parent / "lib" / LAST[sys.platform]
    opener = ctypes.CDLL(None).dlopen  # CDLL(path) would hold the lock
    opener.argtypes, opener.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    return path.exists() and bool(opener(os.fsencode(path), os.RTLD_NOW))
