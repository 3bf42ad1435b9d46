"""An image file as a volume node: frames as the core reads them, in their place in space.

A loop's frames are the slices of one volume, whatever the file calls them, so that its outlines are one
segmentation on one grid.
"""

from __future__ import annotations

import contextlib
import importlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import slicer
import slicer.util

from samca.images import frames, pictures
from samca.images.chrominance import in_rgb

from ..Texts import Refusal, _
from .ScreenRegions import FILE


def prepare() -> None:
    """Import all that reading, small pictures and writing masks may need, before a thread does that.

    What a thread imports for the first time while Qt waits for events may end the application.
    """
    for name in ("pydicom", "pydicom.pixels.decoders", "scipy.ndimage", "scipy.sparse"):
        with contextlib.suppress(ImportError):  # an older pydicom has no decoders
            importlib.import_module(name)
    pictures.prepare()


def read(path: Path) -> list[frames.Frame]:
    """All frames of a file on one grid, with the pixels that a volume of them has; knows no MRML.

    OSError, or ValueError with a sentence, for a file that cannot be read.
    """
    found = frames.read_all(path)
    sizes = {frame.pixels.shape for frame in found}
    if len(sizes) > 1:
        text = _("{file} has frames of different sizes: store each in a file of its own")
        raise Refusal(text.format(file=path))
    height, width = found[0].pixels.shape[:2]
    grid = replace(found[0].grid, size=(width, height, len(found)))
    return [replace(frame, pixels=_stored(frame), index=i, grid=grid) for i, frame in enumerate(found)]


def add(found: list[frames.Frame], path: Path, name: str):
    """A volume node with all frames of a file, in the scene, with a display node; it knows its file."""
    voxels = np.stack([frame.pixels for frame in found])
    kind = "vtkMRMLVectorVolumeNode" if voxels.ndim == 4 else "vtkMRMLScalarVolumeNode"
    node = slicer.mrmlScene.AddNewNodeByClass(kind, name)
    slicer.util.updateVolumeFromArray(node, voxels)
    node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(_ijkToRas(found[0].grid)))
    node.SetAttribute(FILE, str(path))
    node.CreateDefaultDisplayNodes()
    return node


def _stored(frame: frames.Frame) -> np.ndarray:
    """(H, W) or (H, W, 3): no transparency, no bits."""
    pixels = frame.pixels[..., :3] if frame.pixels.ndim == 3 else frame.pixels
    return in_rgb(pixels if pixels.dtype != bool else frames.as_bytes(pixels))


def _ijkToRas(grid: frames.Grid) -> np.ndarray:
    """(4, 4): voxel indices -> RAS mm."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(grid.direction, (3, 3)) * grid.spacing
    matrix[:3, 3] = grid.origin
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ matrix  # of LPS
