"""Frames from files of every kind, and any frame as RGB."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image

from samca.images import frames
from samca.images.frames import as_rgb

GRAY = np.random.default_rng(0).integers(0, 256, (20, 30), np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".tiff", ".PNG"])
@pytest.mark.parametrize("pixels", [GRAY, COLOUR], ids=["gray", "colour"])
def test_pictures_keep_their_pixels_and_have_no_spacing(tmp_path, suffix, pixels):
    Image.fromarray(pixels).save(tmp_path / f"a{suffix}", dpi=(300, 300))
    frame = frames.read(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(frame.pixels, pixels)
    assert frame.spacing_mm is None
    assert frame.grid.size == (30, 20, 1)


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg"])
def test_jpeg_is_read_without_spacing(tmp_path, suffix):
    Image.fromarray(np.full((20, 30, 3), 90, np.uint8)).save(tmp_path / f"a{suffix}", dpi=(72, 72))
    frame = frames.read(tmp_path / f"a{suffix}")
    np.testing.assert_allclose(frame.pixels, 90, atol=1)
    assert frame.spacing_mm is None


def test_palette_alpha_and_deep_pictures_are_read(tmp_path):
    Image.fromarray(COLOUR).quantize(16).save(tmp_path / "palette.png")
    Image.fromarray(np.dstack([COLOUR, GRAY])).save(tmp_path / "alpha.png")
    Image.merge("LA", [Image.fromarray(GRAY)] * 2).save(tmp_path / "gray_alpha.png")
    Image.fromarray(GRAY.astype(np.uint16) * 200).save(tmp_path / "deep.png")
    Image.fromarray(GRAY > 127).save(tmp_path / "bits.png")
    assert frames.read(tmp_path / "palette.png").pixels.shape == (20, 30, 3)
    assert frames.read(tmp_path / "alpha.png").pixels.shape == (20, 30, 4)
    np.testing.assert_array_equal(frames.read(tmp_path / "gray_alpha.png").pixels, GRAY)
    np.testing.assert_array_equal(frames.read(tmp_path / "deep.png").pixels, GRAY.astype(np.uint16) * 200)
    np.testing.assert_array_equal(frames.read(tmp_path / "bits.png").pixels, GRAY > 127)


def test_a_page_of_a_tiff_is_chosen_by_its_index(tmp_path):
    pages = [Image.fromarray(GRAY), Image.fromarray(255 - GRAY)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    np.testing.assert_array_equal(frames.read(tmp_path / "a.tif", 1).pixels, 255 - GRAY)
    with pytest.raises(ValueError, match=r"frame 2 of .* it has 2"):
        frames.read(tmp_path / "a.tif", 2)


@pytest.mark.parametrize("suffix", [".nrrd", ".nii", ".nii.gz", ".mha", ".mhd"])
@pytest.mark.parametrize("components", [1, 3])
def test_slices_of_volumes_are_counted_along_the_last_axis(tmp_path, suffix, components):
    pixels = np.stack([GRAY, GRAY // 2, GRAY // 3])
    pixels = pixels if components == 1 else np.repeat(pixels[..., None], 3, axis=-1)
    image = SimpleITK.GetImageFromArray(pixels, isVector=components == 3)
    image.SetSpacing((0.2, 0.3, 1.5))
    image.SetOrigin((1, 2, 3))
    SimpleITK.WriteImage(image, str(tmp_path / f"a{suffix}"))
    frame = frames.read(tmp_path / f"a{suffix}", 2)
    np.testing.assert_array_equal(frame.pixels, pixels[2])
    assert frame.spacing_mm == pytest.approx((0.2, 0.3))
    assert frame.grid.size == (30, 20, 3)
    assert frame.grid.spacing == pytest.approx((0.2, 0.3, 1.5))
    assert frame.grid.origin == pytest.approx((1, 2, 3))


def test_a_flat_file_is_a_volume_of_one_slice(tmp_path):
    image = SimpleITK.GetImageFromArray(GRAY.astype(np.int16) - 100)
    image.SetSpacing((0.2, 0.3))
    SimpleITK.WriteImage(image, str(tmp_path / "a.mha"))
    frame = frames.read(tmp_path / "a.mha")
    np.testing.assert_array_equal(frame.pixels, GRAY.astype(np.int16) - 100)
    assert (frame.grid.size, frame.grid.spacing) == ((30, 20, 1), (0.2, 0.3, 1.0))
    assert frame.grid.direction == (1, 0, 0, 0, 1, 0, 0, 0, 1)


def test_more_than_three_axes_are_refused(tmp_path):
    SimpleITK.WriteImage(SimpleITK.Image([4, 4, 4, 2], SimpleITK.sitkUInt8), str(tmp_path / "a.nrrd"))
    with pytest.raises(ValueError, match="4 axes"):
        frames.read(tmp_path / "a.nrrd")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.png"):
        frames.read(tmp_path / "nothing.png")


def test_an_unknown_format_is_refused_with_the_known_ones(tmp_path):
    (tmp_path / "a.txt").write_text("no image")
    with pytest.raises(ValueError, match=r"expected \.png"):
        frames.read(tmp_path / "a.txt")


@pytest.mark.parametrize(
    "suffix", [".png", ".jpg", ".bmp", ".tif", ".nrrd", ".nii", ".nii.gz", ".mha", ".dcm"]
)
@pytest.mark.parametrize("content", [b"", b"this is no image at all"])
def test_a_file_that_is_not_what_its_name_says_is_refused_by_name(tmp_path, suffix, content):
    (tmp_path / f"a{suffix}").write_bytes(content)
    with pytest.raises(ValueError, match=rf"a{suffix} cannot be read"):
        frames.read(tmp_path / f"a{suffix}")


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("suffix", [".png", ".tif", ".nrrd", ".mha"])
def test_a_file_that_is_cut_off_is_refused_by_name(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    noise = np.random.default_rng(2).integers(0, 256, (200, 200), np.uint8)
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(noise), str(path))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match=rf"a{suffix} cannot be read"):
        frames.read(path)


def test_eight_bits_stay_as_they_are():
    np.testing.assert_array_equal(as_rgb(COLOUR), COLOUR)
    np.testing.assert_array_equal(as_rgb(GRAY), np.dstack([GRAY] * 3))
    assert as_rgb(GRAY).dtype == np.float32


def test_alpha_is_dropped():
    np.testing.assert_array_equal(as_rgb(np.dstack([COLOUR, GRAY])), COLOUR)


def test_the_frame_itself_is_not_touched():
    pixels = COLOUR.astype(np.float32)
    as_rgb(pixels, (0, 255))[:] = 7
    np.testing.assert_array_equal(pixels, COLOUR)


def test_true_is_white():
    np.testing.assert_array_equal(as_rgb(GRAY > 127)[..., 0], (GRAY > 127) * 255)


def test_a_window_sets_black_and_white():
    pixels = np.array([[-100, 0, 50, 100, 3000]], np.int16)
    np.testing.assert_allclose(as_rgb(pixels, (0, 100))[0, :, 1], [0, 0, 127.5, 255, 255])


def test_other_types_are_scaled_by_percentiles():
    pixels = np.arange(1001, dtype=np.uint16).reshape(7, 143)  # its percentiles are 5 and 995
    expected = np.clip((pixels - 5.0) / 990, 0, 1) * 255
    np.testing.assert_allclose(as_rgb(pixels)[..., 2], expected, rtol=1e-5)


def test_what_is_not_finite_takes_an_end():
    pixels = np.array([[np.nan, -np.inf, 0, 1, np.inf]])
    np.testing.assert_allclose(as_rgb(pixels, (0, 1))[0, :, 0], [0, 0, 0, 255, 255])
    assert np.isfinite(as_rgb(pixels)).all()


@pytest.mark.parametrize("value", [0, 5, -3.5, 65535])
def test_a_constant_frame_is_black(value):
    np.testing.assert_array_equal(as_rgb(np.full((8, 8), value, np.float32)), np.zeros((8, 8, 3)))


def test_a_few_bright_pixels_on_a_constant_ground_are_seen():
    pixels = np.zeros((40, 40), np.uint16)
    pixels[3, 4] = 900
    assert as_rgb(pixels)[3, 4].tolist() == [255, 255, 255]


def test_nothing_but_nan_is_refused():
    with pytest.raises(ValueError, match="without one finite value"):
        as_rgb(np.full((8, 8), np.nan))


@pytest.mark.parametrize("shape", [(4,), (3, 4, 4, 4), (3, 8, 8), (8, 8, 2), (8, 8, 1), (0, 8)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="expected one"):
        as_rgb(np.zeros(shape))


@pytest.mark.parametrize("dtype", [complex, object, "U1"])
def test_other_types_are_refused(dtype):
    with pytest.raises(ValueError, match="frame of numbers"):
        as_rgb(np.zeros((8, 8), dtype))


@pytest.mark.parametrize("window", [(1, 1), (2, 1), (np.nan, 1), (0, np.inf)])
def test_an_empty_window_is_refused(window):
    with pytest.raises(ValueError, match="low < high"):
        as_rgb(GRAY, window)


def test_a_huge_frame_works():
    assert as_rgb(np.zeros((8192, 64), np.int16)).shape == (8192, 64, 3)


DTYPES = st.sampled_from(["?", "u1", "i1", "u2", "i2", "i4", "u4", "f2", "f4"])


@given(
    DTYPES.flatmap(lambda dtype: npst.arrays(dtype, npst.array_shapes(min_dims=2, max_dims=2, max_side=9)))
)
def test_any_frame_becomes_finite_0_to_255_or_is_refused(pixels):
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).any():
        with pytest.raises(ValueError, match="finite"):
            as_rgb(pixels)
    else:
        rgb = as_rgb(pixels)
        assert rgb.shape == (*pixels.shape, 3)
        assert ((rgb >= 0) & (rgb <= 255)).all()
