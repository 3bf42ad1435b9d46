"""Screens with pictures side by side: the one that is pointed at is all that the model sees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from samca.images.regions import Region, region_under
from samca.prompts import Prompts

from ..Texts import Refusal, _
from .EngineRequests import Picture, Result


def partsOf(picture: Picture) -> list[Picture]:
    """What there is to encode: each picture on the screen, or the only one."""
    return [_part(picture, region) for region in picture.regions] or [picture]


def partUnder(picture: Picture, prompts: Prompts) -> tuple[Picture, Prompts, Region | None]:
    """The picture that the prompts lie in, the prompts in its px, and its region; None: all of the screen.

    Refusal for prompts in several of a screen's pictures, and for a suggestion that says nothing of which.
    """
    if not picture.regions:
        return picture, prompts, None
    try:
        region = region_under(picture.regions, prompts)
    except ValueError as error:
        raise Refusal(_("The points lie in different pictures of this screen: point at one.")) from error
    if not prompts.by_user:
        raise Refusal(_("There are several pictures on this screen: click in the one that is meant."))
    if region is None:
        return picture, prompts, None
    within = replace(region.window.prompts(prompts), suggestion=prompts.suggestion)
    return _part(picture, region), within, region


def onScreen(result: Result, picture: Picture, region: Region | None) -> Result:
    """What was found in one of the pictures, where it lies on the screen."""
    if region is None:
        return result
    height, width = picture.pixels.shape[:2]

    def pasted(values, kind):
        return None if values is None else region.window.paste(values, np.zeros((height, width), kind))

    return replace(result, mask=pasted(result.mask, bool), uncertainty=pasted(result.uncertainty, np.float32))


def _part(picture: Picture, region: Region) -> Picture:
    crop = region.window.crop
    return replace(
        picture,
        key=(picture.key, region),
        pixels=crop(picture.pixels),
        frames=tuple(map(crop, picture.frames)),
        spacing=region.spacing_mm or picture.spacing,
        regions=(),
    )
