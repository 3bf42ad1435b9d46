"""How large a frame's pixels are in space, and whether anybody knows.

Where a file does not say, Slicer has 1 mm. Of a picture it takes dots per inch, which tell of paper, not of
tissue. What a user has set, or a transform that stretches, is known.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import numpy as np

from samca.images.frames import PICTURES

from ..Frames import FrameLogic, ScreenRegions
from ..Frames.FrameLogic import Frame

RIGHT = 1e-6  # cosine of what is a right angle, and by what share sizes are equal


def ofFrame(frame: Frame) -> tuple[tuple[float, float] | None, float]:
    """((row, column) mm of a pixel in the world, None if not known; cosine of the angle between the two)."""
    x, y = FrameLogic.pictureToRas(frame)[:3, :2].T
    column, row = float(np.linalg.norm(x)), float(np.linalg.norm(y))
    if not _isKnown(frame, (column, row)):
        return None, 0.0
    lean = float(x @ y) / (column * row)
    return (row, column), lean if abs(lean) > RIGHT else 0.0


def isStepKnown(frame: Frame) -> bool:
    """Whether anybody knows how far the frames lie apart: Slicer lays those of a DICOM loop 1 mm apart."""
    image, axis = FrameLogic.imageOf(frame), frame.axis
    if axis != ScreenRegions.IN_PLANE or not np.isclose(image.GetSpacing()[axis], 1.0, rtol=RIGHT):
        return True
    ends = 0, image.GetImageData().GetDimensions()[axis] - 1
    first, last = (ScreenRegions.fileOf(replace(frame, index=index)) for index in ends)
    return first is None or first != last


def _isKnown(frame: Frame, inWorld: tuple[float, float]) -> bool:
    own = FrameLogic.spacing(frame)
    isStretched = not np.allclose(inWorld, own, rtol=RIGHT)
    return isStretched or (not np.allclose(own, 1.0, rtol=RIGHT) and not _isOfPaper(frame, own))


def _isOfPaper(frame: Frame, spacing: tuple[float, float]) -> bool:
    """Whether the volume is a picture from a file and has the size of pixels that stands there."""
    storage = FrameLogic.lastingNode(frame).GetStorageNode()
    path = storage.GetFileName() if storage else None
    if not path or not path.lower().endswith(PICTURES):
        return False
    stands = _standsIn(path, Path(path).stat().st_mtime_ns) if Path(path).is_file() else None
    return stands is None or np.allclose(spacing, stands, rtol=RIGHT)


@functools.lru_cache(maxsize=64)
def _standsIn(path: str, _modified: int) -> tuple[float, float] | None:
    """(x, y) mm by the file; None where it cannot be read."""
    import SimpleITK  # here: only for pictures

    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(path)
    try:
        reader.ReadImageInformation()
    except RuntimeError:
        return None
    return reader.GetSpacing()[:2]
