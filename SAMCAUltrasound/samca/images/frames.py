"""Frames from files, and frames of any kind as the RGB picture that a model takes."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from . import dicom, nifti

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
VOLUMES = (".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd", ".dcm", ".dicom")
PERCENTILES = (0.5, 99.5)  # a few burnt-in marks or dead pixels must not set the contrast

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Grid:
    """Where voxels lie, axes i, j, k in LPS: size in voxels, spacing and origin in mm, direction by rows."""

    size: tuple[int, int, int]
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Frame:
    """One frame of a file.

    pixels: (H, W) or (H, W, 3 or 4) as stored; spacing_mm: (x, y) of a pixel, None if unknown; index: its
    place, from 0, along axis k of `grid`, the grid of its volume or loop; a picture is a grid of one slice.
    """

    pixels: np.ndarray
    spacing_mm: tuple[float, float] | None
    source: Path
    index: int
    grid: Grid


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


def as_rgb(pixels: np.ndarray, window: tuple[float, float] | None = None) -> np.ndarray:
    """One (H, W), (H, W, 3) or (H, W, 4) frame of any numeric dtype as (H, W, 3) float32 in 0..255.

    window: (low, high), the values that become 0 and 255; without it uint8 stays as it is, bool becomes 0
    and 255, and everything else is scaled from its 0.5 to its 99.5 percentile. NaN becomes 0; alpha is
    dropped. ValueError for other shapes, an empty window, or a frame without any finite value.
    """
    pixels = np.asarray(pixels)
    _check_frame(pixels)
    pixels = pixels[..., :3] if pixels.ndim == 3 else pixels
    if pixels.dtype == bool:
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    if window is not None or pixels.dtype != np.uint8:
        pixels = _scaled(pixels, *(_checked(window) if window is not None else _contrast(pixels)))
    pixels = pixels.astype(np.float32, copy=False)
    return pixels.copy() if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def _check_frame(pixels: np.ndarray) -> None:
    gray, colour = pixels.ndim == 2, pixels.ndim == 3 and pixels.shape[-1] in (3, 4)
    if not (gray or colour) or not pixels.size:
        raise ValueError(f"expected one (H, W), (H, W, 3) or (H, W, 4) frame, got shape {pixels.shape}")
    if pixels.dtype.kind not in "buif":
        raise ValueError(f"expected a frame of numbers, got dtype {pixels.dtype}")


def _checked(window: tuple[float, float]) -> tuple[float, float]:
    low, high = (float(value) for value in window)
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise ValueError(f"window ({low}, {high}): expected finite low < high")
    return low, high


def _contrast(pixels: np.ndarray) -> tuple[float, float]:
    """The values that become black and white: percentiles, or the extremes where those coincide."""
    finite = pixels[np.isfinite(pixels)] if pixels.dtype.kind == "f" else pixels.ravel()
    if not finite.size:
        raise ValueError(f"a frame of shape {pixels.shape} without one finite value: there is nothing to see")
    low, high = np.percentile(finite, PERCENTILES)
    if low == high:
        low, high = finite.min(), finite.max()
    return float(low), float(high)


def _scaled(pixels: np.ndarray, low: float, high: float) -> np.ndarray:
    """Map low..high to 0..255 and clip; a constant frame becomes 0."""
    values = np.nan_to_num(pixels.astype(np.float64), nan=low, posinf=high, neginf=low)
    span = high - low or 1.0
    return (np.clip(values, low, high) - low) * (255.0 / span)


def _pick(index: int, count: int, path: Path) -> int:
    if not 0 <= index < count:
        raise ValueError(f"frame {index} of {path} does not exist: it has {count}, counted from 0")
    return index


def _read_picture(path: Path, index: int) -> Frame:
    from PIL import Image  # only pictures need it

    try:
        with Image.open(path) as image:
            image.seek(_pick(index, getattr(image, "n_frames", 1), path))
            pixels = _picture_pixels(image)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} cannot be read as a picture ({error}): is it whole?") from error
    return Frame(pixels, None, path, 0, Grid((pixels.shape[1], pixels.shape[0], 1)))


def _picture_pixels(image) -> np.ndarray:
    """(H, W) or (H, W, 3 or 4) as stored; palettes and print colours as RGB, gray with alpha as gray."""
    if image.mode in ("P", "CMYK", "YCbCr", "PA", "LAB", "HSV"):
        image = image.convert("RGB")
    if image.mode in ("LA", "La"):
        image = image.getchannel(0)
    return np.array(image)


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
        return Frame(pixels, spacing, path, index, replace(grid, spacing=(x, y, grid.spacing[2])))
    return Frame(pixels, grid.spacing[:2], path, index, grid)


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
