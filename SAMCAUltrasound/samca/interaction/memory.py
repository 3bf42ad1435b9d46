"""What was computed last, so that it is computed once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import partial
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

    def following(
        self, key: Key, before: Callable[[Key], Key], make: Callable[[Key, Value | None], Value]
    ) -> Value:
        """The same, made of `key` and of what is kept, or made likewise, by the one `before` it.

        What `before` gives is false where nothing comes before; then the value before is None.
        """
        waiting = [key]
        while waiting[-1] not in self and (earlier := before(waiting[-1])):
            waiting.append(earlier)
        value = None
        for each in reversed(waiting):
            value = self.of(each, partial(make, each, value))
        return value
