"""The kinds of objects that a prompt predictor finds, and which labels of which dataset they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np


class Classes:
    """Names of the classes in their order, and for some datasets the classes of their label values.

    labels: by a dataset's name the classes of its values 1, 2, ...; a plain mask is value 1, and "" is a
    value that is no class. Other datasets have the classes in their order.
    """

    def __init__(self, names: Sequence[str], labels: Mapping[str, Sequence[str]]):
        self.names, self.labels = tuple(names), {k: tuple(v) for k, v in labels.items()}
        if not self.names or len(set(self.names)) < len(self.names) or not all(self.names):
            raise ValueError(f"predictor.classes is {list(names)}: expected at least one name, none twice")
        for source, values in self.labels.items():
            if unknown := [name for name in values if name and name not in self.names]:
                known = ", ".join(self.names)
                raise ValueError(
                    f"predictor.labels.{source} has {unknown[0]!r}: expected one of {known}, or '' for none"
                )

    def __len__(self) -> int:
        return len(self.names)

    def of_values(self, source: str) -> dict[int, int]:
        """Label value of this dataset -> class, from 0."""
        names = self.labels.get(source, self.names)
        return {value: self.names.index(name) for value, name in enumerate(names, start=1) if name}

    def truths(self, case) -> list[tuple[int, np.ndarray]]:
        """(class, (H, W) bool mask of all that is of it) for each class that the case's dataset knows.

        A mask is empty where the image shows nothing of the class. ValueError for a label value without one.
        """
        known, found = self.of_values(case.source), case.structures()
        beyond = sorted(set(found) - set(range(1, len(self.labels.get(case.source, self.names)) + 1)))
        if beyond:
            raise ValueError(
                f"{case.labels or case.image} has the label value {beyond[0]}: the predictor's classes "
                f"{', '.join(self.names)} have no such value; set predictor.labels.{case.source}"
            )
        nothing = np.zeros_like(next(iter(found.values()))) if found else case.mask()
        return [(number, found.get(value, nothing)) for value, number in known.items()]
