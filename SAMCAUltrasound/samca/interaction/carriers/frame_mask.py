"""What was found in one frame of a loop."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ...prompts import Prompts


class FrameMask(NamedTuple):
    """The (H, W) bool mask of frame `index`, the prompts that gave it, and how sure the model is of it."""

    index: int
    prompts: Prompts  # carried ones, unless the user gave some; none where the object was gone
    mask: np.ndarray
    iou: float  # the model's estimate
    agreement: float | None = None  # of two looks, where there are two
    is_sure: bool = True  # as far as can be told beside the frame it came from and the one that was prompted


def closest_to_another(indices: list[int], newest: int) -> int:
    """Of at least two frames, in their order, one of the two that are nearest to each other, and not the
    newest: what lies elsewhere is read from a frame nearby all the same."""
    first, second = min(pairwise(indices), key=lambda pair: pair[1] - pair[0])
    return first if second == newest else second
