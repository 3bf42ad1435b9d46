"""The cases of a dataset as they are handed over: names, patients as numbers, objects with classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..datasets import Case
from ..files import part_of_name

UNNAMED = "structure"  # of what nobody has named


@dataclass(frozen=True)
class Entry:
    """A case to be handed over; group and loop: numbers, the same for what belongs together."""

    name: str  # unique
    case: Case
    group: int
    loop: int

    @property
    def split(self) -> str:
        """ "train", "val", "test" or ""."""
        return self.case.split


class Classes:
    """Names of the classes, numbered from 1 in the order of their label values, then as they are met."""

    def __init__(self, cases: Sequence[Case]):
        self._numbers: dict[str, int] = {}
        for case in cases:
            for _value, name in case.names:
                self.number(name)

    @property
    def names(self) -> list[str]:
        """In the order of their numbers."""
        return list(self._numbers)

    def number(self, name: str) -> int:
        """Of a class, a new one if need be."""
        return self._numbers.setdefault(name, len(self._numbers) + 1)

    def objects(self, case: Case) -> list[tuple[int, np.ndarray]]:
        """The targets of a case with the numbers of their classes."""
        return [(self.number(self._name(case, value, mask)), mask) for value, mask in case.objects()]

    def labels(self, case: Case) -> np.ndarray:
        """(H, W) uint16: the number of the class, 0 where nothing is; where two overlap that of the later."""
        labels = np.zeros(case.pixels().shape[:2], np.uint16)
        for number, mask in self.objects(case):
            labels[mask] = number
        return labels

    @staticmethod
    def _name(case: Case, value: int, mask: np.ndarray) -> str:
        named = dict(case.names).get(value) or case.kind_of(mask)
        return named or (f"{UNNAMED} {value}" if case.has_values else UNNAMED)


def entries_of(cases: Sequence[Case]) -> list[Entry]:
    """An entry for each case: its id, after its source where two sources have the same."""
    counts = Counter(case.id for case in cases)
    groups: dict[tuple, int] = {}
    loops: dict[tuple, int] = {}
    entries = []
    for case in cases:
        group = groups.setdefault((case.source, case.group), len(groups) + 1)
        loop = loops.setdefault((case.source, case.group, case.loop), len(loops) + 1)
        name = case.id if counts[case.id] == 1 else f"{case.source}_{case.id}"
        entries.append(Entry(part_of_name(name), case, group, loop))
    return entries


def luma(pixels: np.ndarray) -> np.ndarray:
    """(H, W) uint8 of grey or colour."""
    if pixels.ndim == 2:
        return pixels
    return np.round(pixels @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
