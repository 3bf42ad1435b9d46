"""Image files as arrays: pixels, masks and labels from PNG, JPEG, BMP and TIFF."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..images import pictures
from ..images.frames import as_bytes

SUFFIXES = pictures.SUFFIXES
JPEG = (".jpg", ".jpeg")
THRESHOLD = 127  # JPEG leaves grey values around an edge that was 0 and 255


def read_pixels(path: Path) -> np.ndarray:
    """The image as a model sees it: grey (H, W) or colour (H, W, 3), uint8, upright, transparency dropped.

    8 bits stay as they are, others are scaled as in `frames.as_rgb`. ValueError names a file that cannot be
    decoded, that has nothing to see, or that is a stack of pages.
    """
    pixels = _only_page(path)
    try:
        return as_bytes(pixels)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def read_mask(path: Path) -> np.ndarray:
    """(H, W) bool: where the file is brighter than 127 of 255 in any colour channel.

    A file with no value above 1 is read as 0 and 1, unless it is a JPEG. ValueError as in read_pixels.
    """
    array = _only_page(path)
    if array.ndim == 3:
        array = array[..., :3].max(-1)
    if array.max() <= 1 and path.suffix.lower() not in JPEG:
        return array > 0
    return array > THRESHOLD


def read_labels(path: Path) -> np.ndarray:
    """(H, W) whole numbers, 0 is background; a palette image gives its indices.

    ValueError as in read_pixels, or if the file holds colours, fractions, or a JPEG's approximations.
    """
    if path.suffix.lower() in JPEG:
        raise ValueError(f"{path}: JPEG changes the values of labels: save them as PNG")
    array = _only_page(path, keep_palette=True)
    if array.ndim != 2 or array.dtype.kind not in "biu":
        raise ValueError(
            f"{path}: labels must be one whole number per pixel, this is {array.dtype} {array.shape}"
        )
    return array


def _only_page(path: Path, keep_palette: bool = False) -> np.ndarray:
    picture = pictures.decoded(path, keep_palette=keep_palette)
    if picture.pages > 1:
        raise ValueError(
            f"{path}: has {picture.pages} pages, one was expected: save each as a file of its own"
        )
    return picture.pixels
