"""What a file of masks outlines, by name: a picture, a label volume, or a segmentation of 3D Slicer's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..images import frames, nrrd, pictures
from ..images.frames import Frame
from ..images.grid import SKEW, Grid
from .levels import mask_of

OBJECT = "object"  # of a mask that does not say what it is of
MOST = 255  # segments
VALUES = 100  # of labels: what has more is an image
ALIKE, OFF = 0.01, 0.1  # of a voxel's side: how far sizes and places may differ


class Segment(NamedTuple):
    """One structure; masks: (N, H, W) bool, a frame each."""

    name: str
    masks: np.ndarray


class Stored(NamedTuple):
    """A file of masks: its segments, and where they lie; None of a picture, which lies nowhere.

    size: (N, H, W) of its masks.
    """

    segments: list[Segment]
    grid: Grid | None
    size: tuple[int, int, int]


def read(path: str | Path, shown: Sequence[Frame], number: int | None = None) -> list[Segment]:
    """All segments of a file on the (N) frames of an image.

    number: the frame, from 0, that a mask of one frame is of. A picture with soft edges is one segment, one
    of several whole numbers has one for each. A segmentation that covers a part of the image is put in its
    place. ValueError for a file that is no mask, or not of this image.
    """
    path = Path(path)
    if number is not None and not 0 <= number < len(shown):
        raise ValueError(f"frame {number} does not exist: the image has {len(shown)}, counted from 0")
    stored = alone(path)
    return [Segment(name, _placed(path, mask, stored.grid, shown, number)) for name, mask in stored.segments]


def alone(path: str | Path) -> Stored:
    """All segments of a file as they are stored, whatever image they are of; ValueError for no mask."""
    path = Path(path)
    names, voxels, own = _of_volume(path) if path.name.lower().endswith(frames.VOLUMES) else _of_picture(path)
    size = tuple(voxels[0].shape) if voxels else own.size[::-1]
    return Stored([Segment(*each) for each in zip(names, voxels, strict=True)], own, size)


def together(stored: Sequence[Stored]) -> list[Stored]:
    """The same files of one image on one lattice: what covers a part of the image gets its surroundings.

    Files of one size are of one lattice. ValueError where they are not of one image.
    """
    grids = [each.grid for each in stored]
    sizes = {each.size for each in stored}
    if len(sizes) == 1:
        return list(stored)
    alike = None not in grids and all(_is_along(grid, grids[0]) for grid in grids)
    starts = [_start(grid, grids[0]) for grid in grids] if alike else [None]
    if any(start is None for start in starts):
        raise ValueError(f"they have {' and '.join(sorted(map(size_text, sizes)))}")
    ends = [start + each.size for start, each in zip(starts, stored, strict=True)]
    first, last = np.min(starts, axis=0), np.max(ends, axis=0)
    at = replace(grids[0], origin=tuple(_place(grids[0], first)), size=tuple(map(int, (last - first)[::-1])))
    placed = []
    for start, end, each in zip(starts, ends, stored, strict=True):
        inside = tuple(slice(a, b) for a, b in zip(start - first, end - first, strict=True))
        segments = []
        for name, masks in each.segments:
            whole = np.zeros(last - first, bool)
            whole[inside] = masks
            segments.append(Segment(name, whole))
        placed.append(Stored(segments, at, tuple(map(int, last - first))))
    return placed


def _place(grid: Grid, start: np.ndarray) -> np.ndarray:
    """(3,) LPS mm of the voxel (k, j, i) of a grid."""
    return grid.origin + np.reshape(grid.direction, (3, 3)) @ (np.multiply(grid.spacing, start[::-1]))


def _of_picture(path: Path) -> tuple[list[str], list[np.ndarray], None]:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not a file: give a mask, as .png or .seg.nrrd")
    first = pictures.decoded(path, keep_palette=True)
    pages = [first, *(pictures.decoded(path, page, True) for page in range(1, first.pages))]
    pixels = np.stack([page.pixels for page in pages])
    try:
        colour = pixels[..., :3] if pixels.ndim == 4 else pixels
        return [OBJECT], [np.stack([mask_of(page, first.lossy) for page in colour])], None
    except ValueError as error:
        if first.lossy or pixels.ndim != 3:
            raise ValueError(f"{path}: {error}") from error
    return *_of_labels(path, pixels), None


def _of_labels(path: Path, voxels: np.ndarray) -> tuple[list[str], list[np.ndarray]]:
    values = np.unique(voxels)
    if voxels.ndim != 3 or not np.isfinite(values).all() or (values % 1).any() or len(values) > VALUES + 1:
        raise ValueError(
            f"{path} is no mask: expected one whole number a pixel, 0 for what is outside, "
            f"and {VALUES} others at most"
        )
    values = values[values != 0]
    if len(values) < 2:
        return [OBJECT], [voxels != 0]
    return [f"{value:g}" for value in values], [voxels == value for value in values]


def _of_volume(path: Path) -> tuple[list[str], list[np.ndarray], Grid]:
    read = frames.read_all(path)
    voxels, grid = np.stack([frame.pixels for frame in read]), read[0].grid
    texts = nrrd.texts(path) if path.name.lower().endswith(nrrd.SUFFIXES) else {}
    if "Segment0_ID" not in texts:
        return *_of_labels(path, voxels), grid
    slices = voxels if voxels.ndim == 3 else np.concatenate(np.moveaxis(voxels, -1, 0))
    layers = slices.reshape(-1, *grid.size[::-1])
    names, masks = [], []
    for number in range(MOST):
        if f"Segment{number}_ID" not in texts:
            break
        layer, value = (_whole(path, texts, f"Segment{number}_{name}") for name in ("Layer", "LabelValue"))
        if layer >= len(layers):
            raise ValueError(f"{path} cannot be read: a segment is in layer {layer} of {len(layers)}")
        names.append(texts.get(f"Segment{number}_Name") or texts[f"Segment{number}_ID"])
        masks.append(layers[layer] == value)
    return names, masks, grid


def _whole(path: Path, texts: dict[str, str], name: str) -> int:
    text = texts.get(name, "")
    if not text.isdecimal():
        raise ValueError(f"{path} cannot be read: its {name} is {text!r}, expected a whole number")
    return int(text)


def _placed(
    path: Path, mask: np.ndarray, own: Grid | None, shown: Sequence[Frame], number: int | None
) -> np.ndarray:
    """(N, H, W): the mask where it lies on the image's frames."""
    whole, grid = np.zeros((len(shown), *shown[0].pixels.shape[:2]), bool), shown[0].grid
    lies = (grid.direction, grid.origin) != (Grid.direction, Grid.origin)  # a picture lies nowhere
    if own is not None and lies and not _is_along(own, grid):
        raise ValueError(f"{path} lies in other directions than the image: save it with the image's geometry")
    if mask.shape == whole.shape:
        return mask
    if mask.shape == (1, *whole.shape[1:]):
        if number is None:
            raise ValueError(f"{path} has one frame and the image {len(shown)}: say which with --frame")
        whole[number] = mask[0]
        return whole
    start = _start(own, grid) if own is not None and _is_along(own, grid) else None
    if start is None or (start < 0).any() or (start + mask.shape > whole.shape).any():
        raise ValueError(
            f"{path} has {size_text(mask.shape)} and the image {size_text(whole.shape)}: give the mask of "
            "this image"
        )
    whole[tuple(slice(a, a + n) for a, n in zip(start, mask.shape, strict=True))] = mask
    return whole


def _is_along(own: Grid, grid: Grid) -> bool:
    return bool(np.abs(np.subtract(own.direction, grid.direction)).max() <= SKEW)


def _start(own: Grid, grid: Grid) -> np.ndarray | None:
    """(k, j, i) of the mask's first voxel in the image; None where their voxels do not meet."""
    turned = np.reshape(grid.direction, (3, 3)).T
    start = turned @ np.subtract(own.origin, grid.origin) / grid.spacing
    whole = np.round(start)
    meets = np.allclose(own.spacing, grid.spacing, rtol=ALIKE) and np.abs(start - whole).max() <= OFF
    return whole.astype(int)[::-1] if meets else None


def size_text(shape: tuple[int, int, int]) -> str:
    """(N, H, W) in words."""
    return f"{shape[2]} x {shape[1]} px in {shape[0]} frames"
