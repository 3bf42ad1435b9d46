"""One lasting thread for a detector, for which the application does not wait when it ends.

A ThreadPoolExecutor's threads are joined then, and nobody can interrupt a detector that hangs.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future


class SearchThread:
    """Does one thing after the other, until `end`."""

    def __init__(self):
        self._jobs: queue.SimpleQueue = queue.SimpleQueue()
        threading.Thread(target=_work, args=(self._jobs,), name="SAMCA target", daemon=True).start()

    def submit(self, function: Callable, *words) -> Future:
        """The answer of function(*words) that is to come."""
        future: Future = Future()
        self._jobs.put((future, function, words))
        return future

    def end(self) -> None:
        """Begin nothing more; what is being done goes to its end."""
        self._jobs.put(None)


def _work(jobs: queue.SimpleQueue) -> None:
    while job := jobs.get():
        future, function, words = job
        try:
            future.set_result(function(*words))
        except BaseException as error:  # somebody waits for the answer, whatever a detector raises
            future.set_exception(error)
