"""Masks to files: a picture, or a segmentation that 3D Slicer opens over the frame it belongs to."""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..files import replacing
from ..prompts import Prompts, tag
from .chrominance import in_rgb
from .frames import Frame, digest_of
from .grid import Grid
from .overlay import save

SEGMENTATION = ".seg.nrrd"
SUFFIXES = (".png", SEGMENTATION)
SEGMENT = "SAMCA"
COLOUR = "0.99 0.78 0.11"  # red, green and blue in 0..1, the outline's colour in the overlays


@dataclass(frozen=True)
class Outlined:
    """One object: what pointed at it, and the (H, W) bool mask on its frame."""

    prompts: Prompts
    mask: np.ndarray


def write_mask(
    path: str | Path, mask: np.ndarray, frame: Frame, objects: Sequence[Outlined] = (), name: str = SEGMENT
) -> None:
    """Write an (H, W) bool mask of this frame as .png (0 and 255) or as .seg.nrrd.

    The segmentation covers the grid of the frame's volume, with the mask in the frame's slice. The file is
    there whole or not at all. objects: what the mask is made of, whose prompts Slicer shows again. name: of
    the segment. ValueError for another shape, dtype or suffix, OSError for an unusable folder.
    """
    path, mask = Path(path), np.asarray(mask)
    _check_mask(mask, frame.pixels.shape[:2])
    check_place(path)
    if path.name.lower().endswith(SEGMENTATION):
        entries = {frame.index: entries_of(objects, frame)}
        write_slices(path, {frame.index: mask}, frame.grid, entries, name)
    else:
        save(path, 255 * mask.astype(np.uint8))


def write_slices(
    path: Path,
    masks: Mapping[int, np.ndarray],
    grid: Grid,
    entries: Mapping[int, list[dict]] | None = None,
    name: str = SEGMENT,
    ready: Callable[[Path], None] = lambda file: None,
) -> None:
    """Write (H, W) bool masks by their slice along k as the one segment of a .seg.nrrd on this grid.

    entries: what the prompts' tag says of each slice, see `entries_of`. ready: called with the finished file
    before it is given its name. OSError for an unusable folder.
    """
    slices = {index: mask.astype(np.uint8) for index, mask in masks.items()}
    frames = {f"2:{index}": of for index, of in (entries or {}).items() if of}
    _write_segments(path, slices, grid, [name], tag.text_of(frames) if frames else "", ready)


def entries_of(objects: Sequence[Outlined], frame: Frame) -> list[dict]:
    """The objects of a frame as the tag of Slicer's segment has them."""
    digest, to_ras = digest_of(in_rgb(frame.pixels)), _to_ras(frame)
    return [tag.entry(each.prompts, each.mask, to_ras, digest, i) for i, each in enumerate(objects)]


def write_labels(path: str | Path, labels: np.ndarray, frame: Frame) -> None:
    """Write (H, W) whole numbers, 0 background, as .png of these numbers or as .seg.nrrd, a segment each.

    Errors as of `write_mask`, and ValueError for more than 255 things.
    """
    path, expected = Path(path), frame.pixels.shape[:2]
    if labels.shape != expected or labels.max(initial=0) > 255:
        raise ValueError(
            f"labels of shape {labels.shape} up to {labels.max(initial=0)}: expected {expected}, as the "
            "frame, up to 255"
        )
    check_place(path)
    labels = labels.astype(np.uint8)
    if path.name.lower().endswith(SEGMENTATION):
        count = max(int(labels.max(initial=0)), 1)
        names = [f"{SEGMENT}_{number + 1}" for number in range(count)] if count > 1 else [SEGMENT]
        _write_segments(path, {frame.index: labels}, frame.grid, names)
    else:
        save(path, labels)


def write_volume(path: Path, labels: np.ndarray, grid: Grid, names: Sequence[str]) -> None:
    """Write (N, H, W) uint8, a segment of each name for 1, 2, ..., as .seg.nrrd on this grid of N slices."""
    _write_segments(path, dict(enumerate(labels)), grid, names)


