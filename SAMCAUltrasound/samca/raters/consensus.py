"""What raters share: STAPLE (Warfield et al., IEEE TMI 2004) by SimpleITK, or what most of them say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..config import choose
from ..evaluation import metrics
from ..files import make_folder
from ..images import masks
from ..images.grid import Grid
from .reading import Case

HALF = 0.5  # probability or share of raters above which a voxel belongs to the structure
MARGIN = 8  # px around what anybody has outlined; the empty rest would be most of the evidence


@dataclass(frozen=True)
class Share:
    """One rater beside the consensus on one structure of a case: Dice 0..100; sensitivity and specificity,
    0..1, as STAPLE estimates them, None of a majority."""

    case: str
    structure: str
    rater: str
    dice: float
    sensitivity: float | None = None
    specificity: float | None = None


def consensus(case: Case, by: str) -> tuple[dict[str, np.ndarray], list[Share]]:
    """(N, H, W) bool of each structure, and how each rater agrees with it; by: a name in METHODS.

    Where two structures would overlap, a voxel belongs to the likelier one.
    """
    method = choose("consensus", METHODS, by)
    names = list(next(iter(case.masks.values())))
    found = {name: method([of[name] for of in case.masks.values()]) for name in names}
    likely = np.stack([found[name][0] for name in names])
    best = likely.argmax(0)
    shared = {name: (likely[i] > HALF) & (best == i) for i, name in enumerate(names)}
    shares = []
    for name in names:
        for (rater, of), said in zip(case.masks.items(), found[name][1], strict=True):
            flat = (each.reshape(-1, each.shape[-1]) for each in (of[name], shared[name]))
            shares.append(Share(case.name, name, rater, 100 * metrics.dice(*flat), *said))
    return shared, shares


def write(folder: Path, case: Case, shared: dict[str, np.ndarray]) -> Path:
    """The consensus of a case as a .seg.nrrd of its name, a segment for each structure."""
    path = folder / f"{case.name}{masks.SEGMENTATION}"
    make_folder(path.parent)
    labels = np.zeros(case.size, np.uint8)
    for number, mask in enumerate(shared.values(), start=1):
        labels[mask] = number
    fits = case.grid is not None and tuple(case.grid.size) == case.size[::-1]
    masks.write_volume(path, labels, case.grid if fits else Grid(case.size[::-1]), list(shared))
    return path


def staple(given: list[np.ndarray]) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """Probability of each voxel, and sensitivity and specificity of each rater."""
    import SimpleITK

    whole = np.zeros(given[0].shape, np.float32)
    if all((mask == given[0]).all() for mask in given):  # which it cannot weigh
        return given[0].astype(np.float32), [(1.0, 1.0)] * len(given)
    box = _around(np.any(given, axis=0))
    images = [SimpleITK.GetImageFromArray(mask[box].astype(np.uint8)) for mask in given]
    method = SimpleITK.STAPLEImageFilter()
    likely = SimpleITK.GetArrayFromImage(method.Execute(images))
    whole[box] = np.nan_to_num(likely)
    return whole, list(zip(method.GetSensitivity(), method.GetSpecificity(), strict=True))


def majority(given: list[np.ndarray]) -> tuple[np.ndarray, list[tuple[None, None]]]:
    """The share of raters at each voxel; more than half is needed, so of two raters both."""
    return np.mean(given, axis=0, dtype=np.float32), [(None, None)] * len(given)


METHODS = {"staple": staple, "majority": majority}


def _around(mask: np.ndarray) -> tuple[slice, ...]:
    """The box around a mask that is not empty, with a margin within its frames."""
    found = []
    for axis, margin in enumerate((0, MARGIN, MARGIN)):
        filled = np.flatnonzero(mask.any(tuple(other for other in range(3) if other != axis)))
        found.append(slice(max(0, filled[0] - margin), filled[-1] + 1 + margin))
    return tuple(found)
