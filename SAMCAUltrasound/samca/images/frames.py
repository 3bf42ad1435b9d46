"""Frames from files, and frames of any kind as the RGB picture that a model takes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from . import dicom, dicom_pixels, metaimage, nifti, nrrd, pictures
from .contrast import as_bytes, as_rgb
from .grid import Grid, Volume
from .regions import Region

PICTURES = pictures.SUFFIXES
VOLUMES = nrrd.SUFFIXES + nifti.SUFFIXES + metaimage.SUFFIXES + dicom.SUFFIXES
__all__ = [
    "PICTURES",
    "VOLUMES",
    "Frame",
    "Grid",
    "as_bytes",
    "as_rgb",
    "digest_of",
    "opened",
    "read",
    "read_all",
]


@dataclass(frozen=True)
class Frame:
    """One frame of a file.

    pixels: (H, W) or (H, W, 3 or 4) as stored; spacing_mm: (x, y) of a pixel, None if unknown; index: its
    place, from 0, along axis k of `grid`, the grid of its volume or loop; a picture is a grid of one slice.
    count: how many frames the file has. regions: pictures side by side on it, each to be segmented by itself.
    window: (x0, y0, x1, y1) px, ends excluded, of the only picture on a screen, None where nobody says.
    """

    pixels: np.ndarray
    spacing_mm: tuple[float, float] | None
    source: Path
    index: int
    grid: Grid
    count: int = 1
    regions: tuple[Region, ...] = ()
    window: tuple[int, int, int, int] | None = None

    def part(self, region: Region) -> Frame:
        """One of its pictures as a frame of its own, of the region's spacing, where it lies on the screen."""
        grid, window = self.grid, region.window
        directions = np.reshape(grid.direction, (3, 3))
        origin = grid.origin + directions @ (np.multiply(grid.spacing, (window.x0, window.y0, 0)))
        pixels = window.crop(self.pixels)
        size = (pixels.shape[1], pixels.shape[0], grid.size[2])
        spacing = (*(region.spacing_mm or grid.spacing[:2]), grid.spacing[2])
        grid = replace(grid, size=size, spacing=spacing, origin=tuple(map(float, origin)))
        return replace(self, pixels=pixels, spacing_mm=region.spacing_mm, grid=grid, regions=())


def read(path: str | Path, index: int = 0) -> Frame:
    """Read frame `index` (from 0) of a PNG, JPEG, BMP, TIFF, NRRD, NIfTI, MetaImage or DICOM file.

    The frames of a 3D file are its slices along the last axis. A picture's dots per inch tell of paper, not
    of tissue, so pictures have no spacing. FileNotFoundError, or ValueError for what is no readable frame.
    """
    return opened(path)(index)


def read_all(path: str | Path) -> list[Frame]:
    """All frames of such a file, which is read once."""
    frame = opened(path)
    first = frame(0)
    return [first, *map(frame, range(1, first.count))]


def digest_of(pixels: np.ndarray) -> str:
    """SHA-256 of shape, dtype and values."""
    content = hashlib.sha256(repr((pixels.shape, pixels.dtype.str)).encode())
    content.update(np.ascontiguousarray(pixels))
    return content.hexdigest()


def opened(path: str | Path) -> Callable[[int], Frame]:
    """What makes a frame of such a file by its number, from 0; the file is read once."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not a file: give an image file ({', '.join(PICTURES + VOLUMES)})")
    name = path.name.lower()
    if name.endswith(PICTURES):
        return lambda index: _page(path, index)
    for reader in (metaimage, nifti, nrrd):
        if name.endswith(reader.SUFFIXES):
            volume = reader.read(path)
            return lambda index: _frame_of(volume, index, path)
    if dicom.is_dicom(path):
        header = dicom.header_of(path)
        volume = dicom_pixels.read(path, header)
        return lambda index: _dicom_frame(volume, header, index, path)
    raise ValueError(f"{path} has no known image format: expected {', '.join(PICTURES + VOLUMES)} or DICOM")


def _page(path: Path, index: int) -> Frame:
    pixels, pages, _lossy = pictures.decoded(path, index)
    _check_index(index, pages, path)
    return Frame(pixels, None, path, 0, Grid((pixels.shape[1], pixels.shape[0], 1)), pages)


def _check_index(index: int, count: int, path: Path) -> None:
    if not 0 <= index < count:
        raise ValueError(f"frame {index} of {path} does not exist: it has {count}, counted from 0")


def _frame_of(volume: Volume, index: int, path: Path) -> Frame:
    """One frame of it; those of a Sequence lie in the slices of an item, one after the other."""
    voxels, grid, spacing = volume
    _check_index(index, len(voxels), path)
    return Frame(np.array(voxels[index]), spacing, path, index % grid.size[2], grid, len(voxels))


def _dicom_frame(volume: Volume, header: dicom.Header, index: int, path: Path) -> Frame:
    frame = _frame_of(volume, index, path)
    spacing = dicom.spacing_mm(header, index)
    grid = replace(frame.grid, spacing=(*(spacing or (1.0, 1.0)), frame.grid.spacing[2]))
    screen = header, *frame.pixels.shape[:2]
    regions, window = dicom.pictures(*screen), dicom.only_window(*screen)
    return replace(frame, spacing_mm=spacing, grid=grid, regions=regions, window=window)
