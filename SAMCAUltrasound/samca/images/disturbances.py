"""What scanners and their users do to frames: (H, W, 3) float32 in 0..255 and a generator -> changed."""

from __future__ import annotations

import string

import numpy as np
from scipy.ndimage import gaussian_filter

from ..prompts.geometry import resample

FLOW = ((190.0, 40.0, 20.0), (30.0, 70.0, 200.0))  # towards the probe and away from it, RGB
INK = ((255, 255, 255), (255, 230, 40), (60, 230, 90), (80, 200, 255))  # of text and callipers, RGB


def gain(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Brighter or darker by up to half."""
    return pixels * rng.uniform(0.5, 1.5)


def contrast(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Gray values stretched or drawn together around their mean, by a factor of 0.5 to 1.5."""
    return (pixels - pixels.mean()) * rng.uniform(0.5, 1.5) + pixels.mean()


def speckle(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Multiplied by correlated noise of deviation 0.3."""
    noise = gaussian_filter(rng.standard_normal(pixels.shape[:2]), 1.0)
    return pixels * (1 + 0.3 * noise / noise.std())[..., None]


def half_resolution(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Down to half the pixels and up again."""
    height, width = pixels.shape[:2]
    return resample(resample(pixels, max(1, height // 2), max(1, width // 2)), height, width)


def colour_doppler(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Red and blue flow over a tenth of the frame, in blobs."""
    height, width = pixels.shape[:2]
    flow = gaussian_filter(rng.standard_normal((height, width)), min(height, width) / 25)
    low, high = np.quantile(flow, (0.05, 0.95))
    painted = pixels.copy()
    painted[flow > high], painted[flow < low] = FLOW
    return painted


def attenuation(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Darker with depth, down to a fifth at the lower border, or brighter where compensated too much."""
    depth = np.linspace(0, 1, len(pixels))[:, None, None]
    return pixels * 0.2 ** (rng.uniform(-0.4, 1) * depth)


def marks(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Words and callipers burnt in: crosses at the ends of a dotted line."""
    from PIL import Image, ImageDraw

    picture = Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8))
    draw, size = ImageDraw.Draw(picture), np.array(picture.size)
    ink = INK[rng.integers(len(INK))]
    for _ in range(rng.integers(1, 4)):
        letters = "".join(
            rng.choice(list(string.ascii_uppercase + string.digits + " .="), rng.integers(3, 12))
        )
        draw.text(tuple(rng.random(2) * size), letters, fill=ink)
    for _ in range(rng.integers(0, 3)):
        ends, arm = rng.random((2, 2)) * size, 0.015 * size.max()
        for x, y in ends:
            draw.line((x - arm, y, x + arm, y), fill=ink)
            draw.line((x, y - arm, x, y + arm), fill=ink)
        steps = np.linspace(*ends, int(np.hypot(*(ends[1] - ends[0])) / 4) + 2)
        draw.point([tuple(each) for each in steps], fill=ink)
    return np.asarray(picture, np.float32)
