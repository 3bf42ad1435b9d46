"""Real frames with objects that nobody has labelled: pieces of other frames in them, and their own regions.

What a click means must not depend on what the object is made of. So any shape can be an object here: a blob
with the texture of another frame, with that of its place made darker or brighter, or a cavity with a bright
wall; and regions that a watershed finds in the frame as it is.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

MOST_BLOBS, MOST_REGIONS = 2, 2
AREA = (0.008, 0.35)  # of a frame, that an object may take; where others are in its way down to half of it
BLACK = 6  # grey values up to this show nothing
CONTRAST = 0.5  # standard deviations, at least, between a region and what is around it
HARMONICS = 6  # of the radius of a blob over the angle


def patchwork(
    image: np.ndarray, donor: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Two (H, W) uint8 frames of one size -> the first one with objects in it, and their (H, W) uint8 labels.

    An object has a label of its own, from 1 on, and is one part; there may be none.
    """
    labels = np.zeros(image.shape, np.uint8)
    pixels = image.astype(np.float32)
    for _ in range(int(rng.integers(0, MOST_BLOBS + 1))):
        shape = _largest(blob(image.shape, rng) & (labels == 0))
        if _fits(shape) and (image[shape] > BLACK).mean() > 0.6:
            pixels = CHANGES[int(rng.integers(len(CHANGES)))](pixels, donor.astype(np.float32), shape, rng)
            labels[shape] = labels.max() + 1
    for region in regions(image, rng):
        free = _largest(region & (labels == 0))
        if _fits(free) and free.sum() > 0.9 * region.sum():
            labels[free] = labels.max() + 1
    return pixels.round().clip(0, 255).astype(np.uint8), labels


def blob(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """(H, W) bool: a smooth shape anywhere, round to long, straight to bent; some reach out of the frame."""
    area = np.exp(rng.uniform(*np.log(AREA))) * size[0] * size[1]
    stretch = np.exp(abs(rng.normal(0, 0.6)))
    rows, columns = np.indices(size, np.float32)
    rows, columns = rows - rng.uniform(0, size[0]), columns - rng.uniform(0, size[1])
    angle, bend = rng.uniform(0, np.pi), rng.normal(0, 0.15) / np.sqrt(area)
    along = columns * np.cos(angle) + rows * np.sin(angle)
    across = -columns * np.sin(angle) + rows * np.cos(angle) - bend * along**2
    theta = np.arctan2(across * stretch, along)
    radius = np.ones(size, np.float32)
    for k in range(1, HARMONICS + 1):
        radius += rng.normal(0, 0.18 / k) * np.cos(k * theta + rng.uniform(0, 2 * np.pi))
    reach = np.hypot(along / stretch, across * 1.0)
    return reach * np.sqrt(stretch) < np.sqrt(area / np.pi) * radius.clip(0.3)


def regions(image: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Up to MOST_REGIONS (H, W) bool regions of a frame that differ from what is around them."""
    import SimpleITK as sitk

    smooth = ndimage.gaussian_filter(image.astype(np.float32), rng.uniform(1.5, 5))
    steep = sitk.GetImageFromArray(ndimage.gaussian_gradient_magnitude(smooth, 1.0))
    level = float(np.quantile(sitk.GetArrayViewFromImage(steep), rng.uniform(0.3, 0.8)))
    basins = sitk.GetArrayFromImage(sitk.MorphologicalWatershed(steep, level, markWatershedLine=False))
    sizes = np.bincount(basins.ravel()) / basins.size
    found = []
    for number in rng.permutation(np.flatnonzero((sizes > AREA[0]) & (sizes < AREA[1]))):
        opened = ndimage.binary_opening(basins == number, iterations=2)
        region = ndimage.binary_fill_holes(_largest(opened))
        if _fits(region) and _stands_out(image, region) and not _is_margin(image, region):
            found.append(region)
        if len(found) == MOST_REGIONS:
            break
    return found


def _largest(shape: np.ndarray) -> np.ndarray:
    """The largest 4-connected part of an (H, W) bool shape; of an empty one itself."""
    parts, count = ndimage.label(shape)
    return parts == 1 + np.argmax(np.bincount(parts.ravel())[1:]) if count > 1 else shape


def _fits(shape: np.ndarray) -> bool:
    return AREA[0] / 2 <= shape.mean() <= AREA[1]


def _is_margin(image: np.ndarray, region: np.ndarray) -> bool:
    """Whether it is part of what lies around the scan."""
    edge = np.concatenate([region[0], region[-1], region[:, 0], region[:, -1]])
    return bool(edge.any()) and (image[region] <= BLACK).mean() > 0.5


def _stands_out(image: np.ndarray, region: np.ndarray) -> bool:
    ring = ndimage.binary_dilation(region, iterations=6) & ~region
    if not ring.any():
        return False
    inside, outside = image[region], image[ring]
    contrast = abs(float(inside.mean()) - float(outside.mean()))
    return contrast > CONTRAST * (inside.std() + outside.std()) / 2 + 4


def _soft(shape: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(H, W) float32 in 0..1: the shape with an edge of a width that is drawn."""
    return ndimage.gaussian_filter(shape.astype(np.float32), rng.uniform(0.4, 2.0))


def _pasted(pixels, donor, shape, rng):
    """The texture of another frame, of any brightness."""
    turned = donor[:, ::-1] if rng.random() < 0.5 else donor
    moved = np.roll(turned, rng.integers(0, min(donor.shape), 2), (0, 1))
    return pixels + _soft(shape, rng) * (moved * rng.uniform(0.5, 1.8) - pixels)


def _scaled(pixels, donor, shape, rng):
    """The texture that is there, darker or brighter."""
    factor = rng.uniform(0.15, 0.7) if rng.random() < 0.6 else rng.uniform(1.3, 2.5)
    offset = rng.uniform(0, 30) if factor > 1 else 0
    return pixels + _soft(shape, rng) * (pixels * (factor - 1) + offset)


def _cavity(pixels, donor, shape, rng):
    """Fluid behind a bright wall, part of which is missing."""
    wall = ndimage.binary_dilation(shape, iterations=int(rng.integers(2, 6))) & ~shape
    patchy = ndimage.gaussian_filter(rng.normal(0, 1, shape.shape), 12)
    wall &= patchy > np.quantile(patchy, rng.uniform(0, 0.6))
    bright = pixels * (1 + _soft(wall, rng) * rng.uniform(0.3, 1.5)) + 20 * _soft(wall, rng)
    return bright + _soft(shape, rng) * (bright * rng.uniform(0.05, 0.4) + rng.uniform(0, 12) - bright)


CHANGES = (_pasted, _scaled, _cavity)
