"""Image files as arrays: pixels, masks and labels from PNG, JPEG, BMP and TIFF."""

from __future__ import annotations

from pathlib import Path

import numpy as np

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
THRESHOLD = 127  # JPEG leaves grey values around an edge that was 0 and 255


def read_pixels(path: Path) -> np.ndarray:
    """The image as stored: grey (H, W) or colour (H, W, 3), uint8, transparency dropped.

    More than 8 bits are stretched from the image's least to its greatest value. ValueError names a file that
    cannot be decoded.
    """
    array, mode = _decoded(path)
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    if array.dtype == np.uint8:
        return array[..., 0] if mode == "LA" else array[..., :3] if array.ndim == 3 else array
    values = np.nan_to_num(array.astype(np.float64), posinf=0, neginf=0)
    span = max(values.max() - values.min(), 1e-12)
    return ((values - values.min()) * (255 / span)).round().astype(np.uint8)


def read_mask(path: Path) -> np.ndarray:
    """(H, W) bool: where the file is brighter than 127 of 255 in any colour channel.

    A file with no value above 1 is read as 0 and 1, unless it is a JPEG. ValueError as in read_pixels.
    """
    array, mode = _decoded(path)
    if mode == "LA":
        array = array[..., 0]
    if array.ndim == 3:
        array = array[..., :3].max(-1)
    if array.max() <= 1 and path.suffix.lower() not in (".jpg", ".jpeg"):
        return array > 0
    return array > THRESHOLD


def read_labels(path: Path) -> np.ndarray:
    """(H, W) whole numbers, 0 is background; a palette image gives its indices.

    ValueError as in read_pixels, or if the file holds colours or fractions.
    """
    array, _ = _decoded(path, keep_palette=True)
    if array.ndim != 2 or array.dtype.kind not in "biu":
        raise ValueError(
            f"{path}: labels must be one whole number per pixel, this is {array.dtype} {array.shape}"
        )
    return array


def _decoded(path: Path, keep_palette: bool = False) -> tuple[np.ndarray, str]:
    """All of the file's first frame and its Pillow mode; palettes and print colours become RGB."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            if image.mode in ("PA", "CMYK", "YCbCr", "LAB", "HSV") or (
                image.mode == "P" and not keep_palette
            ):
                image = image.convert("RGB")
            array, mode = np.asarray(image), image.mode
            if not array.size:
                raise ValueError("it has no pixels")
    except Exception as error:  # what damaged bytes raise differs from decoder to decoder
        raise ValueError(f"{path}: cannot be read as an image ({error})") from error
    return array, mode
