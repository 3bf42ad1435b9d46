"""Image files as arrays: pixels, masks and labels from PNG, JPEG, BMP, TIFF and volumes of one slice."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np

from ..images import frames, metaimage, nifti, pictures
from ..images.frames import as_bytes
from .levels import mask_of

SUFFIXES = pictures.SUFFIXES


def read_pixels(path: Path) -> np.ndarray:
    """The image as a model sees it: grey (H, W) or colour (H, W, 3), uint8, upright, transparency dropped.

    8 bits stay as they are, others are scaled as in `frames.as_rgb`. ValueError names a file that cannot be
    decoded, that has nothing to see, or that is a stack of pages.
    """
    pixels = _only_page(path).pixels
    try:
        return as_bytes(pixels)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def read_mask(path: Path) -> np.ndarray:
    """(H, W) bool: what is brighter than half of the brightest, in any colour channel.

    ValueError as in read_pixels, and for more levels or colours than black and one (levels.py).
    """
    picture = _only_page(path)
    pixels = picture.pixels[..., :3] if picture.pixels.ndim == 3 else picture.pixels
    try:
        return mask_of(pixels, picture.lossy)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def read_labels(path: Path) -> np.ndarray:
    """(H, W) whole numbers, 0 is background; a palette image gives its indices.

    ValueError as in read_pixels, or if the file holds colours, fractions, or a JPEG's approximations.
    """
    picture = _only_page(path, keep_palette=True)
    array = picture.pixels
    if picture.lossy:
        raise ValueError(f"{path}: JPEG changes the values of labels: save them as PNG")
    if array.ndim != 2 or array.dtype.kind not in "biu":
        raise ValueError(
            f"{path}: labels must be one whole number per pixel, this is {array.dtype} {array.shape}"
        )
    return array


def read_spacing(path: Path) -> tuple[float, float] | None:
    """(x, y) mm of a pixel by the header of a volume; None of a picture, and where it cannot be read."""
    for volumes in (metaimage, nifti):
        if path.name.lower().endswith(volumes.SUFFIXES):
            with suppress(ValueError):  # decoding it says so
                return volumes.spacing_mm(path)
    return None


def _only_page(path: Path, keep_palette: bool = False) -> pictures.Picture:
    picture = _decoded(path, keep_palette)
    if picture.pages > 1:
        raise ValueError(
            f"{path}: has {picture.pages} pages, one was expected: save each as a file of its own"
        )
    return picture


def _decoded(path: Path, keep_palette: bool) -> pictures.Picture:
    if not path.name.lower().endswith(frames.VOLUMES):
        return pictures.decoded(path, keep_palette=keep_palette)
    frame = frames.read(path)
    return pictures.Picture(frame.pixels, frame.count, lossy=False)
