"""Frames from files, and frames of any kind as the RGB picture that a model takes."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from . import dicom, nifti, pictures
from .contrast import as_bytes, as_rgb
from .grid import Grid

PICTURES = pictures.SUFFIXES
VOLUMES = (".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd", ".dcm", ".dicom")
__all__ = ["PICTURES", "VOLUMES", "Frame", "Grid", "as_bytes", "as_rgb", "read"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Frame:
    """One frame of a file.

    pixels: (H, W) or (H, W, 3 or 4) as stored; spacing_mm: (x, y) of a pixel, None if unknown; index: its
    place, from 0, along axis k of `grid`, the grid of its volume or loop; a picture is a grid of one slice.
    count: how many frames the file has.
    """

    pixels: np.ndarray
    spacing_mm: tuple[float, float] | None
    source: Path
    index: int
    grid: Grid
    count: int = 1


def read(path: str | Path, index: int = 0) -> Frame:
    """Read frame `index` (from 0) of a PNG, JPEG, BMP, TIFF, NRRD, NIfTI, MetaImage or DICOM file.

    The frames of a 3D file are its slices along the last axis. A picture's dots per inch tell of paper, not
    of tissue, so pictures have no spacing. FileNotFoundError, or ValueError for what is no readable frame.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not a file: give an image file ({', '.join(PICTURES + VOLUMES)})")
    name = path.name.lower()
    if name.endswith(PICTURES):
        return _read_picture(path, index)
    if name.endswith(VOLUMES) or dicom.is_dicom(path):
        return _read_volume(path, index)
    raise ValueError(f"{path} has no known image format: expected {', '.join(PICTURES + VOLUMES)} or DICOM")


def _pick(index: int, count: int, path: Path) -> int:
    if not 0 <= index < count:
        raise ValueError(f"frame {index} of {path} does not exist: it has {count}, counted from 0")
    return index


def _read_picture(path: Path, index: int) -> Frame:
    pixels, pages = pictures.decoded(path, index)
    _pick(index, pages, path)
    return Frame(pixels, None, path, 0, Grid((pixels.shape[1], pixels.shape[0], 1)), pages)


def _read_volume(path: Path, index: int) -> Frame:
    import SimpleITK

    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        grid = _grid(reader, path)
        if path.name.lower().endswith(nifti.SUFFIXES) and nifti.is_cut_off(path):
            raise RuntimeError("cut off")
        _pick(index, grid.size[2], path)
        image = reader.Execute()  # whole: reading one slice of an RGB NIfTI ends the process (SimpleITK 2.5)
    except RuntimeError as error:
        logger.debug("SimpleITK on %s: %s", path, error)
        raise ValueError(
            f"{path} cannot be read: it is damaged, cut off, or not what its name says"
        ) from error
    voxels = SimpleITK.GetArrayViewFromImage(image)
    pixels = np.array(voxels[index] if image.GetDimension() == 3 else voxels)
    if dicom.is_dicom(path):
        spacing = dicom.spacing_mm(path)
        x, y = spacing or (1.0, 1.0)
        return Frame(
            pixels, spacing, path, index, replace(grid, spacing=(x, y, grid.spacing[2])), grid.size[2]
        )
    return Frame(pixels, grid.spacing[:2], path, index, grid, grid.size[2])


def _grid(reader, path: Path) -> Grid:
    """The grid that the header describes; a 2D file is one slice of a volume."""
    components, dimension = reader.GetNumberOfComponents(), reader.GetDimension()
    if dimension not in (2, 3) or components not in (1, 3, 4):
        raise ValueError(
            f"{path} has {dimension} axes, {components} values a pixel: expected a 2D or 3D file, gray or RGB"
        )
    grid = Grid(reader.GetSize(), reader.GetSpacing(), reader.GetOrigin(), reader.GetDirection())
    if dimension == 3:
        return grid
    (a, b, c, d) = grid.direction
    direction = (a, b, 0.0, c, d, 0.0, 0.0, 0.0, 1.0)
    return Grid((*grid.size, 1), (*grid.spacing, 1.0), (*grid.origin, 0.0), direction)
