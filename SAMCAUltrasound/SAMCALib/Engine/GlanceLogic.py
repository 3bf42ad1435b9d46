"""Pictures that pass by: which clicks their mask answers, and which part of it is meant."""

from __future__ import annotations

import numpy as np

from samca.prompts import Prompts


def answered(logits: np.ndarray, prompts: Prompts, given: Prompts) -> Prompts:
    """What the mask of (H, W) logits, positive inside, answers: what somebody gave on this picture, and that
    the object is where it was before.

    prompts: all that the model was asked. A click that came from another picture asks for nothing: the object
    may have moved away from it.
    """
    if prompts.mask is None:
        return given
    from samca.interaction.propagation import FrameMask, carried

    there = carried(FrameMask(0, Prompts(), (logits > 0) & prompts.mask, 0.0))
    return Prompts(there.clicks + given.clicks)
