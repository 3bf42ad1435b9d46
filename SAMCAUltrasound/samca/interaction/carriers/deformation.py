"""The last mask, pulled along by a dense deformation from its frame to the new one.

SimpleITK's diffeomorphic demons (Vercauteren et al., NeuroImage 2009) between both frames, SIDE px a side,
from the coarse to the fine. What the model has learned is not asked: it stands beside the other carriers to
show what motion alone gives.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...prompts import Prompts
from ...prompts.geometry import resample
from ..memory import Memory
from ..session import Session
from .frame_mask import FrameMask
from .last_mask import carried, is_as_large

SIDE, ROUNDS, SMOOTH = 128, (20, 15), 1.5  # px; of half the size and of the whole; px of a Gaussian
KNOWN = 64  # frames that are kept
SURE = 0.8  # correlation of both frames around the object: below, it is not sure
RIM = 0.2  # of the object's side, how far around it that is looked at


class Known(NamedTuple):
    """A frame and how far each of its pixels is of the object: (SIDE, SIDE) float32 each."""

    grey: np.ndarray
    coverage: np.ndarray


class Deformation:
    """Carries by demons; see `carriers.Carrier`."""

    goes_on = False

    def __init__(self, model):
        del model
        self._known: Memory[int, Known] = Memory(KNOWN)
        self._carried: dict[int, Known] = {}  # the last one, of which more is known than its mask

    def take(self, session: Session, found: FrameMask, prompted: bool) -> None:
        """Keep its picture and its mask."""
        known = self._carried.pop(found.index, None)
        if known is None or prompted:
            known = Known(_grey(session), resample(found.mask, SIDE, SIDE))
        self._known.pop(found.index, None)
        self._known.of(found.index, lambda: known)

    def carry(self, session: Session, index: int, before: FrameMask) -> FrameMask:
        """By the frame before; nothing where nothing was there."""
        source, grey = self._known[before.index], _grey(session)
        field = _field(source.grey, grey)
        coverage = _pulled(source.coverage, field)
        mask = resample(coverage, *before.mask.shape) > 0.5
        alike = _correlation(_pulled(source.grey, field), grey, coverage)
        self._carried = {index: Known(grey, coverage)}
        found = FrameMask(index, Prompts(), mask, alike)
        return found._replace(prompts=carried(found))

    def is_sure(self, found: FrameMask, before: FrameMask, pointed_at: FrameMask) -> bool:
        """Whether both frames are alike there, and the object about as large as it was."""
        return found.iou >= SURE and is_as_large(found.mask, before.mask)


def _grey(session: Session) -> np.ndarray:
    return resample(session.picture.mean(axis=2), SIDE, SIDE)


def _field(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(SIDE, SIDE, 2) px, (x, y): where in the source what is at a place of the target was."""
    import SimpleITK as sitk

    demons = sitk.DiffeomorphicDemonsRegistrationFilter()
    demons.SetStandardDeviations(SMOOTH)
    field = None
    for side, rounds in zip((SIDE // 2, SIDE), ROUNDS, strict=True):
        fixed, moving = (sitk.GetImageFromArray(resample(each, side, side)) for each in (target, source))
        demons.SetNumberOfIterations(rounds)
        if field is None:
            found = demons.Execute(fixed, moving)
        else:
            start = sitk.GetImageFromArray(2 * resample(field, side, side).astype(np.float64), isVector=True)
            found = demons.Execute(fixed, moving, start)
        field = sitk.GetArrayFromImage(found)
    return field


def _pulled(values: np.ndarray, field: np.ndarray) -> np.ndarray:
    from scipy import ndimage

    rows, columns = np.indices(values.shape)
    return ndimage.map_coordinates(values, (rows + field[..., 1], columns + field[..., 0]), order=1)


def _correlation(one: np.ndarray, other: np.ndarray, coverage: np.ndarray) -> float:
    """Of two pictures around an object, 0..1; 0 where it is gone."""
    rows, columns = np.nonzero(coverage > 0.5)
    if not len(rows):
        return 0.0
    around = tuple(
        slice(max(int(each.min() - RIM * np.ptp(each)), 0), int(each.max() + RIM * np.ptp(each)) + 2)
        for each in (rows, columns)
    )
    a, b = one[around] - one[around].mean(), other[around] - other[around].mean()
    size = np.sqrt((a**2).sum() * (b**2).sum())
    return float(max((a * b).sum() / size, 0)) if size else 0.0
