"""Pictures: a page of a PNG, JPEG, BMP or TIFF as an array, upright."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from .bounds import PACKED, OutOfBounds, check_size

BITS = 8  # of a byte, which may be a pixel each
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
LOSSY = ("JPEG", "MPO", "JPEG2000")
ORIENTATION = 0x0112  # the EXIF tag; 1 is upright


class Picture(NamedTuple):
    """pixels: (H, W), (H, W, 3) or (H, W, 4), dtype as stored; pages: how many the file has; lossy: whether
    values are about as they were, as in JPEG."""

    pixels: np.ndarray
    pages: int
    lossy: bool


def prepare() -> None:
    """Import all that `decoded` may need, before threads call it."""
    import SimpleITK  # noqa: F401
    from PIL import Image

    Image.init()


def decoded(path: Path, page: int = 0, keep_palette: bool = False) -> Picture:
    """Page `page` (from 0) of a file, turned as its EXIF orientation says; the first if that is not there.

    Palettes (their indices with `keep_palette`) and print colours become RGB; grey with alpha is grey alone.
    ValueError for what cannot be decoded.
    """
    from PIL import Image  # only pictures need it

    try:
        # by a file of ours: what Pillow maps into memory itself, it garbles where a TIFF is to be turned
        with path.open("rb") as file, Image.open(file) as image:
            pages = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)  # it is a photo and more
            lossy = image.format in LOSSY or image.info.get("compression") == "jpeg"
            image.seek(page if 0 <= page < pages else 0)
            _check_size(path, image)
            deep = _is_deep_colour(image)  # asked first: Pillow may decode to find the orientation
            turn = _orientation(image)
            if deep:
                return Picture(_turned(_by_simpleitk(path, image.tell()), turn), pages, lossy)
            pixels = _pixels(image, keep_palette)
            if not pixels.size:
                raise ValueError("it has no pixels")
            return Picture(pixels if image.format == "TIFF" else _turned(pixels, turn), pages, lossy)
    except OutOfBounds:
        raise
    except Exception as error:  # what damaged bytes raise differs from decoder to decoder
        raise ValueError(f"{path} cannot be read as an image ({error}): is it whole?") from error


def _check_size(path: Path, image) -> None:
    """OutOfBounds before a picture is decoded that cannot be as large as it says."""
    wide = 4 if image.mode in ("I", "F") else 2 if image.mode.startswith("I;16") else 1
    is_raw = all(tile[0] == "raw" for tile in image.tile)
    size = (*reversed(image.size), len(image.getbands()))
    check_size(path, size, wide, BITS if is_raw else PACKED)


def _pixels(image, keep_palette: bool) -> np.ndarray:
    if image.mode in ("CMYK", "YCbCr", "PA", "LAB", "HSV") or (image.mode == "P" and not keep_palette):
        image = image.convert("RGB")
    pixels = np.array(image if image.mode not in ("LA", "La") else image.getchannel(0))
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)


def _orientation(image) -> int:
    try:
        return image.getexif().get(ORIENTATION, 1)
    except Exception:  # a damaged block beside the pixels
        return 1


def _turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """What is stored in one of the eight orientations of EXIF, as it is to be seen."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    rows = slice(None, None, -1 if orientation in (3, 4, 7, 8) else 1)
    columns = slice(None, None, -1 if orientation in (2, 3, 6, 7) else 1)
    return np.ascontiguousarray(pixels[rows, columns])


def _is_deep_colour(image) -> bool:
    """Whether Pillow would cut colours of 16 bits down to 8."""
    return image.mode in ("RGB", "RGBA", "LA") and any(";16" in str(tile[3]) for tile in image.tile)


def _by_simpleitk(path: Path, page: int) -> np.ndarray:
    import SimpleITK

    try:
        image = SimpleITK.ReadImage(str(path))
    except RuntimeError as error:
        raise ValueError("its 16 bits with transparency cannot be decoded: save it without that") from error
    pixels = SimpleITK.GetArrayFromImage(image)
    pixels = pixels if image.GetDimension() == 2 else pixels[page]
    return pixels[..., 0] if pixels.shape[2:] == (2,) else pixels
