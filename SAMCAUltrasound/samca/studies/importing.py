"""For how long an interface stands still while a thread imports torch for the first time."""

from __future__ import annotations

import importlib
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

import samca

BEAT = 0.001  # s between two looks at the clock
BEFORE = ("scipy.ndimage", "scipy.sparse", "samca.runtime.loading")  # the effect has imported these


class Import(NamedTuple):
    """Seconds until the shipped model is loaded, and the longest in which another thread could do nothing."""

    seconds: float
    gap: float


def importing() -> Import:
    """What it takes in an interpreter that has not imported torch, which is started for it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
        return fresh.submit(_loaded_beside).result()


def _loaded_beside() -> Import:
    for name in BEFORE:
        importlib.import_module(name)
    loading = threading.Thread(target=samca.load)
    started = last = time.perf_counter()
    longest = 0.0
    loading.start()
    while loading.is_alive():
        time.sleep(BEAT)
        longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
    return Import(last - started, longest)