def check_place(path: Path) -> None:
    """ValueError unless the name ends in one of SUFFIXES and is free or a file's; its folder is there."""
    if not path.name.lower().endswith(SUFFIXES):
        raise ValueError(f"{path} would be a mask of unknown format: end its name in {' or '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path.parent} is no folder: make it before {path.name} is written there")
    if path.is_dir():
        raise ValueError(f"{path} is a folder: give the name of a file in it")


def _check_mask(mask: np.ndarray, expected: tuple[int, int]) -> None:
    if mask.dtype != bool or mask.shape != expected:
        raise ValueError(
            f"mask is {mask.dtype} of shape {mask.shape}: expected bool of {expected}, as the frame"
        )


def _to_ras(frame: Frame) -> np.ndarray:
    """(3, 4): from (x, y, frames beside this one, 1) of the frame to RAS mm."""
    grid = frame.grid
    columns = np.reshape(grid.direction, (3, 3)) * grid.spacing
    origin = np.add(grid.origin, columns[:, 2] * frame.index)
    return np.column_stack([columns, origin]) * np.array([[-1], [-1], [1]])  # of LPS


def _write_segments(
    path: Path,
    slices: Mapping[int, np.ndarray],
    grid: Grid,
    names: Sequence[str],
    text: str = "",
    ready: Callable[[Path], None] = lambda file: None,
) -> None:
    """(H, W) uint8 labels by their slice, a segment of each name for 1, 2, ...; text: the first's prompts."""
    import SimpleITK

    voxels = np.zeros(grid.size[::-1], np.uint8)
    for index, labels in slices.items():
        voxels[index] = labels
    image = SimpleITK.GetImageFromArray(voxels)
    image.SetSpacing(grid.spacing)
    image.SetOrigin(grid.origin)
    image.SetDirection(grid.direction)
    for key, value in _metadata(slices, names, text).items():
        image.SetMetaData(key, value)
    try:
        with replacing(path) as temporary:
            SimpleITK.WriteImage(image, str(temporary), useCompression=True)
            ready(temporary)
    except RuntimeError as error:
        raise OSError(f"{path.parent} cannot be written to: is there space, and permission?") from error


def _metadata(slices: Mapping[int, np.ndarray], names: Sequence[str], text: str) -> dict[str, str]:
    """What Slicer's segmentation reader asks for: binary labelmap segments in layer 0, one for each label."""
    entries = {
        "Segmentation_MasterRepresentation": "Binary labelmap",
        "Segmentation_ContainedRepresentationNames": "Binary labelmap|",
        "Segmentation_ReferenceImageExtentOffset": "0 0 0",
    }
    for index, name in enumerate(names):
        of_segment = {
            "ID": name if len(names) > 1 else SEGMENT,
            "Name": name,
            "NameAutoGenerated": "0",
            "Color": _colour(index),
            "ColorAutoGenerated": "0",
            "LabelValue": str(index + 1),
            "Layer": "0",
            "Extent": _extent({k: labels == index + 1 for k, labels in slices.items()}),
        }
        if text and not index:
            of_segment["Tags"] = f"{tag.TAG}:{text}|"
        entries |= {f"Segment{index}_{key}": value for key, value in of_segment.items()}
    return entries


def _colour(index: int) -> str:
    """The outline's colour first, then hues that lie far apart."""
    if index == 0:
        return COLOUR
    return " ".join(f"{part:.2f}" for part in colorsys.hsv_to_rgb(0.12 + 0.618 * index, 0.8, 0.95))


def _extent(masks: Mapping[int, np.ndarray]) -> str:
    """First and last voxel along i, j and k; each last below its first where all masks are empty."""
    filled = sorted(index for index, mask in masks.items() if mask.any())
    if not filled:
        return "0 -1 0 -1 0 -1"
    union = np.any([masks[index] for index in filled], axis=0)
    rows, columns = np.flatnonzero(union.any(1)), np.flatnonzero(union.any(0))
    return " ".join(map(str, (columns[0], columns[-1], rows[0], rows[-1], filled[0], filled[-1])))
