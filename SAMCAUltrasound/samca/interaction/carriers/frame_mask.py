"""What was found in one frame of a loop."""

from __future__ import annotations

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
