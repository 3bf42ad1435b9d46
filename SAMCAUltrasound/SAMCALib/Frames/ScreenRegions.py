"""Which pictures lie side by side on a frame, as far as Slicer still knows the DICOM file that it came from.

A volume node keeps neither regions nor the calibration of more than one (Slicer's DICOM plugins read it for a
single region); it keeps the UIDs of its instances, by which the DICOM database finds their files, or the name
of the file that it was loaded from. A volume that was cropped, saved in another format or loaded elsewhere is
one picture.
"""

from __future__ import annotations

from dataclasses import astuple
from functools import lru_cache
from pathlib import Path

import numpy as np
import slicer

from samca.images.regions import Region, region_around

from . import FrameLogic
from .FrameLogic import Frame

UIDS, FILE = "DICOM.instanceUIDs", "SAMCA.file"  # attributes of a volume node
IN_PLANE = 2  # the axis across the frames of a DICOM file


def regionsOf(frame: Frame) -> tuple[Region, ...]:
    """The pictures on this frame, from the left, in its px; none if it is one picture or nothing is known."""
    path = fileOf(frame) if frame.axis == IN_PLANE else None
    if path is None or not path.is_file():
        return ()
    return _regions(path, path.stat().st_mtime_ns, *FrameLogic.shape(frame))


def windowOf(frame: Frame, mask: np.ndarray) -> tuple[int, int, int, int] | None:
    """(x0, y0, x1, y1) px, ends excluded, of the picture that an (H, W) bool mask lies in.

    None where it lies in none of several, and where nothing is known.
    """
    if regions := regionsOf(frame):
        region = region_around(regions, mask)
        return astuple(region.window) if region else None
    path = fileOf(frame) if frame.axis == IN_PLANE else None
    if path is None or not path.is_file():
        return None
    return _onlyWindow(path, path.stat().st_mtime_ns, *FrameLogic.shape(frame))


def areaOf(frame: Frame) -> np.ndarray | None:
    """(H, W) bool of what is ultrasound on this frame, across any axis; None where nothing is known."""
    path = fileOf(frame)
    if path is None or not path.is_file():
        return None
    width, height, _count = FrameLogic.imageOf(frame).GetImageData().GetDimensions()
    area = _area(path, path.stat().st_mtime_ns, height, width)
    if area is None or frame.axis == IN_PLANE:
        return area
    line = area[frame.index] if frame.axis == 1 else area[:, frame.index]  # the same in every frame of a loop
    return np.broadcast_to(line, FrameLogic.shape(frame))


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
    name = frame.volume.GetAttribute(FILE) or (storage.GetFullNameFromFileName() if storage else None)
    return Path(name) if name and _is_dicom(Path(name)) else None


def _is_dicom(path: Path) -> bool:
    from samca.images import dicom

    return path.is_file() and dicom.is_dicom(path)


@lru_cache(maxsize=64)
def _regions(path: Path, changed: int, height: int, width: int) -> tuple[Region, ...]:
    """Of a file at one time; none where it is not of the frame's size."""
    from samca.images import dicom

    header = _headerOf(path, height, width)
    return () if header is None else dicom.pictures(header, height, width)


@lru_cache(maxsize=64)
def _onlyWindow(path: Path, changed: int, height: int, width: int) -> tuple[int, int, int, int] | None:
    """The same of where the only picture lies."""
    from samca.images import dicom

    header = _headerOf(path, height, width)
    return None if header is None else dicom.only_window(header, height, width)


@lru_cache(maxsize=64)
def _area(path: Path, changed: int, height: int, width: int) -> np.ndarray | None:
    """The same of what is ultrasound."""
    from samca.images import banner

    header = _headerOf(path, height, width)
    return None if header is None else banner.ultrasound_area(header, height, width)


def _headerOf(path: Path, height: int, width: int):
    """What the file says; None where it is damaged or not of this size."""
    from samca.images import dicom

    try:
        header = dicom.header_of(path)
    except (OSError, ValueError):
        return None
    return header if (header.number("Rows"), header.number("Columns")) == (height, width) else None
