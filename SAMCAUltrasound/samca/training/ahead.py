"""Work for a later step, done in a thread beside the one before it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class Ahead:
    """Results of work(*given), each made once in one thread, in the order in which they were begun."""

    def __init__(self, work: Callable):
        self._work, self._thread = work, ThreadPoolExecutor(1)
        self._begun: dict[tuple, Future] = {}

    def begin(self, *given: Any) -> None:
        """Work on this as soon as what was begun before is done; `take` gives its result."""
        self._begun[given] = self._thread.submit(self._work, *given)

    def take(self, *given: Any) -> Any:
        """Its result, or its error; what was not begun is done now."""
        if given not in self._begun:
            self.begin(*given)
        return self._begun.pop(given).result()
