"""What of a mask file is mask: one level, with soft edges and noise; several levels and colours are told."""

import io

import numpy as np
import pytest
from PIL import Image

from samca.datasets.levels import mask_of

SIDE = 96


def disc(x: float, y: float, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return np.hypot(rows - y, columns - x) < radius


MASK = disc(30, 40, 20) | disc(75, 70, 8)


def as_jpeg(array: np.ndarray, quality: int) -> np.ndarray:
    content = io.BytesIO()
    Image.fromarray(array).save(content, "JPEG", quality=quality)
    return np.asarray(Image.open(content))


@pytest.mark.parametrize("value", [1, 38, 127, 128, 255, 40000, 0.5])
def test_one_level_is_mask_however_dark(value):
    array = np.where(MASK, value, 0).astype(type(value) if isinstance(value, float) else np.uint16)
    assert np.array_equal(mask_of(array, lossy=False), MASK)


def test_one_colour_is_mask_and_nothing_is_none():
    assert np.array_equal(mask_of(MASK[..., None] * np.array([64, 0, 20], np.uint8), False), MASK)
    assert not mask_of(np.zeros((8, 9), np.uint8), False).any()
    assert mask_of(np.full((8, 9), 255, np.uint8), False).all()
    assert np.array_equal(mask_of(MASK, False), MASK)


@pytest.mark.parametrize("way", ["BILINEAR", "BICUBIC", "LANCZOS", "HAMMING"])
@pytest.mark.parametrize("scale", [0.3, 0.5, 1.3, 2.5])
def test_soft_edges_of_resizing_are_edges(way, scale):
    size = round(SIDE * scale)
    soft = np.asarray(
        Image.fromarray(MASK.astype(np.uint8) * 255).resize((size, size), getattr(Image.Resampling, way))
    )
    assert np.array_equal(mask_of(soft, False), soft > 127)


@pytest.mark.parametrize("quality", [20, 50, 75, 95])
@pytest.mark.parametrize("value", [100, 255])
def test_noise_of_jpeg_is_noise(quality, value):
    stored = as_jpeg((MASK * value).astype(np.uint8), quality)
    assert (mask_of(stored, True) ^ MASK).mean() < 0.01
    assert not mask_of(as_jpeg(np.full((SIDE, SIDE), 2, np.uint8), quality), True).any()


@pytest.mark.parametrize("levels", [(85, 170), (1, 2), (1, 255), (120, 255), (254, 255), (3, 250)])
def test_two_levels_are_told_with_their_values(levels):
    array = np.select([disc(30, 30, 12), disc(60, 60, 12)], levels, 0).astype(np.uint8)
    with pytest.raises(
        ValueError, match=rf"levels beside black are {levels[0]}, {levels[1]}, and a mask has one"
    ):
        mask_of(array, False)


def test_a_thin_dark_structure_beside_a_bright_one_is_told():
    array = (disc(30, 40, 20) * 255).astype(np.uint8)
    array[80, 10:90] = 85
    with pytest.raises(ValueError, match="a mask has one"):
        mask_of(array, False)


@pytest.mark.parametrize("second", [(0, 128, 0), (255, 0, 0), (192, 0, 0)])
def test_two_colours_are_told(second):
    array = np.zeros((SIDE, SIDE, 3), np.uint8)
    array[disc(30, 30, 12)] = 64, 0, 0
    array[disc(60, 60, 12)] = second
    with pytest.raises(ValueError, match=r"beside black are \(.*\), \(.*\), and a mask has one"):
        mask_of(array, False)


def test_no_black_is_a_level_too_many():
    with pytest.raises(ValueError, match="are 50, 200"):
        mask_of(np.where(MASK, 200, 50).astype(np.uint8), False)


@pytest.mark.parametrize("quality", [50, 90])
def test_levels_are_told_of_a_jpeg_too(quality):
    array = np.select([disc(30, 30, 14), disc(60, 60, 14)], (85, 255), 0).astype(np.uint8)
    with pytest.raises(ValueError, match="about 80, 25"):
        mask_of(as_jpeg(array, quality), True)
