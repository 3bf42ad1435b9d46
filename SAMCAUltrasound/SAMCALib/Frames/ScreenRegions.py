"""Which pictures lie side by side on a frame, as far as Slicer still knows the DICOM file that it came from.

A volume node keeps neither regions nor the calibration of more than one (Slicer's DICOM plugins read it for a
single region); it keeps the UIDs of its instances, by which the DICOM database finds their files, or the name
of the file that it was loaded from. A volume that was cropped, saved in another format or loaded elsewhere is
one picture.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import slicer

from samca.images.regions import Region

from . import FrameLogic
from .FrameLogic import Frame

UIDS = "DICOM.instanceUIDs"
IN_PLANE = 2  # the axis across the frames of a DICOM file


def regionsOf(frame: Frame) -> tuple[Region, ...]:
    """The pictures on this frame, from the left, in its px; none if it is one picture or nothing is known."""
    path = fileOf(frame) if frame.axis == IN_PLANE else None
    if path is None or not path.is_file():
        return ()
    return _regions(path, path.stat().st_mtime_ns, *FrameLogic.shape(frame))


def fileOf(frame: Frame) -> Path | None:
    """The DICOM file of a frame; None if it came from none, or that is not known."""
    nodes = FrameLogic.imageOf(frame), frame.volume, FrameLogic.lastingNode(frame)
    uids = next((uids.split() for node in nodes if (uids := node.GetAttribute(UIDS))), [])
    database = getattr(slicer, "dicomDatabase", None)
    if uids and database is not None:
        place = FrameLogic.loopOf(frame).index(frame) if len(uids) > 1 and frame.axis == IN_PLANE else 0
        name = database.fileForInstance(uids[place if place < len(uids) else 0])
        return Path(name) if name else None
    storage = frame.volume.GetStorageNode()
    name = storage.GetFullNameFromFileName() if storage else None
    return Path(name) if name and _is_dicom(Path(name)) else None


def _is_dicom(path: Path) -> bool:
    from samca.images import dicom

    return path.is_file() and dicom.is_dicom(path)


@lru_cache(maxsize=64)
def _regions(path: Path, _changed: int, height: int, width: int) -> tuple[Region, ...]:
    """Of a file at one time; none where it is not of the frame's size."""
    from samca.images import dicom

    try:
        header = dicom.header_of(path)
    except (OSError, ValueError):
        return ()
    if (header.number("Rows"), header.number("Columns")) != (height, width):
        return ()
    return dicom.pictures(header, height, width)
