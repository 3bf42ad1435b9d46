"""An object that is pointed at in some frames of a loop, carried to the others until the model is unsure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from ..images.frames import Frame
from ..images.regions import Region, region_under
from ..interaction.carriers import carrier_for
from ..interaction.propagation import FrameMask, carry, session_on
from ..prompts import Prompts
from ..prompts.geometry import check_places


def follow(
    model, frames: Sequence[Frame], prompts: Mapping[int, Prompts], carrier: str = ""
) -> Iterator[FrameMask]:
    """The object in all frames of a loop, in px of the frames, a frame at a time.

    prompts: by frame, of at least one frame. On a screen with several pictures it is followed in the one that
    is pointed at. Where the model is unsure it goes no farther, unless its carrier (see `carrier_for`) finds
    an object again: such a frame is the last one of its way.
    ValueError for a frame that is not there, and for clicks outside, beside the picture or in two.
    """
    missing = [index for index in prompts if not 0 <= index < len(frames)]
    if missing:
        raise ValueError(f"frame {missing[0]}: this loop has {len(frames)}, counted from 0")
    for index, given in prompts.items():
        check_places(given, *frames[index].pixels.shape[:2])
    regions = {region_under(frames[index].regions, given) for index, given in prompts.items()}
    if len(regions) > 1:
        raise ValueError("the clicks lie in several pictures of the screen: follow an object in one of them")
    (region,) = regions
    parts = frames if region is None else [frame.part(region) for frame in frames]
    if region is not None:
        prompts = {index: region.window.prompts(given) for index, given in prompts.items()}
    on = partial(session_on, model, [part.pixels for part in parts])
    for found in carry(on, prompts, 0, len(frames) - 1, carrier_for(model, carrier), until_unsure=True):
        yield found if region is None else _on_screen(found, region, frames[found.index])


def _on_screen(found: FrameMask, region: Region, frame: Frame) -> FrameMask:
    whole = np.zeros(frame.pixels.shape[:2], bool)
    return found._replace(mask=region.window.paste(found.mask, whole))
