"""Frames of any kind of number as the picture that a person and a model see: 0 is black and 255 white."""

from __future__ import annotations

import numpy as np

PERCENTILES = (0.5, 99.5)  # a few burnt-in marks or dead pixels must not set the contrast
QUARTER = 0.25  # of values is looked at: differences of whole ones overflow near 1e308


def as_rgb(pixels: np.ndarray, window: tuple[float, float] | None = None) -> np.ndarray:
    """One (H, W), (H, W, 3) or (H, W, 4) frame of any numeric dtype as (H, W, 3) float32 in 0..255.

    window: (low, high), the values that become 0 and 255; without it uint8 stays as it is, bool becomes 0
    and 255, and everything else is scaled from its 0.5 to its 99.5 percentile. NaN becomes 0; alpha is
    dropped. ValueError for other shapes, an empty window, or a frame without any finite value.
    """
    seen = _seen(pixels, window).astype(np.float32, copy=False)
    return np.repeat(seen[..., None], 3, axis=2) if seen.ndim == 2 else np.array(seen)


def as_bytes(pixels: np.ndarray, window: tuple[float, float] | None = None) -> np.ndarray:
    """The same in whole numbers: (H, W) or (H, W, 3) uint8, grey stays grey; errors as of `as_rgb`."""
    seen = _seen(pixels, window)
    return np.array(seen if seen.dtype == np.uint8 else seen.round(), np.uint8)


def _seen(pixels: np.ndarray, window: tuple[float, float] | None) -> np.ndarray:
    """(H, W) or (H, W, 3) in 0..255, uint8 where nothing had to be scaled; may be the frame itself."""
    pixels = np.asarray(pixels)
    check_frame(pixels)
    pixels = pixels[..., :3] if pixels.ndim == 3 else pixels
    if pixels.dtype == bool:
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    if window is None and pixels.dtype == np.uint8:
        return pixels
    return _scaled(pixels, *(_contrast(pixels) if window is None else _checked(window)))


def check_frame(pixels: np.ndarray) -> None:
    """ValueError unless this is one frame of numbers."""
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
    values = pixels.ravel()
    if pixels.dtype.kind == "f":
        values = values[np.isfinite(values)].astype(np.float64) * QUARTER
    if not values.size:
        raise ValueError(f"a frame of shape {pixels.shape} without one finite value: there is nothing to see")
    low, high = np.percentile(values, PERCENTILES)
    if low == high:
        low, high = values.min(), values.max()
    return (low / QUARTER, high / QUARTER) if pixels.dtype.kind == "f" else (float(low), float(high))


def _scaled(pixels: np.ndarray, low: float, high: float) -> np.ndarray:
    """Map low..high to 0..255 and clip; a constant frame becomes 0."""
    low, high = low * QUARTER, high * QUARTER
    values = pixels.astype(np.float64)
    values *= QUARTER
    np.nan_to_num(values, copy=False, nan=low, posinf=high, neginf=low)
    np.clip(values, low, high, out=values)
    values -= low
    values /= high - low or 1.0
    values *= 255.0
    return values
