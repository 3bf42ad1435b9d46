"""Some targets of a dataset folder, always the same, for the scripts that measure on training images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from samca import Session, datasets


def targets_of(
    model, folder: Path, count: int
) -> Iterator[tuple[int, Session, np.ndarray, np.random.Generator]]:
    """Of up to `count` images: the image's number, a session on it, the (H, W) bool truth of one target, and
    the generator that has drawn them, for what else is drawn."""
    rng = np.random.default_rng(0)
    cases = [case for case in datasets.checked(folder).cases if case.has_truth]
    for index in rng.permutation(len(cases))[:count]:
        targets = cases[index].targets()
        truth = targets[int(rng.integers(len(targets)))]
        session = Session(model)
        session.set_image(cases[index].pixels())
        yield int(index), session, truth, rng
