"""What of a DICOM screen is ultrasound, by its header: beside it stand names, dates and the makers' marks."""

from __future__ import annotations

import numpy as np

from .dicom import TWO_DIMENSIONAL, Header, window_of

ULTRASOUND = (TWO_DIMENSIONAL, 2, 3, 4)  # formats of regions: 2D, M-mode, spectrum, wave form; 5 is graphics


def ultrasound_area(header: Header, height: int, width: int) -> np.ndarray | None:
    """(height, width) bool of what lies in a region of ultrasound; None where the header names none."""
    area = np.zeros((height, width), bool)
    for item in header.items("SequenceOfUltrasoundRegions"):
        if item.number("RegionSpatialFormat", TWO_DIMENSIONAL) in ULTRASOUND:
            at = window_of(item)
            area[max(at.y0, 0) : max(at.y1, 0), max(at.x0, 0) : max(at.x1, 0)] = True
    return area if area.any() else None


def blackened(pixels: np.ndarray, area: np.ndarray) -> np.ndarray:
    """A copy of (H, W) or (H, W, C) pixels that is 0 outside of an (H, W) area."""
    return np.where(area if pixels.ndim == 2 else area[..., None], pixels, pixels.dtype.type(0))
