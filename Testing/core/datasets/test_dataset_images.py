"""Single files as pixels, masks and labels, in every mode that Pillow knows."""

import numpy as np
import pytest
from PIL import Image

from dataset_files import HEIGHT, WIDTH, lesion, picture, save
from samca.datasets.images import read_labels, read_mask, read_pixels
from samca.images import frames


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


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_what_is_trained_on_is_what_is_seen_when_segmenting(tmp_path, dtype):
    values = picture().astype(dtype) * 9
    values[0, 0] = 60000  # one hot pixel must not make the rest dark
    path = save(tmp_path / "a.tif", values)
    seen = frames.as_rgb(frames.read(path).pixels)[..., 0]
    assert np.array_equal(read_pixels(path), seen.round())
    assert read_pixels(path).std() > 50


def test_a_frame_without_a_number_is_refused_by_name(tmp_path):
    path = save(tmp_path / "a.tif", np.full((HEIGHT, WIDTH), np.nan, np.float32))
    with pytest.raises(ValueError, match=r"a\.tif: a frame of shape .* without one finite value"):
        read_pixels(path)


@pytest.mark.parametrize("orientation", [2, 3, 6, 8])
def test_images_masks_and_labels_are_turned_alike(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(lesion()).save(tmp_path / "turned.png", exif=exif)
    expected = frames.read(tmp_path / "turned.png").pixels
    assert not np.array_equal(expected, lesion())
    assert np.array_equal(read_pixels(tmp_path / "turned.png"), expected)
    assert np.array_equal(read_mask(tmp_path / "turned.png"), expected > 0)
    assert np.array_equal(read_labels(tmp_path / "turned.png"), expected)


@pytest.mark.parametrize("reader", [read_pixels, read_mask, read_labels])
def test_a_stack_of_pages_is_not_taken_for_its_first(tmp_path, reader):
    pages = [Image.fromarray(lesion()), Image.fromarray(lesion(x1=9))]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(ValueError, match=r"a\.tif: has 2 pages"):
        reader(tmp_path / "a.tif")


def test_labels_in_a_jpeg_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a\.jpg: JPEG changes the values"):
        read_labels(save(tmp_path / "a.jpg", lesion()))
