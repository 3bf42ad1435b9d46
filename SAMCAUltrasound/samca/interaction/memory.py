"""What was computed last, so that it is computed once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key, Value = TypeVar("Key", bound=Hashable), TypeVar("Value")


class Memory(OrderedDict, Generic[Key, Value]):
    """The last `limit` entries; the least recently used is dropped first."""

    def __init__(self, limit: int):
        super().__init__()
        self._limit = limit

    def of(self, key: Key, make: Callable[[], Value]) -> Value:
        """What is kept by this key; made where it is not."""
        if key not in self:
            self[key] = make()
        self.move_to_end(key)
        while len(self) > self._limit:
            self.popitem(last=False)
        return self[key]
