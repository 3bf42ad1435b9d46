"""A folder of pictures as a Sequence: one item a picture, in the order of their names and numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import slicer
import slicer.util

from samca.datasets.listing import visible
from samca.images import frames


def loadSequence(folder: str | Path):
    """The vtkMRMLSequenceNode of a folder's pictures, in the scene.

    FileNotFoundError for no folder, ValueError for one without pictures or with a file that is not one frame;
    the scene is as it was then.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder: give a folder of pictures, or a node")
    suffixes = frames.PICTURES + frames.VOLUMES
    paths = [path for path in visible(folder) if path.name.lower().endswith(suffixes)]
    if not paths:
        raise ValueError(f"{folder} has no pictures: expected files that end in {', '.join(suffixes)}")
    pictures = [_read(path) for path in paths]
    inColour = any(picture.pixels.ndim == 3 for picture in pictures)
    sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", folder.name)
    sequence.SetIndexName("file")
    sequence.SetIndexType(slicer.vtkMRMLSequenceNode.TextIndex)
    for picture in pictures:
        sequence.SetDataNodeAtValue(_volume(picture, inColour), picture.source.name)
    return sequence


def _read(path: Path) -> frames.Frame:
    picture = frames.read(path)
    if picture.count != 1:
        raise ValueError(f"{path} has {picture.count} frames: load it as a volume, and segment it by itself")
    return picture


def _volume(picture: frames.Frame, inColour: bool):
    """A one-frame volume outside the scene, lying as Slicer itself loads pictures."""
    pixels = picture.pixels[..., :3] if picture.pixels.ndim == 3 else picture.pixels
    pixels = pixels if pixels.dtype != bool else frames.as_bytes(pixels)
    if inColour and pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    node = slicer.vtkMRMLVectorVolumeNode() if inColour else slicer.vtkMRMLScalarVolumeNode()
    node.SetName(picture.source.stem)
    slicer.util.updateVolumeFromArray(node, np.ascontiguousarray(pixels[None]))
    node.SetIJKToRASDirections(-1, 0, 0, 0, -1, 0, 0, 0, 1)
    node.SetSpacing(*picture.spacing_mm or (1.0, 1.0), 1.0)
    return node
