"""How far apart the frames lie by their headers, of which a volume is made; a loop has no such distance."""

from __future__ import annotations

import numpy as np

from ..images.dicom import Header
from .source import Source

EVEN = 0.01  # of a step: how far steps may differ, more than what rounding does
ALONG = 1e-3  # of a direction


def step_mm(source: Source) -> float | None:
    """mm from frame to frame, None unless the images put all of them one behind the other at even steps.

    Never of a frame of reference that is not the images' own: its steps mean nothing.
    """
    if source.own_place or source.frames < 2:
        return None
    planes = [plane for each in source.elements for plane in _planes(Header(each))]
    directions, places = (np.array(each, float) for each in zip(*planes, strict=True))
    steps = np.diff(places @ np.cross(directions[0, :3], directions[0, 3:]))
    step = float(abs(steps.mean()))
    even = (
        np.abs(steps - steps.mean()).max() <= EVEN * step
        and np.abs(directions - directions[0]).max() <= ALONG
    )
    return step if step > 0 and even else None


def _planes(image: Header) -> list[tuple]:
    """(ImageOrientationPatient, ImagePositionPatient) of each frame."""
    shared, each = (image.items(f"{name}FunctionalGroupsSequence") for name in ("Shared", "PerFrame"))
    frames = [[*each[index : index + 1], *shared] for index in range(int(image.number("NumberOfFrames", 1)))]
    return [
        tuple(_stated(image, groups, *names) for names in (
            ("PlaneOrientationSequence", "ImageOrientationPatient"),
            ("PlanePositionSequence", "ImagePositionPatient"),
        ))
        for groups in frames
    ]  # fmt: skip


def _stated(image: Header, groups: list[Header], sequence: str, name: str):
    items = [item for group in groups for item in group.items(sequence)]
    return next(value for place in (*items, image) if (value := place.get(name)))
