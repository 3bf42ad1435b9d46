"""Single files as pixels, masks and labels, in every mode that Pillow knows."""

import numpy as np
import pytest
from PIL import Image

from dataset_files import HEIGHT, WIDTH, lesion, picture, save
from samca.datasets.images import read_labels, read_mask, read_pixels


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"])
def test_pixels_of_every_mode_are_grey_or_rgb_bytes(tmp_path, mode):
    path = tmp_path / "a.tif"
    values = picture().astype(np.uint16) * 200 if mode == "I;16" else picture()
    Image.fromarray(values).convert(mode).save(path)
    pixels = read_pixels(path)
    assert pixels.dtype == np.uint8
    assert pixels.shape in ((HEIGHT, WIDTH), (HEIGHT, WIDTH, 3))
    assert pixels.max() > 200
    if mode == "L":
        assert np.array_equal(pixels, picture())


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_masks_of_every_mode_are_the_same_mask(tmp_path, mode):
    Image.fromarray(lesion()).convert(mode).save(tmp_path / "a.png")
    assert np.array_equal(read_mask(tmp_path / "a.png"), lesion() > 0)


def test_a_mask_of_0_and_1_and_a_red_mask_count_and_jpeg_noise_does_not(tmp_path):
    assert np.array_equal(read_mask(save(tmp_path / "one.png", lesion() // 255)), lesion() > 0)
    red = np.stack([lesion(), lesion() * 0, lesion() * 0], -1)
    assert np.array_equal(read_mask(save(tmp_path / "red.png", red)), lesion() > 0)
    noise = save(tmp_path / "noise.jpg", np.full((HEIGHT, WIDTH), 1, np.uint8))
    assert not read_mask(noise).any()


def test_labels_of_a_palette_image_are_its_indices(tmp_path):
    image = Image.fromarray(lesion() // 255 * 2, "P")
    image.putpalette([0, 0, 0, 9, 9, 9, 200, 0, 0])
    image.save(tmp_path / "a.png")
    assert set(np.unique(read_labels(tmp_path / "a.png"))) == {0, 2}
