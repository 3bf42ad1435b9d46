"""How bright an image is inside an object, and in a ring around it."""

from __future__ import annotations

import math

import numpy as np
from scipy.ndimage import distance_transform_edt


def brightness_of(
    mask: np.ndarray, pixels: np.ndarray | None, size: tuple[float, float], ring: float
) -> tuple[float | None, float | None]:
    """Mean in a (H, W) bool mask that is not empty, and in what lies within `ring` of it, or a pixel.

    pixels: (H, W) or (H, W, C), whose colours are averaged, alpha aside; values that are not finite do not
    count. size: (x, y) of a pixel, in the ring's unit. None where there is no value, as without an image.
    """
    if pixels is None:
        return None, None
    reach = max(ring, *size)
    rows, columns = (_around(mask.any(1 - axis), math.ceil(reach / size[1 - axis]) + 1) for axis in (0, 1))
    near, seen = mask[rows, columns], np.asarray(pixels)[rows, columns]
    seen = seen[..., :3].mean(-1) if seen.ndim == 3 else seen
    beside = ~near & (distance_transform_edt(~near, sampling=size[::-1]) <= reach)
    return _mean(seen[near]), _mean(seen[beside])


def _around(line: np.ndarray, margin: int) -> slice:
    places = np.flatnonzero(line)
    return slice(max(places[0] - margin, 0), places[-1] + 1 + margin)


def _mean(values: np.ndarray) -> float | None:
    values = values[np.isfinite(values)]
    return float(values.mean(dtype=np.float64)) if values.size else None
